"""Records on their way to Kafka, and the items a transcoder hands to the source task."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

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
class Run:
    """Records of one partition in order, as librdkafka's produce_batch takes them."""

    topic: str
    partition: int
    messages: list[dict[str, Any]]  # key, value, and where they are: callback, headers
    bytes: int  # of keys and values
    largest: int  # bytes of the largest record
    headers: bool  # some have headers, which produce_batch drops: they are sent one by one


class PackedRecords(Sequence[Record]):
    """Records that are not a Python object each. As a sequence they are made when they are asked for."""

    @abstractmethod
    def runs(self, partitions: Callable[[str], int], large: int, callback: Callable[..., None]) -> list[Run]:
        """By topic and partition. `partitions` = how many a topic has; records with a value of `large` bytes or more
        carry the delivery callback."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, tuple | PackedRecords) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # as long as a list


@dataclass(frozen=True, slots=True)
class Records:
    """Finished records of the transaction in progress; `rows` changed rows are in them."""

    records: Sequence[Record]
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ChunkBorder:
    """A Kafka transaction may end here, inside a large source transaction; all parts so far have been handed out."""

    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Committed:
    """Source transactions are complete: a Kafka transaction may end here with this checkpoint.

    A transcoder may tell of all that one call completes at once: then the records before it are of all of them.
    """

    checkpoint: Checkpoint
    rows: int  # rows of them that passed the filter
    transactions: int = 1


@dataclass(frozen=True, slots=True)
class NeedPlan:
    """A table map without a plan. Feeding goes on after `provide`."""

    table_map: TableMap


@dataclass(frozen=True, slots=True)
class Ddl:
    """A statement that may change tables; its records and checkpoint come with it. Table versions must be read anew."""

    sql: str
    database: str
    records: Sequence[Record]
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class SourceHeartbeat:
    """The source is alive and idle up to these binlog coordinates."""

    file: str
    pos: int


Item = Records | ChunkBorder | Committed | NeedPlan | Ddl | SourceHeartbeat
