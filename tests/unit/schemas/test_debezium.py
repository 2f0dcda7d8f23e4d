"""Connect schemas in Connect's JSON form and in Confluent's Avro form."""

from typing import Any

import fastavro

from schemas.debezium import HEARTBEAT_KEY, ConnectSchema, envelope_struct, key_struct

GEOMETRY = ConnectSchema(
    "struct", True, "io.debezium.data.geometry.Geometry", 1, "Geometry", fields=(("wkb", ConnectSchema("bytes")),)
)
AMOUNT = ConnectSchema(
    "bytes",
    name="org.apache.kafka.connect.data.Decimal",
    version=1,
    parameters=(("scale", "2"), ("connect.decimal.precision", "10")),
)


def test_json_form_has_the_converters_order() -> None:
    assert list(GEOMETRY.to_json("g").items()) == [
        ("type", "struct"),
        ("fields", [{"type": "bytes", "optional": False, "field": "wkb"}]),
        ("optional", True),
        ("name", "io.debezium.data.geometry.Geometry"),
        ("version", 1),
        ("doc", "Geometry"),
        ("field", "g"),
    ]


def test_a_key_in_avro() -> None:
    assert key_struct("my-p.db.t", (("id", ConnectSchema("int16")), ("amount", AMOUNT))).to_avro() == {
        "type": "record",
        "name": "Key",
        "namespace": "my_p.db.t",
        "fields": [
            {"name": "id", "type": {"type": "int", "connect.type": "int16"}},
            {
                "name": "amount",
                "type": {
                    "type": "bytes",
                    "scale": 2,
                    "precision": 10,
                    "connect.version": 1,
                    "connect.parameters": {"scale": "2", "connect.decimal.precision": "10"},
                    "connect.name": "org.apache.kafka.connect.data.Decimal",
                    "logicalType": "decimal",
                },
            },
        ],
        "connect.name": "my_p.db.t.Key",
    }


def test_an_envelope_in_avro() -> None:
    avro: Any = envelope_struct(
        "p.db.t", (("id", ConnectSchema("int32")), ("v", ConnectSchema("string", True)))
    ).to_avro()
    fastavro.parse_schema(avro)
    fields = {field["name"]: field for field in avro["fields"]}
    assert list(fields) == ["before", "after", "source", "transaction", "op", "ts_ms", "ts_us", "ts_ns"]
    assert fields["before"]["type"] == [
        "null",
        {
            "type": "record",
            "name": "Value",
            "fields": [{"name": "id", "type": "int"}, {"name": "v", "type": ["null", "string"], "default": None}],
            "connect.name": "p.db.t.Value",
        },
    ]
    assert fields["after"] == {"name": "after", "type": ["null", "Value"], "default": None}
    snapshot = next(field for field in fields["source"]["type"]["fields"] if field["name"] == "snapshot")
    assert snapshot["default"] == "false"
    assert snapshot["type"][1] == "null"
    assert fields["transaction"]["type"][1]["namespace"] == "event"
    assert (avro["connect.version"], avro["connect.name"]) == (2, "p.db.t.Envelope")


def test_a_record_is_defined_once_and_then_named_in_full() -> None:
    avro: Any = envelope_struct("p.db.t", (("a", GEOMETRY), ("b", GEOMETRY.required()))).to_avro()
    fastavro.parse_schema(avro)
    value = avro["fields"][0]["type"][1]
    assert value["fields"][0]["type"][1]["namespace"] == "io.debezium.data.geometry"
    assert value["fields"][1]["type"] == "io.debezium.data.geometry.Geometry"


def test_columns_that_avro_cannot_name_get_unique_legal_names() -> None:
    schema = key_struct("p.db.t", (("a b", ConnectSchema("int32")), ("a-b", ConnectSchema("int32"))))
    assert [field["name"] for field in schema.to_avro()["fields"]] == ["a_b", "a_b_2"]
    assert [field["field"] for field in schema.to_json()["fields"]] == ["a b", "a-b"]


def test_heartbeat_key() -> None:
    assert HEARTBEAT_KEY.to_avro()["fields"] == [{"name": "serverName", "type": "string"}]
