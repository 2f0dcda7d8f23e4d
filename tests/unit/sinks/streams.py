"""Stream messages for the tests of sinks: built directly, with a decoder that knows rows by number instead of Avro."""

import pickle
import zlib
from collections.abc import Iterable
from dataclasses import replace

from connector.model.message import Body, Change, Copy, Heartbeat, Other, StreamMessage, Transaction
from connector.model.table import Column, Row, SqlType, Table


class PickleDecoder:
    """Row images are pickled rows, messages pickled messages; tables are registered by number."""

    def __init__(self, *tables: Table) -> None:
        self.tables = dict(enumerate(tables, 1))

    def add(self, table: Table) -> int:
        number = len(self.tables) + 1
        self.tables[number] = table
        return number

    def stream(self, value: bytes) -> StreamMessage:
        message = pickle.loads(value)
        assert isinstance(message, StreamMessage)
        return message

    def table(self, schema_id: int) -> Table:
        return self.tables[schema_id]

    def row(self, schema_id: int, image: bytes) -> Row:
        row: Row = pickle.loads(image)
        assert len(row) == len(self.tables[schema_id].columns)
        return row


ITEM = Table(
    "shop",
    "item",
    (
        Column("id", SqlType.INT, nullable=False),
        Column("name", SqlType.VARCHAR, collation="utf8mb4_0900_ai_ci", length=50),
    ),
    (0,),
)


def image(row: Row | None) -> bytes | None:
    return None if row is None else pickle.dumps(row)


def change(before: Row | None, after: Row | None, *, table: int = 1, flags: int = 0) -> Change:
    return Change(table, flags, image(before), image(after))


def insert(*rows: Row, table: int = 1) -> Transaction:
    return Transaction(tuple(change(None, row, table=table) for row in rows))


def copy(*rows: Row, table: int = 1, completed: bool = False) -> Copy:
    return Copy(table, tuple(pickle.dumps(row) for row in rows), None, completed)


def message(seq: int, body: Body | None = None, *, part: int = 0, last: bool = True) -> StreamMessage:
    body = Other() if body is None else body
    return StreamMessage(
        seq=seq,
        part=part,
        last=last,
        position=f"MySQL56/3e11fa47-71ca-11e1-9e33-c80aa9429562:1-{seq}",
        gtid=f"3e11fa47-71ca-11e1-9e33-c80aa9429562:{seq}",
        commit_ts_us=1_700_000_000_000_000 + seq * 1_000_000,
        sent_ts_us=1_700_000_000_500_000 + seq * 1_000_000,
        commit_parent=0,
        sequence_number=0,
        crc32=zlib.crc32(pickle.dumps(body)),
        body=body,
    )


def heartbeat(seq: int, position: str = "") -> StreamMessage:
    beat = message(seq, Heartbeat())
    return replace(beat, position=position) if position else beat


def chunked(seq: int, bodies: Iterable[Body]) -> list[StreamMessage]:
    """One source transaction in as many parts as there are bodies."""
    parts = list(bodies)
    return [message(seq, body, part=part, last=part == len(parts) - 1) for part, body in enumerate(parts)]
