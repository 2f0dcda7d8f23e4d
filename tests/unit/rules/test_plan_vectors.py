"""Every plan of Vitess's streamer planner: the same here, or a difference that this file lists with its reason."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.model.errors import RowcastError
from connector.model.plan import And, Compare, Comparison, In, InKeyRange, IsNull, Opcode, Plan
from connector.model.table import Column, SqlType, Table, Value
from connector.rules.rule import Rule
from connector.rules.ruleset import RuleSet
from connector.rules.vschema import VSchema
from connector.rules.vschema_json import read_vschema

VECTORS = Path(__file__).parents[2] / "vectors" / "rules_plans.jsonl.gz"

VSCHEMA = VSchema.joined(
    read_vschema(keyspace, json.dumps(vschema))
    for keyspace, vschema in json.loads(VECTORS.with_name("vschema.json").read_text(encoding="utf-8")).items()
)

TYPES: dict[str, tuple[SqlType, dict[str, Any]]] = {
    "INT8": (SqlType.TINYINT, {}),
    "INT32": (SqlType.INT, {}),
    "INT64": (SqlType.BIGINT, {}),
    "UINT8": (SqlType.TINYINT, {"unsigned": True}),
    "UINT64": (SqlType.BIGINT, {"unsigned": True}),
    "FLOAT32": (SqlType.FLOAT, {}),
    "FLOAT64": (SqlType.DOUBLE, {}),
    "DECIMAL": (SqlType.DECIMAL, {"length": 10, "scale": 2}),
    "BIT": (SqlType.BIT, {"length": 8}),
}

REFUSED_HERE = {
    # What Vitess ignores without a word or evaluates differently from MySQL.
    r"(DISTINCT|FOR UPDATE|GROUP BY|LIMIT|ORDER BY|PARTITION|WINDOW|WITH) is not supported": "never ignored",
    r"a SELECT (modifier|in parentheses) is not supported": "never ignored",
    r"(an index hint|a table alias) is not supported": "never ignored",
    r"an alias that renames a column": "Vitess ignores the alias",
    r"cannot be compared with": "exact only for literals of the column's own kind",
    r"comparisons of JSON column": "not built",
    r"text beyond ASCII": "the collation's order is not known beyond ASCII",
    r"values of different types in one list": "MySQL chooses the type from the whole list",
    r"column id: an IN list of integers and other numbers": "MySQL forgets the signs",
    r"vindex (hash|xxhash|binary_md5) over (DOUBLE|FLOAT|JSON|DECIMAL|BIT) column": "the value has no single text",
    r"is selected twice": "a column can be published once",
    # What is not built yet.
    r"a cast or a typed literal": "not built",
    r"a literal in this place": "not built: select 1",
    r"a qualified (column name|\*)|a qualified column name": "not built: t1.*",
    r"(?i)function (keyspace_id|convert_timezone|convert_tz)\(\)": "not built",
    r"the filter is not SQL: incomplete expression": "not built: convert_tz()",
    r"the filter is not SQL: Invalid expression": "not built: into outfile",
    r"NOT (BETWEEN|IN) is not supported": "not built",
    r"asks a lookup table": "Vitess's stream fails at the first row",
    r"vindex hash takes 1 column": "Vitess uses the first column only",
    r"vindex (region|mc)_vdx takes": "Vitess's stream fails at the first row",
    # All rules are read at once, those too that the table never reaches.
    r"a rule with a /regex/ takes an empty filter": "the rule set is checked as a whole",
    r"only SELECT is supported": "the rule set is checked as a whole",
    r"regular expression": "the rule set is checked as a whole",
    r"not a key range|one key range expected": "the rule set is checked as a whole",
    r"match is empty": "the rule set is checked as a whole",
}

ACCEPTED_HERE = {
    r"unexpected: -": "negative literals",
    r"unexpected: (true|false)": "TRUE and FALSE are 1 and 0",
    r"Query was empty": "an empty filter of an exact rule is everything",
    r"syntax error at position 2$": "a bare key range is a filter",
    r"unsupported: select \* from ks\.t1": "the keyspace may be written",
    r"exclude|column missing not found": "`exclude` is understood at the source too",
}


def _cases() -> Iterator[dict[str, Any]]:
    for line in gzip.decompress(VECTORS.read_bytes()).splitlines():
        yield json.loads(line)


def _table(given: dict[str, Any]) -> Table:
    return Table("ks", given["name"], tuple(_column(column) for column in given["columns"]))


def _column(given: dict[str, Any]) -> Column:
    kind, details = TYPES.get(given["type"], (None, {}))
    kind = kind or SqlType(given["type"].lower())
    text = kind in (SqlType.VARCHAR, SqlType.CHAR, SqlType.TEXT, SqlType.ENUM, SqlType.SET)
    return Column(
        given["name"], kind, collation=given.get("collation", "utf8mb4_0900_ai_ci") if text else None, **details
    )


def _ours(case: dict[str, Any]) -> Plan | str | None:
    """The plan, the error's message, or None when no rule matches."""
    rules = [Rule(rule["match"], rule["filter"]) for rule in case["rules"]]
    try:
        return RuleSet(rules, keyspace="ks", vschema=VSCHEMA).plan(_table(case["table"]))
    except RowcastError as error:
        return str(error)


def _same(opcode: Opcode, wanted: dict[str, Any]) -> bool:
    name, index = wanted["op"], wanted.get("column_index")
    match opcode:
        case Compare():
            return (name, index) == (str(opcode.op), opcode.column) and _same_literal(opcode.literal, wanted["value"])
        case In():
            alike = (name, index) == ("in", opcode.column)
            return alike and all(map(_same_literal, opcode.literals, wanted["values"]))
        case IsNull():
            return (name, index) == ("is not null" if opcode.negated else "is null", opcode.column)
        case InKeyRange():
            columns = wanted.get("columns", wanted.get("column_indexes"))
            ours = ("in_keyrange", list(opcode.columns), str(opcode.keyrange))
            return (name, columns, wanted.get("key_range")) == ours
    return False


def _same_literal(ours: Value, vitess: dict[str, Any]) -> bool:
    """Numbers by value, dates without a midnight, hexadecimal literals beside numbers as numbers."""
    text: str | None = vitess.get("value")
    if ours is None or text is None:
        return ours is None and text is None
    if isinstance(ours, bytes):
        return ours == text.encode()
    if isinstance(ours, int) and vitess["type"] == "VARBINARY":
        return ours == int.from_bytes(text.encode(), "big")
    if isinstance(ours, str) and ours.removesuffix(" 00:00:00") == text.removesuffix(" 00:00:00"):
        return True
    return bool(vitess["type"] != "VARBINARY" and float(ours) == float(text))


def _assert_same(plan: Plan, wanted: dict[str, Any], case: dict[str, Any]) -> None:
    opcodes = [opcode for opcode in plan.predicate if not isinstance(opcode, And)]
    assert len(opcodes) == len(wanted["filters"]), case
    for expected in wanted["filters"]:
        assert any(_same(opcode, expected) for opcode in opcodes), (case["id"], expected, plan.predicate)
    if "columns" in wanted:
        assert list(plan.projection) == [column.get("source_index") for column in wanted["columns"]], case


def _reason(message: str, reasons: dict[str, str], case: dict[str, Any]) -> str:
    found = next((pattern for pattern in reasons if re.search(pattern, message)), None)
    if found is None:
        pytest.fail(f"a difference without a reason: {message}\n{case}")
    return found


def test_every_plan_is_vitess_own_or_a_listed_difference() -> None:
    outcome: Counter[str] = Counter()
    for case in _cases():
        wanted, got = case["expected"], _ours(case)
        error = wanted.get("error") or wanted.get("panic")
        if isinstance(got, str) and error:
            outcome["both refuse"] += 1
        elif isinstance(got, str):
            outcome[_reason(got, REFUSED_HERE, case)] += 1
        elif error:
            outcome[_reason(str(error), ACCEPTED_HERE, case)] += 1
        elif "filters" not in wanted:
            assert got is None, case
            outcome["no rule"] += 1
        else:
            assert got is not None, case
            _assert_same(got, wanted, case)
            outcome["same plan"] += 1
    assert outcome["same plan"] > 500
    assert outcome["both refuse"] > 500
    assert outcome["no rule"] > 100
    assert not [reason for reason in (*REFUSED_HERE, *ACCEPTED_HERE) if not outcome[reason]]


def test_terms_keep_the_order_of_the_rule() -> None:
    case = {
        "table": {"name": "t1", "columns": [{"name": "id", "type": "INT64"}, {"name": "val", "type": "VARBINARY"}]},
        "rules": [{"match": "t1", "filter": "select * from t1 where id > 1 and (val is null and id < 9) and id != 5"}],
    }
    plan = _ours(case)
    assert isinstance(plan, Plan)
    assert plan.predicate == (
        Compare(0, Comparison.GT, 1),
        IsNull(1, negated=False),
        Compare(0, Comparison.LT, 9),
        Compare(0, Comparison.NE, 5),
        And(4),
    )
