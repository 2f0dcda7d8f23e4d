"""Tables, columns and the value domain that every room shares.

A cell is one of: int, float, str, bytes, None (`Value`):
  integers (all widths)                     int, BIGINT UNSIGNED as its true value 0..2^64-1
  FLOAT, DOUBLE                             float (a FLOAT is the exact float32)
  DECIMAL, DATE, TIME, DATETIME, YEAR       str, the text MySQL prints (zero dates, signs and declared fraction kept)
  TIMESTAMP                                 str, the text MySQL prints in time zone UTC
  CHAR, VARCHAR, TEXT, ENUM, SET, JSON      str (ENUM: the label, '' for index 0; SET: labels joined by ',')
  BINARY, VARBINARY, BLOB, GEOMETRY, VECTOR bytes (BINARY(n) padded to n)
  BIT(n)                                    bytes, big endian, ceil(n / 8) long
"""

from dataclasses import dataclass
from enum import StrEnum

Value = int | float | str | bytes | None
Row = tuple[Value, ...]


class SqlType(StrEnum):
    """MySQL's column types by their SQL names (information_schema.columns.data_type)."""

    TINYINT = "tinyint"
    SMALLINT = "smallint"
    MEDIUMINT = "mediumint"
    INT = "int"
    BIGINT = "bigint"
    FLOAT = "float"
    DOUBLE = "double"
    DECIMAL = "decimal"
    BIT = "bit"
    YEAR = "year"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    TIMESTAMP = "timestamp"
    CHAR = "char"
    VARCHAR = "varchar"
    TINYTEXT = "tinytext"
    TEXT = "text"
    MEDIUMTEXT = "mediumtext"
    LONGTEXT = "longtext"
    BINARY = "binary"
    VARBINARY = "varbinary"
    TINYBLOB = "tinyblob"
    BLOB = "blob"
    MEDIUMBLOB = "mediumblob"
    LONGBLOB = "longblob"
    ENUM = "enum"
    SET = "set"
    JSON = "json"
    GEOMETRY = "geometry"
    VECTOR = "vector"


INTEGERS = frozenset({SqlType.TINYINT, SqlType.SMALLINT, SqlType.MEDIUMINT, SqlType.INT, SqlType.BIGINT})
TEXTS = frozenset({SqlType.CHAR, SqlType.VARCHAR, SqlType.TINYTEXT, SqlType.TEXT, SqlType.MEDIUMTEXT, SqlType.LONGTEXT})
BLOBS = frozenset(
    {SqlType.BINARY, SqlType.VARBINARY, SqlType.TINYBLOB, SqlType.BLOB, SqlType.MEDIUMBLOB, SqlType.LONGBLOB}
)
BYTES = BLOBS | {SqlType.BIT, SqlType.GEOMETRY, SqlType.VECTOR}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of one table version. Two columns are the same to a plan when all fields are equal."""

    name: str
    type: SqlType
    nullable: bool = True
    unsigned: bool = False
    collation: str | None = None  # MySQL collation name of text, ENUM, SET; None for everything else
    length: int = 0  # characters (text), bytes (BINARY, VARBINARY), bits (BIT), digits (DECIMAL), dimensions (VECTOR)
    scale: int = 0  # DECIMAL's scale; fractional digits of TIME, DATETIME, TIMESTAMP
    labels: tuple[str, ...] = ()  # ENUM, SET
    generated: bool = False
    invisible: bool = False

    @property
    def charset(self) -> str | None:
        """MySQL character set of the collation ('utf8mb4_0900_ai_ci' -> 'utf8mb4'); None for non-text."""
        return None if self.collation is None else self.collation.split("_", 1)[0]


@dataclass(frozen=True, slots=True)
class Table:
    """One version of a table. `primary_key` = indexes into `columns`, in key order; empty when there is none."""

    database: str
    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[int, ...] = ()

    @property
    def qualified(self) -> str:
        """database.table, as topics, logs and errors write it."""
        return f"{self.database}.{self.name}"

    def index_of(self, column: str) -> int | None:
        """Index of a column by name, case-insensitive as in MySQL; None when there is none."""
        wanted = column.lower()
        return next((index for index, known in enumerate(self.columns) if known.name.lower() == wanted), None)
