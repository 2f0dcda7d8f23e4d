"""Row images of stream topics: the row schema of one table version, and the encoder for its rows.

Called by the transcoder (encoder) and by whoever registers schemas. The schema's properties hold everything that
`sinks.messages` needs to build an equal `Table`.
"""

import json
import struct
from typing import Any

from connector.encode.avro import Field, record_writer
from connector.model.errors import InternalError
from connector.model.table import Column, Row, Table
from schemas.lossless import LOSSLESS, wraps
from schemas.names import avro_field_names, injective_avro_name

# What a generated writer raises for a cell outside the value domain of connector.model.table.
CELL_ERRORS = (TypeError, AttributeError, ValueError, OverflowError, LookupError, struct.error)


def row_schema(table: Table) -> str:
    """Avro schema of the table's rows: compact JSON, equal text for equal tables.

    Every field is nullable, so that a later version of the table stays readable. The record property `rowcast` holds
    database, table and primary key (column indexes); each field's `mysql` holds the column.
    """
    names = avro_field_names(column.name for column in table.columns)
    schema = {
        "type": "record",
        "name": "Row",
        # The table is a part of the namespace: Avro forbids records named like primitive types, tables may be.
        "namespace": f"rowcast.row.{injective_avro_name(table.database)}.{injective_avro_name(table.name)}",
        "fields": [
            {"name": name, "type": ["null", LOSSLESS[column.type]], "default": None, "mysql": _properties(column)}
            for name, column in zip(names, table.columns, strict=True)
        ],
        "rowcast": {
            "version": 1,
            "database": table.database,
            "table": table.name,
            "primary_key": list(table.primary_key),
        },
    }
    return json.dumps(schema, separators=(",", ":"), ensure_ascii=False)


def _properties(column: Column) -> dict[str, Any]:
    """The column as JSON; fields that have their default value are left out."""
    properties: dict[str, Any] = {"name": column.name, "type": str(column.type), "nullable": column.nullable}
    if column.unsigned:
        properties["unsigned"] = True
    if column.collation is not None:
        properties["collation"] = column.collation
    if column.length:
        properties["length"] = column.length
    if column.scale:
        properties["scale"] = column.scale
    if column.labels:
        properties["labels"] = list(column.labels)
    if column.generated:
        properties["generated"] = True
    if column.invisible:
        properties["invisible"] = True
    if wraps(column.type, column.unsigned):
        properties["encoding"] = "two's complement"
    return properties


def _field(column: Column) -> Field:
    kind = LOSSLESS[column.type]
    match kind:
        case "long":
            return Field("wrapped_long" if wraps(column.type, column.unsigned) else "long", nullable=True)
        case "float" | "double" | "string" | "bytes":
            return Field(kind, nullable=True)
        case _:
            raise InternalError("no encoding for an Avro type of the lossless profile", type=kind)


class RowEncoder:
    """Encodes rows of one table version as row images (bare Avro, the schema is named by `Change.table`)."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._write = record_writer([_field(column) for column in table.columns])

    def encode(self, row: Row) -> bytes:
        """The image of one row, cells in column order. INTERNAL for cells that are not in the value domain."""
        try:
            return self._write(row)
        except CELL_ERRORS as error:
            raise InternalError(
                "a row does not have the cells that its table describes",
                table=self._table.qualified,
                reason=type(error).__name__,
            ) from error
