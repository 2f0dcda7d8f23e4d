"""What a running stream reports: called by source tasks and sink runners, implemented by worker/metrics."""

from typing import Protocol


class Telemetry(Protocol):
    """Counters and gauges of one stream; all methods are cheap and never raise."""

    def rows(self, count: int) -> None:
        """Changed or copied rows delivered."""

    def transactions(self, count: int) -> None:
        """Source transactions delivered."""

    def bytes(self, count: int) -> None:
        """Payload bytes delivered."""

    def lag(self, seconds: float) -> None:
        """Source commit to delivery, of the newest transaction."""

    def position(self, position: str, seq: int) -> None:
        """The durable position."""

    def state(self, state: str) -> None:
        """init | copying | running | stopped | error."""

    def error(self, code: str) -> None:
        """An error was raised (also one that is retried)."""

    def retry(self, reason: str) -> None:
        """Work is done again: deadlock, lost connection, aborted Kafka transaction."""


class NoTelemetry:
    """For tests and one-shot commands."""

    def rows(self, count: int) -> None: ...
    def transactions(self, count: int) -> None: ...
    def bytes(self, count: int) -> None: ...
    def lag(self, seconds: float) -> None: ...
    def position(self, position: str, seq: int) -> None: ...
    def state(self, state: str) -> None: ...
    def error(self, code: str) -> None: ...
    def retry(self, reason: str) -> None: ...
