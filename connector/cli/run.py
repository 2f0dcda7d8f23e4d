"""`rowcast run FILE`: everything the file describes, until Ctrl-C or until caught up.

One unit of work is one source connector, or one (stream, shard) of a sink. A single unit runs in this process; several
run as child processes of one process group, so that each has a core's worth of Python to itself. A child lives as long
as the pipe on its standard input: when the parent dies, however, the children end at once (what they had not committed
was never visible). The parent writes "stop" (drain, commit, exit) or "drain" (go on to the end as seen now, then exit).
"""

import argparse
import errno
import logging
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from connector.cli import logs
from connector.cli.wiring import Unit, Work, units, work_for
from connector.config import Settings
from connector.model.errors import ListenerUnavailable, UsageError

_log = logging.getLogger("rowcast.run")

STOP, DRAIN = "stop", "drain"
_LISTEN_AGAIN_S = 1.0
_GRACE_S = 30.0  # a child that was asked to stop and has not ended by then is killed; fencing covers what it held


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `rowcast run`."""
    parser.add_argument("file", type=Path, metavar="FILE.toml", help="configuration file")
    parser.add_argument(
        "--until-caught-up",
        action="store_true",
        help="end when every stream has reached the position its source had at start",
    )
    parser.add_argument("--connector", metavar="NAME", help="run only this connector of the file")
    parser.add_argument("--unit", help=argparse.SUPPRESS)  # one unit, as a child of another `rowcast run`


def execute(args: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    from connector.cli.validate import load_valid

    settings = load_valid(args.file)
    logs.setup(settings.log_format, settings.log_level, debug=args.debug)
    wanted = units(settings, args.connector)
    if args.unit:
        unit = next((unit for unit in wanted if unit.id == args.unit), None)
        if unit is None:
            raise UsageError(f"there is no unit {args.unit!r}")
        return _run_child(settings, unit, until_caught_up=args.until_caught_up)
    if len(wanted) == 1:
        with _metrics(settings):
            return _run_here(work_for(settings, wanted[0], until_caught_up=args.until_caught_up))
    with _metrics(settings):
        return _Children(args.file, wanted, until_caught_up=args.until_caught_up, debug=args.debug).run()


def _metrics(settings: Settings) -> "_MetricsServer":
    return _MetricsServer(settings.rest_listeners)


class _MetricsServer:
    """Serves /metrics for all children; the metric files live in a directory of this run.

    A process that takes the streams over finds the address in use by its predecessor: it begins to answer when that
    one has ended. Any other address that cannot be listened on ends the run.
    """

    def __init__(self, listener: str | None) -> None:
        self._listener = listener
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._closed = threading.Event()

    def __enter__(self) -> None:
        if self._listener is None:
            return
        self._directory = tempfile.TemporaryDirectory(prefix="rowcast-metrics-")
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = self._directory.name
        waiting = self._refused()
        if waiting is not None:
            _log.warning("%s: %s; trying again until it is free", waiting.code, waiting)
            threading.Thread(target=self._serve_later, name="metrics-later", daemon=True).start()

    def _refused(self) -> ListenerUnavailable | None:
        """Begin to serve; the error when somebody else has the address."""
        from connector.worker.metrics import serve

        assert self._listener is not None
        assert self._directory is not None
        try:
            serve(self._listener, Path(self._directory.name))
        except ListenerUnavailable as error:
            if error.context.get("errno") != errno.EADDRINUSE:
                raise
            return error
        return None

    def _serve_later(self) -> None:
        while not self._closed.wait(_LISTEN_AGAIN_S):
            if self._refused() is None:
                return

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        if self._directory:
            self._directory.cleanup()


def _run_here(work: Work) -> int:
    """One unit in this process; signals ask it to stop."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: work.stop())
    work.run()
    return 0


def _run_child(settings: Settings, unit: Unit, *, until_caught_up: bool) -> int:
    """One unit on behalf of a parent, which speaks through standard input."""
    work = work_for(settings, unit, until_caught_up=until_caught_up)
    orders: dict[str, Callable[[], None]] = {STOP: work.stop, DRAIN: work.drain}

    def listen() -> None:
        for line in sys.stdin:
            orders[line.strip()]()
        os._exit(1)  # the parent is gone: nothing may go on without it

    threading.Thread(target=listen, name="lifeline", daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent passes it on
    signal.signal(signal.SIGTERM, lambda *_: work.stop())
    work.run()
    return 0


class _Children:
    """The parent's side: start all, pass orders on, end when all have ended."""

    def __init__(self, file: Path, wanted: list[Unit], *, until_caught_up: bool, debug: bool) -> None:
        self._file = file
        self._units = wanted
        self._until_caught_up = until_caught_up
        self._debug = debug
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._events: queue.SimpleQueue[tuple[str, int] | None] = queue.SimpleQueue()  # None: asked to stop
        self._stopping = False
        self._failed = False

    def run(self) -> int:
        """Exit status: 0 when every unit ended well."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._events.put(None))
        sources = {unit.id for unit in self._units if unit.is_source}
        for unit in self._units:
            self._start(unit)
        if self._until_caught_up and not sources:
            self._order(DRAIN, set(self._processes))
        watchdog: threading.Timer | None = None
        while self._processes:
            event = self._events.get()
            if event is None:
                self._stop_all()
            else:
                self._ended(*event)
                sources.discard(event[0])
                if self._until_caught_up and not sources and not self._stopping:
                    self._order(DRAIN, set(self._processes))
            if self._stopping and watchdog is None:
                watchdog = threading.Timer(_GRACE_S, self._kill_all)
                watchdog.daemon = True
                watchdog.start()
        if watchdog:
            watchdog.cancel()
        return 1 if self._failed else 0

    def _start(self, unit: Unit) -> None:
        command = [sys.executable, "-m", "connector.cli.main", *(["--debug"] if self._debug else [])]
        command += ["run", str(self._file), "--unit", unit.id]
        if self._until_caught_up and unit.is_source:
            command.append("--until-caught-up")
        process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
        self._processes[unit.id] = process
        threading.Thread(target=self._wait, args=(unit.id, process), daemon=True).start()

    def _wait(self, unit: str, process: "subprocess.Popen[str]") -> None:
        self._events.put((unit, process.wait()))

    def _ended(self, unit: str, status: int) -> None:
        del self._processes[unit]
        if status == 0:
            return
        self._failed = True
        if status < 0:
            _log.error("%s was killed by signal %d", unit, -status)
        self._stop_all()

    def _stop_all(self) -> None:
        self._stopping = True
        self._order(STOP, set(self._processes))

    def _order(self, order: str, to: set[str]) -> None:
        for unit in to:
            pipe: IO[str] | None = self._processes[unit].stdin
            assert pipe is not None
            try:
                pipe.write(order + "\n")
                pipe.flush()
            except BrokenPipeError:
                _log.debug("%s has ended already", unit)  # its exit status is on its way

    def _kill_all(self) -> None:
        self._failed = True
        for process in list(self._processes.values()):
            process.kill()
