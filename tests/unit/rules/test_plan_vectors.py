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
from connector.model.plan import (
    And,
    Compare,
    CompareValues,
    Comparison,
    Computed,
    In,
    InKeyRange,
    IsNull,
    KeyspaceId,
    Load,
    Not,
    Opcode,
    Plan,
    Push,
)
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
    r"(DISTINCT|FOR UPDATE|LIMIT|ORDER BY|PARTITION|WINDOW|WITH) is not supported": "never ignored",
    r"a SELECT (modifier|in parentheses) is not supported": "never ignored",
    r"(an index hint|a table alias) is not supported": "never ignored",
    r"cannot be compared with": "exact only for literals of the column's own kind",
    r"a comparison of (DATE|TIME|TIMESTAMP)'.*' with \w+ is not supported": "exact only for columns of dates and times",
    r"a comparison of \w+ with (DATE|TIME|TIMESTAMP)'.*' depends on the session": "today's date takes part",
    r"JSON has no exact order beside the text": "dates inside JSON look like text",
    r"JSON dates cannot be told from text": "dates inside JSON look like text",
    r"a comparison of JSON (with a hexadecimal literal|j with (DATE|TIMESTAMP)'.*') is not supported": "not exact",
    r"cannot be compared under collation latin1": "the character set has no such character: an error in MySQL too",
    r"values of different types in one list": "MySQL chooses the type from the whole list",
    r"column id: an IN list of integers and other numbers": "MySQL forgets the signs",
    r"vindex (hash|xxhash|binary_md5) over (DOUBLE|FLOAT|JSON|DECIMAL|BIT) column": "the value has no single text",
    r"is selected twice": "a column can be published once",
    r"an expression in the select list needs a name": "Vitess names the column after the expression",
    # What is not built yet.
    r"a literal in this place|a qualified column name": "Vitess reads some forms of * and literals more",
    r"function convert_tz\(\)": "the target converts: time zones by name are the server's",
    r"the filter is not SQL: Invalid expression": "not built: into outfile",
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
    r"only integer literals are supported|unsupported: true": "other spellings of 1",
    r"unsupported: id \+ 1|unsupported function: lower": "expressions in the select list",
    r"comparison operator (not in|<=>|not like|like|regexp) not supported": "more operators",
    r"unsupported constraint: (id is|not|!|id = 1 or|true|1|id$)": "boolean logic and values as conditions",
    r"unexpected: (\w+$|1 = id|id [+&%] |\d \+ \d|5 between|convert|cast)": "expressions on both sides",
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


def _leaves(plan: Plan) -> list[Opcode]:
    """The filters as Vitess counts them: JSON comparisons as one, NOT BETWEEN as one."""
    leaves: list[Opcode] = []
    for opcode in plan.predicate:
        if isinstance(opcode, CompareValues):
            load, push = leaves[-2:]
            assert isinstance(load, Load)
            assert isinstance(push, Push)
            value = None if push.value is None else json.loads(str(push.value))
            leaves[-2:] = [Compare(load.column, opcode.op, value)]
        elif isinstance(opcode, Not):
            leaves[-2:] = [opcode, *leaves[-2:]]
        elif not isinstance(opcode, And):
            leaves.append(opcode)
    return leaves


def _assert_same(plan: Plan, wanted: dict[str, Any], case: dict[str, Any]) -> None:
    opcodes = _leaves(plan)
    if any(expected["op"] == "not between" for expected in wanted["filters"]):
        ((low, high),) = [expected["values"] for expected in wanted["filters"]]
        negation, *bounds = opcodes
        assert isinstance(negation, Not)
        for bound, value in zip(bounds, (low, high), strict=True):
            assert isinstance(bound, Compare)
            assert _same_literal(bound.literal, value)
        return
    assert len(opcodes) == len(wanted["filters"]), case
    for expected in wanted["filters"]:
        assert any(_same(opcode, expected) for opcode in opcodes), (case["id"], expected, plan.predicate)
    if "columns" in wanted:
        assert [_projected(source) for source in plan.projection] == list(map(_wanted_column, wanted["columns"])), case


def _projected(source: int | Computed) -> object:
    if isinstance(source, int):
        return source
    (opcode,) = source.program[-1:]
    if isinstance(opcode, KeyspaceId):
        return opcode.columns
    return "1" if isinstance(opcode, Push) else source.columns[0]


def _wanted_column(column: dict[str, Any]) -> object:
    if "keyspace_id_of" in column:
        return tuple(column["keyspace_id_of"])
    return column["fixed"]["value"] if "fixed" in column else column["source_index"]


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
