"""One consistent snapshot of some tables at a known GTID set; called by the copy phase of `connector.stream`.

The tables are locked for reading only until a transaction with a consistent snapshot has begun on another connection, a
few milliseconds once the lock is granted. Writers to these tables wait that long, so what the transaction sees is
exactly what the GTID set says. Rows come in the value domain of `model.table`.
"""

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from pymysql.constants import FIELD_TYPE

from connector.model.errors import InternalError, SchemaMismatch, SourceQueryFailed, ValueUndecodable
from connector.model.gtid import GtidSet
from connector.model.table import Column, Row, SqlType, Table
from connector.mysql.address import ServerAddress
from connector.mysql.connection import Connection, Rows, connect, execute, query, quote_name, stream
from connector.mysql.introspect import read_tables
from connector.mysql.source import SourceStatus, source_status

LOCK_WAIT_S = 30
"""How long LOCK TABLES may wait for open transactions; while it waits, new writers to the tables wait behind it."""
NET_WRITE_TIMEOUT_S = 3600
"""How long the source waits for us to read on: publishing may be slower than reading for a long time."""
LOCK_WAIT_TIMEOUT = 1205  # ER_LOCK_WAIT_TIMEOUT

_DECODERS = {
    **dict.fromkeys((FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG), int),
    FIELD_TYPE.DOUBLE: float,
}
"""Everything else stays as PyMySQL delivers it without a converter: text as str, binary as bytes."""


@dataclass(frozen=True, slots=True)
class SnapshotPosition:
    """Where the snapshot was taken: all transactions of `gtids` are in it, no other one on its tables is."""

    gtids: GtidSet
    file: str
    pos: int
    server_uuid: str


class Snapshot:
    """A read-only transaction on the source. One `rows` at a time; one thread."""

    def __init__(self, address: ServerAddress, tables: Sequence[Table], *, lock_wait_s: int = LOCK_WAIT_S) -> None:
        self._address = address
        self._tables = tuple(tables)
        self._lock_wait_s = lock_wait_s
        self._reader: Connection | None = None

    def open(self) -> SnapshotPosition:
        """Take the snapshot. SOURCE_QUERY_FAILED when the tables cannot be locked in time, SCHEMA_MISMATCH when one of
        them is no longer what the caller knows; other errors as `source_error` types them.
        """
        # 1. One connection locks, the other one reads; neither depends on the server's settings.
        locker = connect(self._address)
        try:
            self._reader = connect(self._address, conv=_DECODERS)
            self._prepare(self._reader)
            # 2. From here on writers to the tables wait.
            self._lock(locker)
            # 3. The definitions cannot change now: they must be those that the rules were compiled against.
            self._check_definitions(locker)
            # 4. Snapshot first, position second; with the writers waiting the order does not matter.
            execute(self._reader, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            status = source_status(locker)
            # 5. Writers go on.
            execute(locker, "UNLOCK TABLES")
        except BaseException:
            self.close()
            raise
        finally:
            locker.close()
        return _position(status)

    def rows(self, table: Table, batch: int = 1000) -> Generator[list[Row], None, None]:
        """All rows of a table in primary-key order (without a key: as they come), in lists of at most `batch`.

        Memory stays at one batch. An iterator that is closed early ends the snapshot. VALUE_UNDECODABLE when a stored
        text is not valid in its character set.
        """
        reader = self._open_reader()
        labels = [index for index, column in enumerate(table.columns) if _is_binary_label(column)]
        try:
            with contextlib.closing(stream(reader, select_statement(table), batch)) as batches:
                for rows in batches:
                    yield _decode_labels(rows, labels) if labels else rows
        except UnicodeDecodeError as error:
            raise ValueUndecodable("a text value is not valid in its character set", table=table.qualified) from error

    def estimated_rows(self, table: Table) -> int:
        """InnoDB's estimate of the number of rows, for progress bars only."""
        rows = query(
            self._open_reader(),
            "SELECT table_rows FROM information_schema.tables WHERE table_schema = %s AND table_name = %s",
            (table.database, table.name),
        )
        return int(rows[0][0] or 0) if rows else 0

    def close(self) -> None:
        """End the transaction; a second call does nothing."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _prepare(self, reader: Connection) -> None:
        execute(
            reader,
            "SET SESSION sql_mode = '', max_execution_time = 0, information_schema_stats_expiry = 0, "
            f"net_write_timeout = {NET_WRITE_TIMEOUT_S}, transaction_isolation = 'REPEATABLE-READ'",
        )

    def _lock(self, locker: Connection) -> None:
        if not self._tables:
            return
        execute(locker, f"SET SESSION lock_wait_timeout = {self._lock_wait_s}")
        names = ", ".join(f"{_qualified(table)} READ" for table in self._tables)
        try:
            execute(locker, f"LOCK TABLES {names}")
        except SourceQueryFailed as error:
            if error.context.get("errno") != LOCK_WAIT_TIMEOUT:
                raise
            raise SourceQueryFailed(
                f"the tables could not be locked for the snapshot within {self._lock_wait_s} s",
                hint="A transaction that wrote to one of them stays open: end it, or start at a quieter moment.",
                errno=LOCK_WAIT_TIMEOUT,
                host=error.context.get("host"),
            ) from error

    def _check_definitions(self, locker: Connection) -> None:
        for database in {table.database for table in self._tables}:
            expected = {table.name: table for table in self._tables if table.database == database}
            for name, found in read_tables(locker, database, expected.keys()).items():
                if found != expected[name]:
                    raise SchemaMismatch(
                        "the table was altered while the stream was starting",
                        hint="Start again: the new definition will be used.",
                        table=found.qualified,
                    )

    def _open_reader(self) -> Connection:
        if self._reader is None:
            raise InternalError("the snapshot is not open")
        return self._reader


def select_statement(table: Table) -> str:
    """The SELECT that reads a whole table in the value domain of `model.table`."""
    columns = ", ".join(_expression(column) for column in table.columns)
    if not table.primary_key:
        return f"SELECT {columns} FROM {_qualified(table)}"
    order = ", ".join(quote_name(table.columns[index].name) for index in table.primary_key)
    return f"SELECT {columns} FROM {_qualified(table)} FORCE INDEX (PRIMARY) ORDER BY {order}"


def _expression(column: Column) -> str:
    name = quote_name(column.name)
    match column.type:
        # A FLOAT prints with six digits, and a declared scale rounds what is printed; the cast is exact.
        case SqlType.FLOAT | SqlType.DOUBLE:
            return f"CAST({name} AS DOUBLE)"
        # ZEROFILL pads what is printed; the value has no leading zeros.
        case SqlType.DECIMAL:
            return f"CAST({name} AS DECIMAL({column.length},{column.scale}))"
        # The driver does not know the type and would read it as text.
        case SqlType.VECTOR:
            return f"CAST({name} AS BINARY)"
        case _:
            return name


def _is_binary_label(column: Column) -> bool:
    """ENUM or SET with the character set binary: its label comes as bytes."""
    return column.type in (SqlType.ENUM, SqlType.SET) and column.collation is None


def _decode_labels(rows: Rows, indexes: list[int]) -> list[Row]:
    decoded: list[Row] = []
    for row in rows:
        cells = list(row)
        for index in indexes:
            if cells[index] is not None:
                cells[index] = cells[index].decode()
        decoded.append(tuple(cells))
    return decoded


def _qualified(table: Table) -> str:
    return f"{quote_name(table.database)}.{quote_name(table.name)}"


def _position(status: SourceStatus) -> SnapshotPosition:
    return SnapshotPosition(status.gtid_executed, status.file, status.pos, status.server_uuid)
