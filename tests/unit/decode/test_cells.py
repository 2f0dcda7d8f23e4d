"""Single cells against recorded bytes of several readers' test suites and of MySQL."""

import re
import struct
from typing import Any

import pytest

from connector.decode import field_types as ft
from connector.decode.cells import cell_reader
from connector.decode.decimals import decimal_printer, decimal_size
from connector.model.events import MapColumn
from connector.model.table import Column, SqlType
from tests.unit.decode.stream import vectors

UTF8 = "utf8mb4_0900_ai_ci"
INTEGERS = {
    "TINYINT": (ft.TINY, SqlType.TINYINT),
    "SMALLINT": (ft.SHORT, SqlType.SMALLINT),
    "MEDIUMINT": (ft.INT24, SqlType.MEDIUMINT),
    "INT": (ft.LONG, SqlType.INT),
    "BIGINT": (ft.LONGLONG, SqlType.BIGINT),
}
TEMPORAL = {
    "DATETIME": (ft.DATETIME, SqlType.DATETIME),
    "TIME": (ft.TIME, SqlType.TIME),
    "TIMESTAMP": (ft.TIMESTAMP, SqlType.TIMESTAMP),
}


def mapped(code: int, metadata: int = 0) -> MapColumn:
    return MapColumn(code, metadata, True, None, "c", None, None)


def _column_of(text: str) -> tuple[MapColumn, Column] | None:
    """'DECIMAL(5,2)', 'TIME(3)', 'INT UNSIGNED' as a column of a table map and of a table."""
    found = re.fullmatch(r"(\w+)(?:\((\d+)(?:,(\d+))?\))?( UNSIGNED)?", text)
    if found is None:
        return None
    name, first, second, unsigned = found.groups()
    length, scale = int(first or 0), int(second or 0)
    if name == "DECIMAL":
        return mapped(ft.DECIMAL, length << 8 | scale), Column("c", SqlType.DECIMAL, length=length, scale=scale)
    if name in TEMPORAL:
        code, kind = TEMPORAL[name]
        return mapped(code, length), Column("c", kind, scale=length)
    if name in INTEGERS:
        code, kind = INTEGERS[name]
        return mapped(code), Column("c", kind, unsigned=bool(unsigned))
    return None


def _typed_cases() -> list[Any]:
    return [
        case
        for case in vectors("binlog_types")["cases"]
        if case["kind"] == "wire" and "hex" in case["wire"] and _column_of(case["type"])
    ]


def test_the_typed_cases_are_most_of_them() -> None:
    assert len(_typed_cases()) > 120


@pytest.mark.parametrize("case", _typed_cases(), ids=lambda case: case["id"])
def test_cells_by_sql_type(case: dict[str, Any]) -> None:
    found = _column_of(case["type"])
    assert found is not None
    data = bytes.fromhex(case["wire"]["hex"])
    assert cell_reader(*found)(b"\xaa" + data + b"\xbb", 1) == (case["expected"], 1 + len(data))


def _vitess_column(value: dict[str, Any]) -> tuple[MapColumn, Column]:
    code, metadata = value["type_code"], value["metadata"]
    kinds = {
        **dict(INTEGERS.values()),
        ft.FLOAT: SqlType.FLOAT,
        ft.DOUBLE: SqlType.DOUBLE,
        ft.YEAR: SqlType.YEAR,
        ft.BIT: SqlType.BIT,
        ft.DECIMAL: SqlType.DECIMAL,
        ft.VARCHAR: SqlType.VARCHAR,
        ft.VAR_STRING: SqlType.VARCHAR,
        ft.BLOB: SqlType.BLOB,
        ft.GEOMETRY: SqlType.GEOMETRY,
        ft.ENUM: SqlType.ENUM,
        ft.SET: SqlType.SET,
    }
    column = Column(
        "c",
        kinds.get(code, SqlType.DATETIME),
        unsigned=str(value["schema_type"]).startswith("U"),
        collation=UTF8 if code in (ft.VARCHAR, ft.VAR_STRING) else None,
        labels=tuple(str(index) for index in range(1, 2000 if code == ft.ENUM else 65)),
    )
    return mapped(code, metadata), column


def _vitess_cases() -> list[Any]:
    cases = [case for case in vectors("binlog_values")["cases"] if case["op"] == "cell_value"]
    # ENUM and SET inside STRING: table maps resolve the real type before a reader is made.
    return [case for case in cases if case["input"]["type_code"] != ft.STRING]


@pytest.mark.parametrize("case", _vitess_cases(), ids=lambda case: case["id"])
def test_cells_by_field_type(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["input"]["data_hex"])
    value, end = cell_reader(*_vitess_column(case["input"]))(data, 0)
    expected = case["expected"]
    assert end == expected["length"]
    if isinstance(value, bytes):
        wanted = bytes.fromhex(expected["value_hex"]) if "value_hex" in expected else expected["value"].encode()
        assert value == wanted
    elif isinstance(value, float):
        form = "<f" if case["input"]["type_code"] == ft.FLOAT else "<d"
        assert struct.pack(form, value) == struct.pack(form, float(expected["value"]))
    else:
        assert str(value) == expected["value"]


@pytest.mark.parametrize(
    ("column", "data", "value"),
    [
        ((ft.YEAR, 0, Column("c", SqlType.YEAR)), "00", "0000"),
        ((ft.YEAR, 0, Column("c", SqlType.YEAR)), "ff", "2155"),
        ((ft.TIMESTAMP, 0, Column("c", SqlType.TIMESTAMP)), "00000000", "0000-00-00 00:00:00"),
        ((ft.TIMESTAMP, 3, Column("c", SqlType.TIMESTAMP, scale=3)), "000000000000", "0000-00-00 00:00:00.000"),
        ((ft.TIMESTAMP, 0, Column("c", SqlType.TIMESTAMP)), "ffffffff", "2106-02-07 06:28:15"),
        ((ft.DATE, 0, Column("c", SqlType.DATE)), "000000", "0000-00-00"),
        ((ft.TIME, 6, Column("c", SqlType.TIME, scale=6)), "7fffffffffff", "-00:00:00.000001"),
        ((ft.DATETIME_OLD, 0, Column("c", SqlType.DATETIME)), "0f1eb7814a120000", "2011-12-13 14:15:19"),
        ((ft.TIME_OLD, 0, Column("c", SqlType.TIME)), "5ca4fd", "-15:45:32"),
        ((ft.STRING, 4, Column("c", SqlType.BINARY, length=4)), "01aa", b"\xaa\0\0\0"),
        ((ft.VARCHAR, 4, Column("c", SqlType.VARBINARY, length=4)), "01aa", b"\xaa"),
        ((ft.STRING, 1020, Column("c", SqlType.CHAR, collation=UTF8, length=255)), "0300616263", "abc"),
        ((ft.BLOB, 2, Column("c", SqlType.BLOB)), "0000", b""),
        ((ft.VECTOR, 0x304, Column("c", SqlType.VECTOR, length=3)), "040000000000803f", b"\0\0\x80?"),
        ((ft.SET, 1, Column("c", SqlType.SET, labels=("x", "y", "z"))), "05", "x,z"),
        ((ft.SET, 8, Column("c", SqlType.SET, labels=("x",))), "0000000000000000", ""),
        ((ft.ENUM, 2, Column("c", SqlType.ENUM, labels=("x", "y"))), "0200", "y"),
        ((ft.ENUM, 1, Column("c", SqlType.ENUM, labels=("x", "y"))), "00", ""),
        ((ft.BIT, 0x0101, Column("c", SqlType.BIT, length=9)), "0155", b"\x01\x55"),
    ],
)
def test_values_at_the_edges(column: tuple[int, int, Column], data: str, value: object) -> None:
    code, metadata, definition = column
    raw = bytes.fromhex(data)
    assert cell_reader(mapped(code, metadata), definition)(raw, 0) == (value, len(raw))


@pytest.mark.parametrize(
    ("column", "data"),
    [
        ((ft.ENUM, 1, Column("c", SqlType.ENUM, labels=("x",))), "02"),
        ((ft.SET, 1, Column("c", SqlType.SET, labels=("x",))), "02"),
        ((ft.DATETIME, 0, Column("c", SqlType.DATETIME)), "0000000000"),
        ((ft.DECIMAL, 0x0400, Column("c", SqlType.DECIMAL, length=4)), "ffff"),
        ((ft.VARCHAR, 9, Column("c", SqlType.VARCHAR, collation=UTF8, length=2)), "01ff"),
        ((ft.JSON, 4, Column("c", SqlType.JSON)), "0100000001"),
    ],
)
def test_bytes_that_are_no_value_raise_value_error(column: tuple[int, int, Column], data: str) -> None:
    code, metadata, definition = column
    read = cell_reader(mapped(code, metadata), definition)
    raw = bytes.fromhex(data)
    with pytest.raises(ValueError):  # noqa: PT011 - any: rows.py makes VALUE_UNDECODABLE of it
        read(raw, 0)


@pytest.mark.parametrize(
    ("code", "metadata", "column"),
    [
        (0, 0, Column("c", SqlType.DECIMAL)),
        (ft.TIME, 7, Column("c", SqlType.TIME)),
        (ft.BLOB, 5, Column("c", SqlType.BLOB)),
        (ft.VARCHAR, 5, Column("c", SqlType.VARCHAR, collation="klingon_ci")),
    ],
)
def test_columns_that_cannot_be_read_are_known_before_the_first_row(code: int, metadata: int, column: Column) -> None:
    with pytest.raises(LookupError):
        cell_reader(mapped(code, metadata), column)


@pytest.mark.parametrize(("precision", "scale"), [(0, 0), (66, 0), (10, 31), (5, 6)])
def test_decimals_that_mysql_does_not_have(precision: int, scale: int) -> None:
    with pytest.raises(ValueError, match="DECIMAL"):
        decimal_printer(precision, scale)


@pytest.mark.parametrize(
    ("precision", "scale", "size"), [(1, 0, 1), (9, 0, 4), (10, 2, 5), (30, 10, 14), (65, 30, 30), (5, 5, 3)]
)
def test_decimal_sizes(precision: int, scale: int, size: int) -> None:
    assert decimal_size(precision, scale) == size
