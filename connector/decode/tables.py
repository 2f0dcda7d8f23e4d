"""Table maps and table definitions: a `Table` from FULL metadata, and whether a known `Table` is the version a map
describes.

Called by the source task: with binlog_row_metadata=FULL the binlog describes its own tables, with MINIMAL the
definition comes from the server and must be shown to fit before any row is decoded.
"""

from collections.abc import Iterator
from dataclasses import replace

from connector.decode import field_types as ft
from connector.decode.charsets import bytes_per_character, charset_of, collation_name, decoder_of
from connector.model.errors import SchemaMismatch, ValueUndecodable
from connector.model.events import MapColumn, TableMap
from connector.model.table import BLOBS, INTEGERS, TEXTS, Column, SqlType, Table

_TYPES: dict[int, SqlType] = {
    ft.TINY: SqlType.TINYINT,
    ft.SHORT: SqlType.SMALLINT,
    ft.INT24: SqlType.MEDIUMINT,
    ft.LONG: SqlType.INT,
    ft.LONGLONG: SqlType.BIGINT,
    ft.FLOAT: SqlType.FLOAT,
    ft.DOUBLE: SqlType.DOUBLE,
    ft.DECIMAL: SqlType.DECIMAL,
    ft.BIT: SqlType.BIT,
    ft.YEAR: SqlType.YEAR,
    ft.DATE: SqlType.DATE,
    ft.NEWDATE: SqlType.DATE,
    ft.TIME: SqlType.TIME,
    ft.TIME_OLD: SqlType.TIME,
    ft.DATETIME: SqlType.DATETIME,
    ft.DATETIME_OLD: SqlType.DATETIME,
    ft.TIMESTAMP: SqlType.TIMESTAMP,
    ft.TIMESTAMP_OLD: SqlType.TIMESTAMP,
    ft.ENUM: SqlType.ENUM,
    ft.SET: SqlType.SET,
    ft.JSON: SqlType.JSON,
    ft.GEOMETRY: SqlType.GEOMETRY,
    ft.VECTOR: SqlType.VECTOR,
}
_TEXT_TYPES = {ft.STRING: SqlType.CHAR, ft.VARCHAR: SqlType.VARCHAR, ft.VAR_STRING: SqlType.VARCHAR}
_BINARY_TYPES = {ft.STRING: SqlType.BINARY, ft.VARCHAR: SqlType.VARBINARY, ft.VAR_STRING: SqlType.VARBINARY}
# By the number of length bytes.
_TEXTS = (SqlType.TINYTEXT, SqlType.TEXT, SqlType.MEDIUMTEXT, SqlType.LONGTEXT)
_BLOBS = (SqlType.TINYBLOB, SqlType.BLOB, SqlType.MEDIUMBLOB, SqlType.LONGBLOB)
_NUMBERS = INTEGERS | {SqlType.FLOAT, SqlType.DOUBLE, SqlType.DECIMAL}
_FRACTIONAL = frozenset({ft.TIME, ft.DATETIME, ft.TIMESTAMP})
_LABELLED = frozenset({SqlType.ENUM, SqlType.SET})
_WITH_CHARSET = frozenset({ft.VARCHAR, ft.VAR_STRING, ft.STRING, ft.BLOB, ft.ENUM, ft.SET})


def table_from_map(table_map: TableMap) -> Table:
    """The table as the map describes it. `generated` is False everywhere: the binlog does not know.

    SchemaMismatch when the metadata is not FULL or names a collation that no known MySQL has; ValueUndecodable for a
    label that is not valid in its character set.
    """
    if not table_map.full:
        raise SchemaMismatch(
            "the binlog does not describe the table: binlog_row_metadata is not FULL",
            table=f"{table_map.database}.{table_map.table}",
        )
    columns = tuple(_column(table_map, mapped) for mapped in table_map.columns)
    return Table(table_map.database, table_map.table, columns, table_map.primary_key or ())


def mismatches(table_map: TableMap, table: Table) -> list[str]:
    """What the map says that `table` denies, one sentence each; empty = the table is the version the map describes.

    Compares what the map has: with MINIMAL metadata that is types, lengths, nullability, signs and character sets.
    `generated` is not compared.
    """
    if len(table_map.columns) != len(table.columns):
        return [f"the binlog has {len(table_map.columns)} columns, the table {len(table.columns)}"]
    found: list[str] = []
    for index, (mapped, column) in enumerate(zip(table_map.columns, table.columns, strict=True)):
        described = _as_far_as_known(table_map, mapped, column)
        found += (f"column {index + 1} ({column.name}): {what}" for what in _differences(described, column))
    if table_map.primary_key is not None and table_map.primary_key != table.primary_key:
        found.append(
            f"the binlog's primary key is {_names(table_map.primary_key, table)}, "
            f"the table's {_names(table.primary_key, table)}"
        )
    return found


def _names(key: tuple[int, ...], table: Table) -> str:
    return f"({', '.join(table.columns[index].name for index in key)})"


def _as_far_as_known(table_map: TableMap, mapped: MapColumn, column: Column) -> Column:
    """The column that the map describes; what the map leaves open is taken from `column`."""
    if mapped.collation_id is None and mapped.type in _WITH_CHARSET:
        # No charset in the map (MySQL 5.7, or ENUM and SET with MINIMAL metadata): believe the table.
        return _believing(mapped, column)
    described = _column(table_map, replace(mapped, labels=mapped.labels or (), name=mapped.name or column.name))
    if mapped.labels is None:
        described = replace(described, labels=column.labels)
    if mapped.unsigned is None:
        described = replace(described, unsigned=column.unsigned)
    if described.type is SqlType.VECTOR and not described.length:
        described = replace(described, length=column.length)
    if not table_map.full:
        described = replace(described, invisible=column.invisible)
    return replace(described, generated=column.generated)


def _believing(mapped: MapColumn, column: Column) -> Column:
    """A map's string column without charset, read with the table's own collation where the layouts agree."""
    is_text = column.type in TEXTS
    if mapped.type in (ft.ENUM, ft.SET):
        kind = _TYPES[mapped.type]
        return replace(column, type=kind, nullable=mapped.nullable, name=mapped.name or column.name)
    if not is_text and column.type not in BLOBS:
        kind, length = _string_type(mapped, None), 0
    else:
        kind, length = _string_type(mapped, column.collation if is_text else "binary"), column.length
        if kind in (SqlType.CHAR, SqlType.VARCHAR, SqlType.BINARY, SqlType.VARBINARY):
            length = _length(mapped, column.collation if is_text else None)
    return replace(column, type=kind, length=length, nullable=mapped.nullable, name=mapped.name or column.name)


def _differences(described: Column, column: Column) -> Iterator[str]:
    if described.type is not column.type:
        yield f"the binlog has {described.type}, the table {column.type}"
        return
    if described.name.lower() != column.name.lower():
        yield f"the binlog calls it {described.name}"
    for aspect in ("length", "scale", "nullable", "unsigned", "invisible"):
        if (theirs := getattr(described, aspect)) != (ours := getattr(column, aspect)):
            yield f"{aspect} is {theirs} in the binlog, {ours} in the table"
    if not _same_collation(described.collation, column.collation):
        yield f"collation is {described.collation} in the binlog, {column.collation} in the table"
    if described.labels != column.labels and _as_information_schema(described.labels) != column.labels:
        yield "the labels differ"


def _same_collation(described: str | None, known: str | None) -> bool:
    if described is None or known is None:
        return described is known
    # utf8_general_ci of a server before 8.0.30 is utf8mb3_general_ci.
    return described == known or (
        charset_of(described) == charset_of(known) and described.partition("_")[2] == known.partition("_")[2]
    )


def _as_information_schema(labels: tuple[str, ...]) -> tuple[str, ...]:
    """information_schema keeps type texts in utf8mb3 and shows any other character as '?'."""
    return tuple("".join("?" if ord(char) > 0xFFFF else char for char in label) for label in labels)


def _column(table_map: TableMap, mapped: MapColumn) -> Column:
    where = {"column": f"{table_map.database}.{table_map.table}.{mapped.name}"}
    collation = None if mapped.collation_id is None else collation_name(mapped.collation_id)
    if mapped.collation_id is not None and collation is None:
        raise SchemaMismatch(f"collation id {mapped.collation_id} is unknown", **where)
    kind = _TYPES.get(mapped.type) or _string_type(mapped, collation)
    # An ENUM or SET of the binary character set has no collation in information_schema.
    is_text = (kind in TEXTS or kind in _LABELLED) and collation != "binary"
    return Column(
        name=mapped.name or "",
        type=kind,
        nullable=mapped.nullable,
        unsigned=bool(mapped.unsigned) and kind in _NUMBERS,
        collation=collation if is_text else None,
        length=_length(mapped, collation if is_text else None),
        scale=_scale(mapped),
        labels=_labels(mapped, collation, where) if kind in _LABELLED else (),
        invisible=mapped.invisible,
    )


def _string_type(mapped: MapColumn, collation: str | None) -> SqlType:
    """CHAR and BINARY, VARCHAR and VARBINARY, TEXT and BLOB share a code; the binary collation tells them apart."""
    binary = collation == "binary"
    if mapped.type == ft.BLOB:
        return (_BLOBS if binary else _TEXTS)[mapped.metadata - 1]
    return (_BINARY_TYPES if binary else _TEXT_TYPES)[mapped.type]


def _length(mapped: MapColumn, collation: str | None) -> int:
    """What `Column.length` holds; `collation` is None for bytes."""
    if mapped.type in (ft.STRING, ft.VARCHAR, ft.VAR_STRING):
        return mapped.metadata // (1 if collation is None else bytes_per_character(charset_of(collation)))
    if mapped.type == ft.BIT:
        return (mapped.metadata >> 8) * 8 + (mapped.metadata & 0xFF)
    if mapped.type in (ft.DECIMAL, ft.VECTOR):
        return mapped.metadata >> 8
    return 0


def _scale(mapped: MapColumn) -> int:
    if mapped.type == ft.DECIMAL:
        return mapped.metadata & 0xFF
    return mapped.metadata if mapped.type in _FRACTIONAL else 0


def _labels(mapped: MapColumn, collation: str | None, where: dict[str, str]) -> tuple[str, ...]:
    # Labels of the binary character set are the bytes the definition was sent in: utf8.
    charset = "utf8mb4" if collation is None or collation == "binary" else charset_of(collation)
    decode = decoder_of(charset)
    try:
        return tuple(decode(label) for label in mapped.labels or ())
    except UnicodeDecodeError as error:
        raise ValueUndecodable(f"a label of {charset} cannot be decoded", **where) from error
