"""MySQL packets over arbitrary chunk borders to binlog events; the event reader feeds it.

A packet is a 3-byte length, a sequence number and the payload; a payload of 16 MiB - 1 goes on in the next packet.
The first payload byte says what it is: 00 an event, FF an error, FE the end. Every byte is copied twice, whatever its
size and however it is cut.
"""

from connector.model.errors import BinlogCorrupt, RowcastError, SourceConnectionLost
from connector.model.server_errors import source_error

_CONTINUED = 0xFFFFFF
# The server caps a replica's packets at 1 GiB (slave_max_allowed_packet) plus what an event's header needs.
MAX_EVENT_BYTES = 1024 * 1024 * 1024 + 64 * 1024
_HEADER = 4


class PacketReader:
    """Push chunks in, take event bytes (without the status byte) out. Holds one unfinished event and what was pushed
    but not taken.
    """

    __slots__ = ("_buffer", "_parts", "_parts_size", "_read", "_sequence")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._read = 0  # where the next packet header begins
        self._parts: list[bytes] = []  # finished packets of an event that is longer than one packet
        self._parts_size = 0
        self._sequence: int | None = None

    def push(self, chunk: bytes | memoryview) -> None:
        """Add what the socket returned."""
        if self._read:
            del self._buffer[: self._read]  # bytearray moves its start: no copy
            self._read = 0
        self._buffer += chunk

    def next_event(self) -> bytes | None:
        """The next whole event, None when more bytes are needed.

        Raises what the server sent instead of an event: `source_error` of an ERR packet, SourceConnectionLost for EOF;
        BinlogCorrupt when the packets are out of order, empty or larger than the server may send.
        """
        buffer = self._buffer
        while True:
            start = self._read + _HEADER
            if len(buffer) < start:
                return None
            length = int.from_bytes(buffer[start - 4 : start - 1], "little")
            if self._parts_size + length > MAX_EVENT_BYTES:
                raise BinlogCorrupt("the server sends an event larger than 1 GiB", bytes=self._parts_size + length)
            end = start + length
            if len(buffer) < end:
                return None
            self._check_sequence(buffer[start - 1])
            self._read = end
            with memoryview(buffer) as view:
                if length < _CONTINUED and not self._parts:
                    if length and buffer[start] == 0:
                        return bytes(view[start + 1 : end])
                    payload = bytes(view[start:end])
                else:
                    self._parts.append(bytes(view[start:end]))
                    self._parts_size += length
                    if length == _CONTINUED:
                        continue
                    payload = b"".join(self._parts)
                    self._parts.clear()
                    self._parts_size = 0
                    if payload[0] == 0:
                        return payload[1:]
            raise _not_an_event(payload)

    def _check_sequence(self, number: int) -> None:
        if self._sequence is not None and number != (self._sequence + 1) & 0xFF:
            raise BinlogCorrupt("packets are out of order", expected=(self._sequence + 1) & 0xFF, found=number)
        self._sequence = number


def _not_an_event(payload: bytes) -> RowcastError:
    if not payload:
        return BinlogCorrupt("the server sent an empty packet instead of an event")
    if payload[0] == 0xFE:
        return SourceConnectionLost("the server ended the binlog stream")
    if payload[0] == 0xFF and len(payload) >= 3:
        errno = int.from_bytes(payload[1:3], "little")
        if payload[3:4] == b"#":
            sqlstate, message = payload[4:9].decode("ascii", "replace"), payload[9:]
        else:
            sqlstate, message = None, payload[3:]
        return source_error(errno, message.decode("utf-8", "replace"), sqlstate=sqlstate)
    return BinlogCorrupt(
        "the server sent a packet that is neither an event nor an error", first_byte=f"0x{payload[0]:02x}"
    )
