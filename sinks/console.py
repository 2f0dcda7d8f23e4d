"""Every change as one line of JSON, for people and pipes. A sink without a memory: it starts where it is told to.

Keys: seq, part (chunked transactions only), position, gtid, ts_us, op (c, u, d as in Debezium's envelope; r = copied
row; ddl), table, before, after. Bytes are base64. The parts of a large transaction are printed as they come; when the
source sends such a transaction again from its start, part 0 is printed again.
"""

import base64
import json
from collections.abc import Iterator
from typing import TextIO

from connector.model.errors import RowcastError, TargetFailed
from connector.model.message import Copy, DdlStatement, StreamMessage, Transaction
from connector.model.table import Row, Table, Value
from sinks.protocol import Batch, Durable, RowDecoder


class ConsoleSink:
    """Writes to a text stream; implements `sinks.protocol.Sink`."""

    def __init__(self, out: TextIO, decoder: RowDecoder, *, start_offset: int | None = None) -> None:
        """`start_offset` None = from the oldest record of the topic; the high watermark = only what is new."""
        self._out = out
        self._decoder = decoder
        self._progress = Durable(offset=start_offset, seq=None)

    def open(self) -> Durable:
        """Where it starts; after an error, after what was printed last."""
        return self._progress

    def apply(self, batch: Batch) -> None:
        """Print and flush. TargetFailed when the output is closed."""
        try:
            for message in batch.messages:
                for line in self._lines(message):
                    self._out.write(line + "\n")
            self._out.flush()
        except OSError as raised:
            raise TargetFailed(
                "the output is closed", hint="Start again with something that reads it.", reason=raised.strerror
            ) from raised
        if batch.complete:
            self._progress = batch.progress

    def rollback(self) -> None:
        """Nothing to undo: what is printed is printed."""

    def fail(self, error: RowcastError) -> None:
        """Nothing to record."""

    def close(self) -> None:
        """The output stays open, it is the caller's."""

    def _lines(self, message: StreamMessage) -> Iterator[str]:
        head: dict[str, object] = {
            "seq": message.seq,
            **({} if message.last and message.part == 0 else {"part": message.part}),
            "position": message.position,
            "gtid": message.gtid,
            "ts_us": message.commit_ts_us,
        }
        match message.body:
            case Transaction(changes):
                for change in changes:
                    op = "c" if change.before is None else "d" if change.after is None else "u"
                    yield self._line(head, op, change.table, change.before, change.after)
            case Copy(table, rows):
                for row in rows:
                    yield self._line(head, "r", table, None, row)
            case DdlStatement(sql, database, tables):
                yield _json({**head, "op": "ddl", "database": database, "tables": tables, "sql": sql})

    def _line(self, head: dict[str, object], op: str, schema_id: int, before: bytes | None, after: bytes | None) -> str:
        table = self._decoder.table(schema_id)
        images = {
            name: None if image is None else _cells(table, self._decoder.row(schema_id, image))
            for name, image in (("before", before), ("after", after))
        }
        return _json({**head, "op": op, "table": table.qualified, **images})


def _cells(table: Table, row: Row) -> dict[str, object]:
    return {column.name: _cell(value) for column, value in zip(table.columns, row, strict=True)}


def _cell(value: Value) -> object:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _json(line: dict[str, object]) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))
