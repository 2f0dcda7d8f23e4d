"""Opcodes that compare a column with literals -> Python closures: one row in, true, false or unknown (None) out.

Called by `machine`. How a literal compares is written in `literals`; here is only the execution of it.
"""

import operator
from collections.abc import Callable, Hashable
from decimal import Decimal
from typing import Any

from connector.model.errors import InternalError
from connector.model.plan import Compare, Comparison, In, InKeyRange, IsNull
from connector.model.table import BLOBS, INTEGERS, TEXTS, Row, SqlType, Table, Value
from connector.rules.collation import collation
from connector.rules.numbers import leading_number
from connector.vindex.registry import build

Truth = bool | None
Predicate = Callable[[Row], Truth]

OPERATORS: dict[Comparison, Callable[[Any, Any], bool]] = {
    Comparison.EQ: operator.eq,
    Comparison.NE: operator.ne,
    Comparison.LT: operator.lt,
    Comparison.LE: operator.le,
    Comparison.GT: operator.gt,
    Comparison.GE: operator.ge,
    Comparison.NULL_SAFE_EQ: operator.eq,
}
_LABELLED = TEXTS | {SqlType.ENUM, SqlType.SET}
_AS_THEY_ARE = BLOBS | {
    SqlType.YEAR,
    SqlType.DATE,
    SqlType.DATETIME,
    SqlType.TIMESTAMP,
    SqlType.FLOAT,
    SqlType.DOUBLE,
}


_Key = Callable[[Any], Any]
"""What makes a cell and a literal comparable."""


def compile_leaf(table: Table, opcode: Compare | In | IsNull | InKeyRange) -> Predicate:
    """The opcode as a closure. Raises InternalError for a comparison that no binder makes."""
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
    column, compare = opcode.column, OPERATORS[opcode.op]
    equality = opcode.op in (Comparison.EQ, Comparison.NE)
    key = _key(table, column, opcode.literal, equality=equality)
    literal = key(opcode.literal)
    if key is _same:

        def compare_cell(row: Row) -> Truth:
            cell = row[column]
            return None if cell is None else compare(cell, literal)

        return compare_cell

    def compare_key(row: Row) -> Truth:
        cell = row[column]
        return None if cell is None else compare(key(cell), literal)

    return compare_key


def _in(table: Table, opcode: In) -> Predicate:
    column = opcode.column
    literals = [literal for literal in opcode.literals if literal is not None]
    miss: Truth = None if len(literals) < len(opcode.literals) else False
    # Literals of one Python type share one key; one lookup a type answers for all of them.
    lookups: list[tuple[Callable[[Any], Hashable], frozenset[Hashable]]] = []
    for kind in sorted({type(literal) for literal in literals}, key=lambda kind: kind.__name__):
        alike = [literal for literal in literals if type(literal) is kind]
        key = _key(table, column, alike[0], equality=True)
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


# ---- keys -----------------------------------------------------------------------------------------------------------
def _key(table: Table, index: int, literal: Value, *, equality: bool) -> _Key:
    column = table.columns[index]
    if column.type in _AS_THEY_ARE:
        return _same
    if column.type in INTEGERS:
        return _same if isinstance(literal, int) else Decimal
    if column.type is SqlType.DECIMAL:
        return float if isinstance(literal, float) else Decimal
    if column.type in _LABELLED and isinstance(literal, float):
        return leading_number
    if column.type in _LABELLED:
        known = collation(column.collation)
        if equality and known.by_code_point:
            # Texts of one collation are equal when they are, apart from trailing spaces: no key is needed.
            return _unpadded if known.pad_space else _same
        return known.cell_key(f"{table.qualified}.{column.name}")
    if column.type is SqlType.BIT:
        return _bits
    if column.type is SqlType.TIME:
        return microseconds
    raise InternalError(f"a plan compares a {column.type.value} column", table=table.qualified, column=column.name)


def _same(value: Any) -> Any:
    return value


def _unpadded(text: str) -> str:
    return text.rstrip(" ")


def _bits(value: bytes | int) -> int:
    return value if isinstance(value, int) else int.from_bytes(value, "big")


def microseconds(text: str) -> int:
    """A TIME as a signed duration."""
    hours, minutes, rest = text.lstrip("-").split(":")
    seconds, _, fraction = rest.partition(".")
    total = (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 1_000_000 + int(fraction.ljust(6, "0"))
    return -total if text.startswith("-") else total
