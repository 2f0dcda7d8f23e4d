"""connector.rules.evaluate and compare: three-valued logic, update semantics, routing, comparisons by type."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.model.errors import CollationUnsupported, InternalError, RuleUnsupported, VindexUnmappable
from connector.model.keyrange import parse_shards
from connector.model.plan import And, Compare, Comparison, FilteredChange, In, IsNull, Opcode, Plan
from connector.model.table import Column, Row, SqlType, Table, Value
from connector.rules.evaluate import PlanEvaluator
from connector.rules.machine import compile_predicate
from connector.rules.rule import Rule
from connector.rules.ruleset import RuleSet
from connector.rules.vschema import VSchema
from connector.vindex.hash import HashVindex

VSCHEMA = VSchema.of({"t": {"column": "id", "type": "hash"}})
TABLE = Table(
    "shop",
    "t",
    (
        Column("id", SqlType.BIGINT, nullable=False),
        Column("grp", SqlType.INT),
        Column("name", SqlType.VARCHAR, collation="utf8mb4_bin"),
    ),
    primary_key=(0,),
)
SHARDS = "-40,40-80,80-c0,c0-"


def _plan(filter_text: str, table: Table = TABLE, shards: str = "") -> Plan:
    ranges = parse_shards(shards) if shards else ()
    plan = RuleSet([Rule("t", filter_text)], keyspace="shop", vschema=VSCHEMA, shards=ranges).plan(table)
    assert plan is not None
    return plan


def _passes(column: Column, condition: str, cell: Value) -> bool:
    table = Table("shop", "t", (column,))
    evaluator = PlanEvaluator(_plan(f"select * from t where {condition}", table))
    return evaluator.change(None, (cell,)) is not None


# ---- logic ----------------------------------------------------------------------------------------------------------
def test_three_valued_conjunction() -> None:
    table = Table("shop", "t", tuple(Column(name, SqlType.INT) for name in "abc"))
    truths: dict[Value, bool | None] = {1: True, 0: False, None: None}
    for cells in product(truths, repeat=3):
        operands = [truths[cell] for cell in cells]
        wanted = False if False in operands else None if None in operands else True
        leaves = tuple(Compare(index, Comparison.EQ, 1) for index in range(3))
        # An And inside another keeps its own result; the outermost one's terms are returned apart.
        (inner, last) = compile_predicate(table, (*leaves, And(3), IsNull(0, negated=True), And(2)))
        assert inner(cells) is wanted
        assert last(cells) is (cells[0] is not None)


@pytest.mark.parametrize(
    ("opcode", "cell", "truth"),
    [
        (In(0, (1, 2)), 1, True),
        (In(0, (1, 2)), 3, False),
        (In(0, (1, None)), 1, True),
        (In(0, (1, None)), 3, None),
        (In(0, (1, 2)), None, None),
        (In(0, (None,)), 1, None),
        (Compare(0, Comparison.NE, 1), None, None),
        (Compare(0, Comparison.EQ, None), 1, None),
        (IsNull(0, negated=False), None, True),
        (IsNull(0, negated=True), None, False),
        (IsNull(0, negated=False), 1, False),
        (IsNull(0, negated=True), 1, True),
    ],
)
def test_unknown(opcode: Opcode, cell: Value, truth: bool | None) -> None:
    (term,) = compile_predicate(Table("shop", "t", (Column("a", SqlType.INT),)), (opcode,))
    assert term((cell,)) is truth


@pytest.mark.parametrize("predicate", [(And(1),), (IsNull(0, True), IsNull(0, True)), (IsNull(0, True), And(2))])
def test_a_broken_predicate_is_a_bug(predicate: tuple[Opcode, ...]) -> None:
    with pytest.raises(InternalError):
        compile_predicate(TABLE, predicate)


# ---- changes --------------------------------------------------------------------------------------------------------
def test_update_semantics() -> None:
    evaluator = PlanEvaluator(_plan("select id from t where grp = 1"))
    inside, outside = (7, 1, "a"), (7, 2, "a")
    assert evaluator.change(inside, inside) == FilteredChange((7,), (7,), ((0, (7,), (7,)),))
    assert evaluator.change(inside, outside) == FilteredChange((7,), None, ((0, (7,), None),))
    assert evaluator.change(outside, inside) == FilteredChange(None, (7,), ((0, None, (7,)),))
    assert evaluator.change(outside, outside) is None
    assert evaluator.change(None, outside) is None
    assert evaluator.change(inside, None) == FilteredChange((7,), None, ((0, (7,), None),))


def test_a_row_that_moves_between_shards() -> None:
    evaluator = PlanEvaluator(_plan("select name from t", shards="-80,80-"))
    low, high = (1, 0, "low"), (4, 0, "high")  # hash(1) = 16..., hash(4) = d2...
    assert evaluator.change(low, high) == FilteredChange(
        ("low",), ("high",), ((0, ("low",), None), (1, None, ("high",)))
    )
    assert evaluator.change(low, low) == FilteredChange(("low",), ("low",), ((0, ("low",), ("low",)),))


def test_a_row_without_a_keyspace_id_stops_the_stream() -> None:
    evaluator = PlanEvaluator(_plan("select * from t where in_keyrange(grp, 'hash', '-80')"))
    with pytest.raises(VindexUnmappable, match=r"NULL \(table=shop\.t, vindex=hash\)"):
        evaluator.change(None, (1, None, "a"))
    routed = PlanEvaluator(_plan("", shards="-80,80-"))
    with pytest.raises(VindexUnmappable):
        routed.change((None, None, "a"), None)


def test_an_earlier_term_drops_the_row_before_its_keyspace_id_is_asked_for() -> None:
    for first in ("grp is not null", "grp > 0"):
        evaluator = PlanEvaluator(_plan(f"select * from t where {first} and in_keyrange(grp, 'hash', '-80')"))
        assert evaluator.change(None, (1, None, "a")) is None


def test_a_filtered_out_row_is_not_routed() -> None:
    evaluator = PlanEvaluator(_plan("select * from t where id is not null", shards="-80,80-"))
    assert evaluator.change(None, (None, None, "a")) is None


ROWS = st.tuples(
    st.integers(-5, 5) | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.integers(-3, 3),
    st.none() | st.sampled_from(["a", "A", "b", "", "a ", "é"]),
)
TERMS = st.sampled_from(
    [
        "grp = 1",
        "grp != 1",
        "grp in (1, 2, null)",
        "grp between -1 and 1",
        "name is null",
        "name is not null",
        "name > 'a'",
        "name in ('a', 'é')",
        "id >= 0",
        "in_keyrange('-80')",
        "in_keyrange(id, 'xxhash', '40-c0')",
    ]
)
FILTERS = st.lists(TERMS, max_size=4).map(
    lambda terms: f"select name, id from t{' where ' * bool(terms)}{' and '.join(terms)}"
)


@settings(deadline=None)
@given(FILTERS, ROWS, ROWS)
def test_an_update_is_its_delete_and_its_insert(filter_text: str, before: Row, after: Row) -> None:
    evaluator = PlanEvaluator(_plan(filter_text, shards=SHARDS))
    update = evaluator.change(before, after)
    delete, insert = evaluator.change(before, None), evaluator.change(None, after)
    assert (update.before if update else None) == (delete.before if delete else None)
    assert (update.after if update else None) == (insert.after if insert else None)


@settings(deadline=None)
@given(FILTERS, st.none() | ROWS, st.none() | ROWS)
def test_routes_hold_each_image_once_in_its_shard(filter_text: str, before: Row | None, after: Row | None) -> None:
    change = PlanEvaluator(_plan(filter_text, shards=SHARDS)).change(before, after)
    if change is None:
        return
    vindex, shards = HashVindex(), parse_shards(SHARDS)
    deletes = [(partition, old) for partition, old, _ in change.routes if old is not None]
    inserts = [(partition, new) for partition, _, new in change.routes if new is not None]
    assert [old for _, old in deletes] == ([] if change.before is None else [change.before])
    assert [new for _, new in inserts] == ([] if change.after is None else [change.after])
    assert len({partition for partition, _, _ in change.routes}) == len(change.routes)
    for image, placed in ((before, deletes), (after, inserts)):
        for partition, _ in placed:
            assert image is not None
            assert shards[partition].contains(vindex.map(image[:1]))


# ---- comparisons by type --------------------------------------------------------------------------------------------
def _column(kind: SqlType, **details: Any) -> Column:
    return Column("c", kind, **details)


BIGINT = _column(SqlType.BIGINT)
UNSIGNED = _column(SqlType.BIGINT, unsigned=True)
DECIMAL = _column(SqlType.DECIMAL, length=30, scale=10)
FLOAT = _column(SqlType.FLOAT)
DOUBLE = _column(SqlType.DOUBLE)
BIT = _column(SqlType.BIT, length=10)
YEAR = _column(SqlType.YEAR)
DATE = _column(SqlType.DATE)
DATETIME = _column(SqlType.DATETIME)
DATETIME3 = _column(SqlType.DATETIME, scale=3)
TIMESTAMP = _column(SqlType.TIMESTAMP)
TIME = _column(SqlType.TIME, scale=2)
BINARY = _column(SqlType.BINARY, length=3)
ENUM = _column(SqlType.ENUM, collation="utf8mb4_0900_ai_ci", labels=("red", "Blue"))
SET = _column(SqlType.SET, collation="utf8mb4_general_ci", labels=("a", "b"))
TEXT = _column(SqlType.TEXT, collation="utf8mb4_0900_ai_ci")
BIN = _column(SqlType.VARCHAR, collation="utf8mb4_bin")


@pytest.mark.parametrize(
    ("column", "condition", "cell", "passes"),
    [
        (BIGINT, "c = 9223372036854775807", 9223372036854775807, True),
        (BIGINT, "c > 9007199254740992.5", 9007199254740993, True),
        (BIGINT, "c = 1.0", 1, True),
        (BIGINT, "c < 1.5", 1, True),
        (BIGINT, "c = 1e0", 1, True),
        (BIGINT, "c = '5'", 5, True),
        (BIGINT, "c = 0x05", 5, True),
        (BIGINT, "c = true", 1, True),
        (UNSIGNED, "c > -1", 18446744073709551615, True),
        (UNSIGNED, "c = 18446744073709551615", 18446744073709551615, True),
        (DECIMAL, "c = 0.1", "0.1000000000", True),
        (DECIMAL, "c = 0.10000000001", "0.1000000000", False),
        (DECIMAL, "c in (1, 2.5)", "2.5000000000", True),
        (DECIMAL, "c = 1e-1", "0.1000000000", True),
        (DECIMAL, "c > -0.5", "-0.4000000000", True),
        (FLOAT, "c = 1.1", 1.10000002384185791015625, False),
        (FLOAT, "c > 1.1", 1.10000002384185791015625, True),
        (DOUBLE, "c = '0.1'", 0.1, True),
        (DOUBLE, "c = 0", -0.0, True),
        (BIT, "c = 5", b"\x00\x05", True),
        (BIT, "c = b'1111111111'", b"\x03\xff", True),
        (BIT, "c in (0x05, b'1')", b"\x00\x01", True),
        (YEAR, "c >= 2024", "2024", True),
        (YEAR, "c = '0000'", "0000", True),
        (DATE, "c < '2024-01-02'", "2024-01-01", True),
        (DATE, "c = '2024-01-01 00:00:00'", "2024-01-01", True),
        (DATE, "c = '0000-00-00'", "0000-00-00", True),
        (DATETIME, "c = '2024-01-01'", "2024-01-01 00:00:00", True),
        (DATETIME, "c = '2024-01-01T10:00:00.000'", "2024-01-01 10:00:00", True),
        (DATETIME3, "c >= '2024-01-01'", "2024-01-01 00:00:00.000", True),
        (DATETIME3, "c > '2024-01-01 00:00:00.5'", "2024-01-01 00:00:00.500", False),
        (TIMESTAMP, "c = '2024-01-01 03:00:00+03:00'", "2024-01-01 00:00:00", True),
        (TIMESTAMP, "c < '2023-12-31 23:00:00-02:00'", "2024-01-01 00:00:00", True),
        (TIME, "c < '00:00:00'", "-00:00:01.00", True),
        (TIME, "c > '99:00:00'", "100:00:00.00", True),
        (TIME, "c = '-12:00:00.5'", "-12:00:00.50", True),
        (BINARY, "c = 'ab'", b"ab\0", False),
        (BINARY, "c = x'616200'", b"ab\0", True),
        (BINARY, "c > 'a'", b"b\0\0", True),
        (ENUM, "c = 'RED'", "red", True),
        (ENUM, "c > 'blue'", "red", True),
        (SET, "c = 'A,B'", "a,b", True),
        (TEXT, "c = 'ABC'", "abc", True),
        (TEXT, "c = 'abc '", "abc", False),
        (TEXT, "c < 'b'", "ABC", True),
        (TEXT, "c = 5", "5abc", True),
        (TEXT, "c = 0", "abc", True),
        (TEXT, "c > 1.5", " 1.6e0x", True),
        (TEXT, "c in (5, 6)", "6", True),
        (BIN, "c = 'abc  '", "abc", True),
        (BIN, "c = 'ABC'", "abc", False),
        (BIN, "c > 'a'", "a\t", False),
        (BIN, "c < 'a'", "a \t", True),
        (BIN, "c in ('é ')", "é", True),
        (BIN, "c < '\U0001f600'", "￿", True),
    ],
)
def test_comparison(column: Column, condition: str, cell: Value, passes: bool) -> None:
    assert _passes(column, condition, cell) is passes


@pytest.mark.parametrize(
    ("column", "condition"),
    [
        (BIGINT, "c = 'abc'"),
        (BIGINT, "c = '1.0'"),
        (BIGINT, "c = ' 1'"),
        (BIGINT, "c = '9223372036854775808'"),
        (UNSIGNED, "c = '-1'"),
        (BIGINT, "c = 9.3e18"),
        (BIGINT, "c in (1, 2.5)"),
        (BIGINT, "c in (1, 99999999999999999999)"),
        (DECIMAL, "c = '0.1'"),
        (DECIMAL, "c = 0x05"),
        (DOUBLE, "c = '1abc'"),
        (BIT, "c = '5'"),
        (BIT, "c = 1.5"),
        (BIT, "c = -1"),
        (YEAR, "c = 24"),
        (YEAR, "c = 0"),
        (YEAR, "c > 1900"),
        (DATE, "c = '2024-02-30'"),
        (DATE, "c = '2024-1-1'"),
        (DATE, "c = '2024-01-01 12:00:00'"),
        (DATE, "c = 20240101"),
        (DATE, "c = '0000-00-00 10:00:00'"),
        (DATETIME, "c = '2024-01-01 00:00:00.5'"),
        (DATETIME, "c = '2024-01-01 25:00:00'"),
        (DATETIME, "c = '2024-01-01 00:00:00+00:00'"),
        (TIMESTAMP, "c = '2024-01-01 00:00:00'"),
        (TIMESTAMP, "c = '2024-01-01'"),
        (TIME, "c = '12:00'"),
        (TIME, "c = '839:00:00'"),
        (TIME, "c = 120000"),
        (BINARY, "c = 5"),
        (ENUM, "c = 1"),
        (SET, "c = 1"),
        (TEXT, "c = 0x61"),
        (_column(SqlType.VARCHAR, collation="utf8mb4_de_pb_0900_ai_ci"), "c = 'a'"),
        (_column(SqlType.VARCHAR, collation="latin1_bin"), "c = '漢'"),
        (_column(SqlType.VARCHAR), "c = 'a'"),
        (_column(SqlType.JSON), "c < 'x'"),
        (_column(SqlType.JSON), "c in (null)"),
        (_column(SqlType.GEOMETRY), "c = 'x'"),
        (_column(SqlType.VECTOR), "c = 'x'"),
    ],
)
def test_inexact_comparisons_are_refused(column: Column, condition: str) -> None:
    with pytest.raises(RuleUnsupported, match="rule 't'"):
        _plan(f"select * from t where {condition}", Table("shop", "t", (column,)))


@pytest.mark.parametrize("kind", [SqlType.JSON, SqlType.GEOMETRY, SqlType.VECTOR])
def test_every_type_can_be_tested_for_null(kind: SqlType) -> None:
    assert _passes(_column(kind), "c is null", None)
    assert not _passes(_column(kind), "c is not null", None)


def test_a_cell_outside_the_collations_character_set_is_an_error() -> None:
    column = _column(SqlType.VARCHAR, collation="latin1_swedish_ci")
    for condition in ("c = 'e'", "c in ('e', 'f')", "c > 'e'"):
        with pytest.raises(CollationUnsupported, match=r"shop\.t\.c"):
            _passes(column, condition, "漢")


@pytest.mark.parametrize(
    ("name", "condition", "cell", "passes"),
    [
        ("latin1_bin", "c > '\x81'", "\u20ac", False),  # the euro sign is byte 80 in MySQL's latin1
        ("latin1_bin", "c = 'é '", "é", True),
        ("latin1_bin", "c < 'é'", "\x81", True),
        ("utf8mb4_0900_bin", "c = 'a '", "a", False),
        ("utf8_bin", "c = 'é'", "é", True),
        ("utf8_general_ci", "c = 'ABC '", "abc", True),
        ("utf8mb4_general_ci", "c > 'a'", "a\t", False),
        ("utf8mb4_unicode_ci", "c = 'a'", "A \x01", True),
        ("utf8mb4_0900_as_cs", "c = 'A'", "a", False),
        ("utf8mb4_0900_as_cs", "c > 'a'", "A", True),
        ("utf8mb4_0900_as_cs", "c > 'A'", "ab", True),
        ("utf8mb4_0900_ai_ci", "c < '0'", "_", True),
        ("gbk_bin", "c = 'a'", "a ", True),
    ],
)
def test_collations(name: str, condition: str, cell: str, passes: bool) -> None:
    assert _passes(_column(SqlType.VARCHAR, collation=name), condition, cell) is passes
