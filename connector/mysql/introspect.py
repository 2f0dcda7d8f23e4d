"""Table definitions from information_schema, as `model.table` describes them.

Called by preflight, the snapshot and the stream (when the binlog's own metadata is MINIMAL). What a column's `length`
holds: characters of CHAR and VARCHAR, bytes of BINARY and VARBINARY, bits of BIT, digits of DECIMAL, dimensions of
VECTOR; 0 for every other type, the TEXT and BLOB families included (their type says it).
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping

from connector.model.errors import SchemaMismatch
from connector.model.table import INTEGERS, TEXTS, Column, SqlType, Table
from connector.mysql.connection import Connection, execute, query

_COLUMNS = """
SELECT c.table_name, c.column_name, c.data_type, c.column_type, c.is_nullable, c.collation_name,
       c.character_maximum_length, c.numeric_precision, c.numeric_scale, c.datetime_precision, c.extra
FROM information_schema.columns c
JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
WHERE t.table_schema = %(database)s AND t.table_type = 'BASE TABLE'{only}
ORDER BY c.table_name, c.ordinal_position
"""
_PRIMARY_KEYS = """
SELECT t.table_name, t.column_name
FROM information_schema.statistics t
WHERE t.table_schema = %(database)s AND t.index_name = 'PRIMARY'{only}
ORDER BY t.table_name, t.seq_in_index
"""

_GEOMETRIES = frozenset(
    {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"}
    | {"geomcollection", "geometrycollection"}
)
_NUMBERS = INTEGERS | {SqlType.FLOAT, SqlType.DOUBLE, SqlType.DECIMAL}
_FRACTIONAL = frozenset({SqlType.TIME, SqlType.DATETIME, SqlType.TIMESTAMP})
_LABELLED = frozenset({SqlType.ENUM, SqlType.SET})
_SIZED = frozenset({SqlType.CHAR, SqlType.VARCHAR, SqlType.BINARY, SqlType.VARBINARY})

_LABEL = re.compile(r"'((?:[^'\\]|''|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(r"''|\\(.)", re.DOTALL)
_ESCAPED = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "Z": "\x1a"}


def read_tables(connection: Connection, database: str, names: Collection[str] | None = None) -> dict[str, Table]:
    """The base tables of a database by name: all, or those of `names` that exist (views never).

    Needs any privilege on the tables; a table that the account may not see is not in the answer.
    """
    if names is not None and not names:
        return {}
    _show_generated_keys(connection)
    args: dict[str, object] = {"database": database}
    only = ""
    if names is not None:
        only = " AND t.table_name IN %(names)s"
        args["names"] = tuple(sorted(names))
    columns: dict[str, list[Column]] = defaultdict(list)
    for name, *row in query(connection, _COLUMNS.format(only=only), args):
        columns[name].append(_column(f"{database}.{name}", *row))
    keys: dict[str, list[str]] = defaultdict(list)
    for name, column in query(connection, _PRIMARY_KEYS.format(only=only), args):
        keys[name].append(column)
    return {name: _table(database, name, found, keys) for name, found in columns.items()}


def parse_labels(column_type: str) -> tuple[str, ...]:
    """The labels of enum('a','b') or set('a','b') as information_schema.columns.column_type writes them.

    A character outside the basic multilingual plane is a '?' there (and in SHOW CREATE TABLE): MySQL keeps this text in
    utf8mb3. The binlog's FULL metadata and the values that a SELECT returns have such labels exactly.
    """
    return tuple(_ESCAPE.sub(_unescape, label) for label in _LABEL.findall(column_type))


def _unescape(match: re.Match[str]) -> str:
    escaped: str | None = match.group(1)
    return "'" if escaped is None else _ESCAPED.get(escaped, escaped)


def _table(database: str, name: str, columns: list[Column], keys: Mapping[str, list[str]]) -> Table:
    indexes = {column.name: index for index, column in enumerate(columns)}
    return Table(database, name, tuple(columns), tuple(indexes[column] for column in keys.get(name, ())))


def _column(
    table: str,
    name: str,
    data_type: str,
    column_type: str,
    is_nullable: str,
    collation: str | None,
    characters: int | None,
    precision: int | None,
    scale: int | None,
    fraction: int | None,
    extra: str,
) -> Column:
    kind = _type(table, name, data_type.lower())
    return Column(
        name=name,
        type=kind,
        nullable=is_nullable == "YES",
        # Only a number's type ends in "unsigned"; an enum's label may say it too.
        unsigned=kind in _NUMBERS and " unsigned" in column_type.lower(),
        collation=collation if kind in TEXTS | _LABELLED else None,
        length=_length(kind, column_type, characters, precision),
        scale=int((scale if kind is SqlType.DECIMAL else fraction if kind in _FRACTIONAL else 0) or 0),
        labels=parse_labels(column_type) if kind in _LABELLED else (),
        # "DEFAULT_GENERATED" is about a default and must not match.
        generated="VIRTUAL GENERATED" in extra or "STORED GENERATED" in extra,
        invisible="INVISIBLE" in extra,
    )


def _type(table: str, column: str, data_type: str) -> SqlType:
    if data_type in _GEOMETRIES:
        return SqlType.GEOMETRY
    try:
        return SqlType(data_type)
    except ValueError:
        raise SchemaMismatch(
            f"column {column} has the type {data_type}, which rowcast does not know",
            hint="Leave the table out of the rules.",
            table=table,
        ) from None


def _length(kind: SqlType, column_type: str, characters: int | None, precision: int | None) -> int:
    if kind in _SIZED:
        return int(characters or 0)
    if kind in (SqlType.BIT, SqlType.DECIMAL):
        return int(precision or 0)
    if kind is SqlType.VECTOR:
        found = re.search(r"\((\d+)\)", column_type)
        return int(found.group(1)) if found else 0
    return 0


def _show_generated_keys(connection: Connection) -> None:
    """A primary key that MySQL generated is a column of the binlog's rows even where the server is set to hide it."""
    for name, value in query(connection, "SHOW VARIABLES LIKE 'show_gipk_in_create_table_and_information_schema'"):
        if value == "OFF":
            execute(connection, f"SET SESSION {name} = ON")
