"""Change events: keys, tombstones, key changes, formats. Values are compared with Debezium's in tests/differential."""

import io
import json
from typing import Any

import fastavro
import pytest

from connector.encode.envelope import EnvelopeOptions, Format, Operation, TableEncoder, key_schema, value_schema
from connector.encode.heartbeat import heartbeat_key_schema, heartbeat_records, heartbeat_value_schema
from connector.encode.source import SourceInfo
from connector.model.errors import InternalError
from connector.model.record import Record
from connector.model.table import Column, Row, SqlType, Table
from tests.unit.encode.tables import EVERY_TYPE, ONE_ROW

COLUMNS = (
    Column("a", SqlType.INT, nullable=False),
    Column("b", SqlType.VARCHAR, nullable=False, collation="utf8mb4_0900_ai_ci", length=10),
    Column("v", SqlType.INT),
)
TABLE = Table("shop", "t", COLUMNS, (1, 0))
KEYLESS = Table("shop", "t", COLUMNS)
SOURCE = SourceInfo("1.0", "mysql", "p", 1_700_000_000_000_001, "false", "shop", "t", 1, "u:1", "f", 4, 3, 9)
NOW = 1_700_000_000_123_456


def encoder(form: Format, table: Table = TABLE, **options: Any) -> TableEncoder:
    return TableEncoder(EnvelopeOptions("p", form, form, **options), table, key_schema_id=11, value_schema_id=12)


def kinds(records: list[Record]) -> list[tuple[bytes | None, str | None]]:
    return [(record.key, None if record.value is None else json.loads(record.value)["op"]) for record in records]


def test_operations_and_tombstones() -> None:
    json_encoder = encoder("json")
    key = b'{"b":"x","a":1}'
    assert json_encoder.topic == "p.shop.t"
    assert kinds(json_encoder.records(None, (1, "x", None), "c", SOURCE, NOW)) == [(key, "c")]
    assert kinds(json_encoder.records(None, (1, "x", None), "r", SOURCE, NOW)) == [(key, "r")]
    assert kinds(json_encoder.records((1, "x", 1), (1, "x", 2), "u", SOURCE, NOW)) == [(key, "u")]
    assert kinds(json_encoder.records((1, "x", 1), None, "d", SOURCE, NOW)) == [(key, "d"), (key, None)]


def test_a_changed_key_is_delete_tombstone_and_create() -> None:
    records = encoder("json").records((1, "x", 5), (1, "X", 5), "u", SOURCE, NOW)
    old, new = b'{"b":"x","a":1}', b'{"b":"X","a":1}'
    assert kinds(records) == [(old, "d"), (old, None), (new, "c")]
    assert [record.headers for record in records] == [
        (("__debezium.newkey", new),),
        (("__debezium.newkey", new),),
        (("__debezium.oldkey", old),),
    ]
    delete, create = (json.loads(record.value or b"") for record in (records[0], records[2]))
    assert (delete["before"], delete["after"]) == ({"a": 1, "b": "x", "v": 5}, None)
    assert (create["before"], create["after"]) == (None, {"a": 1, "b": "X", "v": 5})


def test_link_headers_are_json_in_every_format() -> None:
    for form in ("avro", "json-schema"):
        records = encoder(form).records((1, "x", 5), (2, "x", 5), "u", SOURCE, NOW)
        assert records[0].headers == (("__debezium.newkey", b'{"b":"x","a":2}'),)


def test_tombstones_can_be_off() -> None:
    quiet = encoder("json", tombstones_on_delete=False)
    assert [op for _, op in kinds(quiet.records((1, "x", 1), None, "d", SOURCE, NOW))] == ["d"]
    assert [op for _, op in kinds(quiet.records((1, "x", 1), (2, "x", 1), "u", SOURCE, NOW))] == ["d", "c"]


def test_a_table_without_key_has_neither_keys_nor_tombstones() -> None:
    for form in ("json", "json-schema"):
        keyless = encoder(form, KEYLESS)
        for before, after, op in [(None, (1, "x", 1), "c"), ((1, "x", 1), (2, "x", 1), "u"), ((1, "x", 1), None, "d")]:
            (record,) = keyless.records(before, after, op, SOURCE, NOW)  # type: ignore[arg-type]
            assert record.key is None
            assert record.value is not None
    assert key_schema(EnvelopeOptions("p", "avro", "avro"), KEYLESS) is None
    TableEncoder(EnvelopeOptions("p", "avro", "avro"), KEYLESS, key_schema_id=None, value_schema_id=12)


def test_a_float_key_that_changes_its_sign_only_is_a_changed_key() -> None:
    table = Table("shop", "t", (Column("f", SqlType.DOUBLE, nullable=False),), (0,))
    assert len(encoder("avro", table).records((0.0,), (-0.0,), "u", SOURCE, NOW)) == 3


def test_json_with_schema_wraps_the_same_payload() -> None:
    row: Row = (1, "x", None)
    (bare,) = encoder("json").records(None, row, "c", SOURCE, NOW)
    (wrapped,) = encoder("json-schema").records(None, row, "c", SOURCE, NOW)
    assert json.loads(wrapped.value or b"")["payload"] == json.loads(bare.value or b"")
    assert json.loads(wrapped.key or b"")["payload"] == json.loads(bare.key or b"")
    assert json.loads(wrapped.key or b"")["schema"]["name"] == "p.shop.t.Key"


def test_times_and_source_of_an_event() -> None:
    (record,) = encoder("json").records(None, (1, "x", None), "c", SOURCE, NOW)
    value = json.loads(record.value or b"")
    assert (value["ts_ms"], value["ts_us"], value["ts_ns"]) == (NOW // 1000, NOW, NOW * 1000)
    assert value["source"] == {
        "version": "1.0",
        "connector": "mysql",
        "name": "p",
        "ts_ms": 1_700_000_000_000,
        "snapshot": "false",
        "db": "shop",
        "sequence": None,
        "ts_us": 1_700_000_000_000_001,
        "ts_ns": 1_700_000_000_000_001_000,
        "table": "t",
        "server_id": 1,
        "gtid": "u:1",
        "file": "f",
        "pos": 4,
        "row": 3,
        "thread": 9,
        "query": None,
    }


def fast(schema: str | None, raw: bytes | None) -> Any:
    assert schema is not None
    assert raw is not None
    return fastavro.schemaless_reader(io.BytesIO(raw[5:]), fastavro.parse_schema(json.loads(schema)), None)


@pytest.mark.parametrize("form", ["avro", "json"])
def test_one_source_serves_all_rows_of_an_event(form: Format) -> None:
    shared = encoder(form)
    seen = []
    for index in (0, 1, 70000):
        (record,) = shared.records(None, (index, "x", None), "c", SOURCE, NOW, row=index)
        schema = value_schema(EnvelopeOptions("p", "avro", "avro"), TABLE)
        value = fast(schema, record.value) if form == "avro" else json.loads(record.value or b"")
        seen.append((value["after"]["a"], value["source"]["row"], value["source"]["thread"]))
    assert seen == [(0, 0, 9), (1, 1, 9), (70000, 70000, 9)]
    other = SourceInfo("1.0", "mysql", "p", 1, "last", "shop", "t", 0, None, "f", 4, 8)
    (record,) = shared.records(None, (1, "x", None), "r", other, NOW)
    value = fast(schema, record.value) if form == "avro" else json.loads(record.value or b"")
    assert (value["source"]["row"], value["source"]["snapshot"], value["source"]["gtid"]) == (8, "last", None)
    assert value["op"] == "r"


def test_avro_of_every_type_is_what_fastavro_writes() -> None:
    options = EnvelopeOptions("p", "avro", "avro")
    (record,) = encoder("avro", EVERY_TYPE).records(ONE_ROW, ONE_ROW, "u", SOURCE, NOW)
    for raw, prefix, schema in [
        (record.key, b"\x00\x00\x00\x00\x0b", key_schema(options, EVERY_TYPE)),
        (record.value, b"\x00\x00\x00\x00\x0c", value_schema(options, EVERY_TYPE)),
    ]:
        decoded = fast(schema, raw)
        out = io.BytesIO(prefix)
        out.seek(5)
        fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(schema or "")), decoded)
        assert out.getvalue() == raw


def test_avro_needs_registered_schemas() -> None:
    with pytest.raises(InternalError):
        TableEncoder(EnvelopeOptions("p", "json", "avro"), TABLE, key_schema_id=None, value_schema_id=None)
    with pytest.raises(InternalError):
        TableEncoder(EnvelopeOptions("p", "avro", "json"), TABLE, key_schema_id=None, value_schema_id=None)
    with pytest.raises(InternalError):
        heartbeat_records(EnvelopeOptions("p", "avro", "json"), 0)


@pytest.mark.parametrize("form", ["avro", "json"])
@pytest.mark.parametrize("row", [(1, "x"), (1, "x", 2, 3), (1, 2.5, object())], ids=["short", "long", "foreign"])
def test_cells_outside_the_domain_are_our_own_error(form: Format, row: Any) -> None:
    op: Operation = "c"
    with pytest.raises(InternalError) as caught:
        encoder(form).records(None, row, op, SOURCE, NOW)
    assert caught.value.context["table"] == "shop.t"


def test_heartbeats_in_avro() -> None:
    (record,) = heartbeat_records(EnvelopeOptions("p", "avro", "avro"), 77, key_schema_id=1, value_schema_id=2)
    assert (record.topic, record.partition) == ("__debezium-heartbeat.p", 0)
    assert fast(heartbeat_key_schema(), record.key) == {"serverName": "p"}
    assert fast(heartbeat_value_schema(), record.value) == {"ts_ms": 77}


def test_heartbeats_in_bare_json() -> None:
    (record,) = heartbeat_records(EnvelopeOptions("p", "json", "json"), 77)
    assert (record.key, record.value) == (b'{"serverName":"p"}', b'{"ts_ms":77}')
