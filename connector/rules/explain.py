"""Why a row passes a plan or not: each predicate with its result. Called by `rowcast plan --explain-row`."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from connector.model.errors import RowcastError, UsageError
from connector.model.plan import Plan
from connector.model.table import BLOBS, INTEGERS, Column, Row, SqlType, Table, Value
from connector.rules import json_value
from connector.rules.evaluate import PlanEvaluator
from connector.rules.infix import infix
from connector.rules.machine import compile_program, split_terms


@dataclass(frozen=True, slots=True)
class Judged:
    """One predicate of the outermost AND: `result` is true, false, unknown, or the code of the error it raises."""

    predicate: str
    result: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """`decided_by` is the index of the predicate that drops the row (or fails on it), None when the row passes."""

    predicates: tuple[Judged, ...]
    decided_by: int | None
    passes: bool
    error: str | None
    partition: int | None
    output: Mapping[str, Value] | None


def explain(plan: Plan, row: Row) -> Explanation:
    """Judges every predicate, those after the deciding one too."""
    judged: list[Judged] = []
    decided_by: int | None = None
    for index, term in enumerate(split_terms(plan.predicate)):
        result = _result(plan, term, row)
        judged.append(Judged(infix(term, plan.source), result))
        if decided_by is None and result != "true":
            decided_by = index
    try:
        change = PlanEvaluator(plan).change(None, row)
    except RowcastError as error:
        return Explanation(tuple(judged), decided_by, False, f"{error.code}: {error.what}", None, None)
    if change is None or change.after is None:
        return Explanation(tuple(judged), decided_by, False, None, None, None)
    names = (column.name for column in plan.output.columns)
    output = dict(zip(names, change.after, strict=True))
    return Explanation(tuple(judged), None, True, None, change.routes[0][0], output)


def _result(plan: Plan, term: Any, row: Row) -> str:
    try:
        truth = compile_program(plan.source, term)(row)
    except RowcastError as error:
        return error.code
    return "unknown" if truth is None else "true" if truth else "false"


# ---- rows from JSON -------------------------------------------------------------------------------------------------
def row_from(table: Table, cells: Mapping[str, Any]) -> Row:
    """A row of the table from column -> JSON value; columns that are not named are NULL. Raises UsageError.

    Bytes are given as text, or as `0x` and hexadecimal digits.
    """
    unknown = [name for name in cells if table.index_of(name) is None]
    if unknown:
        raise UsageError(f"the row has a column {unknown[0]}, which table {table.qualified} has not")
    given = {name.lower(): value for name, value in cells.items()}
    return tuple(_cell(column, given.get(column.name.lower())) for column in table.columns)


def _cell(column: Column, value: Any) -> Value:
    if value is None:
        return None
    try:
        return _converted(column, value)
    except (ValueError, TypeError, InvalidOperation):
        raise UsageError(f"{value!r} is no value of {column.type.value.upper()} column {column.name}") from None


def _converted(column: Column, value: Any) -> Value:
    kind = column.type
    if kind is SqlType.JSON:
        return json_value.write(json_value.plain(value))
    if kind in INTEGERS:
        return int(value)
    if kind in (SqlType.FLOAT, SqlType.DOUBLE):
        return float(value)
    if kind is SqlType.DECIMAL:
        return format(Decimal(str(value)).quantize(Decimal(1).scaleb(-column.scale)), "f")
    if kind is SqlType.BIT:
        return int(value).to_bytes((column.length + 7) // 8, "big")
    if kind in BLOBS:
        raw = bytes.fromhex(value[2:]) if str(value).startswith("0x") else str(value).encode()
        return raw.ljust(column.length, b"\0") if kind is SqlType.BINARY else raw
    if kind in (SqlType.DATETIME, SqlType.TIMESTAMP, SqlType.TIME):
        return _fraction(str(value), column.scale)
    return str(value)


def _fraction(text: str, scale: int) -> str:
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction[:scale].ljust(scale, '0')}" if scale else whole
