"""What decode/ makes of binlog bytes; read by transcode/ only. Shapes follow MySQL's own event names."""

from dataclasses import dataclass

from connector.model.table import Row


@dataclass(frozen=True, slots=True)
class EventHeader:
    """The common header. `end_pos` = 0 for artificial events (fake ROTATE, heartbeats)."""

    timestamp: int  # seconds since the epoch
    type: int
    server_id: int
    size: int
    end_pos: int
    flags: int


@dataclass(frozen=True, slots=True)
class Rotate:
    """The stream goes on in this file, at this position."""

    file: str
    pos: int


@dataclass(frozen=True, slots=True)
class Gtid:
    """Start of a transaction."""

    gtid: str  # uuid:n
    last_committed: int  # logical clock: commit parent
    sequence_number: int
    commit_ts_us: int  # immediate commit time at the server read from, microseconds since the epoch
    transaction_length: int  # bytes, 0 when unknown


@dataclass(frozen=True, slots=True)
class Query:
    """A statement: BEGIN, COMMIT, DDL, ... (classified by the transcoder)."""

    database: str
    sql: str
    thread_id: int


@dataclass(frozen=True, slots=True)
class Commit:
    """XID event: the transaction is complete."""

    xid: int


@dataclass(frozen=True, slots=True)
class MapColumn:
    """One column as a table map describes it; None where the optional metadata does not say."""

    type: int  # MySQL field type code (real type of ENUM/SET resolved)
    metadata: int  # two metadata bytes as the field type reads them
    nullable: bool
    unsigned: bool | None
    name: str | None
    collation_id: int | None  # text, ENUM, SET
    labels: tuple[bytes, ...] | None  # ENUM, SET, in the column's character set
    invisible: bool = False


@dataclass(frozen=True, slots=True)
class TableMap:
    """Binds a table id to a table version until the next map of that id."""

    table_id: int
    database: str
    table: str
    columns: tuple[MapColumn, ...]
    primary_key: tuple[int, ...] | None  # None: metadata is not FULL

    @property
    def full(self) -> bool:
        """Whether binlog_row_metadata=FULL wrote it (names are the test)."""
        return bool(self.columns) and self.columns[0].name is not None


@dataclass(frozen=True, slots=True)
class Rows:
    """A rows event whose cells are decoded on demand: `decode.rows.decode_rows(rows, table)`."""

    kind: str  # "insert" | "update" | "delete"
    table_id: int
    body: memoryview  # post-header and rows, checksum removed
    version: int  # 1 or 2
    flags: int  # bit 0: end of statement; bit 1: foreign_key_checks=0


@dataclass(frozen=True, slots=True)
class RowsQuery:
    """The original SQL (binlog_rows_query_log_events)."""

    sql: str


@dataclass(frozen=True, slots=True)
class ServerHeartbeat:
    """The source is idle; coordinates of the end of its binlog as sent so far."""

    file: str
    pos: int


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event without consequence for rows (PREVIOUS_GTIDS, STOP, ...), listed by type in decode/."""

    type: int


Event = Rotate | Gtid | Query | Commit | TableMap | Rows | RowsQuery | ServerHeartbeat | Ignored


@dataclass(frozen=True, slots=True)
class RowChange:
    """One changed row: before only = delete, after only = insert, both = update. Cells in column order."""

    before: Row | None
    after: Row | None
