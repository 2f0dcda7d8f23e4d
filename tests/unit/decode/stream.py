"""Builds replication streams by hand and loads recorded ones; used by the tests of this room."""

import base64
import gzip
import json
import struct
import zlib
from functools import cache
from pathlib import Path
from typing import Any

from connector.decode import event_types as types
from connector.decode.reader import EventReader
from connector.model.events import Event, EventHeader

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
MAX_PAYLOAD = 0xFFFFFF


@cache
def vectors(name: str) -> Any:
    """A compressed JSON file of tests/vectors."""
    return json.loads(gzip.decompress((VECTORS / f"{name}.json.gz").read_bytes()))


@cache
def recorded_stream() -> bytes:
    """The bytes of a real dump session."""
    return base64.b64decode(vectors("binlog_dump")["stream"])


def make_event(
    type_: int, body: bytes, *, end_pos: int = 0, flags: int = 0, crc: bool = True, timestamp: int = 1_700_000_000
) -> bytes:
    """A whole event: header, body, CRC32."""
    size = 19 + len(body) + (4 if crc else 0)
    event = struct.pack("<IBIIIH", timestamp, type_, 7, size, end_pos & 0xFFFFFFFF, flags) + body
    return event + struct.pack("<I", zlib.crc32(event)) if crc else event


def format_description(version: str = "9.7.4", *, algorithm: int = 1, binlog_version: int = 4) -> bytes:
    """A FORMAT_DESCRIPTION event; its checksum is there whatever the algorithm."""
    body = struct.pack("<H50sIB", binlog_version, version.encode(), 0, 19) + bytes(41) + bytes([algorithm])
    return make_event(types.FORMAT_DESCRIPTION, body)


def rotate_body(file: str, pos: int = 4) -> bytes:
    """The body of a ROTATE event."""
    return struct.pack("<Q", pos) + file.encode()


def opening(file: str = "binlog.000001") -> list[bytes]:
    """What every dump begins with: an artificial ROTATE and the format description."""
    return [make_event(types.ROTATE, rotate_body(file), flags=types.ARTIFICIAL, timestamp=0), format_description()]


def packets(payloads: list[bytes], first: int = 1) -> bytes:
    """Payloads as MySQL packets, the long ones in several."""
    out = bytearray()
    number = first
    for payload in payloads:
        for at in range(0, len(payload) + 1, MAX_PAYLOAD):
            part = payload[at : at + MAX_PAYLOAD]
            out += len(part).to_bytes(3, "little") + bytes([number & 0xFF]) + part
            number += 1
    return bytes(out)


def stream_of(events: list[bytes], first: int = 1) -> bytes:
    """Events as the server sends them."""
    return packets([b"\0" + event for event in events], first)


def read_all(data: bytes) -> list[tuple[EventHeader, Event]]:
    """All events of a stream pushed as one chunk."""
    reader = EventReader()
    reader.push(data)
    return drain(reader)


def drain(reader: EventReader) -> list[tuple[EventHeader, Event]]:
    """All events that are whole now."""
    found = []
    while (event := reader.next_event()) is not None:
        found.append(event)
    return found
