"""TABLE_MAP events to `TableMap`: types, metadata and the optional metadata (MINIMAL or FULL); called by the event
reader.

The optional metadata is a list of (type, length, value). A type that is not known is skipped by its length, so newer
servers stay readable.
"""

from collections.abc import Iterator, Sequence, Set
from typing import TypeVar

from connector.decode import field_types as ft
from connector.decode.bytestream import ByteStream, Truncated
from connector.model.events import MapColumn, TableMap

(
    _SIGNEDNESS,
    _DEFAULT_CHARSET,
    _COLUMN_CHARSET,
    _COLUMN_NAME,
    _SET_LABELS,
    _ENUM_LABELS,
    _GEOMETRY_TYPE,
    _SIMPLE_PRIMARY_KEY,
    _PRIMARY_KEY_WITH_PREFIX,
    _LABEL_DEFAULT_CHARSET,
    _LABEL_COLUMN_CHARSET,
    _VISIBILITY,
    _VECTOR_DIMENSIONS,
) = range(1, 14)

_LENGTH_BYTES = frozenset({ft.BLOB, ft.GEOMETRY, ft.JSON, ft.VECTOR})
_ONE_BYTE = frozenset({ft.FLOAT, ft.DOUBLE, ft.TIMESTAMP, ft.DATETIME, ft.TIME})
_NO_METADATA = frozenset(
    {
        ft.TINY,
        ft.SHORT,
        ft.LONG,
        ft.LONGLONG,
        ft.INT24,
        ft.DATE,
        ft.NEWDATE,
        ft.YEAR,
        ft.TIMESTAMP_OLD,
        ft.TIME_OLD,
        ft.DATETIME_OLD,
    }
)


T = TypeVar("T")


class UnknownFieldType(Exception):
    """A column type whose metadata we cannot measure; every later column would be misread."""


def parse_table_map(body: bytes) -> TableMap:
    """The body of a TABLE_MAP event (checksum removed). Raises Truncated, UnknownFieldType or UnicodeDecodeError.

    `MapColumn.metadata` is: bytes of the longest value (VARCHAR, STRING), bytes of the number (ENUM, SET), length
    bytes (BLOB, JSON, GEOMETRY), precision << 8 | scale (DECIMAL), whole bytes << 8 | bits (BIT), fractional digits
    (temporal), dimensions << 8 | length bytes (VECTOR; 0 dimensions = not said).
    """
    stream = ByteStream(body)
    table_id = stream.integer(6)
    stream.skip(2)  # flags
    database = _terminated(stream)
    table = _terminated(stream)
    count = stream.lenenc()
    if count == 0:
        raise Truncated("a table without columns")
    codes = stream.take(count)
    columns = _types(ByteStream(stream.lenenc_bytes()), codes)
    nullable = _bits(stream.take((count + 7) // 8), count, lowest_first=True)
    fields = dict(_fields(stream))

    types = [code for code, _ in columns]
    signs = _spread(types, ft.SIGNED, _signs(fields.get(_SIGNEDNESS), types))
    collations = _collations(fields, types, ft.CHARACTER, _DEFAULT_CHARSET, _COLUMN_CHARSET)
    collations = {index: number for index, number in collations.items() if types[index] != ft.VECTOR}
    collations |= _collations(fields, types, {ft.ENUM, ft.SET}, _LABEL_DEFAULT_CHARSET, _LABEL_COLUMN_CHARSET)
    labels = _spread(types, {ft.SET}, _label_lists(fields.get(_SET_LABELS)))
    labels |= _spread(types, {ft.ENUM}, _label_lists(fields.get(_ENUM_LABELS)))
    dimensions = _spread(types, {ft.VECTOR}, _numbers(fields.get(_VECTOR_DIMENSIONS)))
    names = _names(fields.get(_COLUMN_NAME), count)
    visible = _visibility(fields.get(_VISIBILITY), count)
    return TableMap(
        table_id,
        database,
        table,
        tuple(
            MapColumn(
                type=code,
                metadata=metadata | dimensions.get(index, 0) << 8 if code == ft.VECTOR else metadata,
                nullable=nullable[index],
                unsigned=signs.get(index) if code != ft.YEAR else False,
                name=names[index],
                collation_id=collations.get(index),
                labels=labels.get(index),
                invisible=not visible[index],
            )
            for index, (code, metadata) in enumerate(columns)
        ),
        _primary_key(fields, count, full=_COLUMN_NAME in fields),
    )


def _terminated(stream: ByteStream) -> str:
    text = stream.u8_bytes()
    stream.skip(1)  # the terminating zero
    return text.decode()


def _types(metadata: ByteStream, codes: bytes) -> list[tuple[int, int]]:
    """(real type, metadata) of every column."""
    columns: list[tuple[int, int]] = []
    for code in codes:
        if code in _NO_METADATA:
            columns.append((code, 0))
        elif code in _LENGTH_BYTES:
            columns.append((code, _length_bytes(metadata.u8())))
        elif code in _ONE_BYTE:
            columns.append((code, metadata.u8()))
        elif code in (ft.VARCHAR, ft.VAR_STRING, ft.BIT):
            columns.append((code, metadata.integer(2)))
        elif code == ft.DECIMAL:
            columns.append((code, metadata.u8() << 8 | metadata.u8()))
        elif code in (ft.STRING, ft.ENUM, ft.SET):
            columns.append(_string_type(metadata.u8(), metadata.u8()))
        else:
            raise UnknownFieldType(f"column type {code}")
    return columns


def _string_type(first: int, second: int) -> tuple[int, int]:
    """CHAR, BINARY, ENUM and SET share a code; the real type is in the first byte, whose bits 4 and 5 may hold length
    bits 8 and 9.
    """
    code, size = first, second
    if first & 0x30 != 0x30:
        code, size = first | 0x30, second | ((first & 0x30) ^ 0x30) << 4
    if code not in (ft.STRING, ft.ENUM, ft.SET):
        raise UnknownFieldType(f"column type {code}")
    return code, size


def _length_bytes(count: int) -> int:
    if not 1 <= count <= 4:
        raise Truncated(f"a column with {count} length bytes")
    return count


def _fields(stream: ByteStream) -> Iterator[tuple[int, bytes]]:
    while stream.left:
        yield stream.u8(), stream.lenenc_bytes()


def _bits(data: bytes, count: int, *, lowest_first: bool) -> list[bool]:
    if len(data) * 8 < count:
        raise Truncated(f"{count} bits wanted, {len(data)} bytes there")
    if lowest_first:
        return [bool(data[index >> 3] >> (index & 7) & 1) for index in range(count)]
    return [bool(data[index >> 3] >> (7 - (index & 7)) & 1) for index in range(count)]


def _spread(types: Sequence[int], wanted: Set[int], values: Sequence[T] | None) -> dict[int, T]:
    """Values listed for the columns of the wanted types only -> by column index."""
    if values is None:
        return {}
    indexes = [index for index, code in enumerate(types) if code in wanted]
    if len(values) < len(indexes):
        raise Truncated(f"{len(indexes)} columns wanted, {len(values)} described")
    return dict(zip(indexes, values, strict=False))


def _signs(data: bytes | None, types: Sequence[int]) -> list[bool] | None:
    count = sum(code in ft.SIGNED for code in types)
    return None if data is None else _bits(data, count, lowest_first=False)


def _numbers(data: bytes | None) -> list[int] | None:
    if data is None:
        return None
    stream = ByteStream(data)
    numbers = []
    while stream.left:
        numbers.append(stream.lenenc())
    return numbers


def _collations(
    fields: dict[int, bytes], types: Sequence[int], wanted: Set[int], default_field: int, column_field: int
) -> dict[int, int]:
    """Collation ids by column index: either a list of all, or a default and the exceptions."""
    if column_field in fields:
        return _spread(types, wanted, _numbers(fields[column_field]))
    numbers = _numbers(fields.get(default_field))
    if not numbers:
        return {}
    default, *exceptions = numbers
    if len(exceptions) % 2:
        raise Truncated("a column without a collation in the charset list")
    indexes = [index for index, code in enumerate(types) if code in wanted]
    collations = dict.fromkeys(range(len(indexes)), default)
    collations.update(zip(exceptions[::2], exceptions[1::2], strict=True))
    if len(collations) != len(indexes):
        raise Truncated("a collation for a column that is not there")
    return {indexes[position]: collation for position, collation in collations.items()}


def _label_lists(data: bytes | None) -> list[tuple[bytes, ...]] | None:
    if data is None:
        return None
    stream = ByteStream(data)
    lists = []
    while stream.left:
        lists.append(tuple(stream.lenenc_bytes() for _ in range(stream.lenenc())))
    return lists


def _names(data: bytes | None, count: int) -> list[str | None]:
    if data is None:
        return [None] * count
    stream = ByteStream(data)
    return [stream.lenenc_bytes().decode() for _ in range(count)]


def _visibility(data: bytes | None, count: int) -> list[bool]:
    return [True] * count if data is None else _bits(data, count, lowest_first=False)


def _primary_key(fields: dict[int, bytes], count: int, *, full: bool) -> tuple[int, ...] | None:
    """Column indexes in key order; whole columns and prefixes count alike. None when the metadata does not say."""
    numbers = _numbers(fields.get(_SIMPLE_PRIMARY_KEY))
    if numbers is None and (pairs := _numbers(fields.get(_PRIMARY_KEY_WITH_PREFIX))) is not None:
        numbers = pairs[::2]
    if numbers is None:
        return () if full else None
    if any(index >= count for index in numbers):
        raise Truncated("a primary key column that is not there")
    return tuple(numbers)
