"""The evaluator against a real server: the same WHERE over the same rows keeps the same rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import pytest

from connector.model.errors import RuleUnsupported
from connector.model.table import Column, SqlType, Table, Value
from connector.rules.evaluate import PlanEvaluator
from connector.rules.rule import Rule
from connector.rules.ruleset import RuleSet
from connector.rules.vschema import VSchema
from tests.conftest import FreshDatabase
from tools.stack import MySqlServer

TEXTS = [
    "",
    " ",
    "a",
    "A",
    "a ",
    "a  ",
    "a\t",
    "a \t",
    "a !",
    "ab",
    "AB",
    "b",
    "B_",
    "b-",
    "_",
    "~",
    "0",
    "9",
    "z",
    "Z",
]
TEXTS += [
    "a\x01",
    "a \x01",
    "\x01",
    "\x7f",
    "'",
    "^",
    "$",
    "5",
    "5abc",
    " 5",
    "1e3",
    ".5",
    "-1",
    "+5",
    "5.",
    "1e",
    "0x10",
]
NUMBERS = ["0", "1", "-1", "5", "127", "255", "2147483647", "9223372036854775807", "-9223372036854775808", "1.5", "0.1"]
NUMBERS += ["18446744073709551615", "99999999999999999999", "5.0", "-0.5", "1e0", "1.5e0", "9007199254740992", "true"]
NUMBERS += ["0x05", "b'101'", "'5'", "'-1'", "9007199254740993", "0.10000000149011612"]
INTEGERS: list[Value] = [0, 1, -1, 5, 127, -128]
DATETIMES = ["2024-01-01 00:00:00", "2024-01-01 00:00:01", "2023-12-31 23:59:59", "2024-01-31 12:30:45"]
DATETIME_LITERALS = ["'2024-01-01'", "'2024-01-01 00:00:00'", "'2024-01-31T12:30:45'", "'2024-01-31 12:30:45.500'"]
TIMES: list[Value] = ["00:00:00", "-00:00:01", "12:30:45", "-12:30:45", "838:59:59", "-838:59:59", "100:00:00"]
CI_COLLATIONS = [
    "latin1_swedish_ci",
    "utf8mb4_0900_ai_ci",
    "utf8mb4_0900_as_cs",
    "utf8mb4_general_ci",
    "utf8mb4_unicode_ci",
]
BIN_COLLATIONS = ["ascii_bin", "cp1250_bin", "gbk_bin", "latin1_bin", "utf16_bin", "utf8mb4_0900_bin", "utf8mb4_bin"]


@dataclass(frozen=True)
class Case:
    """A column, its cells, and the literals it is compared with."""

    column: Column
    ddl: str
    cells: list[Value]
    literals: list[str]

    def __str__(self) -> str:
        return self.ddl


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _cases() -> Iterator[Case]:
    texts: list[Value] = [*TEXTS]
    quoted = [_quoted(text) for text in TEXTS]
    yield Case(Column("c", SqlType.TINYINT), "tinyint", INTEGERS, NUMBERS)
    yield Case(Column("c", SqlType.INT), "int", [*INTEGERS, 2147483647], NUMBERS)
    yield Case(Column("c", SqlType.BIGINT), "bigint", [*INTEGERS, 2**63 - 1, -(2**63), 2**53, 2**53 + 1], NUMBERS)
    yield Case(Column("c", SqlType.BIGINT, unsigned=True), "bigint unsigned", [0, 1, 5, 2**63, 2**64 - 1], NUMBERS)
    decimals: list[Value] = ["0.0000000000", "0.1000000000", "0.1000000015", "1.5000000000", "-0.5000000000"]
    yield Case(Column("c", SqlType.DECIMAL, length=30, scale=10), "decimal(30,10)", decimals, NUMBERS)
    yield Case(Column("c", SqlType.DOUBLE), "double", [0.0, 0.1, 1.5, -0.5, 5.0, 2.0**53], NUMBERS)
    yield Case(Column("c", SqlType.FLOAT), "float", [0.0, 0.100000001490116119384765625, 1.5, 5.0], NUMBERS)
    for name in [*CI_COLLATIONS, *BIN_COLLATIONS]:
        column = Column("c", SqlType.VARCHAR, collation=name, length=9)
        ddl = f"varchar(9) character set {name.split('_')[0]} collate {name}"
        yield Case(column, ddl, texts, quoted[::2])
    unpadded: list[Value] = [text for text in TEXTS if not text.endswith(" ")]
    mixed = Column("c", SqlType.CHAR, collation="utf8mb4_0900_ai_ci", length=9)
    yield Case(mixed, "char(9) character set utf8mb4 collate utf8mb4_0900_ai_ci", unpadded, [*quoted[:9], *NUMBERS])
    labels = ("red", "Blue", "a-b")
    enum = Column("c", SqlType.ENUM, collation="utf8mb4_0900_ai_ci", labels=labels)
    label_literals = ["'RED'", "'blue'", "'red '", "'a'", "''"]
    yield Case(
        enum, "enum('red','Blue','a-b') character set utf8mb4 collate utf8mb4_0900_ai_ci", [*labels], label_literals
    )
    some: list[Value] = ["red", "red,Blue", ""]
    any_of = Column("c", SqlType.SET, collation="utf8mb4_general_ci", labels=labels)
    set_ddl = "set('red','Blue','a-b') character set utf8mb4 collate utf8mb4_general_ci"
    yield Case(any_of, set_ddl, some, ["'RED,blue'", *label_literals])
    raw: list[Value] = [*(text.encode() for text in TEXTS), b"\xff\x00"]
    yield Case(Column("c", SqlType.VARBINARY, length=9), "varbinary(9)", raw, [*quoted, "x'ff00'", "0x61", "x''"])
    yield Case(Column("c", SqlType.BINARY, length=3), "binary(3)", [b"ab\0", b"abc"], ["'ab'", "'abc'", "x'616200'"])
    bits: list[Value] = [b"\0\0", b"\0\5", b"\3\xff"]
    yield Case(Column("c", SqlType.BIT, length=10), "bit(10)", bits, ["0", "5", "1023", "b'101'", "0x05"])
    yield Case(Column("c", SqlType.YEAR), "year", ["0000", "1901", "2024"], ["2024", "'2024'", "'0000'", "1901"])
    dates: list[Value] = ["2024-01-01", "2023-12-31"]
    yield Case(Column("c", SqlType.DATE), "date", dates, DATETIME_LITERALS)
    yield Case(Column("c", SqlType.DATETIME), "datetime", [*DATETIMES], DATETIME_LITERALS)
    precise: list[Value] = [*(f"{text}.000" for text in DATETIMES), "2024-01-31 12:30:45.500"]
    yield Case(Column("c", SqlType.DATETIME, scale=3), "datetime(3)", precise, DATETIME_LITERALS)
    yield Case(Column("c", SqlType.TIME), "time", TIMES, [_quoted(str(text)) for text in TIMES])


def _conditions(case: Case) -> Iterator[str]:
    for literal, op in product(case.literals, ("=", "!=", "<", "<=", ">", ">=")):
        yield f"c {op} {literal}"
    for low, high in zip(case.literals, [*case.literals[3:], *case.literals[:3]], strict=True):
        yield f"c between {low} and {high}"
        yield f"c in ({low}, {high})"
        yield f"c in ({high}, null)"
    yield from ("c is null", "c is not null")


@pytest.mark.parametrize("case", list(_cases()), ids=str)
def test_the_server_keeps_the_same_rows(case: Case, mysql_source: MySqlServer, fresh_database: FreshDatabase) -> None:
    database = fresh_database(mysql_source)
    table = Table(database, "t", (Column("id", SqlType.INT, nullable=False), case.column), (0,))
    rows = list(enumerate([*case.cells, None]))
    compared = 0
    with mysql_source.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("set sql_mode = ''")
        cursor.execute(f"create table t (id int primary key, c {case.ddl} null)")
        cursor.executemany("insert into t values (%s, %s)", rows)
        for condition in _conditions(case):
            sql = f"select * from t where {condition}"
            try:
                plan = RuleSet([Rule("t", sql)], keyspace=database, vschema=VSchema()).plan(table)
            except RuleUnsupported:
                continue
            assert plan is not None
            evaluator = PlanEvaluator(plan)
            ours = [row[0] for row in rows if evaluator.change(None, row)]
            cursor.execute(f"select id from t where {condition} order by id")
            assert ours == [row[0] for row in cursor.fetchall()], condition
            compared += 1
    assert compared >= len(case.literals) * 3
