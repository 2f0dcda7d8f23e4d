"""What every transcoder is: driven by `connector.stream.task`, implemented by `composed` (the specification).

The contract: `feed` takes bytes in any cut and returns items in binlog order; it stops at the first `NeedPlan`,
and goes on (with `feed(b"")`) after `provide`. The same bytes give the same items however they are cut, where Records
that follow one another count as one, and where one Committed may stand for several source transactions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from connector.encode.envelope import EnvelopeOptions
from connector.model.plan import Plan
from connector.model.position import Checkpoint
from connector.model.record import Item, Record
from connector.model.table import Row

Clock = Callable[[], int]  # wall clock, microseconds since the epoch


@dataclass(frozen=True, slots=True)
class StreamOutput:
    """Settings of the stream topic; None in TranscodeOptions when topic.mode = table."""

    topic: str
    partitions: int
    schema_id: int  # registry id of schemas/stream.avsc
    chunk_bytes: int  # a message's row images stay below this, single rows aside


@dataclass(frozen=True, slots=True)
class TranscodeOptions:
    """What a stream publishes, and where a large source transaction may be cut."""

    keyspace: str  # MySQL database whose DDL is announced in the stream
    stream: StreamOutput | None
    envelope: EnvelopeOptions | None  # None when topic.mode = stream
    heartbeat_ids: tuple[int | None, int | None]  # registry ids of heartbeat keys and values, for Avro
    tx_chunk_rows: int
    tx_chunk_bytes: int


@dataclass(frozen=True, slots=True)
class BoundPlan:
    """A plan with the registry ids of the schemas that its records name (None where a topic is not written)."""

    plan: Plan
    row_schema: int | None = None
    key_schema: int | None = None
    value_schema: int | None = None


class Transcoder(Protocol):
    """One stream's state machine, from a checkpoint on. Not thread-safe; thrown away after any error."""

    def feed(self, chunk: bytes) -> list[Item]:
        """Items that these bytes complete. Typed errors of decode/, rules/ and encode/ pass through."""

    def provide(self, bound: BoundPlan | None) -> None:
        """Answers NeedPlan; None skips the table's rows without decoding them."""

    def copy_rows(self, bound: BoundPlan, rows: Sequence[Row]) -> tuple[Sequence[Record], int]:
        """Records of snapshot rows (filter and encoder of the stream) and how many rows passed."""

    def copy_done(self, bound: BoundPlan) -> Sequence[Record]:
        """Records that end one table's copy."""

    def copy_completed(self) -> Sequence[Record]:
        """Records that end the copy phase."""

    def heartbeat(self) -> Sequence[Record]:
        """Records that carry position and clock while nothing else is sent; only between transactions."""

    @property
    def in_transaction(self) -> bool:
        """Whether a source transaction is open: no commit, no heartbeat now."""

    @property
    def more(self) -> bool:
        """Whether `feed` stopped although whole events wait inside: go on with `feed(b"")` before reading."""

    @property
    def checkpoint(self) -> Checkpoint:
        """Where the stream is, after the last complete source transaction."""
