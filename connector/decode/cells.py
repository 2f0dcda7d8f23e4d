"""One reader for each column: the bytes of a row image to the value domain of `model.table`; built once per table
version by rows.py.

A reader takes the whole rows event and where its cell begins, and returns the value and where the next cell begins.
It raises `Truncated` (or struct.error, IndexError) when the event ends inside the cell, and ValueError when the bytes
are no value of the type.
"""

import struct
from collections.abc import Callable

from connector.decode import field_types as ft
from connector.decode.bytestream import Truncated
from connector.decode.charsets import charset_of, decoder_of
from connector.decode.decimals import decimal_printer, decimal_size
from connector.decode.json_text import json_text
from connector.decode.temporal import (
    FRACTION_BYTES,
    date_text,
    datetime_text,
    old_datetime_text,
    old_time_text,
    time_text,
    timestamp_text,
)
from connector.model.events import MapColumn
from connector.model.table import Column, SqlType, Value

Reader = Callable[[bytes, int], tuple[Value, int]]
Converter = Callable[[bytes], Value]

_YEARS = ("0000", *(str(1900 + byte) for byte in range(1, 256)))
_SIGNED = {ft.TINY: "<b", ft.SHORT: "<h", ft.LONG: "<i", ft.LONGLONG: "<q"}
_UNSIGNED = {ft.TINY: "<B", ft.SHORT: "<H", ft.LONG: "<I", ft.LONGLONG: "<Q"}


def cell_reader(mapped: MapColumn, column: Column) -> Reader:
    """The reader of one column: the table map says how many bytes, the table what they mean. LookupError: unknown
    type or charset.
    """
    code = mapped.type
    if code in _SIGNED:
        return _fixed((_UNSIGNED if column.unsigned else _SIGNED)[code])
    if code == ft.INT24:
        return _int24(signed=not column.unsigned)
    if code == ft.FLOAT:
        return _fixed("<f")
    if code == ft.DOUBLE:
        return _fixed("<d")
    if code == ft.YEAR:
        return _year
    if code in (ft.DATE, ft.NEWDATE):
        return _date
    if code in _TEMPORAL:
        return _TEMPORAL[code](mapped.metadata)
    if code == ft.DECIMAL:
        precision, scale = mapped.metadata >> 8, mapped.metadata & 0xFF
        return _sized(decimal_size(precision, scale), decimal_printer(precision, scale))
    if code == ft.BIT:
        return _sized((mapped.metadata >> 8) + bool(mapped.metadata & 0xFF), bytes)
    if code == ft.ENUM:
        return _enum(mapped.metadata, column.labels)
    if code == ft.SET:
        return _set(mapped.metadata, column.labels)
    if code in (ft.VARCHAR, ft.VAR_STRING, ft.STRING):
        return _counted(1 if mapped.metadata <= 255 else 2, _converter(mapped, column))
    if code in (ft.BLOB, ft.GEOMETRY, ft.JSON, ft.VECTOR):
        return _counted(mapped.metadata & 0xFF, _converter(mapped, column))
    raise LookupError(f"unknown column type {code}")


def _converter(mapped: MapColumn, column: Column) -> Converter:
    if mapped.type == ft.JSON:
        return json_text
    if column.type is SqlType.BINARY:
        # The binlog drops trailing zero bytes; a BINARY(n) value always has n.
        return lambda data: data.ljust(mapped.metadata, b"\0")
    if column.collation is None or column.collation == "binary":
        return bytes
    return decoder_of(charset_of(column.collation))


def _fixed(form: str) -> Reader:
    compiled = struct.Struct(form)
    unpack, size = compiled.unpack_from, compiled.size

    def read(data: bytes, at: int) -> tuple[Value, int]:
        return unpack(data, at)[0], at + size

    return read


def _int24(*, signed: bool) -> Reader:
    def read(data: bytes, at: int) -> tuple[Value, int]:
        end = at + 3
        if end > len(data):
            raise Truncated("a MEDIUMINT is cut")
        return int.from_bytes(data[at:end], "little", signed=signed), end

    return read


def _sized(size: int, convert: Converter) -> Reader:
    def read(data: bytes, at: int) -> tuple[Value, int]:
        end = at + size
        if end > len(data):
            raise Truncated(f"{size} bytes wanted, {len(data) - at} left")
        return convert(data[at:end]), end

    return read


def _counted(width: int, convert: Converter) -> Reader:
    """Values behind a little-endian length of `width` bytes."""
    if not 1 <= width <= 4:
        raise LookupError(f"a column with {width} length bytes")

    def read_short(data: bytes, at: int) -> tuple[Value, int]:
        end = at + 1 + data[at]
        if end > len(data):
            raise Truncated(f"{data[at]} bytes wanted, {len(data) - at - 1} left")
        return convert(data[at + 1 : end]), end

    def read_long(data: bytes, at: int) -> tuple[Value, int]:
        start = at + width
        end = start + int.from_bytes(data[at:start], "little")
        if end > len(data):
            raise Truncated(f"{end - start} bytes wanted, {len(data) - start} left")
        return convert(data[start:end]), end

    return read_short if width == 1 else read_long


def _year(data: bytes, at: int) -> tuple[Value, int]:
    return _YEARS[data[at]], at + 1


def _date(data: bytes, at: int) -> tuple[Value, int]:
    end = at + 3
    if end > len(data):
        raise Truncated("a DATE is cut")
    return date_text(int.from_bytes(data[at:end], "little")), end


def _fraction(metadata: int) -> tuple[int, int]:
    """(fraction bytes, what one unit of the stored fraction is in microseconds)."""
    if metadata > 6:
        raise LookupError(f"{metadata} fractional digits")
    size = FRACTION_BYTES[metadata]
    return size, 100 ** (3 - size)


def _datetime(fraction: int) -> Reader:
    size, unit = _fraction(fraction)
    offset, mask = 1 << 39 + size * 8, (1 << size * 8) - 1

    def convert(data: bytes) -> str:
        packed = int.from_bytes(data, "big") - offset
        if packed < 0:
            raise ValueError("a negative DATETIME")
        return datetime_text(packed >> size * 8, (packed & mask) * unit, fraction)

    return _sized(5 + size, convert)


def _time(fraction: int) -> Reader:
    size, unit = _fraction(fraction)
    offset, mask = 1 << 23 + size * 8, (1 << size * 8) - 1

    def convert(data: bytes) -> str:
        # One number of all bytes: the fraction borrows from the seconds when the time is negative.
        packed = int.from_bytes(data, "big") - offset
        absolute = abs(packed)
        return time_text(absolute >> size * 8, (absolute & mask) * unit, fraction, negative=packed < 0)

    return _sized(3 + size, convert)


def _timestamp(fraction: int) -> Reader:
    size, unit = _fraction(fraction)

    def convert(data: bytes) -> str:
        return timestamp_text(
            int.from_bytes(data[:4], "big"), int.from_bytes(data[4:], "big") * unit if size else 0, fraction
        )

    return _sized(4 + size, convert)


_TEMPORAL: dict[int, Callable[[int], Reader]] = {
    ft.DATETIME: _datetime,
    ft.TIME: _time,
    ft.TIMESTAMP: _timestamp,
    # Columns that were created before MySQL 5.6 and never rebuilt.
    ft.DATETIME_OLD: lambda _: _sized(8, lambda data: old_datetime_text(int.from_bytes(data, "little"))),
    ft.TIME_OLD: lambda _: _sized(3, lambda data: old_time_text(int.from_bytes(data, "little", signed=True))),
    ft.TIMESTAMP_OLD: lambda _: _sized(4, lambda data: timestamp_text(int.from_bytes(data, "little"), 0, 0)),
}


def _enum(size: int, labels: tuple[str, ...]) -> Reader:
    values = ("", *labels)  # index 0 is the empty string that MySQL stores for an invalid value

    def convert(data: bytes) -> str:
        index = int.from_bytes(data, "little")
        if index >= len(values):
            raise ValueError(f"ENUM index {index} of {len(labels)} labels")
        return values[index]

    return _sized(size, convert)


def _set(size: int, labels: tuple[str, ...]) -> Reader:
    def convert(data: bytes) -> str:
        bits = int.from_bytes(data, "little")
        if bits >> len(labels):
            raise ValueError(f"SET bit {bits.bit_length() - 1} of {len(labels)} labels")
        return ",".join(label for index, label in enumerate(labels) if bits >> index & 1)

    return _sized(size, convert)
