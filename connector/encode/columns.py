"""Columns as Debezium's MySQL connector represents them in change events: schema, and conversion of cells.

Used by `envelope`. Default modes of Debezium, forms of its streamed rows; where those are silently wrong this module
differs, and docs/decisions/0004-table-topic-values.md says how.
"""

import re
import struct
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from connector.encode.avro import NULL, SOME, Kind, encode_bytes, encode_long
from connector.model.errors import ValueUnrepresentable
from connector.model.table import TEXTS, Column, Row, SqlType, Table
from schemas.debezium import DECIMAL, ConnectSchema

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_MYSQL_DATE = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d+)?)?")
_JSON_STRING_OR_SPACE = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')
_FLOAT = struct.Struct("<f")
_SMALLEST_NORMAL = 2.0**-126  # of float32
_SRID_SIZE = 4  # bytes of the SRID before the WKB in MySQL's geometry values

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class ColumnForm:
    """How one column travels: its Connect schema, and what becomes of a cell in Avro (see avro.Field) and in JSON."""

    schema: ConnectSchema
    kind: Kind
    to_avro: Convert | None = None
    to_json: Convert | None = None


def column_form(table: Table, column: Column) -> ColumnForm:
    """The form of one column of the table."""
    optional = column.nullable
    match column.type:
        case SqlType.TINYINT | SqlType.SMALLINT | SqlType.MEDIUMINT | SqlType.INT | SqlType.BIGINT:
            return _integer(column)
        case SqlType.FLOAT:
            return ColumnForm(ConnectSchema("float32", optional), "float", to_json=shortest_float)
        case SqlType.DOUBLE:
            return ColumnForm(ConnectSchema("float64", optional), "double")
        case SqlType.DECIMAL:
            return _decimal(optional, column.length, column.scale, unscaled_text)
        case SqlType.BIT:
            return _bit(column)
        case SqlType.YEAR:
            return ColumnForm(_semantic("int32", optional, "io.debezium.time.Year"), "long", int, int)
        case SqlType.DATE | SqlType.TIME | SqlType.DATETIME | SqlType.TIMESTAMP:
            return _temporal(table, column)
        case SqlType.ENUM | SqlType.SET:
            name = "io.debezium.data.Enum" if column.type is SqlType.ENUM else "io.debezium.data.EnumSet"
            return ColumnForm(
                _semantic("string", optional, name, parameters=(("allowed", _allowed(column)),)), "string"
            )
        case SqlType.JSON:
            schema = _semantic("string", optional, "io.debezium.data.Json")
            return ColumnForm(schema, "string", compact_json, compact_json)
        case SqlType.GEOMETRY:
            return ColumnForm(_geometry(optional), "avro", geometry_avro, geometry_object)
        case SqlType.VECTOR:
            schema = _semantic("array", optional, "io.debezium.data.FloatVector", items=ConnectSchema("float32"))
            return ColumnForm(schema, "avro", vector_avro, vector_list)
        case text if text in TEXTS:
            return ColumnForm(ConnectSchema("string", optional), "string")
        case _:  # BLOBS: all that is left
            return ColumnForm(ConnectSchema("bytes", optional), "bytes", to_json=base64)


def row_object(names: Sequence[str], converters: Sequence[Convert | None]) -> Callable[[Row], dict[str, Any]]:
    """A generated function that makes one row a JSON object; NULL stays null."""
    cells = [f"c{index}" for index in range(len(names))]
    scope: dict[str, object] = {f"f{index}": convert for index, convert in enumerate(converters) if convert}
    members = [
        f"{name!r}: {cell}" if convert is None else f"{name!r}: None if {cell} is None else f{index}({cell})"
        for index, (name, cell, convert) in enumerate(zip(names, cells, converters, strict=True))
    ]
    lines = ["def as_object(row):", f"    ({''.join(f'{cell}, ' for cell in cells)}) = row"]
    lines.append(f"    return {{{', '.join(members)}}}")
    exec(compile("\n".join(lines), "<row object>", "exec"), scope)
    return cast("Callable[[Row], dict[str, Any]]", scope["as_object"])


# ---- schemas --------------------------------------------------------------------------------------------------------
def _semantic(
    connect_type: str,
    optional: bool,
    name: str,
    *,
    parameters: tuple[tuple[str, str], ...] = (),
    items: ConnectSchema | None = None,
) -> ConnectSchema:
    return ConnectSchema(connect_type, optional, name, 1, parameters=parameters, items=items)


def _integer(column: Column) -> ColumnForm:
    signed, unsigned = {
        SqlType.TINYINT: ("int16", "int16"),
        SqlType.SMALLINT: ("int16", "int32"),
        SqlType.MEDIUMINT: ("int32", "int32"),
        SqlType.INT: ("int32", "int64"),
        SqlType.BIGINT: ("int64", ""),
    }[column.type]
    if column.unsigned and not unsigned:
        return _decimal(column.nullable, 20, 0, minimal_bytes)
    return ColumnForm(ConnectSchema(unsigned if column.unsigned else signed, column.nullable), "long")


def _decimal(optional: bool, precision: int, scale: int, unscaled: Callable[[Any], bytes]) -> ColumnForm:
    parameters = (("scale", str(scale)), ("connect.decimal.precision", str(precision)))
    schema = _semantic("bytes", optional, DECIMAL, parameters=parameters)
    return ColumnForm(schema, "bytes", unscaled, lambda cell: base64(unscaled(cell)))


def _bit(column: Column) -> ColumnForm:
    if column.length == 1:
        return ColumnForm(ConnectSchema("boolean", column.nullable), "boolean", any, any)
    schema = _semantic("bytes", column.nullable, "io.debezium.data.Bits", parameters=(("length", str(column.length)),))
    return ColumnForm(schema, "bytes", little_endian, lambda cell: base64(little_endian(cell)))


def _temporal(table: Table, column: Column) -> ColumnForm:
    connect_type, name, kind, convert = _TEMPORAL[column.type]
    if column.type is SqlType.DATETIME and column.scale > 3:
        name, convert = "io.debezium.time.MicroTimestamp", datetime_micros
    schema = _semantic(connect_type, column.nullable, name)
    calendar = _calendar(table, column, convert)
    return ColumnForm(schema, kind, calendar, calendar)


def _calendar(table: Table, column: Column, convert: Convert) -> Convert:
    """`convert` for a column that may hold zero and partial dates: null where null is allowed, else an error."""

    def checked(text: str) -> Any:
        try:
            return convert(text)
        except ValueError as error:
            if column.nullable and _MYSQL_DATE.fullmatch(text):
                return None
            raise ValueUnrepresentable(
                f"a {column.type} value is no day of the calendar and its column is NOT NULL",
                table=table.qualified,
                column=column.name,
                value=text,
            ) from error

    return checked


def _allowed(column: Column) -> str:
    return ",".join(label.replace("\\", "\\\\").replace(",", "\\,") for label in column.labels)


def _geometry(optional: bool) -> ConnectSchema:
    return ConnectSchema(
        "struct",
        optional,
        "io.debezium.data.geometry.Geometry",
        1,
        "Geometry",
        fields=(("wkb", ConnectSchema("bytes")), ("srid", ConnectSchema("int32", optional=True))),
    )


# ---- cells ----------------------------------------------------------------------------------------------------------
def base64(value: bytes) -> str:
    """Bytes as Connect's JSON converter writes them."""
    return b2a_base64(value, newline=False).decode("ascii")


def shortest_float(value: float) -> float:
    """The float64 with the fewest digits that is this float32: 0.1 and not 0.10000000149011612, as Java prints it."""
    # Six digits are exact for every float32 of full precision; denormals have less of it and need as few as two.
    for digits in range(6 if abs(value) >= _SMALLEST_NORMAL else 2, 9):
        short = float(f"{value:.{digits}g}")
        try:
            if _FLOAT.unpack(_FLOAT.pack(short))[0] == value:
                return short
        except OverflowError:
            continue  # rounded up beyond the largest float32: one digit more
    return float(f"{value:.9g}")


def minimal_bytes(number: int) -> bytes:
    """Two's complement, big endian, as short as can be; 0 is one byte (Java's BigInteger.toByteArray)."""
    bits = number.bit_length() if number >= 0 else (number + 1).bit_length()
    return number.to_bytes(bits // 8 + 1, "big", signed=True)


def unscaled_text(text: str) -> bytes:
    """A DECIMAL as MySQL prints it (declared fraction kept) to its unscaled value."""
    return minimal_bytes(int(text.replace(".", "", 1)))


def little_endian(bits: bytes) -> bytes:
    """BIT(n): Debezium writes the lowest byte first."""
    return bits[::-1]


def date_days(text: str) -> int:
    """Days since 1970-01-01; ValueError for zero, partial and invalid dates."""
    return date.fromisoformat(text).toordinal() - _EPOCH_DAY


def datetime_micros(text: str) -> int:
    """Microseconds since 1970-01-01 as if the text were UTC; ValueError as `date_days`."""
    at = datetime.fromisoformat(text)
    seconds = ((at.toordinal() - _EPOCH_DAY) * 24 + at.hour) * 3600 + at.minute * 60 + at.second
    return seconds * 1_000_000 + at.microsecond


def datetime_millis(text: str) -> int:
    """Milliseconds, for columns of at most three fractional digits."""
    return datetime_micros(text) // 1000


def time_micros(text: str) -> int:
    """TIME (-838:59:59 to 838:59:59) in microseconds."""
    hours, minutes, seconds = text.lstrip("-").split(":")
    whole, _, fraction = seconds.partition(".")
    micros = ((int(hours) * 60 + int(minutes)) * 60 + int(whole)) * 1_000_000 + int(fraction.ljust(6, "0"))
    return -micros if text.startswith("-") else micros


def zoned(text: str) -> str:
    """TIMESTAMP in UTC to ISO 8601, with the declared fraction; ValueError for the zero timestamp."""
    if text.startswith("0000"):
        raise ValueError("zero timestamp")
    return f"{text[:10]}T{text[11:]}Z"


# connect type, semantic name, Avro kind, conversion
_TEMPORAL: dict[SqlType, tuple[str, str, Kind, Convert]] = {
    SqlType.DATE: ("int32", "io.debezium.time.Date", "long", date_days),
    SqlType.TIME: ("int64", "io.debezium.time.MicroTime", "long", time_micros),
    SqlType.DATETIME: ("int64", "io.debezium.time.Timestamp", "long", datetime_millis),
    SqlType.TIMESTAMP: ("string", "io.debezium.time.ZonedTimestamp", "string", zoned),
}


def compact_json(text: str) -> str:
    """JSON text without blanks between tokens; strings and numbers stay letter by letter as they are."""
    return _JSON_STRING_OR_SPACE.sub(r"\1", text) if " " in text else text


def geometry_object(value: bytes) -> dict[str, Any]:
    """MySQL's geometry value (SRID, WKB) as a Geometry struct; SRID 0 = none."""
    srid = int.from_bytes(value[:_SRID_SIZE], "little")
    return {"wkb": base64(value[_SRID_SIZE:]), "srid": srid or None}


def geometry_avro(value: bytes) -> bytes:
    """The same struct in Avro."""
    srid = int.from_bytes(value[:_SRID_SIZE], "little")
    return encode_bytes(value[_SRID_SIZE:]) + (SOME + encode_long(srid) if srid else NULL)


def vector_list(value: bytes) -> list[float]:
    """MySQL's VECTOR value (float32, little endian) as numbers."""
    return [shortest_float(number) for (number,) in _FLOAT.iter_unpack(value)]


def vector_avro(value: bytes) -> bytes:
    """The same as an Avro array of float: one block, whose items are MySQL's bytes unchanged."""
    return encode_long(len(value) // _FLOAT.size) + value + b"\x00" if value else b"\x00"
