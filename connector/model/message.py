"""Messages of stream topics as values: encoded by `connector.encode.stream`, decoded by `sinks.messages`.

The wire form is `schemas/stream.avsc`; design and rules: docs/architecture.md, "Stream topics".
"""

from dataclasses import dataclass

# Change.flags
FOREIGN_KEY_CHECKS_OFF = 2  # the source session had foreign_key_checks=0 (as in the rows event's flags)


@dataclass(frozen=True, slots=True)
class Change:
    """One changed row. `table` = registry id of its row schema; images = Avro of that schema."""

    table: int
    flags: int
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True, slots=True)
class Transaction:
    """A source transaction's rows for one target shard, or one part of them."""

    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """Rows of the copy phase, in primary-key order."""

    table: int
    rows: tuple[bytes, ...]
    lastpk: bytes | None  # Avro row of the last row, None when there is no primary key
    completed: bool  # this table is done


@dataclass(frozen=True, slots=True)
class CopyCompleted:
    """All tables are copied; changes follow."""


@dataclass(frozen=True, slots=True)
class DdlStatement:
    """A DDL statement of the source."""

    sql: str
    database: str
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Other:
    """A source transaction without rows for anybody that still takes a place in the order."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Nothing happened, or nothing for this shard; seq repeats the last one."""

    throttled: bool = False
    reason: str = ""


Body = Transaction | Copy | CopyCompleted | DdlStatement | Other | Heartbeat


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """One message of a stream topic partition."""

    seq: int
    part: int
    last: bool
    position: str  # whole executed set after it, flavour-encoded
    gtid: str
    commit_ts_us: int
    sent_ts_us: int
    commit_parent: int
    sequence_number: int
    crc32: int  # of the part's row images in order, see encode.stream
    body: Body
