"""Where the stack keeps its files, how two processes take turns there, and its error type; every other module of the
stack uses it.
"""

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, run

CHECKOUT = Path(__file__).resolve().parents[2]
DEFAULT_ROOT = CHECKOUT / ".stack"
"""Downloads, templates and running servers; ignored by git, removed by `make clean`."""

LOG_TAIL_LINES = 40


class StackError(Exception):
    """A server or a download could not be had; the message says what to do or ends with the tail of the log that says
    why.
    """


def step(message: str) -> None:
    """One line of progress on stderr, for steps that take longer than a moment."""
    print(f"stack: {message}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def exclusive(lock: Path, waiting_for: str) -> Iterator[None]:
    """Hold `lock` while the block runs; says once on stderr what it waits for when another process holds it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            step(f"waiting for another process to finish: {waiting_for}")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def call(argv: Sequence[str], purpose: str, *, cwd: Path | None = None, timeout_seconds: float = 1200) -> str:
    """Run a command to its end and return what it printed; a failure raises StackError with the tail of the output."""
    try:
        done = run(argv, cwd=cwd, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, timeout=timeout_seconds, check=False)
    except FileNotFoundError as error:
        raise StackError(
            f"{purpose}: the command {argv[0]!r} is not installed (make setup installs what is missing)"
        ) from error
    output = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise StackError(f"{purpose} failed (exit {done.returncode}):\n{tail(output)}")
    return output


def tail(text: str, lines: int = LOG_TAIL_LINES) -> str:
    """The last lines of a log, indented, for an error message."""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


def tail_of(log: Path) -> str:
    """`tail` of a file; an unreadable log says so instead of hiding the first error behind a second."""
    try:
        return tail(log.read_text(errors="replace"))
    except OSError as error:
        return f"    (no log: {error})"
