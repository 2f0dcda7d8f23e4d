"""Row images: schema, and bytes against fastavro."""

import io
import json
from typing import Any

import fastavro
import pytest
from hypothesis import given

from connector.encode.rows import RowEncoder, row_schema
from connector.model.errors import InternalError
from connector.model.table import Column, Row, SqlType, Table
from tests.unit.encode.tables import EVERY_TYPE, ROWS

SCHEMA: Any = json.loads(row_schema(EVERY_TYPE))
PARSED = fastavro.parse_schema(SCHEMA)
ENCODER = RowEncoder(EVERY_TYPE)


def as_fastavro_wants(row: Row) -> dict[str, Any]:
    """Field name -> cell, BIGINT UNSIGNED as the signed number of the same bits."""
    result: dict[str, Any] = {}
    for field, column, cell in zip(SCHEMA["fields"], EVERY_TYPE.columns, row, strict=True):
        wraps = isinstance(cell, int) and column.type is SqlType.BIGINT and cell >= 2**63
        result[field["name"]] = cell - 2**64 if wraps and isinstance(cell, int) else cell
    return result


@given(ROWS)
def test_images_are_what_fastavro_writes(row: Row) -> None:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, PARSED, as_fastavro_wants(row))
    assert ENCODER.encode(row) == out.getvalue()


def test_the_schema_of_a_small_table() -> None:
    table = Table(
        "shop",
        "orders",
        (
            Column("id", SqlType.BIGINT, nullable=False, unsigned=True),
            Column("a b", SqlType.ENUM, collation="utf8mb4_bin", labels=("x", "y")),
        ),
        (0,),
    )
    assert json.loads(row_schema(table)) == {
        "type": "record",
        "name": "Row",
        "namespace": "rowcast.row.shop.orders",
        "fields": [
            {
                "name": "id",
                "type": ["null", "long"],
                "default": None,
                "mysql": {
                    "name": "id",
                    "type": "bigint",
                    "nullable": False,
                    "unsigned": True,
                    "encoding": "two's complement",
                },
            },
            {
                "name": "a_b",
                "type": ["null", "string"],
                "default": None,
                "mysql": {
                    "name": "a b",
                    "type": "enum",
                    "nullable": True,
                    "collation": "utf8mb4_bin",
                    "labels": ["x", "y"],
                },
            },
        ],
        "rowcast": {"version": 1, "database": "shop", "table": "orders", "primary_key": [0]},
    }
    assert " " not in row_schema(table).replace("a b", "").replace("two's complement", "")


def test_names_that_avro_reserves_are_possible() -> None:
    table = Table("null", "string", (Column("int", SqlType.INT),))
    fastavro.parse_schema(json.loads(row_schema(table)))


@pytest.mark.parametrize(
    "row", [(1,), (1, "a", 2), ("1", "a"), (1, 2), (2**64, "a"), (1, "\ud800")], ids=["short", "long", *"abcd"]
)
def test_cells_outside_the_domain_are_our_own_error(row: Row) -> None:
    table = Table("d", "t", (Column("id", SqlType.INT), Column("v", SqlType.VARCHAR, collation="utf8mb4_bin")))
    with pytest.raises(InternalError) as caught:
        RowEncoder(table).encode(row)
    assert caught.value.context["table"] == "d.t"
