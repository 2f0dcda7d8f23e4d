"""What a sink is, and what travels between `sinks.runner` and a sink.

The runner reads one partition, keeps the order and cuts batches; the sink applies a batch and makes rows and progress
durable together. A sink that cannot store its progress says so by opening with `offset=None`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from connector.model.errors import RowcastError
from connector.model.message import StreamMessage
from connector.model.table import Row, Table


class State(StrEnum):
    """Where a stream is, by Vitess's names in lower case as `Telemetry.state` takes them."""

    INIT = "init"
    COPYING = "copying"
    RUNNING = "running"
    STOPPED = "stopped"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Durable:
    """What has been applied for good.

    `offset` = the next Kafka offset to read, None = from the oldest record. `seq` = of the last applied message, None =
    a sink without a memory takes up wherever it comes in.
    """

    offset: int | None = None
    seq: int | None = 0
    position: str = ""
    state: State = State.INIT
    commit_ts_us: int = 0  # source commit time of the newest applied transaction


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages for one target transaction, in order, without heartbeats and without what was applied before.

    `progress` is what is durable once the batch is. A batch that is not `complete` holds parts of a chunked source
    transaction: the sink applies them and leaves its target transaction open for the batch that completes it.
    """

    messages: Sequence[StreamMessage]
    progress: Durable
    complete: bool = True
    stopped: str = ""  # why the stream stops after this batch; '' = it goes on


class Sink(Protocol):
    """One target of one partition. Called from one thread; after an error only `open`, `rollback`, `fail`, `close`."""

    def open(self) -> Durable:
        """Take ownership of the stream: any older owner can change nothing any more. Called again after errors."""

    def apply(self, batch: Batch) -> None:
        """Apply, and when the batch is complete commit rows and progress together.

        TargetConflict: nothing of the transaction remains, the same messages may follow after `rollback`.
        StreamFenced: a newer owner exists and nothing was changed.
        """

    def rollback(self) -> None:
        """Drop the open target transaction, if there is one."""

    def fail(self, error: RowcastError) -> None:
        """Record why the stream ends, where the sink keeps its progress."""

    def close(self) -> None:
        """Give everything back; an open target transaction is rolled back. Closing twice is no error."""


class RowDecoder(Protocol):
    """What a sink needs to read row images; `sinks.messages` implements it. Ids are the registry's."""

    def table(self, schema_id: int) -> Table:
        """The table version that a row schema describes."""

    def row(self, schema_id: int, image: bytes) -> Row:
        """One row image as cells in column order."""


class StreamDecoder(Protocol):
    """What the runner needs to read messages; `sinks.messages` implements it."""

    def stream(self, value: bytes) -> StreamMessage:
        """One record value of a stream topic; MessageInvalid when it is none."""
