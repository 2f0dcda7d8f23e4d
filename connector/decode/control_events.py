"""Bodies of the events that carry no rows; called by the event reader. Each parser gets the body without header and
checksum.

All raise Truncated for impossible lengths; text that is not valid in its character set raises UnicodeDecodeError.
"""

import re
from uuid import UUID

from connector.decode.bytestream import ByteStream, Truncated
from connector.decode.charsets import BINARY_COLLATION, charset_of, collation_name, decoder_of
from connector.model.events import Gtid, Query, Rotate

_CHECKSUM_SINCE = (5, 6, 1)
_ORIGINAL_TIMESTAMP = 1 << 55
_STATUS_CHARSET = 4
# Status variables of fixed size, by key; None = starts with a one-byte length.
_STATUS_SIZES: dict[int, int | None] = {
    0: 4,  # flags2
    1: 8,  # sql_mode
    3: 4,  # auto_increment
    5: None,  # time zone
    6: None,  # catalog
    7: 2,  # lc_time_names
    8: 2,  # database's collation
    9: 8,  # tables of a multi-table update
}


def rotate(body: bytes) -> Rotate:
    """ROTATE: position and file name."""
    stream = ByteStream(body)
    position = stream.integer(8)
    return Rotate(stream.rest().decode(), position)


def server_version(text: str) -> tuple[int, int, int]:
    """'8.0.mysql_aurora.3.05.2' -> (8, 0, 0): the leading numbers only."""
    numbers = re.match(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", text)
    if numbers is None:
        raise Truncated(f"no server version: {text[:20]!r}")
    major, minor, patch = (int(number or 0) for number in numbers.groups())
    return major, minor, patch


def checksum_algorithm(event: bytes) -> int:
    """The checksum algorithm that a whole FORMAT_DESCRIPTION event announces: 0 none, 1 CRC32. Its binlog format must
    be 4.
    """
    stream = ByteStream(event, 19)
    if (binlog_version := stream.integer(2)) != 4:
        raise Truncated(f"binlog format {binlog_version}")
    version = server_version(stream.take(50).partition(b"\0")[0].decode("ascii", "replace"))
    stream.skip(4)  # created
    if (header := stream.u8()) != 19:
        raise Truncated(f"event headers of {header} bytes")
    if version < _CHECKSUM_SINCE:
        return 0
    if stream.left < 5:
        raise Truncated("no checksum algorithm")
    return event[-5]


def gtid(body: bytes) -> Gtid:
    """GTID: identity, logical clock, and since 8.0 commit time and transaction length."""
    stream = ByteStream(body)
    stream.skip(1)  # flags
    source = UUID(bytes=stream.take(16))
    number = stream.i64()
    last_committed = sequence_number = commit_ts_us = length = 0
    if stream.left >= 17:
        stream.skip(1)  # clock type
        last_committed, sequence_number = stream.i64(), stream.i64()
    if stream.left >= 7:
        commit_ts_us = stream.integer(7)
        if commit_ts_us & _ORIGINAL_TIMESTAMP:
            commit_ts_us ^= _ORIGINAL_TIMESTAMP
            stream.skip(7)  # commit time at the server where the transaction began
        if stream.left:
            length = stream.lenenc()
    return Gtid(f"{source}:{number}", last_committed, sequence_number, commit_ts_us, length)


def query(body: bytes) -> Query:
    """QUERY: the statement in the client's character set, which the status variables name."""
    stream = ByteStream(body)
    thread_id = stream.integer(4)
    stream.skip(4)  # execution time
    database_length = stream.u8()
    stream.skip(2)  # error code
    status_length = stream.integer(2)
    start = stream.skip(status_length)
    status = ByteStream(body, start, start + status_length)
    database = stream.take(database_length).decode()
    stream.skip(1)  # the terminating zero
    return Query(database, _statement(stream.rest(), _client_collation(status)), thread_id)


def _client_collation(status: ByteStream) -> int | None:
    """character_set_client's collation id; reading stops at the first variable we do not know."""
    while status.left:
        key = status.u8()
        if key == _STATUS_CHARSET:
            return status.integer(2)
        if key == 2:  # catalog with a terminating zero, as MySQL 5.0 wrote it
            status.skip(status.u8() + 1)
        elif key not in _STATUS_SIZES:
            return None
        else:
            size = _STATUS_SIZES[key]
            status.skip(status.u8() if size is None else size)
    return None


def _statement(sql: bytes, collation_id: int | None) -> str:
    # A client with `SET NAMES binary` (a restored dump) sends what the server stores names in: utf8.
    if collation_id is None or collation_id == BINARY_COLLATION:
        return sql.decode()
    name = collation_name(collation_id)
    return sql.decode() if name is None else decoder_of(charset_of(name))(sql)


def rows_query(body: bytes) -> str:
    """ROWS_QUERY: the statement's text; for people, so bytes that are not UTF-8 are shown as \\xNN."""
    stream = ByteStream(body)
    stream.skip(1)  # the length, modulo 256
    return stream.rest().decode("utf-8", "backslashreplace")


def heartbeat_v2(body: bytes) -> tuple[str, int]:
    """HEARTBEAT_V2: file name and 64-bit position, as (type, length, value) fields ended by type 0."""
    stream = ByteStream(body)
    file: str | None = None
    position: int | None = None
    while stream.left and (field := stream.u8()) != 0:
        value = stream.lenenc_bytes()
        if field == 1:
            file = value.decode()
        elif field == 2:
            position = ByteStream(value).lenenc()
    if file is None or position is None:
        raise Truncated("a heartbeat without file or position")
    return file, position


def incident(body: bytes) -> str:
    """INCIDENT: number and the server's message."""
    stream = ByteStream(body)
    number = stream.integer(2)
    message = stream.u8_bytes().decode("utf-8", "replace") if stream.left else ""
    return f"{message or 'no message'} (incident {number})"
