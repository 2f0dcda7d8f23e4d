"""connector.rules.explain, infix and statements: what `rowcast plan` says of a row and of a target."""

import json

import pytest

from connector.model.errors import RuleInvalid, RuleUnsupported, UsageError
from connector.model.plan import Aggregate, Plan, TargetExpression
from connector.model.table import Column, SqlType, Table
from connector.rules.describe import describe, render
from connector.rules.explain import Judged, explain, row_from
from connector.rules.infix import infix
from connector.rules.rule import Rule
from connector.rules.ruleset import RuleSet
from connector.rules.statements import target_statements
from connector.rules.vschema import VSchema

TABLE = Table(
    "shop",
    "t",
    (
        Column("id", SqlType.BIGINT, nullable=False),
        Column("name", SqlType.VARCHAR, collation="utf8mb4_0900_ai_ci", length=20),
        Column("price", SqlType.DECIMAL, length=10, scale=2),
        Column("at", SqlType.DATETIME, scale=3),
        Column("doc", SqlType.JSON),
        Column("raw", SqlType.BINARY, length=3),
        Column("flags", SqlType.BIT, length=10),
        Column("weight", SqlType.DOUBLE),
    ),
    (0,),
)


def _plan(sql: str, *, for_target: bool = False) -> Plan:
    vschema = VSchema.of({"t": {"column": "id", "type": "hash"}})
    plan = RuleSet([Rule("t", sql)], keyspace="shop", vschema=vschema).plan(TABLE, for_target=for_target)
    assert plan is not None
    return plan


# ---- explain --------------------------------------------------------------------------------------------------------
def test_each_predicate_has_a_result_and_one_decides() -> None:
    plan = _plan("select id, upper(name) as loud from t where id > 1 and price < 5 and (name = 'x' or id = 7)")
    row = row_from(TABLE, {"id": 7, "name": "abc"})
    explanation = explain(plan, row)
    assert explanation.predicates == (
        Judged("id > 1", "true"),
        Judged("price < 5", "unknown"),
        Judged("name = 'x' OR id = 7", "true"),
    )
    assert (explanation.decided_by, explanation.passes, explanation.output) == (1, False, None)
    passing = explain(plan, row_from(TABLE, {"ID": 7, "price": "4.5", "name": "abc"}))
    assert (passing.decided_by, passing.passes, passing.partition) == (None, True, 0)
    assert passing.output == {"id": 7, "loud": "ABC"}


def test_a_row_that_stops_the_stream() -> None:
    plan = _plan("select * from t where id + 1 > 0 and in_keyrange(price, 'binary', '-80')")
    explanation = explain(plan, row_from(TABLE, {"id": 2**63 - 1}))
    assert [judged.result for judged in explanation.predicates] == ["VALUE_UNREPRESENTABLE", "VINDEX_UNMAPPABLE"]
    assert (explanation.decided_by, explanation.passes) == (0, False)
    assert str(explanation.error).startswith("VALUE_UNREPRESENTABLE: the result of + is out of range")


def test_rows_from_json_have_the_cells_of_a_stream() -> None:
    given = {"id": "5", "price": 1.5, "at": "2024-01-31 12:00:00", "doc": {"a": [1.50, None]}, "raw": "a", "flags": 5}
    assert row_from(TABLE, given | {"weight": 1}) == (
        5,
        None,
        "1.50",
        "2024-01-31 12:00:00.000",
        '{"a": [1.5, null]}',
        b"a\0\0",
        b"\0\5",
        1.0,
    )
    assert row_from(TABLE, {"raw": "0x616200"})[5] == b"ab\0"


@pytest.mark.parametrize("cells", [{"nothing": 1}, {"id": "x"}, {"price": "x"}, {"flags": "x"}, {"weight": []}])
def test_rows_that_are_none(cells: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        row_from(TABLE, cells)


# ---- print ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("condition", "printed"),
    [
        ("id between 1 and 5 or not name like 'a%'", "(id >= 1 AND id <= 5) OR NOT (name LIKE 'a%')"),
        ("(id + 1) * 2 > 5 xor id <=> null", "((id + 1) * 2) > 5 XOR id IS NULL"),
        ("-id & 3", "(-id & 3)"[1:-1]),
        ("name like 'a|%' escape '|'", "name LIKE 'a|%' ESCAPE '|'"),
        ("upper(name) in ('A', null)", "upper(name) IN ('A', NULL)"),
        ("doc->>'$.a' = 'x'", "json_unquote(json_extract(doc, '$.a')) = 'x'"),
        ("name is not null and (id = 1) is not true", "name IS NOT NULL AND (id = 1) IS NOT TRUE"),
        ("name regexp '^a' and id not in (1)", "name REGEXP '^a' AND NOT (id IN (1))"),
        ("in_keyrange('-80')", "in_keyrange(hash(id), '-80')"),
        ("case when id then price else 0 end > 1", "case(id, price, 0) > 1"),
    ],
)
def test_a_predicate_as_understood(condition: str, printed: str) -> None:
    plan = _plan(f"select * from t where {condition}")
    assert infix(plan.predicate, TABLE) == printed
    assert describe(plan)["understood"] == printed


def test_computed_columns_say_their_type() -> None:
    plan = _plan("select id, price / 3 as third, concat(name, id) as label, date(at) as day, keyspace_id() from t")
    facts = json.loads(json.dumps(describe(plan)))
    assert [(each["name"], each["sql"], each["type"]) for each in facts["expressions"]] == [
        ("third", "price / 3", "DECIMAL(14,6)"),
        ("label", "CONCAT(name, id)", "VARCHAR(40) COLLATE utf8mb4_0900_ai_ci"),
        ("day", "DATE(at)", "DATE"),
        ("keyspace_id", "KEYSPACE_ID()", "LONGBLOB"),
    ]
    assert facts["expressions"][1]["program"] == [
        "load name as text",
        "load id as integer",
        "call integer_to_text 1 -> VARCHAR(20) COLLATE utf8mb4_0900_ai_ci",
        "call concat 2 -> VARCHAR(40) COLLATE utf8mb4_0900_ai_ci",
    ]
    assert "  computed     third = price / 3: DECIMAL(14,6)" in render(plan)


# ---- targets --------------------------------------------------------------------------------------------------------
def test_a_rollup_as_vitess_plans_it() -> None:
    plan = _plan("select name, count(*) as n, sum(price) as total from t group by name", for_target=True)
    assert [column.name for column in plan.output.columns] == ["name", "price"]
    assert plan.target is not None
    assert plan.target.output == (0, Aggregate("count", None, "COUNT(*)"), Aggregate("sum", 1, "SUM(price)"))
    assert (plan.target.group_by, plan.target.mode) == ((0,), "on_duplicate")
    assert target_statements(plan) == {
        "insert": "insert into `t` (`name`, `n`, `total`) values (:a_name, 1, ifnull(:a_price, 0)) on duplicate key "
        "update `n` = `n` + 1, `total` = `total` + ifnull(values(`total`), 0)",
        "update": "update `t` set `total` = `total` - ifnull(:b_price, 0) + ifnull(:a_price, 0) where `name` = :b_name",
        "delete": "update `t` set `n` = `n` - 1, `total` = `total` - ifnull(:b_price, 0) where `name` = :b_name",
    }


def test_all_columns_grouped_keeps_the_first_row() -> None:
    plan = _plan("select name, price from t group by name, price", for_target=True)
    assert target_statements(plan)["delete"] == "nothing"
    assert target_statements(plan)["insert"].startswith("insert ignore into")


def test_what_the_source_cannot_compute_is_left_to_the_target() -> None:
    plan = _plan("select id, md5(concat(name, price)) as m, price * 2 as p2 from t", for_target=True)
    assert plan.target is not None
    assert plan.target.names == ("id", "m", "p2")
    assert [column.name for column in plan.output.columns] == ["id", "name", "price", "p2"]
    assert plan.target.output == (0, TargetExpression("MD5(CONCAT(name, price))", (1, 2)), 3)
    assert target_statements(plan)["insert"] == (
        "insert into `t` (`id`, `m`, `p2`) values (:a_id, (MD5(CONCAT(name, price))), :a_p2)"
    )


def test_plain_statements() -> None:
    assert target_statements(_plan("select id, name as label from t")) == {
        "insert": "insert into `t` (`id`, `label`) values (:a_id, :a_label)",
        "update": "update `t` set `id` = :a_id, `label` = :a_label where `id` = :b_id",
        "delete": "delete from `t` where `id` = :b_id",
    }


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("select id, now() as n from t", RuleUnsupported),
        ("select id, rand() + id as n from t", RuleUnsupported),
        ("select id, max(price) as n from t", RuleUnsupported),
        ("select id, (select 1) as n from t", RuleUnsupported),
        ("select id, count(*) as n from t group by price", RuleInvalid),
        ("select id, count(*) as n from t group by n", RuleInvalid),
    ],
)
def test_what_no_target_computes(sql: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        _plan(sql, for_target=True)


def test_at_the_source_aggregates_are_refused_with_a_hint() -> None:
    with pytest.raises(RuleUnsupported, match="an aggregate is kept by a MySQL target") as caught:
        _plan("select name, count(*) as n from t group by name")
    assert "MySQL target" in caught.value.remedy
