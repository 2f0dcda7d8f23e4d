"""Our row readers against mysql-replication's on the same recorded events, wherever that library is known to be
right.
"""

import datetime
import decimal
import itertools
import struct
from typing import Any

import pytest

from connector.decode.library import event_name, second_opinion
from connector.decode.rows import RowDecoder
from connector.decode.table_map import parse_table_map
from connector.decode.tables import table_from_map
from connector.model.events import Rows
from connector.model.table import Column, SqlType, Value
from tests.unit.decode.stream import make_event, vectors

EVENTS: dict[str, list[list[str]]] = vectors("binlog_types")["events"]
WRITE_ROWS_V2, TABLE_MAP = 30, 19
# Where the library is wrong by design or by defect: JSON (its own tree), BINARY (no padding), YEAR 0, zero dates
# (NULL), negative
# fractional TIME, VECTOR (cannot read the map), GEOMETRY (its own form).
COMPARED = {
    SqlType.TINYINT,
    SqlType.SMALLINT,
    SqlType.MEDIUMINT,
    SqlType.INT,
    SqlType.BIGINT,
    SqlType.DOUBLE,
    SqlType.FLOAT,
    SqlType.DECIMAL,
    SqlType.BIT,
    SqlType.DATE,
    SqlType.DATETIME,
    SqlType.TIME,
    SqlType.VARCHAR,
    SqlType.CHAR,
    SqlType.TEXT,
    SqlType.ENUM,
    SqlType.SET,
    SqlType.VARBINARY,
}
SHARED_CHARSETS = {"utf8mb4", "utf8mb3", "latin2", "gbk", "gb2312", "koi8r", "cp932", "ascii"}


def _of_library(value: Any, column: Column) -> Any:
    """The library's Python value in our value domain; `...` where it cannot be compared."""
    if value is None:
        return ...  # NULL, but also a zero date, an empty SET or an ENUM that it could not name
    match value:
        case decimal.Decimal():
            return f"{value:f}"
        case datetime.datetime():
            return f"{value:%Y-%m-%d %H:%M:%S.%f}"[: 20 + column.scale if column.scale else 19].replace(
                f"{value:%Y}", f"{value.year:04d}", 1
            )
        case datetime.date():
            return value.isoformat()
        case datetime.timedelta():
            if value < datetime.timedelta(0) and column.scale:
                return ...
            sign, value = ("-", -value) if value < datetime.timedelta(0) else ("", value)
            seconds = value.days * 86400 + value.seconds
            fraction = f".{value.microseconds:06d}"[: column.scale + 1] if column.scale else ""
            return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"
        case set():
            return ",".join(label for label in column.labels if label in value)
    if column.type is SqlType.BIT:
        return int(value, 2).to_bytes((column.length + 7) // 8, "big")
    return value


def _comparable(column: Column) -> bool:
    if column.type not in COMPARED:
        return False
    return column.collation is None or column.charset in SHARED_CHARSETS


def _pairs() -> list[tuple[str, str, str]]:
    """(case, table map, rows) of every recorded insert."""
    return [
        (f"{name}-{index}", before[1], event[1])
        for name, events in EVENTS.items()
        for index, (before, event) in enumerate(itertools.pairwise(events))
        if event[0] == "WRITE_ROWS_V2" and name != "mx-015"
    ]


def test_both_readers_agree_on_recorded_inserts() -> None:
    compared = 0
    differences = []
    for name, map_body, rows_body in _pairs():
        table_map = parse_table_map(bytes.fromhex(map_body))
        table = table_from_map(table_map)
        wanted = [index for index, column in enumerate(table.columns) if _comparable(column)]
        if not wanted or any(column.type is SqlType.VECTOR for column in table.columns):
            continue
        if any(column.collation and column.charset not in SHARED_CHARSETS for column in table.columns):
            continue  # one cell that the library cannot decode takes the whole row with it
        raw = bytes.fromhex(rows_body)
        ours = RowDecoder(table_map, table).decode(Rows("insert", 0, memoryview(raw), 2, 0))
        theirs = second_opinion(
            # Without a checksum the library drops the last four bytes of a map's optional metadata: the key, not the
            # types.
            make_event(TABLE_MAP, bytes.fromhex(map_body), crc=False),
            make_event(WRITE_ROWS_V2, raw, crc=False),
        )
        for change, (_, after) in zip(ours, theirs, strict=True):
            assert change.after is not None
            assert after is not None
            for index in wanted:
                column = table.columns[index]
                other = _of_library(list(after.values())[index], column)
                if other is ...:
                    continue
                compared += 1
                if not _same(change.after[index], other):
                    differences.append((name, column.name, column.type, change.after[index], other))
    assert differences == []
    assert compared > 300


def _same(ours: Value, theirs: Any) -> bool:
    if isinstance(ours, float):
        return struct.pack("<d", ours) == struct.pack("<d", theirs)
    return bool(ours == theirs)


def test_updates_and_deletes_have_both_images() -> None:
    for name in ("mx-001", "mx-016"):
        table_map, rows = next(
            (before[1], event[1]) for before, event in itertools.pairwise(EVENTS[name]) if event[0] == "UPDATE_ROWS_V2"
        )
        parsed = parse_table_map(bytes.fromhex(table_map))
        event = Rows("update", 0, memoryview(bytes.fromhex(rows)), 2, 0)
        [ours] = RowDecoder(parsed, table_from_map(parsed)).decode(event)
        [(before, after)] = second_opinion(
            make_event(TABLE_MAP, bytes.fromhex(table_map), crc=False),
            make_event(31, bytes.fromhex(rows), crc=False),
        )
        assert ours.before is not None
        assert ours.after is not None
        assert before is not None
        assert after is not None
        assert (ours.before[0], ours.after[0]) == (next(iter(before.values())), next(iter(after.values())))


def test_something_else_than_rows_is_refused() -> None:
    body = bytes.fromhex(EVENTS["dz-107"][0][1])
    table_map = bytes.fromhex(EVENTS["py-002"][0][1])
    with pytest.raises(TypeError, match="not a rows event"):
        list(second_opinion(make_event(TABLE_MAP, table_map, crc=False), make_event(40, body, crc=False)))


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (2, "QUERY (2)"),
        (16, "XID (16)"),
        (19, "TABLE_MAP (19)"),
        (40, "TRANSACTION_PAYLOAD (40)"),
        (42, "GTID_TAGGED (42)"),
        (250, "UNKNOWN (250)"),
    ],
)
def test_event_names(number: int, name: str) -> None:
    assert event_name(number) == name
