"""MySQL's binary JSON to the text that `CAST(column AS CHAR)` prints, byte for byte: order, spacing, escapes, number
forms.

Called by the JSON cell reader. Offsets are followed, so documents with holes (updated in place) read right. Malformed
bytes raise ValueError, never a partial document.
"""

import base64
import re
import struct
from typing import Any

from connector.decode import field_types as ft
from connector.decode.decimals import decimal_printer, decimal_size
from connector.decode.temporal import json_date_text, json_datetime_text, json_time_text

_SMALL_OBJECT, _LARGE_OBJECT, _SMALL_ARRAY, _LARGE_ARRAY = 0, 1, 2, 3
_LITERAL = 4
_INT16, _UINT16, _INT32, _UINT32, _INT64, _UINT64, _DOUBLE = 5, 6, 7, 8, 9, 10, 11
_STRING = 12
_OPAQUE = 15
_LITERALS = {0: "null", 1: "true", 2: "false"}
_NUMBERS: dict[int, tuple[str, int]] = {
    _INT16: ("<h", 2),
    _UINT16: ("<H", 2),
    _INT32: ("<i", 4),
    _UINT32: ("<I", 4),
    _INT64: ("<q", 8),
    _UINT64: ("<Q", 8),
}
_MAX_DEPTH = 100  # MySQL's JSON_DOCUMENT_MAX_DEPTH
_BASE64_LINE = 57  # MySQL's encoder breaks lines after 57 bytes (76 characters)

_NEEDS_ESCAPE = re.compile(r'[\x00-\x1f"\\]')
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def json_text(data: bytes) -> str:
    """The text of one stored document; no bytes at all are JSON null, as MySQL reads them."""
    if not data:
        return "null"
    out: list[str] = []
    try:
        _value(data, data[0], 1, len(data), out, 1)
    except (struct.error, IndexError) as error:
        raise ValueError("the document is shorter than it says") from error
    return "".join(out)


def double_text(number: float) -> str:
    """A JSON DOUBLE: shortest digits, fixed between 1e-15 and 1e15, whole numbers with '.0'."""
    if number == 0:
        return "-0.0" if str(number)[0] == "-" else "0.0"
    mantissa, _, exponent = f"{number!r}".partition("e")
    sign = "-" if mantissa[0] == "-" else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    fraction = "" if fraction == "0" else fraction
    point = len(whole) + int(exponent or 0)
    all_digits = whole + fraction
    point -= len(all_digits) - len(all_digits.lstrip("0"))
    digits = all_digits.strip("0")
    if -14 <= point <= 15 or (point == 16 and len(digits) == 17):
        if point <= 0:
            return f"{sign}0.{'0' * -point}{digits}"
        if point >= len(digits):
            return f"{sign}{digits}{'0' * (point - len(digits))}.0"
        return f"{sign}{digits[:point]}.{digits[point:]}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{point - 1}"


def quoted(text: str) -> str:
    """A JSON string as MySQL escapes it: control characters, quotes and backslashes only."""
    if _NEEDS_ESCAPE.search(text) is None:
        return f'"{text}"'
    return '"' + _NEEDS_ESCAPE.sub(_escape, text) + '"'


def _escape(match: "re.Match[str]") -> str:
    char = match.group()
    return _ESCAPES.get(char) or f"\\u{ord(char):04x}"


def _value(data: bytes, kind: int, at: int, end: int, out: list[str], depth: int) -> None:
    """Append the text of the value of type `kind` at `at`; `end` bounds the container it lies in."""
    if kind <= _LARGE_ARRAY:
        _container(data, kind, at, end, out, depth)
    elif kind == _STRING:
        length, at = _variable_length(data, at, end)
        out.append(quoted(_slice(data, at, length, end).decode()))
    elif kind in _NUMBERS:
        form, size = _NUMBERS[kind]
        out.append(str(struct.unpack(form, _slice(data, at, size, end))[0]))
    elif kind == _DOUBLE:
        out.append(double_text(struct.unpack("<d", _slice(data, at, 8, end))[0]))
    elif kind == _LITERAL:
        out.append(_literal(data[at]))
    elif kind == _OPAQUE:
        length, start = _variable_length(data, at + 1, end)
        out.append(_opaque(data[at], _slice(data, start, length, end)))
    else:
        raise ValueError(f"unknown JSON value type {kind}")


def _container(data: bytes, kind: int, at: int, end: int, out: list[str], depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise ValueError(f"JSON is nested deeper than {_MAX_DEPTH}")
    is_object = kind in (_SMALL_OBJECT, _LARGE_OBJECT)
    large = kind in (_LARGE_OBJECT, _LARGE_ARRAY)
    width = 4 if large else 2
    count, size = struct.unpack_from("<II" if large else "<HH", data, at)
    if size > end - at:
        raise ValueError(f"a JSON container says {size} bytes, {end - at} are there")
    end = at + size
    keys_at = at + 2 * width
    values_at = keys_at + (count * (width + 2) if is_object else 0)
    if values_at + count * (width + 1) > end:
        raise ValueError(f"a JSON container of {size} bytes cannot hold {count} members")
    out.append("{" if is_object else "[")
    for index in range(count):
        if index:
            out.append(", ")
        if is_object:
            entry = keys_at + index * (width + 2)
            offset = int.from_bytes(data[entry : entry + width], "little")
            length = int.from_bytes(data[entry + width : entry + width + 2], "little")
            out.append(quoted(_slice(data, at + offset, length, end).decode()))
            out.append(": ")
        entry = values_at + index * (width + 1)
        _member(data, data[entry], entry + 1, width, at, end, out, depth)
    out.append("}" if is_object else "]")


def _member(data: bytes, kind: int, at: int, width: int, base: int, end: int, out: list[str], depth: int) -> None:
    """A value entry: small values lie in the entry itself, others at an offset from the container's start."""
    if kind == _LITERAL:
        out.append(_literal(data[at]))
    elif kind in _NUMBERS and _NUMBERS[kind][1] <= width:
        form, size = _NUMBERS[kind]
        out.append(str(struct.unpack(form, data[at : at + size])[0]))
    else:
        offset = int.from_bytes(data[at : at + width], "little")
        if offset >= end - base:
            raise ValueError("a JSON value lies outside of its container")
        _value(data, kind, base + offset, end, out, depth + 1)


def _literal(code: int) -> str:
    try:
        return _LITERALS[code]
    except KeyError:
        raise ValueError(f"unknown JSON literal {code}") from None


def _variable_length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A length of seven bits a byte, low bits first, at most five bytes; returns it and where it ends."""
    length = 0
    for shift in range(0, 35, 7):
        byte = data[at]
        at += 1
        length |= (byte & 0x7F) << shift
        if not byte & 0x80:
            if length > end - at:
                raise ValueError(f"a JSON value says {length} bytes, {end - at} are there")
            return length, at
    raise ValueError("a JSON length is longer than five bytes")


def _slice(data: bytes, at: int, length: int, end: int) -> bytes:
    if at < 0 or length > end - at:
        raise ValueError("a JSON value lies outside of its container")
    return data[at : at + length]


def _opaque(field_type: int, data: bytes) -> str:
    if field_type == ft.DECIMAL:
        return _opaque_decimal(data)
    printer: Any = _TEMPORAL.get(field_type)
    if printer is not None:
        if len(data) != 8:
            raise ValueError(f"a temporal JSON value of {len(data)} bytes")
        return f'"{printer(struct.unpack("<q", data)[0])}"'
    lines = [base64.b64encode(data[at : at + _BASE64_LINE]).decode() for at in range(0, len(data), _BASE64_LINE)]
    return quoted(f"base64:type{field_type}:" + "\n".join(lines))


_TEMPORAL = {
    ft.DATE: json_date_text,
    ft.TIME_OLD: json_time_text,
    ft.DATETIME_OLD: json_datetime_text,
    ft.TIMESTAMP_OLD: json_datetime_text,
}


def _opaque_decimal(data: bytes) -> str:
    if len(data) < 2:
        raise ValueError("a JSON decimal without precision and scale")
    precision, scale = data[0], data[1]
    printer = decimal_printer(precision, scale)
    if len(data) - 2 < decimal_size(precision, scale):
        raise ValueError("a JSON decimal shorter than its precision")
    return printer(data[2 : 2 + decimal_size(precision, scale)])
