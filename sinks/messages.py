"""Records of stream topics and table topics back to values (the only door to fastavro on this side).

Called by the sink runner (`stream`, `table`, `row`) and by `rowcast tail` (`any`). No I/O: the caller says how the text
of a registered schema is found.
"""

import io
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from typing import Any, TypeVar

import fastavro
from fastavro.schema import SchemaParseException, to_parsing_canonical_form

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
from connector.model.table import Row, Table
from schemas import stream
from schemas.stream import images_crc32, stream_schema
from sinks.images import DAMAGE, read_long, read_size, row_reader, table_of_schema

_PREFIX_SIZE = 5  # 00 and the schema id
_T = TypeVar("_T")


class MessageDecoder:
    """Decodes records; `schema_of(id)` gives the text of a registered schema. Keeps one reader per schema id.

    Everything that cannot be read is MESSAGE_INVALID; errors of `schema_of` pass through.
    """

    def __init__(self, schema_of: Callable[[int], str]) -> None:
        self._schema_of = schema_of
        self._stream_ids: set[int] = set()
        self._tables: dict[int, Table] = {}
        self._readers: dict[int, Callable[[bytes], Row]] = {}
        self._avro: dict[int, Any] = {}

    def stream(self, value: bytes) -> StreamMessage:
        """A message of a stream topic, its checksum verified."""
        schema_id = _schema_id(value)
        if schema_id not in self._stream_ids:
            if not self._is_stream(schema_id):
                raise MessageInvalid("the record is not a message of a stream topic", schema=schema_id)
            self._stream_ids.add(schema_id)
        try:
            return _message(value)
        except DAMAGE as error:
            raise MessageInvalid("a stream message is cut off or damaged", schema=schema_id) from error

    def table(self, schema_id: int) -> Table:
        """The table version whose rows have this schema."""
        known = self._tables.get(schema_id)
        if known is None:
            known = self._tables[schema_id] = table_of_schema(self._schema_of(schema_id))
        return known

    def row(self, schema_id: int, image: bytes) -> Row:
        """The row of an image, cells in the order of `table(schema_id).columns`."""
        reader = self._readers.get(schema_id)
        if reader is None:
            reader = self._readers[schema_id] = row_reader(self.table(schema_id))
        try:
            return reader(image)
        except DAMAGE as error:
            table = self.table(schema_id).qualified
            raise MessageInvalid("a row image is cut off or damaged", table=table, schema=schema_id) from error

    def any(self, topic: str, key: bytes | None, value: bytes | None) -> dict[str, Any]:
        """Any record of the topics that rowcast writes, as JSON-ready values: bytes as base64, decimals as text.

        Shape: topic, kind (stream, avro, json, tombstone), key, value. Rows of stream messages are objects by column.
        """
        if value is None:
            return {"topic": topic, "kind": "tombstone", "key": self._side(key), "value": None}
        if not value.startswith(b"\x00"):
            return {"topic": topic, "kind": "json", "key": self._side(key), "value": self._side(value)}
        if self._is_stream(_schema_id(value)):
            return {"topic": topic, "kind": "stream", "key": self._side(key), "value": self._shown(self.stream(value))}
        return {"topic": topic, "kind": "avro", "key": self._side(key), "value": self._side(value)}

    def _is_stream(self, schema_id: int) -> bool:
        """Whether the id names today's stream schema; another version of it is an error, not another kind."""
        text = self._schema_of(schema_id)
        if text == stream_schema():
            return True
        schema = _loaded(text)
        if not isinstance(schema, dict) or f"{schema.get('namespace')}.{schema.get('name')}" != stream.MESSAGE:
            return False
        # The canonical form leaves out what does not change the bytes: documentation and order of properties.
        if to_parsing_canonical_form(schema) != to_parsing_canonical_form(json.loads(stream_schema())):
            raise MessageInvalid("the stream was written by another version of rowcast", schema=schema_id)
        return True

    def _side(self, raw: bytes | None) -> Any:
        """Key or value: Avro when framed, else JSON."""
        if raw is None:
            return None
        if not raw.startswith(b"\x00"):
            try:
                return json.loads(raw)
            except ValueError as error:
                raise MessageInvalid("a record is neither Avro nor JSON") from error
        schema_id = _schema_id(raw)
        text = self._schema_of(schema_id) if schema_id not in self._avro else ""
        body = io.BytesIO(raw)
        body.seek(_PREFIX_SIZE)
        try:
            schema = self._avro.get(schema_id)
            if schema is None:
                schema = self._avro[schema_id] = fastavro.parse_schema(_loaded(text))
            value = fastavro.schemaless_reader(body, schema, None)
        except (*DAMAGE, EOFError, ValueError, TypeError, LookupError, OverflowError, SchemaParseException) as error:
            raise MessageInvalid("an Avro record does not fit its schema", schema=schema_id) from error
        if body.read(1):
            raise MessageInvalid("an Avro record goes on behind its end", schema=schema_id)
        return _json_ready(value)

    def _shown(self, message: StreamMessage) -> dict[str, Any]:
        head = {name: value for name, value in asdict(message).items() if name != "body"}
        body = message.body
        shown: dict[str, Any] = {"type": type(body).__name__}
        match body:
            case Transaction(changes):
                shown["changes"] = [
                    {
                        "table": self.table(change.table).qualified,
                        "flags": change.flags,
                        "before": self._object(change.table, change.before),
                        "after": self._object(change.table, change.after),
                    }
                    for change in changes
                ]
            case Copy(table, rows, lastpk, completed):
                shown["table"] = self.table(table).qualified
                shown["rows"] = [self._object(table, image) for image in rows]
                shown["lastpk"] = self._object(table, lastpk)
                shown["completed"] = completed
            case _:
                shown |= _json_ready(asdict(body))
        return head | {"body": shown}

    def _object(self, schema_id: int, image: bytes | None) -> dict[str, Any] | None:
        if image is None:
            return None
        columns = self.table(schema_id).columns
        return {
            column.name: _json_ready(cell) for column, cell in zip(columns, self.row(schema_id, image), strict=True)
        }


def _schema_id(value: bytes) -> int:
    if len(value) < _PREFIX_SIZE or value[0]:
        raise MessageInvalid("the record has no schema id")
    return int.from_bytes(value[1:_PREFIX_SIZE], "big")


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise MessageInvalid("a registered schema is not JSON") from error


def _json_ready(value: Any) -> Any:
    match value:
        case bytes():
            return b64encode(value).decode("ascii")
        case Decimal():
            return str(value)
        case dict():
            return {name: _json_ready(item) for name, item in value.items()}
        case list() | tuple():
            return [_json_ready(item) for item in value]
        case _:
            return value


# ---- stream.avsc, field by field ------------------------------------------------------------------------------------
def _message(data: bytes) -> StreamMessage:
    seq, at = read_long(data, _PREFIX_SIZE)
    part, at = read_long(data, at)
    last, at = _read_boolean(data, at)
    position, at = _read_string(data, at)
    gtid, at = _read_string(data, at)
    commit_ts_us, at = read_long(data, at)
    sent_ts_us, at = read_long(data, at)
    commit_parent, at = read_long(data, at)
    sequence_number, at = read_long(data, at)
    crc32, at = read_long(data, at)
    branch, at = read_long(data, at)
    body: Body
    if branch == stream.TRANSACTION:
        changes, seen, at = _read_changes(data, at)
        body = Transaction(changes)
    else:
        body, seen, at = _read_other_body(branch, data, at)
    if at != len(data):
        raise MessageInvalid("a stream message ends in the wrong place")
    if seen != crc32:
        raise MessageInvalid("the checksum of a stream message is wrong", seq=seq, part=part)
    return StreamMessage(
        seq, part, last, position, gtid, commit_ts_us, sent_ts_us, commit_parent, sequence_number, crc32, body
    )


def _read_changes(data: bytes, at: int) -> tuple[tuple[Change, ...], int, int]:
    """Changes, the checksum of their images, and the offset behind them."""
    changes: list[Change] = []
    images: list[bytes] = []
    table = flags = 0
    head: bytes | None = None  # table and flags as the last change wrote them: most changes repeat them
    while True:
        count, at = _read_block(data, at)
        if not count:
            return tuple(changes), images_crc32(images), at
        for _ in range(count):
            if head is not None and data.startswith(head, at):
                at += len(head)
            else:
                start = at
                table, at = read_long(data, at)
                flags, at = read_long(data, at)
                head = data[start:at]
            before = after = None
            if data[at]:
                before, at = _read_optional(data, at)
                images.append(before)
            else:
                at += 1
            if data[at]:
                after, at = _read_optional(data, at)
                images.append(after)
            else:
                at += 1
            if data[at] or data[at + 1]:
                raise MessageInvalid("a change has partial images, which this rowcast does not read")
            at += 2
            changes.append(Change(table, flags, before, after))


def _read_other_body(branch: int, data: bytes, at: int) -> tuple[Body, int, int]:
    """A body that is no Transaction, the checksum of its images, and the offset behind it."""
    match branch:
        case stream.COPY:
            table, at = read_long(data, at)
            rows, at = _read_array(data, at, _read_bytes)
            lastpk, at = _read_optional(data, at) if data[at] else (None, at + 1)
            completed, at = _read_boolean(data, at)
            return Copy(table, rows, lastpk, completed), images_crc32(rows), at
        case stream.DDL:
            sql, at = _read_string(data, at)
            database, at = _read_string(data, at)
            tables, at = _read_array(data, at, _read_string)
            return DdlStatement(sql, database, tables), 0, at
        case stream.HEARTBEAT:
            throttled, at = _read_boolean(data, at)
            reason, at = _read_string(data, at)
            return Heartbeat(throttled, reason), 0, at
        case stream.OTHER:
            return Other(), 0, at
        case stream.COPY_COMPLETED:
            return CopyCompleted(), 0, at
        case _:
            raise MessageInvalid("a stream message has a body that this rowcast does not read", branch=branch)


def _read_block(data: bytes, at: int) -> tuple[int, int]:
    """Number of items in the next block of an array; 0 = the array ends."""
    count, at = read_long(data, at)
    if count < 0:  # writers may say the block's size in bytes as well
        _, at = read_long(data, at)
        count = -count
    if count > len(data):
        raise MessageInvalid("an array has more items than the message has bytes")
    return count, at


def _read_array(data: bytes, at: int, read: Callable[[bytes, int], tuple[_T, int]]) -> tuple[tuple[_T, ...], int]:
    items: list[_T] = []
    while True:
        count, at = _read_block(data, at)
        if not count:
            return tuple(items), at
        for _ in range(count):
            item, at = read(data, at)
            items.append(item)


def _read_boolean(data: bytes, at: int) -> tuple[bool, int]:
    if data[at] > 1:
        raise MessageInvalid("a boolean is neither true nor false")
    return data[at] == 1, at + 1


def _read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    low = data[at]
    if low & 1:
        raise MessageInvalid("a length is negative")
    if low < 128:
        size, at = low >> 1, at + 1
    elif (high := data[at + 1]) < 128:  # the usual row image has 64 to 8191 bytes
        size, at = (low & 127 | high << 7) >> 1, at + 2
    else:
        size, at = read_size(data, at)
    if at + size > len(data):
        raise MessageInvalid("a length goes beyond the end")
    return data[at : at + size], at + size


def _read_string(data: bytes, at: int) -> tuple[str, int]:
    raw, at = _read_bytes(data, at)
    return raw.decode(), at


def _read_optional(data: bytes, at: int) -> tuple[bytes, int]:
    """The value of an optional field that is not null."""
    if data[at] != 2:  # zigzag of 1
        raise MessageInvalid("an optional field is neither null nor a value")
    return _read_bytes(data, at + 1)
