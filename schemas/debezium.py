"""Kafka Connect schemas as Debezium declares them, and their two texts: Connect's JSON form and Confluent's Avro form.

Called by `connector.encode`: `columns` builds the row structs out of these, `envelope` the change event around them.
"""

from dataclasses import dataclass, replace
from typing import Any

from schemas.names import avro_field_names, avro_full_name

DECIMAL = "org.apache.kafka.connect.data.Decimal"
_NO_DEFAULT = object()

# Connect type -> (name in Connect's JSON form, Avro type)
_PRIMITIVES = {
    "int8": ("int8", "int"),
    "int16": ("int16", "int"),
    "int32": ("int32", "int"),
    "int64": ("int64", "long"),
    "float32": ("float", "float"),
    "float64": ("double", "double"),
    "boolean": ("boolean", "boolean"),
    "string": ("string", "string"),
    "bytes": ("bytes", "bytes"),
}


@dataclass(frozen=True, slots=True)
class ConnectSchema:
    """One Connect schema. `type` = struct, array or a primitive; `fields` of a struct in order, `items` of an array."""

    type: str
    optional: bool = False
    name: str | None = None
    version: int | None = None
    doc: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    default: object = _NO_DEFAULT
    fields: tuple[tuple[str, "ConnectSchema"], ...] = ()
    items: "ConnectSchema | None" = None

    def required(self) -> "ConnectSchema":
        """The same schema, not optional."""
        return replace(self, optional=False)

    def to_json(self, field: str | None = None) -> dict[str, Any]:
        """Connect's JSON form, properties in JsonConverter's order; `field` = name inside the enclosing struct."""
        text: dict[str, Any] = {"type": _PRIMITIVES[self.type][0] if self.type in _PRIMITIVES else self.type}
        if self.type == "struct":
            text["fields"] = [schema.to_json(name) for name, schema in self.fields]
        if self.items is not None:
            text["items"] = self.items.to_json()
        text["optional"] = self.optional
        if self.name is not None:
            text["name"] = self.name
        if self.version is not None:
            text["version"] = self.version
        if self.doc is not None:
            text["doc"] = self.doc
        if self.parameters:
            text["parameters"] = dict(self.parameters)
        if self.default is not _NO_DEFAULT:
            text["default"] = self.default
        if field is not None:
            text["field"] = field
        return text

    def to_avro(self) -> Any:
        """The Avro schema that Confluent's converter makes of it, with all names made legal."""
        return _avro(self, "", set())


def _avro(schema: ConnectSchema, namespace: str, defined: set[str]) -> Any:
    """One Avro schema inside `namespace`; records that are in `defined` already are referred to by name."""
    base = _avro_base(schema, namespace, defined)
    if not schema.optional:
        return base
    # Avro takes a default from the first branch only, so the order follows the default.
    return [base, "null"] if schema.default is not _NO_DEFAULT else ["null", base]


def _avro_base(schema: ConnectSchema, namespace: str, defined: set[str]) -> Any:
    if schema.type == "struct":
        full = avro_full_name(schema.name or "ConnectDefault")
        space, _, short = full.rpartition(".")
        if full in defined:
            return short if space == namespace else full
        defined.add(full)
        base: dict[str, Any] = {"type": "record", "name": short}
        if space != namespace:
            base["namespace"] = space
        names = avro_field_names(name for name, _ in schema.fields)
        base["fields"] = [
            _avro_field(name, field, space, defined) for name, (_, field) in zip(names, schema.fields, strict=True)
        ]
        return base | _connect_properties(replace(schema, name=full))
    if schema.items is not None:
        return {"type": "array", "items": _avro(schema.items, namespace, defined)} | _connect_properties(schema)
    base = {"type": _PRIMITIVES[schema.type][1]}
    if schema.name == DECIMAL:
        parameters = dict(schema.parameters)
        base["scale"] = int(parameters["scale"])
        base["precision"] = int(parameters["connect.decimal.precision"])
    base |= _connect_properties(schema)
    if schema.name == DECIMAL:
        base["logicalType"] = "decimal"
    return base["type"] if len(base) == 1 else base


def _connect_properties(schema: ConnectSchema) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    if schema.doc is not None:
        properties["connect.doc"] = schema.doc
    if schema.version is not None:
        properties["connect.version"] = schema.version
    if schema.parameters:
        properties["connect.parameters"] = dict(schema.parameters)
    if schema.default is not _NO_DEFAULT:
        properties["connect.default"] = schema.default
    if schema.name is not None:
        properties["connect.name"] = schema.name
    if schema.type in ("int8", "int16"):
        properties["connect.type"] = schema.type
    return properties


def _avro_field(name: str, schema: ConnectSchema, namespace: str, defined: set[str]) -> dict[str, Any]:
    field: dict[str, Any] = {"name": name, "type": _avro(schema, namespace, defined)}
    if schema.default is not _NO_DEFAULT:
        field["default"] = schema.default
    elif schema.optional:
        field["default"] = None
    return field


# ---- the structs that every change event and heartbeat has ----------------------------------------------------------
_STRING = ConnectSchema("string")
_OPTIONAL_STRING = ConnectSchema("string", optional=True)
_INT64 = ConnectSchema("int64")
_OPTIONAL_INT64 = ConnectSchema("int64", optional=True)

SOURCE = ConnectSchema(
    "struct",
    name="io.debezium.connector.mysql.Source",
    version=1,
    fields=(
        ("version", _STRING),
        ("connector", _STRING),
        ("name", _STRING),
        ("ts_ms", _INT64),
        (
            "snapshot",
            ConnectSchema(
                "string",
                optional=True,
                name="io.debezium.data.Enum",
                version=1,
                parameters=(
                    ("allowed", "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental"),
                ),
                default="false",
            ),
        ),
        ("db", _STRING),
        ("sequence", _OPTIONAL_STRING),
        ("ts_us", _OPTIONAL_INT64),
        ("ts_ns", _OPTIONAL_INT64),
        ("table", _OPTIONAL_STRING),
        ("server_id", _INT64),
        ("gtid", _OPTIONAL_STRING),
        ("file", _STRING),
        ("pos", _INT64),
        ("row", ConnectSchema("int32")),
        ("thread", _OPTIONAL_INT64),
        ("query", _OPTIONAL_STRING),
    ),
)

TRANSACTION_BLOCK = ConnectSchema(
    "struct",
    optional=True,
    name="event.block",
    version=1,
    fields=(("id", _STRING), ("total_order", _INT64), ("data_collection_order", _INT64)),
)

HEARTBEAT_KEY = ConnectSchema(
    "struct",
    name="io.debezium.connector.common.ServerNameKey",
    version=1,
    fields=(("serverName", _STRING),),
)
HEARTBEAT_VALUE = ConnectSchema(
    "struct",
    name="io.debezium.connector.common.Heartbeat",
    version=1,
    fields=(("ts_ms", _INT64),),
)


def key_struct(topic: str, fields: tuple[tuple[str, ConnectSchema], ...]) -> ConnectSchema:
    """Key of a table topic: the primary key's columns in key order."""
    return ConnectSchema("struct", name=f"{topic}.Key", fields=fields)


def envelope_struct(topic: str, fields: tuple[tuple[str, ConnectSchema], ...]) -> ConnectSchema:
    """Change event of a table topic; `fields` = the row's columns in table order."""
    row = ConnectSchema("struct", optional=True, name=f"{topic}.Value", fields=fields)
    return ConnectSchema(
        "struct",
        name=f"{topic}.Envelope",
        version=2,
        fields=(
            ("before", row),
            ("after", row),
            ("source", SOURCE),
            ("transaction", TRANSACTION_BLOCK),
            ("op", _STRING),
            ("ts_ms", _OPTIONAL_INT64),
            ("ts_us", _OPTIONAL_INT64),
            ("ts_ns", _OPTIONAL_INT64),
        ),
    )
