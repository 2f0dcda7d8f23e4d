"""Cells as SQL literals that a target stores exactly as the source had them. Pure; used by `sinks.mysql.statements`.

They are read under the session settings of `sinks.mysql.target` (utf8mb4, strict, zero and invalid dates allowed, time
zone UTC) but do not depend on NO_BACKSLASH_ESCAPES: text with a backslash is written in hexadecimal. Numbers are never
quoted: MySQL would compare them as double and lose digits of a DECIMAL or BIGINT key.
"""

import re
from collections.abc import Callable

from connector.model.errors import MessageInvalid
from connector.model.table import BLOBS, INTEGERS, Column, SqlType, Value
from sinks.mysql.json_literals import decimals

Literal = Callable[[Value], str]

_DECIMAL = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)


def literal_of(column: Column) -> Literal:
    """The function that writes this column's cells; NULL for None. MessageInvalid for a cell of another type."""
    if column.type in INTEGERS:
        return integer
    if column.type in (SqlType.FLOAT, SqlType.DOUBLE):
        return floating
    if column.type is SqlType.DECIMAL:
        return decimal
    if column.type is SqlType.BIT:
        return bits
    if column.type in BLOBS or column.type in (SqlType.GEOMETRY, SqlType.VECTOR):
        return binary
    if column.type is SqlType.JSON:
        return document
    return text


def integer(value: Value) -> str:
    """Any width, signed or not."""
    if value is None:
        return "NULL"
    if type(value) is not int:
        raise _wrong(value, "an integer")
    return str(value)


def floating(value: Value) -> str:
    """The shortest text that is this double, with an exponent: without one MySQL would read a DECIMAL literal."""
    if value is None:
        return "NULL"
    if type(value) is not float:
        raise _wrong(value, "a floating point number")
    digits = repr(value)
    if "n" in digits:  # nan, inf
        raise _wrong(value, "a finite number")
    return digits if "e" in digits else digits + "e0"


def decimal(value: Value) -> str:
    """Its digits as they are."""
    if value is None:
        return "NULL"
    if type(value) is not str or not _DECIMAL.fullmatch(value):
        raise _wrong(value, "a decimal number")
    return value


def text(value: Value) -> str:
    """Text, labels, dates and times."""
    if value is None:
        return "NULL"
    if type(value) is not str:
        raise _wrong(value, "text")
    if "\\" in value:
        return f"_utf8mb4 x'{value.encode().hex()}'"
    return "'" + value.replace("'", "''") + "'"


def document(value: Value) -> str:
    """JSON, with its DECIMALs as such."""
    literal = text(value)
    if type(value) is not str or not (found := decimals(value)):
        return literal
    if found[0][0] == "$":
        return f"CAST({found[0][1]} AS JSON)"  # the literal is a DECIMAL
    return f"JSON_REPLACE({literal},{','.join(f'{text(path)},{digits}' for path, digits in found)})"


def binary(value: Value) -> str:
    """Bytes without a character set; also MySQL's internal forms of GEOMETRY and VECTOR."""
    if value is None:
        return "NULL"
    if type(value) is not bytes:
        raise _wrong(value, "bytes")
    return f"_binary x'{value.hex()}'"


def bits(value: Value) -> str:
    """BIT(n), big endian, as the number it is."""
    if value is None:
        return "NULL"
    if type(value) is not bytes:
        raise _wrong(value, "bytes")
    return str(int.from_bytes(value, "big"))


def exact_match(column: Column, name: str) -> Callable[[Value], str]:
    """A condition that holds for exactly this cell, NULL and letter case included; `name` is the quoted column."""
    literal = literal_of(column)
    if column.type is SqlType.JSON:
        return lambda value: f"{name} IS NULL" if value is None else f"{name} = CAST({literal(value)} AS JSON)"
    if column.type is SqlType.VECTOR:  # has no comparison operators
        return lambda value: f"HEX({name}) <=> HEX({literal(value)})"
    if column.collation is not None:
        return lambda value: f"{name} <=> {literal(value)}" + ("" if value is None else " COLLATE utf8mb4_0900_bin")
    return lambda value: f"{name} <=> {literal(value)}"


def _wrong(value: Value, expected: str) -> MessageInvalid:
    return MessageInvalid(f"a cell is not {expected}", cell_type=type(value).__name__)
