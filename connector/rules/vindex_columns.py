"""Whether a table's columns suit a vindex, asked before any row comes. Called by `bind`."""

from collections.abc import Sequence

from connector.model.errors import RuleColumnUnknown, RuleInvalid, RuleUnsupported
from connector.model.plan import VindexRef
from connector.model.table import Column, SqlType, Table
from connector.vindex.registry import build

# Vitess hashes the text of a value; these have no single text, or none that the source and Vitess agree on.
_NO_TEXT = frozenset({SqlType.FLOAT, SqlType.DOUBLE, SqlType.JSON, SqlType.GEOMETRY, SqlType.VECTOR})

# The text of these is never a whole number.
_NEVER_NUMBERS = frozenset({SqlType.BIT, SqlType.DATE, SqlType.TIME, SqlType.DATETIME, SqlType.TIMESTAMP})


def vindex_columns(table: Table, columns: Sequence[str], ref: VindexRef) -> tuple[int, ...]:
    """Indexes of the columns that a vindex takes.

    Raises RuleColumnUnknown, RuleInvalid for another number of columns than the vindex has, RuleUnsupported for a
    column of a type that has no keyspace ids under it.
    """
    vindex = build(ref)
    name = ref.name or ref.type
    if len(columns) != vindex.columns:
        plural = "" if vindex.columns == 1 else "s"
        raise RuleInvalid(f"vindex {name} takes {vindex.columns} column{plural}, not {len(columns)}")
    indexes = []
    for column_name, number in zip(columns, vindex.reads_numbers, strict=True):
        index = table.index_of(column_name)
        if index is None:
            raise RuleColumnUnknown(f"table {table.qualified} has no column {column_name}")
        column = table.columns[index]
        if ref.type != "null" and (column.type in _NO_TEXT or (number and _never_a_number(column))):
            kind = column.type.value.upper()
            raise RuleUnsupported(f"vindex {name} over {kind} column {column.name} is not supported")
        indexes.append(index)
    return tuple(indexes)


def _never_a_number(column: Column) -> bool:
    return column.type in _NEVER_NUMBERS or (column.type is SqlType.DECIMAL and column.scale > 0)
