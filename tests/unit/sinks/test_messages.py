"""Decoding what connector.encode wrote, and refusing everything else."""

import io
import json
from dataclasses import replace
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.encode.envelope import EnvelopeOptions, TableEncoder, key_schema, value_schema
from connector.encode.rows import RowEncoder, row_schema
from connector.encode.source import SourceInfo
from connector.encode.stream import MessageEncoder, body_crc32, stream_schema
from connector.model.errors import MessageInvalid
from connector.model.message import (
    Body,
    Change,
    Copy,
    CopyCompleted,
    DdlStatement,
    Heartbeat,
    Other,
    StreamMessage,
    Transaction,
)
from connector.model.table import Column, Row, SqlType, Table
from sinks.messages import MessageDecoder
from tests.unit.encode.tables import EVERY_TYPE, ONE_ROW, ROWS

SMALL = Table("shop", "t", (Column("id", SqlType.INT, nullable=False), Column("raw", SqlType.BLOB)), (0,))
OPTIONS = EnvelopeOptions("p", "avro", "avro")
STREAM, ROW, SMALL_ROW, KEY, VALUE = range(1, 6)
SCHEMAS = {
    STREAM: stream_schema(),
    ROW: row_schema(EVERY_TYPE),
    SMALL_ROW: row_schema(SMALL),
    KEY: key_schema(OPTIONS, SMALL) or "",
    VALUE: value_schema(OPTIONS, SMALL),
    9: "no JSON",
    10: json.dumps(json.loads(stream_schema()) | {"doc": "another text"}),
    11: json.dumps(json.loads(stream_schema()) | {"fields": json.loads(stream_schema())["fields"][:-1]}),
    12: '"string"',
    13: row_schema(SMALL).replace('"version":1', '"version":2'),
    14: '{"type":"wrong"}',
}


def registered(schema_id: int) -> str:
    if schema_id not in SCHEMAS:
        raise MessageInvalid("no such schema")
    return SCHEMAS[schema_id]


DECODER = MessageDecoder(registered)


def message(body: Body) -> StreamMessage:
    return StreamMessage(5, 1, False, "MySQL56/u:1-5", "u:5", 10**15, 10**15 + 1, 3, 4, body_crc32(body), body)


images = st.binary(max_size=200) | st.none()
changes = st.builds(Change, st.integers(0, 2**31 - 1), st.integers(0, 3), images, images)
BODIES = st.one_of(
    st.builds(Transaction, st.lists(changes, max_size=5).map(tuple)),
    st.builds(Copy, st.integers(0, 2**31 - 1), st.lists(st.binary()).map(tuple), images, st.booleans()),
    st.builds(DdlStatement, st.text(), st.text(), st.lists(st.text()).map(tuple)),
    st.builds(Heartbeat, st.booleans(), st.text()),
    st.sampled_from([Other(), CopyCompleted()]),
)


@given(BODIES)
def test_stream_messages_come_back_equal(body: Body) -> None:
    assert DECODER.stream(MessageEncoder(STREAM).encode(message(body))) == message(body)


@pytest.mark.parametrize("size", [0, 63, 64, 8191, 8192, 2_000_000])
def test_images_of_every_length(size: int) -> None:
    made = message(Transaction((Change(1, 0, None, b"x" * size), Change(1, 0, b"y" * size, None))))
    assert DECODER.stream(MessageEncoder(STREAM).encode(made)) == made


def test_arrays_of_other_writers_may_have_several_blocks_with_sizes() -> None:
    encoded = MessageEncoder(STREAM).encode(message(Copy(7, (b"a", b"b"), None, completed=True)))
    one_block = b"\x04\x02a\x02b\x00"
    assert one_block in encoded
    split = encoded.replace(one_block, b"\x01\x04\x02a\x02\x02b\x00")
    assert DECODER.stream(split).body == Copy(7, (b"a", b"b"), None, completed=True)


@given(ROWS)
def test_rows_come_back_equal(row: Row) -> None:
    assert DECODER.row(ROW, RowEncoder(EVERY_TYPE).encode(row)) == row


def test_tables_come_back_equal() -> None:
    assert DECODER.table(ROW) == EVERY_TYPE
    assert DECODER.table(SMALL_ROW) == SMALL


def test_schemas_are_asked_for_once() -> None:
    asked: list[int] = []

    def schema_of(schema_id: int) -> str:
        asked.append(schema_id)
        return SCHEMAS[schema_id]

    decoder = MessageDecoder(schema_of)
    for _ in range(3):
        decoder.stream(MessageEncoder(STREAM).encode(message(Other())))
        decoder.row(SMALL_ROW, RowEncoder(SMALL).encode((1, None)))
    assert asked == [STREAM, SMALL_ROW]


def test_a_schema_with_other_words_in_it_is_the_same_schema() -> None:
    assert DECODER.stream(MessageEncoder(10).encode(message(Other()))) == message(Other())


# ---- bad bytes ------------------------------------------------------------------------------------------------------
GOOD = MessageEncoder(STREAM).encode(
    message(Transaction((Change(3, 0, b"before", b"after"), Change(3, 2, None, b"x"))))
)
BIG = MessageEncoder(STREAM).encode(message(Copy(3, (b"x" * 100, b"y" * 9000), b"z", completed=False)))
BEAT = MessageEncoder(STREAM).encode(message(Heartbeat(throttled=False, reason="why")))
IMAGE = RowEncoder(EVERY_TYPE).encode(ONE_ROW)


@pytest.mark.parametrize("good", [GOOD, BIG[:300], BEAT], ids=["transaction", "copy", "heartbeat"])
def test_no_part_of_a_message_is_a_message(good: bytes) -> None:
    for size in range(len(good)):
        with pytest.raises(MessageInvalid):
            DECODER.stream(good[:size])


def test_a_message_may_not_go_on() -> None:
    with pytest.raises(MessageInvalid):
        DECODER.stream(GOOD + b"\x00")


def test_a_changed_image_is_noticed() -> None:
    with pytest.raises(MessageInvalid, match="checksum"):
        DECODER.stream(GOOD.replace(b"after", b"aftet"))


@given(st.integers(5, len(GOOD) - 1), st.integers(0, 255))
def test_damaged_messages_raise_nothing_else(at: int, byte: int) -> None:
    damaged = GOOD[:at] + bytes((byte,)) + GOOD[at + 1 :]
    try:
        decoded = DECODER.stream(damaged)
    except MessageInvalid:
        return
    assert decoded.crc32 == body_crc32(decoded.body)


@given(st.binary(max_size=60))
def test_random_bytes_raise_nothing_else(body: bytes) -> None:
    for attempt in (
        lambda: DECODER.stream(b"\x00\x00\x00\x00\x01" + body),
        lambda: DECODER.row(ROW, body),
        lambda: DECODER.any("t", None, b"\x00\x00\x00\x00\x05" + body),
        lambda: DECODER.any("t", body, body),
    ):
        try:
            attempt()
        except MessageInvalid:
            continue


def test_no_part_of_an_image_is_an_image() -> None:
    for size in range(len(IMAGE)):
        with pytest.raises(MessageInvalid):
            DECODER.row(ROW, IMAGE[:size])
    with pytest.raises(MessageInvalid):
        DECODER.row(ROW, IMAGE + b"\x00")


@pytest.mark.parametrize(
    "image",
    [b"\x04\x02\x00", b"\x02\x02\x02\x01", b"\x02" + b"\xff" * 11 + b"\x00", b"\x00\x02\x80\x80\x80\x80\x10abc"],
    ids=["third branch", "negative length", "endless number", "length beyond the end"],
)
def test_bad_images(image: bytes) -> None:
    with pytest.raises(MessageInvalid):
        DECODER.row(SMALL_ROW, image)


def test_journals_and_partial_images_are_refused_by_name() -> None:
    schema = fastavro.parse_schema(json.loads(stream_schema()))
    head = {"seq": 1, "part": 0, "last": True, "position": "", "gtid": "", "commit_ts_us": 0, "sent_ts_us": 0}
    head |= {"commit_parent": 0, "sequence_number": 0, "crc32": 0}
    journal = {"id": 1, "migration_type": "SHARDS", "tables": [], "local_position": "", "shard_gtids": []}
    journal |= {"participants": [], "source_workflows": []}
    change = {"table": 1, "flags": 0, "before": None, "after": None, "columns": b"\x01", "json_diff": None}
    bodies: list[tuple[str, Any]] = [
        ("rowcast.stream.Journal", journal),
        ("rowcast.stream.Transaction", {"changes": [change]}),
    ]
    for body in bodies:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, head | {"body": body})
        with pytest.raises(MessageInvalid, match="this rowcast"):
            DECODER.stream(b"\x00\x00\x00\x00\x01" + out.getvalue())


@pytest.mark.parametrize("schema_id", [SMALL_ROW, VALUE, 9, 11, 12])
def test_records_of_another_kind_are_no_stream_messages(schema_id: int) -> None:
    with pytest.raises(MessageInvalid):
        DECODER.stream(MessageEncoder(schema_id).encode(message(Other())))


@pytest.mark.parametrize("schema_id", [STREAM, VALUE, 9, 12, 13])
def test_other_schemas_are_no_row_schemas(schema_id: int) -> None:
    with pytest.raises(MessageInvalid):
        DECODER.table(schema_id)


# ---- any ------------------------------------------------------------------------------------------------------------
def test_stream_messages_are_shown_with_their_rows() -> None:
    image = RowEncoder(SMALL).encode((1, b"\xff"))
    body = Transaction((Change(SMALL_ROW, 0, None, image),))
    shown = DECODER.any("p.shop.0", None, MessageEncoder(STREAM).encode(message(body)))
    assert json.loads(json.dumps(shown)) == shown
    assert (shown["topic"], shown["kind"], shown["key"]) == ("p.shop.0", "stream", None)
    assert shown["value"]["seq"] == 5
    assert shown["value"]["body"] == {
        "type": "Transaction",
        "changes": [{"table": "shop.t", "flags": 0, "before": None, "after": {"id": 1, "raw": "/w=="}}],
    }


def test_copies_ddl_and_heartbeats_are_shown() -> None:
    image = RowEncoder(SMALL).encode((1, None))
    cases: list[tuple[Body, dict[str, Any]]] = [
        (
            Copy(SMALL_ROW, (image,), image, completed=False),
            {
                "type": "Copy",
                "table": "shop.t",
                "rows": [{"id": 1, "raw": None}],
                "lastpk": {"id": 1, "raw": None},
                "completed": False,
            },
        ),
        (
            DdlStatement("drop x", "d", ("x",)),
            {"type": "DdlStatement", "sql": "drop x", "database": "d", "tables": ["x"]},
        ),
        (Heartbeat(reason="r"), {"type": "Heartbeat", "throttled": False, "reason": "r"}),
    ]
    for body, shown in cases:
        assert DECODER.any("t", None, MessageEncoder(STREAM).encode(message(body)))["value"]["body"] == shown


def table_records(options: EnvelopeOptions) -> Any:
    source = SourceInfo("1", "mysql", "p", 1, "false", "shop", "t", 1, None, "f", 4, 0)
    encoder = TableEncoder(options, SMALL, key_schema_id=KEY, value_schema_id=VALUE)
    return encoder.records((1, b"\xff"), None, "d", source, 2)


@pytest.mark.parametrize(("form", "kind"), [("avro", "avro"), ("json", "json")])
def test_table_messages_are_shown(form: Any, kind: str) -> None:
    event, tombstone = table_records(replace(OPTIONS, key_format=form, value_format=form))
    shown = DECODER.any(event.topic, event.key, event.value)
    assert (shown["kind"], shown["key"]) == (kind, {"id": 1})
    assert (shown["value"]["op"], shown["value"]["before"]) == ("d", {"id": 1, "raw": "/w=="})
    assert DECODER.any(event.topic, tombstone.key, None) == {
        "topic": "p.shop.t",
        "kind": "tombstone",
        "key": {"id": 1},
        "value": None,
    }


@pytest.mark.parametrize("value", [b"", b"hello", b"\x00\x00", b"\x00\x00\x00\x00\x0e\x00", b'\x01{"a":1}'], ids=repr)
def test_foreign_records_are_refused(value: bytes) -> None:
    with pytest.raises(MessageInvalid):
        DECODER.any("t", None, value)
    with pytest.raises(MessageInvalid):
        DECODER.any("t", value, None)


def test_avro_behind_its_end_is_refused() -> None:
    event, _ = table_records(OPTIONS)
    with pytest.raises(MessageInvalid):
        DECODER.any("t", None, event.value + b"\x00")
