"""Records on their way to Kafka, and the items a transcoder hands to the source task."""

from dataclasses import dataclass

from connector.model.events import TableMap
from connector.model.position import Checkpoint


@dataclass(frozen=True, slots=True)
class Record:
    """One Kafka record. partition -1 = by murmur2 of the key, as Java's producer does."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Records:
    """Finished records of the transaction in progress; `rows` changed rows are in them."""

    records: tuple[Record, ...]
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ChunkBorder:
    """A Kafka transaction may end here, inside a large source transaction; all parts so far have been handed out."""

    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Committed:
    """A source transaction is complete: a Kafka transaction may end here with this checkpoint."""

    checkpoint: Checkpoint
    rows: int  # rows of it that passed the filter


@dataclass(frozen=True, slots=True)
class NeedPlan:
    """A table map without a plan. Feeding goes on after `provide`."""

    table_map: TableMap


@dataclass(frozen=True, slots=True)
class Ddl:
    """A statement that may change tables; its records and checkpoint come with it. Table versions must be read anew."""

    sql: str
    database: str
    records: tuple[Record, ...]
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class SourceHeartbeat:
    """The source is alive and idle up to these binlog coordinates."""

    file: str
    pos: int


Item = Records | ChunkBorder | Committed | NeedPlan | Ddl | SourceHeartbeat
