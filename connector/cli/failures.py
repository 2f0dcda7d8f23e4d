"""How an error reaches a person: `CODE: what happened (context)`, then `hint: …`, and the exit status.

Called by `connector.cli.main` for whatever a command raises, and by `connector.cli.run` for streams that failed.
Nothing printed here shows a secret that this process has resolved.
"""

import sys
import traceback

from connector.model.errors import InternalError, RowcastError


def report(error: BaseException, *, debug: bool = False) -> int:
    """Print an error on standard error; returns its exit status."""
    typed = as_typed(error)
    if debug:
        print(_hidden("".join(traceback.format_exception(error))), file=sys.stderr, end="")
    print(lines(typed), file=sys.stderr, flush=True)
    return typed.exit_status


def lines(error: RowcastError) -> str:
    """The two lines that an error is shown as."""
    return f"{error.code}: {_one_line(_hidden(str(error)))}\nhint: {_one_line(_hidden(error.remedy))}"


def as_typed(error: BaseException) -> RowcastError:
    """The error itself, or INTERNAL for what no room has classified."""
    if isinstance(error, RowcastError):
        return error
    return InternalError(f"{type(error).__name__}: {error}")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _hidden(text: str) -> str:
    """Without known secrets. Unless the settings layer has been imported, no secret can have been resolved."""
    secrets = sys.modules.get("connector.config.secrets")
    return text if secrets is None else str(secrets.hide(text))
