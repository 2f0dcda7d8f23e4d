"""Every type, through literals into a table and back: the target's own text of each cell equals the source's."""

from dataclasses import dataclass

import pytest

from connector.model.message import Transaction
from connector.model.table import Column, SqlType, Table, Value
from sinks.protocol import Batch, Durable
from tests.integration.sinks.conftest import NewSink, Target
from tests.unit.sinks.streams import PickleDecoder, change, insert, message

POINT = bytes.fromhex("E610000001010000000000000000000040000000000000F03F")
VECTOR = bytes.fromhex("0000803f0000004000004040")
UTF8 = "utf8mb4_0900_ai_ci"


@dataclass(frozen=True)
class Case:
    """`read` = an expression for the cell as the connector would read it: text, or hexadecimal of bytes."""

    kind: SqlType
    ddl: str
    values: tuple[Value, ...]
    read: str = "cast(c as char)"
    collation: str | None = None
    labels: tuple[str, ...] = ()


TEXTS = ("", " ", "a ", "it's", "\\", "\\'", "a\0b", '"', "\n\r\t\x1a", "日本", "🐬", "%_", "é\u0301", "''", "\\\\n")

CASES = [
    Case(SqlType.TINYINT, "tinyint", (-128, 127, 0)),
    Case(SqlType.TINYINT, "tinyint unsigned", (255,)),
    Case(SqlType.SMALLINT, "smallint", (-32768, 32767)),
    Case(SqlType.MEDIUMINT, "mediumint unsigned", (2**24 - 1,)),
    Case(SqlType.INT, "int", (-(2**31), 2**31 - 1)),
    Case(SqlType.BIGINT, "bigint", (-(2**63), 2**63 - 1)),
    Case(SqlType.BIGINT, "bigint unsigned", (2**64 - 1, 2**63, 2**53 + 1)),
    Case(
        SqlType.FLOAT,
        "float",
        (0.10000000149011612, 3.4028234663852886e38, 1.401298464324817e-45, -0.0, 16777216.0),
        read="cast(cast(c as double) as char)",
    ),
    Case(
        SqlType.DOUBLE,
        "double",
        (0.1, -0.0, 1.7976931348623157e308, 5e-324, 1e16, 123456789.12345679, 2.0**53 + 2),
        read="cast(c as char)",
    ),
    Case(
        SqlType.DECIMAL,
        "decimal(65,30)",
        (
            "-12345678901234567890123456789012345.123456789012345678901234567890",
            "0.000000000000000000000000000001".ljust(32, "0"),
        ),
    ),
    Case(SqlType.DECIMAL, "decimal(10,0)", ("-1", "9999999999")),
    Case(SqlType.BIT, "bit(1)", (b"\x00", b"\x01"), read="lpad(hex(c), 2, '0')"),
    Case(SqlType.BIT, "bit(64)", (b"\xff" * 8, b"\x80" + b"\0" * 7), read="lpad(hex(c), 16, '0')"),
    Case(SqlType.YEAR, "year", ("0000", "1901", "2155", "2000"), read="lpad(c, 4, '0')"),
    Case(SqlType.DATE, "date", ("0000-00-00", "2024-00-00", "2024-02-31", "9999-12-31", "2024-02-29")),
    Case(SqlType.TIME, "time(6)", ("-838:59:59.000000", "838:59:59.000000", "00:00:00.000001", "-00:00:00.500000")),
    Case(
        SqlType.DATETIME,
        "datetime(3)",
        ("0000-00-00 00:00:00.000", "2024-03-31 02:30:00.999", "1000-01-01 00:00:00.000"),
    ),
    Case(
        SqlType.TIMESTAMP,
        "timestamp(6) null",
        (
            "0000-00-00 00:00:00.000000",
            "1970-01-01 00:00:01.000000",
            "2038-01-19 03:14:07.999999",
            "2024-10-27 01:30:00.000000",
        ),
    ),
    Case(SqlType.VARCHAR, "varchar(50)", TEXTS, read="c", collation=UTF8),
    Case(SqlType.LONGTEXT, "longtext", TEXTS, read="c", collation=UTF8),
    Case(
        SqlType.VARCHAR,
        "varchar(50) character set latin1",
        ("ä€", "it's \\", ""),
        read="c",
        collation="latin1_swedish_ci",
    ),
    Case(SqlType.VARCHAR, "varchar(50) character set sjis", ("ソ表", "\\"), read="c", collation="sjis_japanese_ci"),
    Case(SqlType.VARCHAR, "varchar(50) character set utf16", ("🐬\\", "a"), read="c", collation="utf16_general_ci"),
    Case(SqlType.CHAR, "char(10)", ("a", "", "'\\"), read="c", collation=UTF8),
    Case(
        SqlType.ENUM,
        "enum('a','it''s','back\\\\slash')",
        ("a", "it's", "back\\slash", ""),
        read="c",
        collation=UTF8,
        labels=("a", "it's", "back\\slash"),
    ),
    Case(SqlType.SET, "set('a','b','ü')", ("", "a", "a,b,ü"), read="c", collation=UTF8, labels=("a", "b", "ü")),
    Case(
        SqlType.JSON,
        "json",
        ('{"a": "\\\\ \\" \\n", "ä": [1, -2, 1.5, null, true]}', "null", '"🐬"', "18446744073709551615", "1e100", "[]"),
    ),
    Case(
        SqlType.JSON,
        "json",
        (
            "1.10",
            "-123456789012345678901234567890.5",
            "98765432109876543210",
            '{"c": 0.30000000000000004, "d": 5.0, "e": 1e20, "f": "1.10", "a \\"b\\\\": [1, {"é": 0.0000001}, -2.50]}',
            "123456789012345.6",
        ),
    ),
    Case(SqlType.BINARY, "binary(4)", (b"\0\0\0\0", b"a\0\\'"), read="hex(c)"),
    Case(SqlType.VARBINARY, "varbinary(300)", (b"", bytes(range(256)), b"\xff"), read="hex(c)"),
    Case(SqlType.LONGBLOB, "longblob", (b"", b"\\'\0" * 1000), read="hex(c)"),
    Case(SqlType.GEOMETRY, "geometry", (POINT,), read="hex(c)"),
    Case(SqlType.GEOMETRY, "point srid 4326", (POINT,), read="hex(c)"),
    Case(SqlType.VECTOR, "vector(3)", (VECTOR,), read="hex(c)"),
]


def shown(value: Value) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.hex().upper()
    return value if isinstance(value, str) else repr(value)


def table_of(case: Case, *, key: bool = True) -> Table:
    columns = (
        Column("id", SqlType.INT, nullable=False),
        Column("c", case.kind, collation=case.collation, labels=case.labels, unsigned="unsigned" in case.ddl),
    )
    return Table("shop", "cell", columns, (0,) if key else ())


def check(target: Target, case: Case, expected: list[tuple[int, Value]]) -> None:
    rows = target.query(f"select id, {case.read} from cell order by id")
    if case.kind in (SqlType.FLOAT, SqlType.DOUBLE):
        assert [(number, None if text is None else repr(float(text))) for number, text in rows] == [
            (number, shown(value)) for number, value in expected
        ]
    else:
        assert rows == [(number, shown(value)) for number, value in expected]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.ddl.split(" null")[0])
def test_cells_are_stored_exactly(target: Target, new_sink: NewSink, case: Case) -> None:
    target.execute(f"set sql_mode = ''; create table cell (id int primary key, c {case.ddl})")
    sink = new_sink(PickleDecoder(table_of(case)))
    sink.open()
    values = (*case.values, None)
    inserted = list(enumerate(values))
    sink.apply(Batch((message(1, insert(*inserted)),), Durable(1, 1)))
    check(target, case, inserted)
    # The same values through updates, each row getting its neighbour's.
    moved = [(number, values[(number + 1) % len(values)]) for number in range(len(values))]
    changes = tuple(change(before, after) for before, after in zip(inserted, moved, strict=True))
    sink.apply(Batch((message(2, Transaction(changes)),), Durable(2, 2)))
    check(target, case, moved)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.ddl.split(" null")[0])
def test_rows_without_a_key_are_found_by_every_value(target: Target, new_sink: NewSink, case: Case) -> None:
    target.execute(f"set sql_mode = ''; create table cell (id int, c {case.ddl})")
    sink = new_sink(PickleDecoder(table_of(case, key=False)))
    sink.open()
    rows = [(1, value) for value in (*case.values, None)]
    sink.apply(Batch((message(1, insert(*rows)),), Durable(1, 1)))
    deletes = Transaction(tuple(change(row, None) for row in rows))
    sink.apply(Batch((message(2, deletes),), Durable(2, 2)))
    assert target.query("select count(*) from cell") == [(0,)]


KEYS = [
    Case(SqlType.BIGINT, "bigint unsigned", (2**64 - 1, 2**64 - 2, 0)),
    Case(
        SqlType.DECIMAL,
        "decimal(40,10)",
        ("123456789012345678901234567890.1234567890", "123456789012345678901234567890.1234567891"),
    ),
    Case(SqlType.VARCHAR, "varchar(50)", ("it's", "\\", "a", "日本"), collation=UTF8),
    Case(
        SqlType.VARCHAR,
        "varchar(50) character set latin1 collate latin1_bin",
        ("a", "A", "\\ä"),
        collation="latin1_bin",
    ),
    Case(SqlType.VARBINARY, "varbinary(20)", (b"", b"\0", b"'\\", b"\xff"), read="hex(c)"),
    Case(SqlType.DATETIME, "datetime(6)", ("2024-02-29 12:00:00.000001", "0000-00-00 00:00:00.000000")),
    Case(SqlType.TIMESTAMP, "timestamp(6)", ("2024-10-27 01:30:00.000001", "1970-01-01 00:00:01.000000")),
    Case(SqlType.TIME, "time(3)", ("-838:59:59.000", "00:00:00.001")),
    Case(SqlType.BIT, "bit(64)", (b"\xff" * 8, b"\0" * 8), read="lpad(hex(c), 16, '0')"),
    Case(SqlType.ENUM, "enum('a','b')", ("a", "b"), collation=UTF8, labels=("a", "b")),
    Case(SqlType.YEAR, "year", ("0000", "2000", "1999"), read="lpad(c, 4, '0')"),
    Case(SqlType.DOUBLE, "double", (0.1, 1e300, -5e-324)),
]


@pytest.mark.parametrize("case", KEYS, ids=lambda case: case.ddl)
@pytest.mark.parametrize("composite", [False, True], ids=["single", "composite"])
def test_keys_of_every_type_find_their_row(target: Target, new_sink: NewSink, case: Case, composite: bool) -> None:
    target.execute(
        "set sql_mode = ''; create table cell (c {} not null, id int, primary key (c{}))".format(
            case.ddl, ", id" if composite else ""
        )
    )
    columns = (
        Column("c", case.kind, collation=case.collation, labels=case.labels),
        Column("id", SqlType.INT),
    )
    sink = new_sink(PickleDecoder(Table("shop", "cell", columns, (0, 1) if composite else (0,))))
    sink.open()
    rows = [(value, number) for number, value in enumerate(case.values)]
    sink.apply(Batch((message(1, insert(*rows)),), Durable(1, 1)))
    updates = Transaction(tuple(change(row, (row[0], row[1] + 10)) for row in rows))
    sink.apply(Batch((message(2, updates),), Durable(2, 2)))
    assert target.query("select id from cell order by id") == [(number + 10,) for number in range(len(rows))]
    deletes = Transaction(tuple(change((value, number + 10), None) for value, number in rows))
    sink.apply(Batch((message(3, deletes),), Durable(3, 3)))
    assert target.query("select count(*) from cell") == [(0,)]
