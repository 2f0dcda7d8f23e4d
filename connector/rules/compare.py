"""Opcodes -> Python closures: one row in, true, false or unknown (None) out. Called by `evaluate`.

How a literal compares is written in `literals`; here is only the execution of it.
"""

import operator
import re
import sys
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connector.model.errors import InternalError
from connector.model.plan import And, Compare, Comparison, In, InKeyRange, IsNull, Opcode
from connector.model.table import BLOBS, INTEGERS, TEXTS, Row, SqlType, Table, Value
from connector.rules.collation import collation
from connector.vindex.registry import build

Truth = bool | None
Predicate = Callable[[Row], Truth]

_OPERATORS: dict[Comparison, Callable[[Any, Any], bool]] = {
    Comparison.EQ: operator.eq,
    Comparison.NE: operator.ne,
    Comparison.LT: operator.lt,
    Comparison.LE: operator.le,
    Comparison.GT: operator.gt,
    Comparison.GE: operator.ge,
}
_LEADING_NUMBER = re.compile(r"[ \t\n\v\f\r]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_LABELLED = TEXTS | {SqlType.ENUM, SqlType.SET}
_AS_THEY_ARE = BLOBS | {
    SqlType.YEAR,
    SqlType.DATE,
    SqlType.DATETIME,
    SqlType.TIMESTAMP,
    SqlType.FLOAT,
    SqlType.DOUBLE,
}


@dataclass(frozen=True, slots=True)
class _Scale:
    """What makes a cell and a literal comparable. `pad`: a key goes on with it for ever (PAD SPACE)."""

    key: Callable[[Any], Any]
    pad: str | bytes = ""


def compile_predicate(table: Table, predicate: tuple[Opcode, ...]) -> tuple[Predicate, ...]:
    """The conjunction's terms in order: a row passes when all are true. Empty: every row passes.

    The terms of the outermost And stay apart, because a row must be dropped by the first term that is not true: a
    later in_keyrange may have no keyspace id for it.
    """
    stack: list[Predicate] = []
    if not predicate:
        return ()
    *inner, last = predicate
    if not isinstance(last, And):
        inner = [*inner, last]
    for opcode in inner:
        stack.append(_conjunction(_pop(stack, opcode.count)) if isinstance(opcode, And) else _leaf(table, opcode))
    terms = _pop(stack, last.count if isinstance(last, And) else 1)
    if stack:
        raise InternalError("a predicate leaves more than one result", table=table.qualified)
    return tuple(terms)


def _pop(stack: list[Predicate], count: int) -> list[Predicate]:
    if count < 1 or count > len(stack):
        raise InternalError("a predicate takes more results than there are")
    taken = stack[-count:]
    del stack[-count:]
    return taken


def _conjunction(terms: list[Predicate]) -> Predicate:
    """False if one is false, else unknown if one is unknown, else true."""

    def conjunction(row: Row) -> Truth:
        result: Truth = True
        for term in terms:
            truth = term(row)
            if truth is False:
                return False
            if truth is None:
                result = None
        return result

    return conjunction


def _leaf(table: Table, opcode: Compare | In | IsNull | InKeyRange) -> Predicate:
    if isinstance(opcode, Compare):
        return _compare(table, opcode)
    if isinstance(opcode, In):
        return _in(table, opcode)
    if isinstance(opcode, IsNull):
        column, negated = opcode.column, opcode.negated
        return lambda row: (row[column] is None) is not negated
    return _in_key_range(opcode)


def _compare(table: Table, opcode: Compare) -> Predicate:
    if opcode.literal is None:
        return lambda row: None
    column, compare = opcode.column, _OPERATORS[opcode.op]
    scale = _scale(table, column, opcode.literal)
    key, literal = scale.key, scale.key(opcode.literal)
    if scale.pad:
        return _padded(column, compare, key, literal, scale.pad)
    if key is _same:

        def compare_cell(row: Row) -> Truth:
            cell = row[column]
            return None if cell is None else compare(cell, literal)

        return compare_cell

    def compare_key(row: Row) -> Truth:
        cell = row[column]
        return None if cell is None else compare(key(cell), literal)

    return compare_key


def _padded(
    column: int, compare: Callable[[Any, Any], bool], key: Callable[[Any], Any], literal: Any, pad: str | bytes
) -> Predicate:
    width = len(literal)

    def compare_padded(row: Row) -> Truth:
        cell = row[column]
        if cell is None:
            return None
        text = key(cell)
        if len(text) < width:
            return compare(text.ljust(width, pad), literal)
        return compare(text, literal.ljust(len(text), pad))

    return compare_padded


def _in(table: Table, opcode: In) -> Predicate:
    column = opcode.column
    literals = [literal for literal in opcode.literals if literal is not None]
    miss: Truth = None if len(literals) < len(opcode.literals) else False
    # Literals of one Python type share one scale; one lookup a type answers for all of them.
    lookups: list[tuple[Callable[[Any], Hashable], frozenset[Hashable]]] = []
    for kind in sorted({type(literal) for literal in literals}, key=lambda kind: kind.__name__):
        alike = [literal for literal in literals if type(literal) is kind]
        key = _equality_key(_scale(table, column, alike[0]))
        lookups.append((key, frozenset(map(key, alike))))

    def member(row: Row) -> Truth:
        cell = row[column]
        if cell is None:
            return None
        for key, members in lookups:
            if key(cell) in members:
                return True
        return miss

    return member


def _equality_key(scale: _Scale) -> Callable[[Any], Hashable]:
    key, pad = scale.key, scale.pad
    return (lambda cell: key(cell).rstrip(pad)) if pad else key


def _in_key_range(opcode: InKeyRange) -> Predicate:
    keyspace_id = build(opcode.vindex).map
    low, high = opcode.keyrange.low, opcode.keyrange.high
    values = row_values(opcode.columns)

    def in_key_range(row: Row) -> Truth:
        found = keyspace_id(values(row))
        return low <= found and (not high or found < high)

    return in_key_range


def row_values(columns: tuple[int, ...]) -> Callable[[Row], Row]:
    """A function that takes the columns out of a row."""
    if len(columns) == 1:
        (column,) = columns
        return lambda row: (row[column],)
    return operator.itemgetter(*columns)


# ---- scales ---------------------------------------------------------------------------------------------------------
def _scale(table: Table, index: int, literal: Value) -> _Scale:
    column = table.columns[index]
    if column.type in _AS_THEY_ARE:
        return _Scale(_same)
    if column.type in INTEGERS:
        return _Scale(_same if isinstance(literal, int) else Decimal)
    if column.type is SqlType.DECIMAL:
        return _Scale(float if isinstance(literal, float) else Decimal)
    if column.type in _LABELLED and isinstance(literal, float):
        return _Scale(_leading_number)
    if column.type in _LABELLED:
        known = collation(column.collation)
        return _Scale(known.cell_key(f"{table.qualified}.{column.name}"), known.pad)
    if column.type is SqlType.BIT:
        return _Scale(_bits)
    if column.type is SqlType.TIME:
        return _Scale(_microseconds)
    raise InternalError(f"a plan compares a {column.type.value} column", table=table.qualified, column=column.name)


def _same(value: Any) -> Any:
    return value


def _bits(value: bytes | int) -> int:
    return value if isinstance(value, int) else int.from_bytes(value, "big")


def _leading_number(text: str | float) -> float:
    """The number that MySQL reads at the start of a text, 0 when there is none."""
    if isinstance(text, float):
        return text
    found = _LEADING_NUMBER.match(text)
    number = float(found[1]) if found else 0.0
    return max(-sys.float_info.max, min(number, sys.float_info.max))


def _microseconds(text: str) -> int:
    """A TIME as a signed duration."""
    hours, minutes, rest = text.lstrip("-").split(":")
    seconds, _, fraction = rest.partition(".")
    total = (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 1_000_000 + int(fraction.ljust(6, "0"))
    return -total if text.startswith("-") else total
