"""MySQL packets over one socket, and the few payload encodings that the replication client needs.

Used by `handshake` and `replication` while the session is request and answer. `receive` never reads past the packet it
returns, so the bytes after the dump command stay in the socket for the raw reads of `replication`.
"""

import socket
import ssl
import struct

from connector.model.errors import RowcastError
from connector.model.server_errors import CONNECTION_LOST, MALFORMED_PACKET, source_error

MAX_PAYLOAD = 0xFFFFFF
OK, AUTH_MORE_DATA, EOF, ERR = 0x00, 0x01, 0xFE, 0xFF

Row = tuple[str | None, ...]


class PacketChannel:
    """One client session: numbered packets out and in; typed errors with the server's host as context."""

    def __init__(self, sock: socket.socket, where: str) -> None:
        self.socket = sock
        self.secure = False
        self._where = where
        self._sequence = 0

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Go on encrypted; OSError when the TLS handshake fails."""
        self.socket = context.wrap_socket(self.socket, server_hostname=host)
        self.secure = True

    def send(self, payload: bytes) -> None:
        """Send one packet as the next of the running exchange; longer than 16 MiB is split as the protocol wants it."""
        for start in range(0, len(payload) + 1, MAX_PAYLOAD):
            part = payload[start : start + MAX_PAYLOAD]
            header = struct.pack("<I", len(part))[:3] + bytes([self._sequence])
            self._sequence = (self._sequence + 1) % 256
            try:
                self.socket.sendall(header + part)
            except OSError as error:
                raise self.error(CONNECTION_LOST, f"the source closed the connection: {error}") from error

    def command(self, code: int, body: bytes) -> None:
        """Start a new exchange with a command packet."""
        self._sequence = 0
        self.send(bytes([code]) + body)

    def receive(self) -> bytes:
        """The payload of the next packet; an ERR packet is raised as its typed error."""
        payload = b""
        while True:
            header = self._exactly(4)
            size = int.from_bytes(header[:3], "little")
            if header[3] != self._sequence:
                raise self.error(MALFORMED_PACKET, "packets of the source arrive out of order")
            self._sequence = (self._sequence + 1) % 256
            payload += self._exactly(size)
            if size < MAX_PAYLOAD:
                break
        if not payload:
            raise self.error(MALFORMED_PACKET, "the source sent an empty packet")
        if payload[0] == ERR:
            raise self.error(*parse_error(payload))
        return payload

    def query(self, sql: str) -> list[Row]:
        """Run one statement; every cell is text or None."""
        self.command(0x03, sql.encode())
        first = self.receive()
        if first[0] == OK:
            return []
        columns = length_encoded_integer(first, 0)[0] or 0
        for _ in range(columns):
            self.receive()
        self._eof(self.receive())
        rows: list[Row] = []
        while not is_eof(payload := self.receive()):
            rows.append(_text_row(payload, columns))
        return rows

    def error(self, errno: int, message: str) -> RowcastError:
        """The typed error of a number, with the server's address."""
        return source_error(errno, message, host=self._where)

    def _eof(self, payload: bytes) -> None:
        if not is_eof(payload):
            raise self.error(MALFORMED_PACKET, "the source's answer has no end of its column list")

    def _exactly(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            try:
                part = self.socket.recv(size - len(parts))
            except OSError as error:
                raise self.error(CONNECTION_LOST, f"no answer from the source: {error}") from error
            if not part:
                raise self.error(CONNECTION_LOST, "the source closed the connection")
            parts += part
        return bytes(parts)


def is_eof(payload: bytes) -> bool:
    """Whether a payload is an EOF packet (a row may begin with the same byte, but is longer then)."""
    return payload[0] == EOF and len(payload) < 9


def parse_error(payload: bytes) -> tuple[int, str]:
    """Number and text of an ERR packet; before the log-in it has no SQL state."""
    errno = int.from_bytes(payload[1:3], "little")
    text = payload[9:] if payload[3:4] == b"#" else payload[3:]
    return errno, text.decode(errors="replace")


def length_encoded_integer(data: bytes, at: int) -> tuple[int | None, int]:
    """An integer of MySQL's variable length (None for NULL) and the index after it."""
    first = data[at]
    if first < 0xFB:
        return first, at + 1
    if first == 0xFB:
        return None, at + 1
    width = {0xFC: 2, 0xFD: 3, 0xFE: 8}[first]
    return int.from_bytes(data[at + 1 : at + 1 + width], "little"), at + 1 + width


def encode_length(value: int) -> bytes:
    """An integer in MySQL's variable length."""
    if value < 0xFB:
        return bytes([value])
    if value < 1 << 16:
        return b"\xfc" + value.to_bytes(2, "little")
    if value < 1 << 24:
        return b"\xfd" + value.to_bytes(3, "little")
    return b"\xfe" + value.to_bytes(8, "little")


def length_encoded(data: bytes) -> bytes:
    """A string behind its variable length."""
    return encode_length(len(data)) + data


def _text_row(payload: bytes, columns: int) -> Row:
    cells: list[str | None] = []
    at = 0
    for _ in range(columns):
        size, at = length_encoded_integer(payload, at)
        if size is None:
            cells.append(None)
        else:
            cells.append(payload[at : at + size].decode())
            at += size
    return tuple(cells)
