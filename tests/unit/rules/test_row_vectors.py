"""Every row that Vitess's streamer judges, and every comparison it makes: the same verdict here, or a listed reason."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.model.errors import CollationUnsupported, RowcastError, RuleUnsupported, VindexUnmappable
from connector.model.table import BYTES, INTEGERS, Column, Row, SqlType, Table, Value
from connector.rules.evaluate import PlanEvaluator
from connector.rules.literals import bind_literal
from connector.rules.rule import Rule
from connector.rules.ruleset import RuleSet
from connector.rules.syntax import Literal
from connector.rules.vschema import VSchema
from tests.unit.rules.test_plan_vectors import TYPES, VSCHEMA

VECTORS = Path(__file__).parents[2] / "vectors"

REFUSED_HERE = {
    r"cannot be compared with": "MySQL's conversion depends on the session, the version, or loses digits",
    r"a comparison of .* is not supported": "dates beside columns that are no dates, JSON beside bytes",
    r"depends on the session": "TIME beside a date takes today's date",
    r"JSON (has no exact order|dates cannot be told)": "dates inside JSON look like text",
    r"cannot be compared under collation": "the character set has no such character: an error in MySQL too",
    r"comparisons under collation \w+ are not supported": "the collation's order is not known",
    r"values of different types in one list": "MySQL chooses the type from the whole list",
    r"an IN list of integers and other numbers": "MySQL forgets the signs",
    r"vindex \w+ over \w+ column": "the value has no single text, or never a keyspace id",
    r"asks a lookup table": "Vitess's stream fails at the first row",
    r"vindex \w+ takes \d columns?": "Vitess fails at the first row, or uses the first column only",
    r"is selected twice": "a column can be published once",
    r"function row\(\)": "not built",
    r"a list of values is not supported": "Vitess fails at the first row",
    r"comparisons of JSON column": "not asked this way: see the rows",
}


def _vectors(op: str) -> Iterator[dict[str, Any]]:
    for line in gzip.decompress((VECTORS / "rules_rows.jsonl.gz").read_bytes()).splitlines():
        case = json.loads(line)
        if case["op"] == op:
            yield case


def _column(given: dict[str, Any]) -> Column:
    kind, details = TYPES.get(given["type"], (None, {}))
    kind = kind or SqlType(given["type"].lower())
    known = None if given["collation"] == "binary" else given["collation"]
    return Column(given["name"], kind, collation=known, **details)


TABLES = {
    name: Table("ks", name, tuple(map(_column, columns)))
    for name, columns in json.loads((VECTORS / "rules_tables.json").read_text(encoding="utf-8")).items()
}


def _cell(kind: SqlType, given: dict[str, Any] | None) -> Value:
    if given is None or given["type"] == "NULL_TYPE":
        return None
    raw = bytes.fromhex(given["value_hex"]) if "value_hex" in given else given["value"].encode()
    if kind in INTEGERS:
        return int(raw)
    if kind in (SqlType.FLOAT, SqlType.DOUBLE):
        return float(raw)
    return raw if kind in BYTES else raw.decode()


def _refusal(error: RowcastError, case: dict[str, Any]) -> str:
    found = next((pattern for pattern in REFUSED_HERE if re.search(pattern, error.what)), None)
    if found is None:
        pytest.fail(f"refused without a reason: {error}\n{case}")
    return found


def _difference(case: dict[str, Any], table: Table) -> str | None:
    """Why MySQL's answer, which is ours, is not Vitess's; None when there is no reason."""
    text, row = case["input"]["filter"], case["input"]["row"]
    if re.search(r"0[xb]|x'|b'", text):
        return "hexadecimal and bit literals are numbers beside numbers; Vitess reads their bytes as decimal text"
    if re.search(r" bt ", text):
        return "BIT is a number; Vitess reads its bytes as decimal text"
    if any(str(cell["value"]).endswith(".000") for cell in row.values()):
        return "the vectors' cell has a fraction that the column has not"
    if re.search(r"'[^']* '", text):
        return "PAD SPACE: the shorter text goes on with spaces"
    return None


def test_rows() -> None:
    outcome: Counter[str] = Counter()
    for case in _vectors("filter_row"):
        given, wanted = case["input"], case["expected"]
        table = TABLES[given["table"]]
        try:
            rules = RuleSet([Rule(table.name, given["filter"])], keyspace="ks", vschema=VSCHEMA)
            plan = rules.plan(table)
        except RowcastError as error:
            outcome[_refusal(error, case)] += 1
            continue
        assert plan is not None
        row = tuple(_cell(column.type, given["row"].get(column.name)) for column in table.columns)
        try:
            passes = PlanEvaluator(plan).change(None, row) is not None
        except VindexUnmappable:
            # Vitess, too, fails the stream, while it projects keyspace_id() or while it filters.
            output = wanted.get("output")
            assert "error" in wanted or (isinstance(output, dict) and "error" in output), case
            outcome["no keyspace id"] += 1
            continue
        except CollationUnsupported:
            outcome["a cell beyond what is known of the collation"] += 1
            continue
        assert "error" not in wanted, case
        if "panic" in wanted or passes == wanted["pass"]:
            outcome["same"] += 1
        else:
            reason = _difference(case, table)
            assert reason, case
            outcome[reason] += 1
    assert outcome["same"] > 3000
    assert outcome["no keyspace id"] > 100


def _literal(given: dict[str, Any]) -> Literal | None:
    """The literal that Vitess's value came from; None when it can have come from several."""
    kind = given["type"]
    if kind in ("INT64", "UINT64"):
        return Literal(int(given["value"]), given["value"])
    if kind == "VARCHAR":
        return Literal(given["value"], repr(given["value"]))
    return None


def _compared(case: dict[str, Any]) -> tuple[Column, Row, Literal] | None:
    column_value, literal = case["input"]["column_value"], _literal(case["input"]["filter_value"])
    if literal is None or column_value["type"] == "NULL_TYPE":
        return None
    column = _column({"name": "c", "type": column_value["type"], "collation": case["input"]["collation"]})
    return column, (_cell(column.type, column_value),), literal


def _compare_difference(column: Column, cell: Value, literal: Literal) -> str | None:
    value = literal.value
    if column.type is SqlType.BIT:
        return "BIT is a number; Vitess reads its bytes as decimal text"
    if column.collation == "utf16_general_ci":
        return "Vitess compares this one by its bytes"
    if column.collation == "latin1_swedish_ci" and cell == "ÿ":
        return "Vitess puts the character where Unicode has it, MySQL behind y"
    pads = column.collation is not None and "_0900_" not in column.collation
    if pads and isinstance(value, str) and isinstance(cell, str) and len(value) != len(cell):
        return "PAD SPACE: the shorter text goes on with spaces"
    if isinstance(cell, str) and cell.endswith(".000"):
        return "the vectors' cell has a fraction that the column has not"
    return None


def test_comparisons() -> None:
    outcome: Counter[str] = Counter()
    for case in _vectors("compare"):
        compared = _compared(case)
        if compared is None or any(isinstance(answer, dict) for answer in case["expected"].values()):
            continue
        column, row, literal = compared
        try:
            bind_literal(column, literal)
        except RuleUnsupported as error:
            outcome[_refusal(error, case)] += 1
            continue
        for op, wanted in case["expected"].items():
            spelled = f"'{literal.value}'" if isinstance(literal.value, str) else literal.sql
            if isinstance(literal.value, str):
                spelled = "'" + literal.value.replace("\\", "\\\\").replace("'", "''") + "'"
            table = Table("ks", "t", (column,))
            rules = RuleSet([Rule("t", f"select * from t where c {op} {spelled}")], keyspace="ks", vschema=VSchema())
            plan = rules.plan(table)
            assert plan is not None
            try:
                passes = PlanEvaluator(plan).change(None, row) is not None
            except CollationUnsupported:
                outcome["a cell beyond what is known of the collation"] += 1
                continue
            if passes == wanted:
                outcome["same"] += 1
            else:
                reason = _compare_difference(column, row[0], literal)
                assert reason, case
                outcome[reason] += 1
    assert outcome["same"] > 1000
