"""Change events of table topics: Debezium's envelope in Avro or JSON, its keys, tombstones and key changes.

Called by the transcoder (one TableEncoder per table version and format) and, for the schemas, by whoever registers
them. docs/decisions/0004-table-topic-values.md lists where values differ from Debezium's on purpose.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import orjson

from connector.encode.avro import NULL, SOME, Field, encode_long, encode_string, framed, record_writer
from connector.encode.columns import column_form, row_object
from connector.encode.rows import CELL_ERRORS
from connector.encode.source import SourceInfo, SourceText
from connector.model.errors import InternalError
from connector.model.record import Record
from connector.model.table import Column, Row, Table
from schemas import names
from schemas.debezium import ConnectSchema, envelope_struct, key_struct

Format = Literal["avro", "json", "json-schema"]
Operation = Literal["c", "u", "d", "r"]

NEW_KEY = "__debezium.newkey"
OLD_KEY = "__debezium.oldkey"


@dataclass(frozen=True, slots=True)
class EnvelopeOptions:
    """What all table topics of a stream have in common. `connector_version` is for `SourceInfo.version`."""

    prefix: str
    key_format: Format
    value_format: Format
    tombstones_on_delete: bool = True
    connector_version: str = ""


def key_schema(options: EnvelopeOptions, table: Table) -> str | None:
    """Avro schema of the table's keys, to be registered under `<topic>-key`; None for a table without primary key."""
    return avro_text(_key_struct(options, table)) if table.primary_key else None


def value_schema(options: EnvelopeOptions, table: Table) -> str:
    """Avro schema of the table's change events, to be registered under `<topic>-value`."""
    return avro_text(_envelope_struct(options, table))


def avro_text(schema: ConnectSchema) -> str:
    """The schema as it is registered: compact JSON."""
    return json.dumps(schema.to_avro(), separators=(",", ":"), ensure_ascii=False)


def connect_json(schema: ConnectSchema) -> bytes:
    """The schema as Connect's JSON converter writes it into every record."""
    return json.dumps(schema.to_json(), separators=(",", ":"), ensure_ascii=False).encode()


def json_value(schema: ConnectSchema, wanted: Format, payload: bytes) -> bytes:
    """A JSON record: the payload alone, or schema and payload."""
    return payload if wanted == "json" else b'{"schema":%b,"payload":%b}' % (connect_json(schema), payload)


def require_id(schema_id: int | None, what: str) -> int:
    """The registry id that Avro needs; INTERNAL when the caller has not registered the schema."""
    if schema_id is None:
        raise InternalError("an Avro schema is used before it is registered", schema=what)
    return schema_id


def _topic(options: EnvelopeOptions, table: Table) -> str:
    return names.table_topic(options.prefix, table.database, table.name)


def _fields(table: Table, columns: Sequence[Column]) -> tuple[tuple[str, ConnectSchema], ...]:
    return tuple((column.name, column_form(table, column).schema) for column in columns)


def _key_columns(table: Table) -> tuple[Column, ...]:
    return tuple(table.columns[index] for index in table.primary_key)


def _key_struct(options: EnvelopeOptions, table: Table) -> ConnectSchema:
    return key_struct(_topic(options, table), _fields(table, _key_columns(table)))


def _envelope_struct(options: EnvelopeOptions, table: Table) -> ConnectSchema:
    return envelope_struct(_topic(options, table), _fields(table, table.columns))


class TableEncoder:
    """Turns row changes of one table version into the records of its table topic.

    The schema ids are needed for the Avro formats only. Errors: VALUE_UNREPRESENTABLE (a zero date in a NOT NULL
    column), INTERNAL (a row that does not fit the table).
    """

    def __init__(
        self, options: EnvelopeOptions, table: Table, *, key_schema_id: int | None, value_schema_id: int | None
    ) -> None:
        self.topic = _topic(options, table)
        self._table = table
        self._tombstones = options.tombstones_on_delete and bool(table.primary_key)
        self._has_key = bool(table.primary_key)
        self._value: _ValueText = (
            _AvroValue(table, require_id(value_schema_id, names.value_subject(self.topic)))
            if options.value_format == "avro"
            else _JsonValue(options, table)
        )
        self._key_object = _json_row(table, table.primary_key)
        self._key: Callable[[Row], bytes] = self._key_object
        if self._has_key and options.key_format == "avro":
            self._key = _avro_row(
                table, table.primary_key, framed(require_id(key_schema_id, names.key_subject(self.topic)))
            )
        elif options.key_format == "json-schema":
            self._key = _with_schema(connect_json(_key_struct(options, table)), self._key_object)

    def records(
        self,
        before: Row | None,
        after: Row | None,
        op: Operation,
        source: SourceInfo,
        now_us: int,
        *,
        row: int | None = None,
    ) -> list[Record]:
        """The records of one changed row, in the order in which they must be sent.

        An update that changes the primary key becomes delete, tombstone and create. `row` stands in for `source.row`:
        pass one SourceInfo for all rows of an event, which makes encoding faster. `now_us` = microseconds since the
        epoch, the envelope's own time.
        """
        number = source.row if row is None else row
        try:
            before_text = None if before is None else self._value.row(before)
            after_text = None if after is None else self._value.row(after)
            old_key = None if before is None or not self._has_key else self._key(before)
            new_key = None if after is None or not self._has_key else self._key(after)
            if before is None or after is None or old_key == new_key:
                value = self._value.envelope(before_text, after_text, op, source, number, now_us)
                key = old_key if after is None else new_key
                records = [Record(self.topic, -1, key, value)]
                if after is None and self._tombstones:
                    records.append(Record(self.topic, -1, key, None))
                return records
            moved_to = ((NEW_KEY, self._key_object(after)),)
            moved_from = ((OLD_KEY, self._key_object(before)),)
            delete = self._value.envelope(before_text, None, "d", source, number, now_us)
            create = self._value.envelope(None, after_text, "c", source, number, now_us)
        except CELL_ERRORS as error:
            raise InternalError(
                "a row does not have the cells that its table describes",
                table=self._table.qualified,
                reason=type(error).__name__,
            ) from error
        records = [Record(self.topic, -1, old_key, delete, moved_to)]
        if self._tombstones:
            records.append(Record(self.topic, -1, old_key, None, moved_to))
        records.append(Record(self.topic, -1, new_key, create, moved_from))
        return records


class _ValueText(Protocol):
    """One format of values: a row, and the envelope around rows in that format."""

    def row(self, row: Row) -> bytes: ...

    def envelope(
        self, before: bytes | None, after: bytes | None, op: str, source: SourceInfo, row: int, now_us: int
    ) -> bytes: ...


class _JsonValue:
    def __init__(self, options: EnvelopeOptions, table: Table) -> None:
        self.row = _json_row(table, range(len(table.columns)))
        self._source = SourceText()
        with_schema = options.value_format == "json-schema"
        schema = connect_json(_envelope_struct(options, table)) if with_schema else b""
        self._start = b'{"schema":%b,"payload":{"before":' % schema if with_schema else b'{"before":'
        self._end = b"}}" if with_schema else b"}"

    def envelope(
        self, before: bytes | None, after: bytes | None, op: str, source: SourceInfo, row: int, now_us: int
    ) -> bytes:
        return b"".join(
            (
                self._start,
                before or b"null",
                b',"after":',
                after or b"null",
                b',"source":',
                self._source.json(source, row),
                b',"transaction":null,"op":"%b","ts_ms":%d,"ts_us":%d,"ts_ns":%d'
                % (op.encode(), now_us // 1000, now_us, now_us * 1000),
                self._end,
            )
        )


class _AvroValue:
    def __init__(self, table: Table, schema_id: int) -> None:
        self.row = _avro_row(table, range(len(table.columns)), b"")
        self._source = SourceText()
        self._prefix = framed(schema_id)
        self._tail_of = ("", -1)
        self._tail = b""

    def envelope(
        self, before: bytes | None, after: bytes | None, op: str, source: SourceInfo, row: int, now_us: int
    ) -> bytes:
        if self._tail_of != (op, now_us):
            times = (SOME + encode_long(time) for time in (now_us // 1000, now_us, now_us * 1000))
            self._tail = NULL + encode_string(op) + b"".join(times)
            self._tail_of = (op, now_us)
        # A row may have no columns that take a byte: None, not emptiness, is what makes an image absent.
        return b"".join(
            (
                self._prefix,
                *((NULL,) if before is None else (SOME, before)),
                *((NULL,) if after is None else (SOME, after)),
                self._source.avro(source, row),
                self._tail,
            )
        )


def _picked(writer: Callable[[Row], bytes], indexes: Sequence[int], width: int) -> Callable[[Row], bytes]:
    """`writer` fed with the cells at `indexes` of whole rows of `width` cells."""
    if list(indexes) == list(range(width)):
        return writer
    if len(indexes) == 1:
        only = indexes[0]
        return lambda row: writer((row[only],))
    return lambda row: writer(tuple([row[index] for index in indexes]))


def _json_row(table: Table, indexes: Sequence[int]) -> Callable[[Row], bytes]:
    columns = [table.columns[index] for index in indexes]
    as_object = row_object([c.name for c in columns], [column_form(table, c).to_json for c in columns])
    dumps = orjson.dumps
    return _picked(lambda row: dumps(as_object(row)), indexes, len(table.columns))


def _avro_row(table: Table, indexes: Sequence[int], prefix: bytes) -> Callable[[Row], bytes]:
    columns = [table.columns[index] for index in indexes]
    forms = [column_form(table, column) for column in columns]
    write = record_writer(
        [Field(form.kind, column.nullable, form.to_avro) for column, form in zip(columns, forms, strict=True)]
    )
    return _picked((lambda row: prefix + write(row)) if prefix else write, indexes, len(table.columns))


def _with_schema(schema: bytes, payload: Callable[[Row], bytes]) -> Callable[[Row], bytes]:
    start = b'{"schema":%b,"payload":' % schema
    return lambda row: start + payload(row) + b"}"
