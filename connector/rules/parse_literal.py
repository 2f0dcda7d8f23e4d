"""Literals of a rule's SQL -> `syntax`. Called by `parse_expression`."""

import re
from decimal import Decimal
from math import isinf

from sqlglot import exp

from connector.rules.refusal import invalid, position, refuse, shown
from connector.rules.syntax import Literal, TemporalLiteral

_LONGEST_NUMBER = 400  # characters; MySQL's widest DECIMAL has 65 digits, its widest DOUBLE about 310
_INTEGER = re.compile(r"[0-9]+")
_DECIMAL = re.compile(r"[0-9]+\.[0-9]*|\.[0-9]+")
_DOUBLE = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][+-]?[0-9]+")
_TEMPORAL = {
    exp.DType.DATE: "date",
    exp.DType.TIME: "time",
    exp.DType.TIMESTAMP: "timestamp",
    exp.DType.TIMESTAMPTZ: "timestamp",
}


def is_literal(node: exp.Expr) -> bool:
    """Whether `literal` reads it: a number with or without its sign, text, bits, TRUE, FALSE, NULL."""
    if isinstance(node, exp.Neg):
        return isinstance(node.this.unnest(), exp.Literal)
    return isinstance(node, exp.Literal | exp.Boolean | exp.Null | exp.HexString | exp.BitString)


def is_temporal(node: exp.Expr) -> bool:
    """DATE'...', TIME'...' or TIMESTAMP'...'; CAST('...' AS DATE) is the same to sqlglot and to MySQL."""
    return (
        isinstance(node, exp.Cast)
        and isinstance(node.this, exp.Literal)
        and node.this.is_string
        and node.to.this in _TEMPORAL
        and not node.to.expressions
    )


def temporal(node: exp.Expr) -> TemporalLiteral:
    """A literal for which `is_temporal` holds."""
    return TemporalLiteral(_TEMPORAL[node.args["to"].this], str(node.this.this), position(node))


def literal(node: exp.Expr) -> Literal:
    """Raises RuleInvalid for a number out of range, RuleUnsupported for what is no literal."""
    sql, at = shown(node), position(node)
    if isinstance(node, exp.Null):
        return Literal(None, sql, at=at)
    if isinstance(node, exp.Boolean):
        return Literal(int(node.this), sql, truth=True, at=at)
    if isinstance(node, exp.HexString):
        digits = str(node.this)
        return Literal(bytes.fromhex(digits.zfill(len(digits) + len(digits) % 2)), sql, at=at)
    if isinstance(node, exp.BitString):
        bits = str(node.this)
        return Literal(int(bits or "0", 2).to_bytes((len(bits) + 7) // 8, "big"), sql, at=at)
    if isinstance(node, exp.Literal) and node.is_string:
        return Literal(str(node.this), sql, at=at)
    if isinstance(node, exp.Literal):
        return Literal(_number(node), sql, at=at)
    if isinstance(node, exp.Neg):
        positive = node.this.unnest()
        if isinstance(positive, exp.Literal) and not positive.is_string:
            return Literal(-_number(positive), sql, at=at)
    refuse(node)


def _number(node: exp.Literal) -> int | Decimal | float:
    text = str(node.this)
    if len(text) > _LONGEST_NUMBER:
        invalid(f"a number of {len(text)} characters is too long", node)
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    if not _DOUBLE.fullmatch(text):
        invalid("this is no number", node)
    value = float(text)
    if isinf(value):
        invalid("the number is out of range", node)
    return value
