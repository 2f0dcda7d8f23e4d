"""The one door to mysql-replication (`pymysqlreplication`): which pieces of it we take, and why not the rest.

Taken: its names of event types, for messages; and its packet wrapper with TableMapEvent and the rows events as a
second opinion (`second_opinion`): an independent reading of the same bytes, offline. The differential tests hold our
readers against it.

Not taken: its stream loop (it reconnects from the wrong position and drops events it does not know), and its row
readers for live data. Those turn zero dates into NULL, YEAR 0 into 1900, lose the fraction's borrow of a negative
TIME, do not pad BINARY, stop at five latin1 bytes, at ENUM labels outside UTF-8 and at VECTOR columns, and build two
dicts a row. Where it is known to be right it agrees with us.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from pymysql.protocol import MysqlPacket
from pymysqlreplication import event as library_event
from pymysqlreplication.constants import BINLOG
from pymysqlreplication.packet import BinLogPacketWrapper
from pymysqlreplication.row_event import (
    DeleteRowsEvent,
    RowsEvent,
    TableMapEvent,
    UpdateRowsEvent,
    WriteRowsEvent,
)

# Event types that the library has no name for, or a misleading one.
_OWN_NAMES = {
    0: "UNKNOWN",
    1: "START_V3",
    2: "QUERY",
    15: "FORMAT_DESCRIPTION",
    29: "ROWS_QUERY",
    34: "ANONYMOUS_GTID",
    35: "PREVIOUS_GTIDS",
    36: "TRANSACTION_CONTEXT",
    37: "VIEW_CHANGE",
    38: "XA_PREPARE",
    39: "PARTIAL_UPDATE_ROWS",
    40: "TRANSACTION_PAYLOAD",
    41: "HEARTBEAT_V2",
    42: "GTID_TAGGED",
}
_EVENTS = frozenset({TableMapEvent, WriteRowsEvent, UpdateRowsEvent, DeleteRowsEvent})


@cache
def event_name(number: int) -> str:
    """'TRANSACTION_PAYLOAD (40)'; an unknown number is UNKNOWN with its number."""
    return f"{_OWN_NAMES.get(number) or _library_names().get(number, 'UNKNOWN')} ({number})"


@cache
def _library_names() -> dict[int, str]:
    suffix = "_EVENT"
    names = {number: name for name, number in vars(BINLOG).items() if name.endswith(suffix) and isinstance(number, int)}
    return {number: name.removesuffix(suffix) for number, name in names.items()}


class _NoServer:
    """Stands in for the library's control connection: a decoder that asks the server anything is wrong."""

    charset = "utf8mb4"

    def _get_dbms(self) -> str:
        return "mysql"

    def cursor(self) -> Any:
        raise AssertionError("the offline decoder asked for a connection")


def second_opinion(table_map: bytes, rows: bytes) -> Iterator[tuple[dict[str, Any] | None, dict[str, Any] | None]]:
    """(before, after) of every row as mysql-replication reads two whole events (header included, checksum removed).

    Values have the library's own Python types. Called by the differential tests only; the library's exceptions pass
    through.
    """
    tables: dict[int, Any] = {}
    mapped = _library_read(table_map, tables)
    tables[mapped.table_id] = mapped.get_table()
    event = _library_read(rows, tables)
    if not isinstance(event, RowsEvent):
        raise TypeError(f"not a rows event: {type(event).__name__}")
    for row in event.rows:
        if isinstance(event, UpdateRowsEvent):
            yield row["before_values"], row["after_values"]
        elif isinstance(event, DeleteRowsEvent):
            yield row["values"], None
        else:
            yield None, row["values"]


def _library_read(event: bytes, tables: dict[int, Any]) -> Any:
    wrapper = BinLogPacketWrapper(
        MysqlPacket(b"\0" + event, "utf8mb4"),
        tables,
        _NoServer(),
        (8, 0, 0),
        False,  # no checksum
        _EVENTS | {library_event.NotImplementedEvent},
        None,
        None,
        None,
        None,
        False,
        False,
        False,
        True,  # verify nothing, fail loudly
        False,
        False,
    )
    return wrapper.event
