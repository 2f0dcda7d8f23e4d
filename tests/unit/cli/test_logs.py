"""The log: text and JSON lines, an error's code in both, never a secret."""

import json
import logging
from collections.abc import Iterator

import pytest

from connector.cli import logs
from connector.config import Resolver, secrets
from connector.model.errors import SourceConnectionLost

MARKER = 'sword"fish-7391'


@pytest.fixture(autouse=True)
def restored_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(secrets, "_known", set())
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def emit(**extra: object) -> None:
    log = logging.getLogger("stream.task")
    log.debug("not shown")
    try:
        raise SourceConnectionLost("the line is cut", host="db1")
    except SourceConnectionLost:
        log.warning("again in %d s", 3, exc_info=True, extra=extra)


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup("text", "info")
    emit(table="shop.a")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(
        "Z WARNING stream.task: again in 3 s table=shop.a [SOURCE_CONNECTION_LOST: the line is cut (host=db1)]"
    )


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup("json", "info")
    emit(table="shop.a")
    body = json.loads(capsys.readouterr().err)
    assert body.pop("ts").endswith("Z")
    assert body == {
        "level": "warning",
        "logger": "stream.task",
        "message": "again in 3 s",
        "table": "shop.a",
        "error": {
            "code": "SOURCE_CONNECTION_LOST",
            "message": "the line is cut (host=db1)",
            "hint": SourceConnectionLost.hint,
        },
    }


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize("debug", [False, True])
def test_secrets_are_masked_everywhere(style: str, debug: bool, capsys: pytest.CaptureFixture[str]) -> None:
    Resolver({"P": MARKER}).secret("${env:P}")
    logs.setup("json" if style == "json" else "text", "info", debug=debug)
    try:
        raise ValueError(MARKER)
    except ValueError:
        logging.getLogger("x").error("with %s", MARKER, exc_info=True, extra={"url": f"mysql://u:{MARKER}@h"})
    shown = capsys.readouterr().err
    assert "fish-7391" not in shown
    assert shown.count("******") >= 3
    assert ("Traceback" in shown) is debug


def test_setting_up_again_replaces(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup("text", "info")
    logs.setup("text", "error")
    emit()
    logging.getLogger("x").error("once")
    assert capsys.readouterr().err.count("\n") == 1
