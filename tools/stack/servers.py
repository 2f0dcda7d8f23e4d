"""One server process: start, wait until it answers, stop, kill, start again; tools.stack.mysql and tools.stack.kafka
build on it.
"""

import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import DEVNULL, STDOUT, Popen, TimeoutExpired

from tools.stack.runs import Run, identify
from tools.stack.workspace import StackError, tail_of

START_DEADLINE_SECONDS = 120.0
"""A start takes 1 to 5 s; the rest is for a machine with two cores that runs everything at once."""
STOP_DEADLINE_SECONDS = 60.0
POLL_SECONDS = 0.03


class ServerProcess:
    """A child in its own session (Ctrl-C at a terminal is ours to handle), its output appended to a log file."""

    def __init__(
        self, name: str, argv: Sequence[str], log: Path, run: Run, *, cwd: Path, answers: Callable[[], bool]
    ) -> None:
        self.name = name
        self.log = log
        self._argv = argv
        self._run = run
        self._cwd = cwd
        self._answers = answers
        self._child: Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; StackError when it does not run."""
        if self._child is None or self._child.poll() is not None:
            raise StackError(f"{self.name} is not running")
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs now."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start and return once the server answers; otherwise StackError with the end of the server's log."""
        if self.alive:
            raise StackError(f"{self.name} is running already")
        with self.log.open("ab") as log:
            self._child = Popen(
                self._argv, stdin=DEVNULL, stdout=log, stderr=STDOUT, cwd=self._cwd, start_new_session=True
            )
        self._run.add(identify(self.name, self._child.pid))
        deadline = time.monotonic() + START_DEADLINE_SECONDS
        while not self._answers():
            status = self._child.poll()
            if status is not None:
                raise StackError(
                    f"{self.name} ended while starting (exit {status}); its log ends with:\n{tail_of(self.log)}"
                )
            if time.monotonic() > deadline:
                self.kill()
                limit = f"{START_DEADLINE_SECONDS:.0f} s"
                raise StackError(f"{self.name} did not answer within {limit}; its log ends with:\n{tail_of(self.log)}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """SIGTERM and wait for an orderly end; nothing to do when it is down."""
        if self._child is None:
            return
        self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(STOP_DEADLINE_SECONDS)
        except TimeoutExpired as expired:
            self.kill()
            raise StackError(
                f"{self.name} did not end within {STOP_DEADLINE_SECONDS:.0f} s; its log ends with:\n{tail_of(self.log)}"
            ) from expired

    def kill(self) -> None:
        """SIGKILL and wait; nothing to do when it is down."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def freeze(self) -> None:
        """SIGSTOP: the server keeps its connections and answers nothing until `thaw`."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT after `freeze`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._child is None:
            raise StackError(f"{self.name} is not running")
        self._child.send_signal(number)
