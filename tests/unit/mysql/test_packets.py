"""Packets over a socket: lengths, order, splitting at 16 MiB, the errors of a peer that misbehaves."""

import socket
import threading
from collections.abc import Iterator

import pytest

from connector.model import errors
from connector.mysql.packets import MAX_PAYLOAD, PacketChannel, encode_length, length_encoded_integer, parse_error

Pair = tuple[PacketChannel, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    here, there = socket.socketpair()
    with here, there:
        here.settimeout(10)
        there.settimeout(10)
        yield PacketChannel(here, "db:3306"), there


@pytest.mark.parametrize("value", [0, 250, 251, 65535, 65536, (1 << 24) - 1, 1 << 24, (1 << 64) - 1])
def test_length_round_trip(value: int) -> None:
    encoded = encode_length(value)
    assert length_encoded_integer(b"x" + encoded, 1) == (value, 1 + len(encoded))


def test_null_length() -> None:
    assert length_encoded_integer(b"\xfb", 0) == (None, 1)


def test_command_starts_a_new_count(pair: Pair) -> None:
    channel, peer = pair
    channel.send(b"a")
    channel.send(b"b")
    channel.command(3, b"SELECT 1")
    assert peer.recv(100) == b"\x01\0\0\0a" + b"\x01\0\0\x01b" + b"\x09\0\0\0\x03SELECT 1"


@pytest.mark.parametrize("size", [MAX_PAYLOAD - 1, MAX_PAYLOAD, MAX_PAYLOAD + 5])
def test_16_mib_and_more(pair: Pair, size: int) -> None:
    channel, peer = pair
    payload = bytes(size)
    sender = threading.Thread(target=PacketChannel(peer, "").send, args=(payload,))
    sender.start()
    assert channel.receive() == payload
    sender.join()


def test_result_set(pair: Pair) -> None:
    channel, peer = pair
    for index, payload in enumerate(
        [b"\x02", b"col1", b"col2", b"\xfe\0\0\2\0", b"\x01a\xfb", b"\0\x02bc", b"\xfe\0\0\2\0"]
    ):
        peer.sendall(len(payload).to_bytes(3, "little") + bytes([index + 1]) + payload)
    assert channel.query("x") == [("a", None), ("", "bc")]


def test_error_packet_is_typed(pair: Pair) -> None:
    channel, peer = pair
    peer.sendall(b"\x0c\0\0\0\xff\xcb\x04#42000no!")
    with pytest.raises(errors.SourcePrivilegeMissing, match=r"no! \(errno=1227, host=db:3306\)"):
        channel.receive()


def test_error_without_state() -> None:
    assert parse_error(b"\xff\x10\x04Too many connections") == (1040, "Too many connections")


@pytest.mark.parametrize("sent", [b"", b"\x05\0\0", b"\x05\0\0\0abc"])
def test_peer_closes(pair: Pair, sent: bytes) -> None:
    channel, peer = pair
    peer.sendall(sent)
    peer.close()
    with pytest.raises(errors.SourceConnectionLost, match="closed"):
        channel.receive()


def test_out_of_order(pair: Pair) -> None:
    channel, peer = pair
    peer.sendall(b"\x01\0\0\x07a")
    with pytest.raises(errors.SourceQueryFailed, match="out of order"):
        channel.receive()


def test_empty_packet(pair: Pair) -> None:
    channel, peer = pair
    peer.sendall(b"\0\0\0\0")
    with pytest.raises(errors.SourceQueryFailed, match="empty"):
        channel.receive()


def test_silent_peer(pair: Pair) -> None:
    channel, _ = pair
    channel.socket.settimeout(0.01)
    with pytest.raises(errors.SourceConnectionLost, match="no answer"):
        channel.receive()
