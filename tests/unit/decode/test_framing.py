"""Packets in, events out: any chunk border, long packets, what the server sends instead of an event."""

import pytest

from connector.decode.framing import MAX_EVENT_BYTES, PacketReader
from connector.model.errors import BinlogCorrupt, PositionPurged, RowcastError, SourceConnectionLost
from tests.unit.decode.stream import MAX_PAYLOAD, packets


def _take_all(reader: PacketReader) -> list[bytes]:
    found = []
    while (event := reader.next_event()) is not None:
        found.append(event)
    return found


def _error_of(payload: bytes) -> RowcastError:
    reader = PacketReader()
    reader.push(packets([payload]))
    with pytest.raises(RowcastError) as caught:
        reader.next_event()
    return caught.value


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_events_are_the_same_at_every_chunk_border(size: int) -> None:
    events = [b"first", b"", b"x" * 300, b"last"]
    data = packets([b"\0" + event for event in events])
    reader = PacketReader()
    found = []
    for at in range(0, len(data), size):
        reader.push(data[at : at + size])
        found += _take_all(reader)
    assert found == events


@pytest.mark.parametrize("length", [MAX_PAYLOAD - 2, MAX_PAYLOAD - 1, MAX_PAYLOAD, 2 * MAX_PAYLOAD - 1])
def test_an_event_around_the_packet_limit_is_put_together(length: int) -> None:
    event = bytes(range(256)) * (length // 256 + 1)
    data = packets([b"\0" + event[:length], b"\0next"])
    reader = PacketReader()
    found = []
    for at in range(0, len(data), 1 << 20):
        reader.push(data[at : at + (1 << 20)])
        found += _take_all(reader)
    assert found == [event[:length], b"next"]


@pytest.mark.timeout(30)
def test_a_64_mib_event_in_small_chunks_takes_linear_time() -> None:
    # Copying what was read so far for every chunk would move 500 GB here and run into the timeout.
    data = packets([b"\0" + bytes(64 << 20)])
    reader = PacketReader()
    found = []
    for at in range(0, len(data), 4096):
        reader.push(data[at : at + 4096])
        found += _take_all(reader)
    assert [len(event) for event in found] == [64 << 20]


def test_sequence_numbers_wrap_around() -> None:
    reader = PacketReader()
    reader.push(packets([b"\0%d" % number for number in range(600)], first=200))
    assert len(_take_all(reader)) == 600


def test_a_lost_packet_is_corruption() -> None:
    reader = PacketReader()
    reader.push(packets([b"\0a"], first=1) + packets([b"\0c"], first=3))
    assert reader.next_event() == b"a"
    with pytest.raises(BinlogCorrupt, match="out of order"):
        reader.next_event()


def test_an_error_packet_becomes_the_error_of_its_number() -> None:
    message = b"Cannot replicate because the source purged required binary logs."
    error = _error_of(b"\xff\xd4\x04#HY000" + message)
    assert isinstance(error, PositionPurged)
    assert "purged required" in str(error)
    assert error.context["sqlstate"] == "HY000"


def test_an_error_packet_without_sqlstate_keeps_its_message() -> None:
    assert "gone wrong" in str(_error_of(b"\xff\x01\x04gone wrong"))


def test_eof_is_a_lost_connection() -> None:
    assert isinstance(_error_of(b"\xfe\0\0\0\0"), SourceConnectionLost)


@pytest.mark.parametrize("payload", [b"", b"\x01abc", b"\xff", b"\xef\x00"])
def test_anything_else_is_corruption(payload: bytes) -> None:
    assert isinstance(_error_of(payload), BinlogCorrupt)


def test_an_endless_event_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_EVENT_BYTES > 1 << 30
    monkeypatch.setattr("connector.decode.framing.MAX_EVENT_BYTES", MAX_PAYLOAD + 10)
    reader = PacketReader()
    header = MAX_PAYLOAD.to_bytes(3, "little")
    reader.push(header + b"\1" + bytes(MAX_PAYLOAD) + header + b"\2")
    with pytest.raises(BinlogCorrupt, match="larger than"):
        reader.next_event()
