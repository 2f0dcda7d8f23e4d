"""Change events of TableEncoder against records that Debezium 3.6.1 streamed for the same rows.

Per case: the table, the row changes as cells, and the records captured from Debezium. Keys, before, after, op, schema
and link headers must be equal, except for what docs/decisions/0004-table-topic-values.md names: column defaults are
not part of the schema, and the values and types listed in debezium_cases.py (`instead`, `schema_instead`). Every
listed difference must be seen, so the lists cannot grow stale.
"""

import gzip
import json
from base64 import b64encode
from dataclasses import replace
from decimal import Context, Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest

from connector.encode.columns import minimal_bytes
from connector.encode.envelope import EnvelopeOptions, Format, TableEncoder, value_schema
from connector.encode.heartbeat import heartbeat_records
from connector.encode.source import SourceInfo
from connector.model.errors import ValueUnrepresentable
from connector.model.table import Column, Row, SqlType, Table
from tests.differential.debezium_cases import CASES, ID, Case, col, f32, required

CAPTURED: dict[str, list[dict[str, Any]]] = json.loads(
    gzip.decompress((Path(__file__).parents[1] / "vectors" / "debezium_streamed.json.gz").read_bytes())
)


def source(name: str, table: str) -> SourceInfo:
    return SourceInfo(
        "1.0", "mysql", name, 1_700_000_000_123_456, "false", "db1", table, 7, "u:4", "binlog.000002", 1234, 0, 8
    )


def case_table(case: Case, form: Format) -> tuple[str, Table, EnvelopeOptions]:
    """Topic prefix, table and options of a case."""
    prefix, _, name = case.name.partition("/")
    keyed = case.columns[0].name == "id"
    return prefix, Table("db1", name, case.columns, (0,) if keyed else ()), EnvelopeOptions(prefix, form, form)


def encode(case: Case) -> list[dict[str, Any]]:
    """Our records of the case, in the shape of the captured ones; both formats must carry one payload."""
    prefix, table, options = case_table(case, "json-schema")
    with_schema, alone = (
        TableEncoder(
            replace(options, key_format=form, value_format=form), table, key_schema_id=None, value_schema_id=None
        )
        for form in (options.value_format, "json")
    )
    records = []
    for op, before, after in case.changes:
        for record, short in zip(
            with_schema.records(before, after, op, source(prefix, table.name), 1_700_000_000_999_999),
            alone.records(before, after, op, source(prefix, table.name), 1_700_000_000_999_999),
            strict=True,
        ):
            key, value = (None if raw is None else json.loads(raw) for raw in (record.key, record.value))
            assert (None if key is None else key["payload"]) == (None if short.key is None else json.loads(short.key))
            assert (value and value["payload"]) == (short.value and json.loads(short.value))
            assert record.partition == -1
            headers = [[header, raw.decode()] for header, raw in record.headers]
            records.append({"topic": record.topic, "key": key, "value": value, "headers": headers})
    return records


def without_defaults(schema: Any) -> Any:
    """The schema without column defaults; that of source.snapshot is not a column's and stays."""
    if isinstance(schema, list):
        return [without_defaults(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    keep = schema.get("field") == "snapshot"
    return {name: without_defaults(item) for name, item in schema.items() if keep or name != "default"}


class Expected:
    """Captured records with the case's deliberate differences put in; remembers which of them occurred."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.unused = {(column, old) for column, values in case.instead.items() for old in values}
        self.unused |= {(column, "schema") for column in case.schema_instead}

    def row(self, row: dict[str, Any] | None) -> dict[str, Any] | None:
        if row is None:
            return None
        return {column: self.cell(column, value, row) for column, value in row.items()}

    def cell(self, column: str, value: Any, row: dict[str, Any]) -> Any:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        known = self.case.instead.get(column, {})
        for old in (text, f"{text} @ {row.get('id')}"):
            if old in known:
                self.unused.discard((column, old))
                return known[old]
        return value

    def schema(self, struct_schema: dict[str, Any]) -> dict[str, Any]:
        return struct_schema | {"fields": [self.field(item) for item in struct_schema["fields"]]}

    def field(self, captured: dict[str, Any]) -> dict[str, Any]:
        ours = self.case.schema_instead.get(captured["field"])
        if ours is None:
            return captured
        self.unused.discard((captured["field"], "schema"))
        changed = ours | {"optional": captured["optional"], "field": captured["field"]}
        assert changed != captured, "not a difference"
        return changed

    def key(self, key: dict[str, Any] | None) -> dict[str, Any] | None:
        return key and {"schema": self.schema(without_defaults(key["schema"])), "payload": self.row(key["payload"])}

    def envelope_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        schema = without_defaults(schema)
        return schema | {
            "fields": [self.schema(item) if item["field"] in ("before", "after") else item for item in schema["fields"]]
        }


def comparable(row: dict[str, Any] | None, columns: tuple[Column, ...]) -> dict[str, Any] | None:
    """FLOAT cells as the float32 they stand for: Debezium's Java does not always print the shortest digits."""
    if row is None:
        return None
    floats = {column.name for column in columns if column.type is SqlType.FLOAT}
    return {name: f32(cell) if name in floats and cell is not None else cell for name, cell in row.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_records_are_debeziums(case: Case) -> None:
    expected = Expected(case)
    captured = CAPTURED[case.name]
    ours = encode(case)
    assert [(r["topic"], r["value"] and r["value"]["payload"]["op"]) for r in ours] == [
        (r["topic"], r["value"] and r["value"]["payload"]["op"]) for r in captured
    ]
    for mine, theirs in zip(ours, captured, strict=True):
        assert mine["key"] == expected.key(theirs["key"])
        assert mine["headers"] == [h for h in theirs["headers"] if not h[0].startswith("__debezium.context.")]
        if theirs["value"] is None:
            assert mine["value"] is None
            continue
        assert mine["value"]["schema"] == expected.envelope_schema(theirs["value"]["schema"])
        payload, captured_payload = mine["value"]["payload"], theirs["value"]["payload"]
        assert list(payload) == list(captured_payload)
        for side in ("before", "after"):
            assert comparable(payload[side], case.columns) == comparable(
                expected.row(captured_payload[side]), case.columns
            )
        assert payload["transaction"] is captured_payload["transaction"] is None
        assert list(payload["source"]) == list(captured_payload["source"])
        for name in ("connector", "name", "db", "sequence", "table", "query"):
            assert payload["source"][name] == captured_payload["source"][name]
        # null where the capture was made with replace.null.with.default=false
        assert payload["source"]["snapshot"] == (captured_payload["source"]["snapshot"] or "false")
    assert not expected.unused, "listed differences that do not occur"


def unscaled(value: Decimal) -> int:
    return int(value.scaleb(-int(value.as_tuple().exponent), Context(prec=65)))


def avro_shown(value: Any) -> Any:
    """A decoded Avro value as Connect's JSON converter would show it."""
    match value:
        case bytes():
            return b64encode(value).decode()
        case Decimal():
            return b64encode(minimal_bytes(unscaled(value))).decode()
        case dict():
            return {name: avro_shown(item) for name, item in value.items()}
        case list():
            return [avro_shown(item) for item in value]
        case _:
            return value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_avro_carries_the_same_values(case: Case) -> None:
    prefix, table, options = case_table(case, "avro")
    encoder = TableEncoder(options, table, key_schema_id=1, value_schema_id=2)
    schema = fastavro.parse_schema(json.loads(value_schema(options, table)))
    shown: list[dict[str, Any]] = [r["value"]["payload"] for r in encode(case) if r["value"]]
    values = [
        record.value
        for op, before, after in case.changes
        for record in encoder.records(before, after, op, source(prefix, table.name), 1_700_000_000_999_999)
        if record.value is not None
    ]
    for value, payload in zip(values, shown, strict=True):
        assert value[:5] == b"\x00\x00\x00\x00\x02"
        decoded: Any = fastavro.schemaless_reader(BytesIO(value[5:]), schema, None)
        again = BytesIO()
        fastavro.schemaless_writer(again, schema, decoded)
        assert again.getvalue() == value[5:]
        for side in ("before", "after"):
            assert comparable(avro_shown(decoded[side]), case.columns) == comparable(payload[side], case.columns)
        assert decoded["source"] | {"snapshot": "false"} == payload["source"]
        assert [decoded[name] for name in ("op", "ts_ms", "ts_us", "ts_ns")] == [
            payload[name] for name in ("op", "ts_ms", "ts_us", "ts_ns")
        ]


def property_order(schema: Any) -> Any:
    """Names of the properties in order, at every depth."""
    if isinstance(schema, dict):
        return [(name, property_order(value)) for name, value in schema.items()]
    return [property_order(item) for item in schema] if isinstance(schema, list) else None


@pytest.mark.parametrize("case", [case for case in CASES if not case.schema_instead], ids=lambda case: case.name)
def test_key_schemas_have_debeziums_text(case: Case) -> None:
    # The key's bytes decide the partition, so not only the content but the order of the properties counts.
    for mine, theirs in zip(encode(case), CAPTURED[case.name], strict=True):
        assert property_order(mine["key"]) == property_order(theirs["key"])
        if mine["value"]:
            assert property_order(mine["value"]["schema"]) == property_order(
                without_defaults(theirs["value"]["schema"])
            )


ZERO_DATES = Table(
    "db1",
    "t",
    (
        ID,
        col("d", "date"),
        required("dn", "date"),
        col("dt", "datetime"),
        required("dtn", "datetime"),
        required("dt6", "datetime", scale=6),
        col("ts", "timestamp"),
        required("tsn", "timestamp"),
        col("y", "year"),
        required("t", "time"),
        required("dd", "date"),
        required("dtd", "datetime"),
        required("tsd", "timestamp"),
        required("dd2", "date"),
        col("dnull", "date"),
    ),
    (0,),
)
EPOCH = "1970-01-01 00:00:00"
NO_ZEROS: Row = (
    *(103, None, "1970-01-01", None, EPOCH, f"{EPOCH}.000000", None, "1970-01-01 00:00:01", None, "00:00:00"),
    *("1970-01-01", EPOCH, "1970-01-01 00:00:01", "1970-01-01", "1970-01-01"),
)


def replaced(row: Row, **cells: str) -> Row:
    names = [column.name for column in ZERO_DATES.columns]
    return tuple(cells.get(name, cell) for name, cell in zip(names, row, strict=True))


def zero_dates_after(row: Row) -> Any:
    options = EnvelopeOptions("zero_dates", "json", "json")
    encoder = TableEncoder(options, ZERO_DATES, key_schema_id=None, value_schema_id=None)
    (record,) = encoder.records(None, row, "c", source("zero_dates", "t"), 0)
    return json.loads(record.value or b"")["after"]


def test_zero_dates_in_nullable_columns_are_null_as_in_debezium() -> None:
    captured = [r["value"]["payload"]["after"] for r in CAPTURED["zero_dates/t"] if r["value"]["payload"]["op"] == "c"]
    assert zero_dates_after(NO_ZEROS) == captured[2]
    nullable = {"d": "2020-00-00", "dt": "2020-00-00 10:00:00", "ts": "0000-00-00 00:00:00", "dnull": "0000-00-00"}
    after = zero_dates_after(replaced(NO_ZEROS, **nullable))
    for name in nullable:
        assert after[name] is None
    for name in ("d", "dt", "ts"):  # rows 101 and 102 hold zero and partial dates there
        assert captured[0][name] is captured[1][name] is None


@pytest.mark.parametrize(
    "cells",
    [
        {"dn": "0000-00-00"},
        {"dn": "2020-00-15"},
        {"dtn": "0000-00-00 00:00:00"},
        {"dtn": "2020-05-00 10:00:00"},
        {"dt6": "0000-01-01 00:00:00.000000"},
        {"tsn": "0000-00-00 00:00:00"},
    ],
    ids=str,
)
def test_zero_dates_in_not_null_columns_stop_where_debezium_writes_1970(cells: dict[str, str]) -> None:
    ((name, value),) = cells.items()
    with pytest.raises(ValueUnrepresentable) as caught:
        zero_dates_after(replaced(NO_ZEROS, **cells))
    assert caught.value.context == {"table": "db1.t", "column": name, "value": value}
    assert {r["value"]["payload"]["after"][name] for r in CAPTURED["zero_dates/t"][:1]} <= {0, "1970-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "captured", CAPTURED["names_tables"], ids=lambda r: str(r["value"]["payload"]["source"]["table"])
)
def test_topics_and_schemas_are_named_as_debeziums(captured: dict[str, Any]) -> None:
    name = captured["value"]["payload"]["source"]["table"]
    encoder = TableEncoder(
        EnvelopeOptions("names_tables", "json-schema", "json-schema"),
        Table("db1", name, (ID,), (0,)),
        key_schema_id=None,
        value_schema_id=None,
    )
    snapshot = SourceInfo(
        *("1.0", "mysql", "names_tables", 0, captured["value"]["payload"]["source"]["snapshot"], "db1", name, 0),
        *(None, "f", 4, 0),
    )
    (record,) = encoder.records(None, (1,), "r", snapshot, 0)
    assert record.topic == captured["topic"]
    assert json.loads(record.key or b"") == captured["key"]
    value = json.loads(record.value or b"")
    assert value["schema"] == captured["value"]["schema"]
    for constant in ("connector", "snapshot", "table", "server_id", "gtid", "row", "thread", "query"):
        assert value["payload"]["source"][constant] == captured["value"]["payload"]["source"][constant]
    assert value["payload"]["op"] == "r"


def test_heartbeats_are_debeziums() -> None:
    (captured,) = CAPTURED["heartbeat"]
    prefix = captured["key"]["payload"]["serverName"]
    (record,) = heartbeat_records(EnvelopeOptions(prefix, "json-schema", "json-schema"), 1_700_000_000_123)
    assert (record.topic, record.partition) == (captured["topic"], 0)
    assert json.loads(record.key or b"") == captured["key"]
    value = json.loads(record.value or b"")
    assert value["schema"] == captured["value"]["schema"]
    assert value["payload"] == {"ts_ms": 1_700_000_000_123}
