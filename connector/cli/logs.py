"""The log: to standard error, as text or JSON lines, without any secret this process has resolved.

`setup` is called once per process by `connector.cli` (`rowcast run` and each of its children). Extra fields of a record
(`logger.info("…", extra={"table": …})`) appear as key=value, or as members of the JSON object.
"""

import json
import logging
import sys
import time
from typing import Any, Literal

from connector.config import secrets
from connector.model.errors import RowcastError

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def setup(style: Literal["text", "json"] = "text", level: str = "info", *, debug: bool = False) -> None:
    """Send the process's log to standard error; replaces an earlier set-up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(debug=debug) if style == "json" else TextLines(debug=debug))
    root = logging.getLogger()
    for known in list(root.handlers):
        root.removeHandler(known)
    root.addHandler(handler)
    root.setLevel(level.upper())


class TextLines(logging.Formatter):
    """`2026-03-01T12:00:00.123Z INFO  stream.task: message key=value`, an error's code and hint behind it."""

    def __init__(self, *, debug: bool = False) -> None:
        super().__init__()
        self._debug = debug

    def format(self, record: logging.LogRecord) -> str:
        """One line; with debug, a traceback below it."""
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        text = f"{_time(record)} {record.levelname:<7} {record.name}: {record.getMessage()}{fields}"
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            text += f" [{_summary(error)}]"
        text = " ".join(text.splitlines())
        if self._debug and record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return secrets.hide(text)


class JsonLines(logging.Formatter):
    """One JSON object a line: ts, level, logger, message, the extra fields, error {code, what, hint}."""

    def __init__(self, *, debug: bool = False) -> None:
        super().__init__()
        self._debug = debug

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        body: dict[str, Any] = {
            "ts": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, RowcastError):
            body["error"] = {"code": error.code, "message": str(error), "hint": error.remedy}
        elif error is not None:
            body["error"] = {"code": "INTERNAL", "message": _summary(error), "hint": ""}
        if self._debug and record.exc_info:
            body["traceback"] = self.formatException(record.exc_info)
        return secrets.hide(json.dumps(body, default=str, ensure_ascii=False))


def _time(record: logging.LogRecord) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _summary(error: BaseException) -> str:
    return f"{error.code}: {error}" if isinstance(error, RowcastError) else f"{type(error).__name__}: {error}"
