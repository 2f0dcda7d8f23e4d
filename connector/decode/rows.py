"""Rows events to rows, with the readers of one table version; called by the transcoder for tables that a rule wants.

Cells are in the value domain of `model.table`, in column order.
"""

import struct
from collections.abc import Iterator
from typing import NoReturn

from connector.decode.bytestream import ByteStream, Truncated
from connector.decode.cells import Reader, cell_reader
from connector.model.errors import BinlogCorrupt, RowImagePartial, SchemaMismatch, ValueUndecodable
from connector.model.events import RowChange, Rows, TableMap
from connector.model.table import Row, Table, Value

_CUT = (Truncated, struct.error, IndexError)


class RowDecoder:
    """Decodes rows of one table version. `table` must be the version that `table_map` describes (see
    tables.mismatches).
    """

    def __init__(self, table_map: TableMap, table: Table) -> None:
        """SchemaMismatch when the two have different columns, or a type or character set that nobody knows."""
        if len(table_map.columns) != len(table.columns):
            raise SchemaMismatch(
                f"the binlog has {len(table_map.columns)} columns, the table {len(table.columns)}",
                table=table.qualified,
            )
        self._table = table
        self._readers: list[Reader] = []
        for mapped, column in zip(table_map.columns, table.columns, strict=True):
            try:
                self._readers.append(cell_reader(mapped, column))
            except (LookupError, ValueError) as error:
                raise SchemaMismatch(str(error), column=f"{table.qualified}.{column.name}") from error
        self._null_bytes = (len(self._readers) + 7) // 8
        self._no_nulls = bytes(self._null_bytes)
        self._all_columns = (1 << len(self._readers)) - 1

    def decode(self, rows: Rows) -> Iterator[RowChange]:
        """The changes in order. Raises RowImagePartial, ValueUndecodable (naming the column) and BinlogCorrupt.

        A row is decoded when it is asked for: an error in the last row comes after the rows before it.
        """
        data = bytes(rows.body)
        at = self._first_row(data, rows)
        end = len(data)
        row = self._row
        if rows.kind == "insert":
            while at < end:
                after, at = row(data, at)
                yield RowChange(None, after)
        elif rows.kind == "delete":
            while at < end:
                before, at = row(data, at)
                yield RowChange(before, None)
        else:
            while at < end:
                before, at = row(data, at)
                after, at = row(data, at)
                yield RowChange(before, after)

    def _first_row(self, data: bytes, rows: Rows) -> int:
        """Check the post-header and the bitmaps of present columns; where the first row begins."""
        stream = ByteStream(data)
        try:
            stream.skip(8)  # table id, flags
            if rows.version == 2:
                stream.skip(stream.integer(2) - 2)  # extra data: partition ids, NDB
            count = stream.lenenc()
            if count != len(self._readers):
                raise BinlogCorrupt(
                    f"a rows event has {count} columns, its table map {len(self._readers)}", table=self._table.qualified
                )
            for _ in range(2 if rows.kind == "update" else 1):
                present = int.from_bytes(stream.take(self._null_bytes), "little")
                if present & self._all_columns != self._all_columns:
                    raise RowImagePartial(
                        f"{present.bit_count()} of {count} columns are in the row image", table=self._table.qualified
                    )
        except Truncated as error:
            self._corrupt(f"a rows event is cut in its header: {error}", error)
        return stream.position

    def _row(self, data: bytes, at: int) -> tuple[Row, int]:
        start = at
        values: list[Value] = []
        append = values.append
        try:
            at += self._null_bytes
            nulls = data[start:at]
            if nulls == self._no_nulls:
                for read in self._readers:
                    value, at = read(data, at)
                    append(value)
            else:
                if len(nulls) < self._null_bytes:
                    raise Truncated("the null bitmap is cut")
                bits = int.from_bytes(nulls, "little")
                for read in self._readers:
                    if bits & 1:
                        append(None)
                    else:
                        value, at = read(data, at)
                        append(value)
                    bits >>= 1
        except _CUT as error:
            self._corrupt(f"a row is cut in column {self._table.columns[len(values)].name}: {error}", error)
        except ValueError as error:
            column = self._table.columns[len(values)]
            raise ValueUndecodable(
                f"{column.type} value cannot be decoded: {_reason(error)}",
                column=f"{self._table.qualified}.{column.name}",
            ) from error
        return tuple(values), at

    def _corrupt(self, what: str, cause: Exception) -> NoReturn:
        raise BinlogCorrupt(what, table=self._table.qualified) from cause


def _reason(error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        found = bytes(error.object[error.start : min(error.end, error.start + 8)]).hex()
        return f"bytes {found} at offset {error.start} are not valid {error.encoding}"
    return str(error)
