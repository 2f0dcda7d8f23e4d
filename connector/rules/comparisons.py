"""Comparisons between any two expressions: in which type MySQL makes them. Called by `expressions`.

A column beside a literal is not here: `literals` has MySQL's special conversions of such constants.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from connector.model.errors import RuleUnsupported
from connector.model.plan import CompareValues, Comparison, Kind, Like, Member, Program, Push, Regexp
from connector.model.table import Column, SqlType
from connector.rules.calls import as_bytes
from connector.rules.collation import collation
from connector.rules.json_value import literal_text
from connector.rules.literals import bind_literal
from connector.rules.regexp import check_pattern
from connector.rules.syntax import Literal
from connector.rules.typed import (
    Bound,
    call,
    common_collation,
    comparable_collation,
    double,
    number,
    refuse,
    text,
)

_MOMENTS = (Kind.DATE, Kind.DATETIME)
_TEMPORALS = (*_MOMENTS, Kind.TIME, Kind.TIMESTAMP)
_EXACT = (Kind.INTEGER, Kind.DECIMAL)
# How MySQL writes a date, a time and binary values inside JSON: as text they cannot be told from strings.
_OPAQUE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( .*)?|-?[0-9]{2,3}:[0-9]{2}:[0-9]{2}.*|base64:.*", re.DOTALL)


def compare(op: Comparison, left: Bound, right: Bound, collation_name: str | None = None) -> Program:
    """The program of left OP right. Errors: RuleUnsupported where the outcome is not exact.

    `collation_name`: of a whole list of texts, where that is not left to the two.
    """
    if Kind.JSON in (left.kind, right.kind):
        return _json(op, left, right)
    if left.kind in _TEMPORALS or right.kind in _TEMPORALS:
        return _temporal(op, left, right)
    if left.kind in _EXACT and right.kind in _EXACT:
        _refuse_year(left, right)
        kind = Kind.INTEGER if left.kind is right.kind is Kind.INTEGER else Kind.DECIMAL
        return (*left.program, *right.program, CompareValues(op, kind))
    if left.kind is right.kind is Kind.TEXT:
        name = collation_name or comparable_collation((left, right))
        return (*left.program, *right.program, CompareValues(op, Kind.TEXT, name))
    kinds = {left.kind, right.kind}
    if Kind.BYTES in kinds and kinds <= {Kind.BYTES, Kind.TEXT}:
        sides = [side if side.kind is Kind.BYTES else as_bytes(side) for side in (left, right)]
        return (*sides[0].program, *sides[1].program, CompareValues(op, Kind.BYTES))
    return _as_numbers(op, left, right)


def _as_numbers(op: Comparison, left: Bound, right: Bound) -> Program:
    for side, other in ((left, right), (right, left)):
        if side.kind is Kind.TEXT and other.kind is Kind.DECIMAL:
            # Servers before and after 8.0 compare DECIMAL with text in different types.
            refuse(f"a comparison of DECIMAL {other.sql} with text is not supported", left, right)
        if side.column is not None and other.literal is None and other.kind is Kind.DOUBLE and side.kind in _EXACT:
            refuse(f"a comparison of {side.sql} with a floating point expression is not supported", left, right)
    left, right = number(left), number(right)
    if left.kind in _EXACT and right.kind in _EXACT:
        return (*left.program, *right.program, CompareValues(op, Kind.DECIMAL))
    return (*double(left).program, *double(right).program, CompareValues(op, Kind.DOUBLE))


def _refuse_year(left: Bound, right: Bound) -> None:
    for side, other in ((left, right), (right, left)):
        if _is_year(side) and not _is_year(other):
            refuse(f"YEAR {side.sql} is compared with a year's literal or another YEAR only", left, right)


def _is_year(side: Bound) -> bool:
    return side.source is not None and side.source.type is SqlType.YEAR


# ---- dates and times ------------------------------------------------------------------------------------------------
def _temporal(op: Comparison, left: Bound, right: Bound) -> Program:
    kind = _shared_kind(left, right)
    sides = [_moment(side, other, kind) for side, other in ((left, right), (right, left))]
    return (*sides[0], *sides[1], CompareValues(op, kind))


def _shared_kind(left: Bound, right: Bound) -> Kind:
    kinds = {side.kind for side in (left, right) if side.kind in _TEMPORALS}
    if kinds <= set(_MOMENTS):
        return Kind.DATETIME
    if len(kinds) == 1:
        return kinds.pop()
    refuse(f"a comparison of {left.sql} with {right.sql} depends on the session: it is not supported", left, right)


def _moment(side: Bound, other: Bound, kind: Kind) -> Program:
    if side.kind in _TEMPORALS:
        return side.program
    if side.literal is not None and isinstance(side.literal.value, str):
        # As precise as can be: the fraction of a moment counts, whatever the other side has.
        column = Column(other.sql, SqlType(kind.value), scale=6)
        return (Push(kind, bind_literal(column, side.literal)),)
    refuse(f"a comparison of {other.sql} with {side.sql} is not supported", side, other)


# ---- JSON -----------------------------------------------------------------------------------------------------------
def _json(op: Comparison, left: Bound, right: Bound) -> Program:
    sides: list[Program] = []
    for side, other in ((left, right), (right, left)):
        if side.kind is Kind.JSON:
            sides.append(side.program)
        elif side.literal is not None:
            _check_json_literal(op, side.literal, side)
            sides.append((Push(Kind.JSON, literal_text(side.literal)),))
        elif side.kind in _EXACT and not side.truth:
            sides.append(call("number_to_json", replace(other.type), [side]).program)
        else:
            refuse(f"a comparison of JSON {other.sql} with {side.sql} is not supported", side, other)
    if left.kind is right.kind is Kind.JSON:
        refuse("a comparison of two JSON values is not supported: dates in them look like text", left, right)
    return (*sides[0], *sides[1], CompareValues(op, Kind.JSON))


def _check_json_literal(op: Comparison, literal: Literal, side: Bound) -> None:
    value = literal.value
    if isinstance(value, bytes):
        refuse("a comparison of JSON with a hexadecimal literal is not supported", side)
    if not isinstance(value, str):
        return
    hint = "Write ->> instead of ->: then it is compared as text."
    if op not in (Comparison.EQ, Comparison.NE, Comparison.NULL_SAFE_EQ):
        refuse(f"JSON has no exact order beside the text {literal.sql}", side, hint=hint)
    if _OPAQUE.fullmatch(value):
        refuse(f"JSON dates cannot be told from text such as {literal.sql}", side, hint=hint)


# ---- lists and patterns ---------------------------------------------------------------------------------------------
def member(value: Bound, items: Sequence[Bound]) -> Program | None:
    """The program of value IN (literals), looked up at once; None when it has to be asked one by one."""
    literals = [item.literal for item in items]
    if any(literal is None for literal in literals) or value.kind not in (Kind.INTEGER, Kind.TEXT):
        return None
    given = [item for item in items if not item.is_null]
    if any(item.kind is not value.kind for item in given) or not given:
        return None
    values = tuple(None if item.literal is None else item.literal.value for item in items)
    plain = tuple(each for each in values if each is None or isinstance(each, int | str))
    if value.kind is Kind.TEXT:
        return (*value.program, Member(Kind.TEXT, plain, comparable_collation((value, *given))))
    _refuse_year(value, given[0])
    return (*value.program, Member(Kind.INTEGER, plain))


def list_collation(value: Bound, items: Sequence[Bound]) -> str | None:
    """The collation of a list of texts, None for other lists.

    MySQL picks one type from all the values together: with values of one sort there is no choice, and others are
    refused.
    """
    given = [item for item in (value, *items) if not item.is_null]
    if len({item.kind for item in items if not item.is_null} & {Kind.INTEGER, Kind.DECIMAL}) > 1:
        # MySQL forgets the signs in such a list: -1 is found as 18446744073709551615.
        refuse("a list of integers and other numbers is not supported", value, *items)
    sorts = {_sort(item) for item in given}
    if len(sorts) > 1 or Kind.JSON in sorts:
        refuse("values of different types in one list are not supported", value, *items)
    return comparable_collation(given) if sorts == {Kind.TEXT} else None


def _sort(item: Bound) -> Kind:
    if item.kind in _EXACT:
        return Kind.DECIMAL
    return Kind.DATETIME if item.kind in _MOMENTS else item.kind


def like(value: Bound, pattern: Bound, escape: str) -> Program:
    """The program of value LIKE pattern ESCAPE escape."""
    if Kind.BYTES in (value.kind, pattern.kind):
        _check_escape(escape, value)
        sides = [side if side.kind is Kind.BYTES else as_bytes(text(side)) for side in (value, pattern)]
        return (*sides[0].program, *sides[1].program, Like("binary", escape))
    value, pattern = text(value), text(pattern)
    name = comparable_collation((value, pattern))
    _check_escape(escape, value)
    return (*value.program, *pattern.program, Like(name, escape))


def _check_escape(escape: str, value: Bound) -> None:
    if not escape.isascii() or escape in ("%", "_"):
        refuse(f"ESCAPE {escape!r} is not supported: one ASCII character is needed that is neither % nor _", value)


def regexp(value: Bound, pattern: Bound) -> Program:
    """The program of value REGEXP pattern."""
    if value.kind is not Kind.TEXT:
        refuse("REGEXP is supported for text only", value)
    if pattern.literal is None or not isinstance(pattern.literal.value, str):
        refuse("REGEXP takes quoted text as pattern", pattern)
    name, _ = common_collation((value, pattern))
    try:
        collation(name)
        check_pattern(pattern.literal.value)
    except RuleUnsupported as error:
        refuse(error.what, value, pattern)
    return (*value.program, Regexp(pattern.literal.value, ignore_case="_ci" in name))


def refuse_mixed_literals(literals: Sequence[Literal], at: int) -> None:
    """The same for the literals of a list beside a column, where numbers with an exponent are a sort of their own."""
    sorts = {_literal_sort(literal) for literal in literals if literal.value is not None}
    if len(sorts) > 1:
        raise RuleUnsupported("values of different types in one list are not supported", position=at or None)


def _literal_sort(literal: Literal) -> type:
    return int if isinstance(literal.value, Decimal) else type(literal.value)
