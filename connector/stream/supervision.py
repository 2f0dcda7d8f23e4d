"""What happens to a stream's errors: retried, started anew, or ended, by disposition. Called by `connector.cli.run`.

| disposition | before an attempt has started | afterwards |
| RETRY    | back-off, until FIRST_START_S is used up | back-off, without end |
| RESYNC   | start anew at the stored position, at most RESYNC_LIMIT times in a row without a commit | same |
| OPERATOR, BUG | end | end |
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Protocol

from connector.model.errors import Disposition, RowcastError
from connector.model.telemetry import Telemetry

FIRST_START_S = 60.0  # `run` must end within 90 s when a server is unreachable at first
RESYNC_LIMIT = 10
_FIRST_DELAY_S = 0.5
_MAX_DELAY_S = 5.0

_log = logging.getLogger("rowcast.supervision")


class Attempt(Protocol):
    """One life of a stream: from taking ownership to the end or an error."""

    @property
    def started(self) -> bool:
        """Whether the servers answered and passed preflight."""

    @property
    def progressed(self) -> bool:
        """Whether it committed at least once: the next attempt starts somewhere else."""

    def run(self) -> None:
        """Returns when the stream is done or was asked to stop."""


def supervise(attempt: Callable[[], Attempt], stop: threading.Event, telemetry: Telemetry) -> None:
    """Run attempts until one ends by itself; raises the error that no retry can mend."""
    first = time.monotonic()
    started = False
    resyncs = 0
    delay = _FIRST_DELAY_S
    while not stop.is_set():
        current = attempt()
        try:
            current.run()
            return
        except RowcastError as error:
            telemetry.error(error.code)
            started = started or current.started
            if current.progressed:
                resyncs, delay = 0, _FIRST_DELAY_S
            if error.disposition is Disposition.RESYNC:
                resyncs += 1
            exhausted = not started and time.monotonic() - first + delay > FIRST_START_S
            if not _worth_another(error.disposition, resyncs, exhausted=exhausted):
                raise
            telemetry.retry(error.code)
            _log.warning("%s: %s; trying again in %.1f s", error.code, error, delay)
            stop.wait(delay * random.uniform(0.5, 1.0))
            delay = min(delay * 2, _MAX_DELAY_S)


def _worth_another(disposition: Disposition, resyncs: int, *, exhausted: bool) -> bool:
    """The table above."""
    if disposition is Disposition.RESYNC:
        return resyncs <= RESYNC_LIMIT
    return disposition is Disposition.RETRY and not exhausted
