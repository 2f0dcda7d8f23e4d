"""Laws of rules: a plan is what its SQL says, an update is its delete and its insert, a plan survives JSON."""

import random
from typing import Any

import pytest

from connector.model.errors import (
    CollationUnsupported,
    InternalError,
    RowcastError,
    RuleUnsupported,
    ValueUnrepresentable,
)
from connector.model.keyrange import parse_shards
from connector.model.plan import Comparison, FilteredChange, Plan
from connector.model.table import Column, Row, SqlType, Table
from connector.rules.evaluate import PlanEvaluator
from connector.rules.machine import compile_program
from connector.rules.parse import parse_selection
from connector.rules.plan_json import read_plan, write_plan
from connector.rules.rule import Rule
from connector.rules.ruleset import RuleSet
from connector.rules.syntax import (
    AndTerm,
    BetweenTerm,
    CallTerm,
    ColumnName,
    CompareTerm,
    Expression,
    InTerm,
    Literal,
    NotTerm,
    NullTerm,
    OrTerm,
    TruthTerm,
    XorTerm,
)
from connector.rules.vschema import VSchema
from tests.differential.rules_generator import Generator

VSCHEMA = VSchema.of({"t": {"column": "id", "type": "hash"}})
SEEDS = range(5)


def _plan(table: Table, sql: str, **rule: Any) -> Plan | None:
    """None when the rule is refused."""
    rules = RuleSet(
        [Rule("t", sql, **rule)], keyspace=table.database, vschema=VSCHEMA, shards=parse_shards("-40,40-80,80-")
    )
    try:
        return rules.plan(table)
    except RuleUnsupported:
        return None


# ---- the plan and the tree ------------------------------------------------------------------------------------------
NUMBERS = Table("shop", "t", tuple(Column(name, SqlType.BIGINT) for name in "abc"), ())
_ORDER: dict[Comparison, Any] = {
    Comparison.EQ: lambda left, right: left == right,
    Comparison.NE: lambda left, right: left != right,
    Comparison.LT: lambda left, right: left < right,
    Comparison.LE: lambda left, right: left <= right,
    Comparison.GT: lambda left, right: left > right,
    Comparison.GE: lambda left, right: left >= right,
}


def _direct(term: Expression, cells: dict[str, int | None]) -> Any:
    """The tree evaluated as it stands, by the textbook's three-valued logic over integers."""
    match term:
        case ColumnName():
            return cells[term.name]
        case Literal():
            return term.value
        case CallTerm():
            values = [_direct(argument, cells) for argument in term.arguments]
            if term.name == "coalesce":
                return next((value for value in values if value is not None), None)
            if term.name == "if":
                return values[1] if values[0] else values[2]
            if None in values:
                return None
            return {"+": lambda: sum(values), "-": lambda: values[0] - values[1], "neg": lambda: -values[0]}[
                term.name
            ]()
        case CompareTerm(op=Comparison.NULL_SAFE_EQ):
            return _direct(term.left, cells) == _direct(term.right, cells)
        case CompareTerm():
            left, right = _direct(term.left, cells), _direct(term.right, cells)
            return None if left is None or right is None else _ORDER[term.op](left, right)
        case BetweenTerm():
            return _all(
                _direct(CompareTerm(Comparison.GE, term.value, term.low), cells),
                _direct(CompareTerm(Comparison.LE, term.value, term.high), cells),
            )
        case InTerm():
            return _any(*(_direct(CompareTerm(Comparison.EQ, term.value, item), cells) for item in term.items))
        case NullTerm():
            return (_direct(term.value, cells) is None) is not term.negated
        case TruthTerm():
            value = _direct(term.condition, cells)
            return (value is not None and bool(value) is term.truth) is not term.negated
        case NotTerm():
            value = _direct(term.term, cells)
            return None if value is None else not value
        case AndTerm():
            return _all(*(_direct(part, cells) for part in term.terms))
        case OrTerm():
            return _any(*(_direct(part, cells) for part in term.terms))
        case XorTerm():
            left, right = _direct(term.left, cells), _direct(term.right, cells)
            return None if left is None or right is None else bool(left) is not bool(right)
    raise AssertionError(term)


def _all(*truths: Any) -> bool | None:
    if any(truth is not None and not truth for truth in truths):
        return False
    return None if None in truths else True


def _any(*truths: Any) -> bool | None:
    if any(truths):
        return True
    return None if None in truths else False


class _Conditions:
    """Random conditions over three integer columns."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def value(self, depth: int) -> str:
        pick = self.random
        plain = pick.choice("abc")
        if depth <= 0 or pick.random() < 0.5:
            return pick.choice([plain, plain, str(pick.randrange(-3, 4))])
        left, right = self.value(depth - 1), self.value(depth - 1)
        if pick.random() < 0.2:
            return f"if({self.condition(depth - 1)}, {left}, {right})"
        return pick.choice([f"({left} + {right})", f"({left} - {right})", f"-({plain})", f"coalesce({left}, {right})"])

    def condition(self, depth: int) -> str:
        pick = self.random
        if depth > 0 and pick.random() < 0.6:
            left, right = self.condition(depth - 1), self.condition(depth - 1)
            return pick.choice(
                [
                    f"{left} and {right}",
                    f"({left}) or {right}",
                    f"{left} xor ({right})",
                    f"not ({left})",
                    f"({left}) is not true",
                    f"({left}) is false",
                    f"({left}) is unknown",
                ]
            )
        left, right = self.value(depth), self.value(depth)
        return pick.choice(
            [
                f"{left} {pick.choice(['=', '!=', '<', '<=', '>', '>=', '<=>'])} {right}",
                f"{left} in ({right}, {self.value(0)}, null)",
                f"{left} not in ({right}, {self.value(0)})",
                f"{left} between {right} and {self.value(0)}",
                f"{left} not between {right} and {self.value(0)}",
                f"{left} is null",
                f"{left} is not null",
                left,
            ]
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_compiled_plan_is_the_tree_evaluated_as_it_stands(seed: int) -> None:
    conditions = _Conditions(seed)
    rows = [tuple(conditions.random.choice([None, -2, -1, 0, 1, 2]) for _ in "abc") for _ in range(20)]
    judged = 0
    for _ in range(200):
        condition = conditions.condition(3)
        sql = f"select * from t where {condition}"
        tree = parse_selection(sql).where
        assert tree is not None
        plan = RuleSet([Rule("t", sql)], keyspace="shop", vschema=VSchema()).plan(NUMBERS)
        assert plan is not None
        program = compile_program(NUMBERS, plan.predicate)
        for row in rows:
            cells = dict(zip("abc", row, strict=True))
            wanted, ours = _direct(tree, cells), program(row)
            assert (None if ours is None else bool(ours)) is (None if wanted is None else bool(wanted)), (sql, cells)
            judged += 1
    assert judged == 4000


# ---- updates --------------------------------------------------------------------------------------------------------
def _outcome(evaluator: PlanEvaluator, before: Row | None, after: Row | None) -> FilteredChange | str | None:
    try:
        return evaluator.change(before, after)
    except RowcastError as error:
        return error.code


@pytest.mark.parametrize("seed", SEEDS)
def test_an_update_is_its_delete_and_its_insert(seed: int) -> None:
    generator = Generator(seed)
    table, rows = generator.table("shop"), generator.rows(20)
    compared = 0
    for _ in range(60):
        generator.turn()
        plan = _plan(table, f"select id, {generator.value()} as x from t where {generator.condition()}")
        if plan is None:
            continue
        evaluator = PlanEvaluator(plan)
        for before, after in zip(rows, [*rows[1:], rows[0]], strict=True):
            update = _outcome(evaluator, before, after)
            delete, insert = _outcome(evaluator, before, None), _outcome(evaluator, None, after)
            if isinstance(delete, str) or isinstance(insert, str):
                assert isinstance(update, str)
                continue
            assert not isinstance(update, str)
            assert (update.before if update else None) == (delete.before if delete else None)
            assert (update.after if update else None) == (insert.after if insert else None)
            compared += 1
    assert compared > 200


def test_vitess_keeps_an_update_that_leaves_or_enters() -> None:
    rules = RuleSet([Rule("t", "select a from t where b = 1", "vitess")], keyspace="shop", vschema=VSchema())
    plan = rules.plan(NUMBERS)
    assert plan is not None
    evaluator = PlanEvaluator(plan)
    inside, outside = (1, 1, 0), (2, 2, 0)
    both = FilteredChange((1,), (2,), ((0, (1,), (2,)),))
    assert evaluator.change(inside, outside) == both
    assert evaluator.change(outside, inside) == FilteredChange((2,), (1,), ((0, (2,), (1,)),))
    assert evaluator.change(outside, outside) is None
    assert evaluator.change(None, outside) is None
    assert evaluator.change(inside, None) == FilteredChange((1,), None, ((0, (1,), None),))


def test_with_a_key_range_each_image_is_judged_alone_even_under_vitess() -> None:
    sql = "select * from t where in_keyrange(a, 'hash', '-80')"
    plan = RuleSet([Rule("t", sql, "vitess")], keyspace="shop", vschema=VSchema()).plan(NUMBERS)
    assert plan is not None
    low, high = (1, 0, 0), (4, 0, 0)  # hash(1) = 16..., hash(4) = d2...
    change = PlanEvaluator(plan).change(low, high)
    assert change is not None
    assert (change.before, change.after) == (low, None)


# ---- JSON -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_survives_json(seed: int) -> None:
    generator = Generator(seed)
    table, rows = generator.table("shop"), generator.rows(8)
    seen = 0
    for _ in range(60):
        generator.turn()
        where = f"{generator.condition()} and in_keyrange('-80')"
        plan = _plan(table, f"select id, {generator.value()} as x from t where {where}", on_filter_change="vitess")
        if plan is None:
            continue
        text = write_plan(plan)
        again = read_plan(text)
        assert again == plan
        assert write_plan(again) == text
        evaluators = PlanEvaluator(plan), PlanEvaluator(again)
        for row in rows:
            first, second = (_outcome(evaluator, None, row) for evaluator in evaluators)
            assert first == second
        seen += 1
    assert seen > 15


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 1}', '{"version": 2}', "null"])
def test_what_is_no_plan(text: str) -> None:
    with pytest.raises(InternalError):
        read_plan(text)


# ---- values that cannot be ------------------------------------------------------------------------------------------
def _computed(expression: str, cells: tuple[Any, ...]) -> Any:
    columns = (
        Column("i", SqlType.BIGINT),
        Column("u", SqlType.BIGINT, unsigned=True),
        Column("d", SqlType.DECIMAL, length=10, scale=2),
        Column("g", SqlType.DOUBLE),
        Column("s", SqlType.VARCHAR, collation="utf8mb4_general_ci", length=9),
    )
    table = Table("shop", "t", columns)
    plan = RuleSet([Rule("t", f"select {expression} as x from t")], keyspace="shop", vschema=VSchema()).plan(table)
    assert plan is not None
    change = PlanEvaluator(plan).change(None, cells)
    assert change is not None
    assert change.after is not None
    return change.after[0]


ROW = (2**63 - 1, 5, "1.50", 1e308, "abc")


@pytest.mark.parametrize("expression", ["i + 1", "u - 6", "i * 2", "-(i) - 2", "g * 10", "u * i", "-(u - u) - i - 2"])
def test_out_of_range_is_an_error_as_in_mysql(expression: str) -> None:
    with pytest.raises(ValueUnrepresentable, match="out of range"):
        _computed(expression, ROW)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("d / 3", "0.500000"),
        ("i / 0", None),
        ("i div 0", None),
        ("u % 0", None),
        ("d % 0.4", "0.30"),
        ("2 / 3", "0.6667"),
        ("2.00000 / 3", "0.666666666"),
        ("u & 4", 4),
        ("-1 >> 63", 1),
        ("1 << 64", 0),
        ("cast('9223372036854775808' as signed)", -(2**63)),
        ("cast(-1 as unsigned)", 2**64 - 1),
        ("cast(d as signed)", 2),
        ("cast(12345 as decimal(4,1))", "999.9"),
        ("concat(s, d, u)", "abc1.505"),
        ("upper(s)", "ABC"),
        ("substring(s, -2)", "bc"),
        ("substring(s, 0)", ""),
        ("left(s, -1)", ""),
        ("if(s like 'A%', 1, 2)", 1),
        ("nullif(u, 5)", None),
        ("coalesce(nullif(u, 5), 7)", "7"),
        ("coalesce(nullif(i, i), 7)", 7),
        ("i > 1 and d < 1", 0),
    ],
)
def test_values(expression: str, value: Any) -> None:
    assert _computed(expression, ROW) == value


def test_a_character_that_upper_does_not_know_is_an_error() -> None:
    with pytest.raises(CollationUnsupported):
        _computed("upper(cast(s as char))", (1, 1, "0.00", 0.0, "aɫ"))
    assert _computed("concat(upper(s), lower(s))", (1, 1, "0.00", 0.0, "éÏß")) == "ÉÏßéïß"


def test_decimals_are_exact() -> None:
    assert _computed("d * d * d", (0, 0, "99999999.99", 0.0, "")) == "999999999700000000029999.999999"
    assert _computed("d * d * d", (0, 0, "-0.01", 0.0, "")) == "-0.000001"
