"""Reading the dump without a server: time-outs, silence, a closed peer; and the fixed parts of its commands."""

import socket
import time
from collections.abc import Iterator
from uuid import UUID

import pytest

from connector.model.errors import InternalError, SourceConnectionLost
from connector.model.gtid import GtidSet
from connector.mysql.address import ServerAddress
from connector.mysql.replication import BinlogDump, replica_uuid_of

GTIDS = GtidSet.parse("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5")
Pair = tuple[BinlogDump, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A dump that is past its open(), with the source's end of the socket."""
    here, there = socket.socketpair()
    dump = BinlogDump(ServerAddress("db", 3306, "u", "p"), server_id=7, gtids=GTIDS, heartbeat_s=0.02, replica_uuid="x")
    here.setblocking(False)
    dump._socket = here
    dump._last_arrival = time.monotonic()
    yield dump, there
    dump.close()
    there.close()


def test_bytes_come_as_they_are(pair: Pair) -> None:
    dump, peer = pair
    peer.sendall(b"abcdef")
    assert dump.buffered
    assert dump.read(1, limit=4) == b"abcd"
    assert dump.buffered
    assert dump.read(1) == b"ef"
    assert not dump.buffered


def test_nothing_within_the_timeout(pair: Pair) -> None:
    dump, _ = pair
    assert dump.read(0) == b""
    assert dump.read(0.1) == b"", "before the first byte silence is allowed: the source may be searching its files"


def test_silence_after_the_first_byte_is_a_lost_connection(pair: Pair) -> None:
    dump, peer = pair
    peer.sendall(b"a")
    assert dump.read(1) == b"a"
    with pytest.raises(SourceConnectionLost, match=r"no heartbeat for .* host=db:3306"):
        dump.read(10)


def test_closed_by_the_source(pair: Pair) -> None:
    dump, peer = pair
    peer.sendall(b"last words")
    peer.close()
    assert dump.read(1) == b"last words"
    with pytest.raises(SourceConnectionLost, match="closed"):
        dump.read(1)
    with pytest.raises(InternalError, match="not open"):
        dump.read(1)


def test_close_twice(pair: Pair) -> None:
    dump, _ = pair
    dump.close()
    dump.close()


def test_commands(pair: Pair) -> None:
    dump, _ = pair
    assert dump._registration() == b"\x07\0\0\0" + b"\x07rowcast\0\0" + bytes(10)
    encoded = GTIDS.encode()
    assert dump._dump_request(encoded) == (
        b"\x06\0" + b"\x07\0\0\0" + bytes(4) + b"\x04" + bytes(7) + len(encoded).to_bytes(4, "little") + encoded
    )


def test_the_set_is_copied() -> None:
    gtids = GTIDS.copy()
    dump = BinlogDump(ServerAddress("h", 1, "u", ""), server_id=1, gtids=gtids, heartbeat_s=1, replica_uuid="x")
    gtids.add("3e11fa47-71ca-11e1-9e33-c80aa9429562:6")
    assert dump._gtids == GTIDS


def test_replica_uuid_is_stable_and_its_own() -> None:
    assert replica_uuid_of("rowcast/shop") == replica_uuid_of("rowcast/shop")
    assert replica_uuid_of("rowcast/shop") != replica_uuid_of("rowcast/shop2")
    assert UUID(replica_uuid_of("rowcast/shop")).version == 5
