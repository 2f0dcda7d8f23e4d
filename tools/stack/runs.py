"""The record of one run: which processes it started, so that exactly these are stopped, by whoever gets to it.

A run is a folder below `.stack/run` with its servers' data and a `state.json`. A process is identified by pid and
start time, so a pid that the kernel gave to somebody else is never signalled. Normally the owner stops its run; a
watchdog does it when the owner was killed.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from subprocess import PIPE, Popen
from sys import executable

from tools.stack.workspace import CHECKOUT, StackError

STATE = "state.json"
GONE_DEADLINE_SECONDS = 20.0


@dataclass(frozen=True)
class ProcessIdentity:
    """A process that cannot be confused with a later one: `started` is the start time in clock ticks since boot."""

    name: str
    pid: int
    started: int

    def is_running(self) -> bool:
        """False once it ended, also while it waits as a zombie for its parent."""
        return _start_time(self.pid) == self.started

    def signal(self, number: signal.Signals) -> None:
        """Send a signal if it still runs."""
        if self.is_running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def identify(name: str, pid: int) -> ProcessIdentity:
    """The identity of a child that was just started."""
    started = _start_time(pid)
    return ProcessIdentity(name, pid, -1 if started is None else started)


class Run:
    """A run folder that this process owns; `detached` ones outlive it and are ended by `reap`."""

    def __init__(self, root: Path, *, detached: bool) -> None:
        self.directory = root / "run" / secrets.token_hex(4)
        self._detached = detached
        self._processes: list[ProcessIdentity] = []
        self._lock = threading.Lock()
        self._watchdog: Popen[bytes] | None = None
        self._sweep(root / "run")
        self._create()

    def add(self, process: ProcessIdentity) -> None:
        """Record a process before anything waits for it."""
        with self._lock:
            self._processes.append(process)
            self._write(self.directory)
            if self._watchdog is None and not self._detached:
                self._watchdog = _watch(self.directory)

    def end(self) -> None:
        """Kill what is left of the run and remove its folder."""
        with self._lock:
            watchdog, self._watchdog = self._watchdog, None
            reap(self.directory)
        if watchdog is not None and watchdog.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                watchdog.stdin.write(b"done\n")
                watchdog.stdin.close()
            watchdog.wait()

    def _create(self) -> None:
        # The folder appears with its state inside, so another process's sweep never takes a half-made run for a stale
        # one.
        partial = self.directory.with_name("." + self.directory.name)
        partial.mkdir(parents=True)
        self._write(partial)
        partial.rename(self.directory)

    def _write(self, directory: Path) -> None:
        state = {
            "owner": asdict(identify("owner", os.getpid())),
            "detached": self._detached,
            "processes": [asdict(process) for process in self._processes],
        }
        partial = directory / f".{STATE}"
        partial.write_text(json.dumps(state, indent=1))
        partial.rename(directory / STATE)

    @staticmethod
    def _sweep(runs: Path) -> None:
        """End runs whose owner is gone: only a power cut or a kill of the watchdog as well leaves such."""
        for state in runs.glob(f"[!.]*/{STATE}"):
            with contextlib.suppress(FileNotFoundError):
                record = json.loads(state.read_text())
                if not record["detached"] and not ProcessIdentity(**record["owner"]).is_running():
                    reap(state.parent)


def processes_of(directory: Path) -> list[ProcessIdentity]:
    """What a run has started, running or not; empty when the run is gone."""
    try:
        record = json.loads((directory / STATE).read_text())
    except FileNotFoundError:
        return []
    return [ProcessIdentity(**process) for process in record["processes"]]


def reap(directory: Path) -> None:
    """Kill every process of a run, wait until they are gone, then remove the run's folder."""
    processes = processes_of(directory)
    for process in processes:
        process.signal(signal.SIGKILL)
    deadline = time.monotonic() + GONE_DEADLINE_SECONDS
    for process in processes:
        while process.is_running():
            if time.monotonic() > deadline:
                raise StackError(f"{process.name} (pid {process.pid}) does not end after SIGKILL")
            time.sleep(0.01)
    shutil.rmtree(directory, ignore_errors=True)


def _watch(directory: Path) -> Popen[bytes]:
    """A sleeping shell that reaps the run when the pipe from us closes without a farewell: that is, when we died."""
    reaper = [executable, "-m", "tools.stack", "reap", str(directory)]
    script = 'read -r word; [ "$word" = done ] || exec "$@"'
    return Popen(
        ["sh", "-c", script, "rowcast-stack-watchdog", *reaper], stdin=PIPE, cwd=CHECKOUT, start_new_session=True
    )


def _start_time(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name is in parentheses and may hold anything; state is the first field after it, the start time the
    # twentieth.
    fields = stat[stat.rindex(")") + 2 :].split()
    return None if fields[0] in "ZX" else int(fields[19])
