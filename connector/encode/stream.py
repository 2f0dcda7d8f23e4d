"""Messages of stream topics to bytes.

Called by the transcoder (rows) and by the source task (heartbeats, DDL, copy). Wire form: `schemas/stream.avsc`.
"""

from collections.abc import Sequence

from connector.encode.avro import (
    NULL,
    SMALL,
    SOME,
    encode_boolean,
    encode_bytes,
    encode_long,
    encode_string,
    framed,
)
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
from schemas import stream
from schemas.stream import images_crc32, stream_schema

__all__ = ["MessageEncoder", "body_crc32", "images_crc32", "stream_schema"]

_TRANSACTION = encode_long(stream.TRANSACTION)
_COPY = encode_long(stream.COPY)
_DDL = encode_long(stream.DDL)
_OTHER = encode_long(stream.OTHER)
_HEARTBEAT = encode_long(stream.HEARTBEAT)
_COPY_COMPLETED = encode_long(stream.COPY_COMPLETED)
_END = b"\x00"  # of an array
_WHOLE_IMAGES = NULL + NULL  # Change.columns, Change.json_diff


def body_crc32(body: Body) -> int:
    """What `StreamMessage.crc32` must be for this body: CRC-32 of its row images in order, 0 when there are none."""
    match body:
        case Transaction(changes):
            crc = 0
            for change in changes:
                crc = images_crc32((change.before, change.after), crc)
            return crc
        case Copy(rows=rows):
            return images_crc32(rows)
        case _:
            return 0


class MessageEncoder:
    """Encodes stream messages; `schema_id` = registry id of `stream_schema()`."""

    def __init__(self, schema_id: int) -> None:
        self._prefix = framed(schema_id)

    def encode(self, message: StreamMessage) -> bytes:
        """The record value: Confluent's prefix and Avro. `message.crc32` is written as given, see `body_crc32`."""
        head = (
            self._prefix,
            encode_long(message.seq),
            encode_long(message.part),
            encode_boolean(message.last),
            encode_string(message.position),
            encode_string(message.gtid),
            encode_long(message.commit_ts_us),
            encode_long(message.sent_ts_us),
            encode_long(message.commit_parent),
            encode_long(message.sequence_number),
            encode_long(message.crc32),
        )
        body = message.body
        if isinstance(body, Transaction):
            return b"".join(head) + _transaction(body.changes)
        return b"".join(head) + _other_body(body)


def _transaction(changes: Sequence[Change]) -> bytes:
    if not changes:
        return _TRANSACTION + _END
    parts = [_TRANSACTION, encode_long(len(changes))]
    append = parts.append
    last_table, last_flags, prefix = -1, -1, b""
    for change in changes:
        if change.table != last_table or change.flags != last_flags:
            last_table, last_flags = change.table, change.flags
            prefix = encode_long(last_table) + encode_long(last_flags)
        append(prefix)
        for image in (change.before, change.after):
            if image is None:
                append(NULL)
            else:
                append(_SOME_LENGTH[size] if (size := len(image)) < SMALL else SOME + encode_long(size))
                append(image)
        append(_WHOLE_IMAGES)
    append(_END)
    return b"".join(parts)


_SOME_LENGTH = tuple(SOME + encode_long(size) for size in range(SMALL))


def _other_body(body: Copy | CopyCompleted | DdlStatement | Other | Heartbeat) -> bytes:
    match body:
        case Copy(table, rows, lastpk, completed):
            last = NULL if lastpk is None else SOME + encode_bytes(lastpk)
            return (
                _COPY
                + encode_long(table)
                + _array([encode_bytes(row) for row in rows])
                + last
                + encode_boolean(completed)
            )
        case DdlStatement(sql, database, tables):
            names = _array([encode_string(table) for table in tables])
            return _DDL + encode_string(sql) + encode_string(database) + names
        case Heartbeat(throttled, reason):
            return _HEARTBEAT + encode_boolean(throttled) + encode_string(reason)
        case Other():
            return _OTHER
        case CopyCompleted():
            return _COPY_COMPLETED


def _array(items: Sequence[bytes]) -> bytes:
    """An Avro array in one block."""
    return b"".join((encode_long(len(items)), *items, _END)) if items else _END
