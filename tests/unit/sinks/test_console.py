"""Lines of the console sink."""

import io
import json

import pytest

from connector.model.errors import TargetFailed
from connector.model.message import CopyCompleted, DdlStatement, StreamMessage, Transaction
from connector.model.table import Column, SqlType, Table
from sinks.console import ConsoleSink
from sinks.protocol import Batch, Durable
from tests.unit.sinks.streams import ITEM, PickleDecoder, change, chunked, copy, insert, message

FILES = Table("shop", "file", (Column("id", SqlType.INT), Column("data", SqlType.BLOB)), (0,))


def lines(*messages: StreamMessage) -> list[dict[str, object]]:
    out = io.StringIO()
    ConsoleSink(out, PickleDecoder(ITEM, FILES)).apply(Batch(messages, Durable(1, 1)))
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_changes() -> None:
    body = Transaction((change(None, (1, "ä")), change((1, "ä"), (1, None)), change((1, None), None)))
    created, updated, deleted = lines(message(5, body))
    assert created == {
        "seq": 5,
        "position": message(5).position,
        "gtid": message(5).gtid,
        "ts_us": message(5).commit_ts_us,
        "op": "c",
        "table": "shop.item",
        "before": None,
        "after": {"id": 1, "name": "ä"},
    }
    assert (updated["op"], updated["before"], updated["after"]) == (
        "u",
        {"id": 1, "name": "ä"},
        {"id": 1, "name": None},
    )
    assert (deleted["op"], deleted["before"], deleted["after"]) == ("d", {"id": 1, "name": None}, None)


def test_copied_rows_bytes_and_ddl() -> None:
    copied, ddl = lines(
        message(1, copy((1, b"\xff\x00"), table=2)),
        message(2, CopyCompleted()),
        message(3, DdlStatement("drop table x", "shop", ("x",))),
    )
    assert (copied["op"], copied["table"], copied["after"]) == ("r", "shop.file", {"id": 1, "data": "/wA="})
    assert (ddl["op"], ddl["sql"], ddl["tables"]) == ("ddl", "drop table x", ["x"])


def test_parts_are_numbered() -> None:
    assert [line["part"] for line in lines(*chunked(1, [insert((1, "a")), insert((2, "b"))]))] == [0, 1]


def test_takes_up_where_it_was_told_and_where_it_was() -> None:
    sink = ConsoleSink(io.StringIO(), PickleDecoder(ITEM), start_offset=7)
    assert sink.open() == Durable(offset=7, seq=None)
    sink.apply(Batch((message(4, insert((1, "a"))),), Durable(8, 4)))
    sink.apply(Batch((message(5, insert((2, "a")), last=False),), Durable(8, 4), complete=False))
    assert sink.open() == Durable(8, 4)


def test_a_closed_output_is_an_error_and_no_traceback() -> None:
    class Closed(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(TargetFailed, match="Broken pipe"):
        ConsoleSink(Closed(), PickleDecoder(ITEM)).apply(Batch((message(1, insert((1, "a"))),), Durable(1, 1)))
