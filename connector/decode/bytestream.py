"""A checked cursor over one event's bytes; every event parser of this room reads through it.

A read past the end raises `Truncated`; the reader turns it into BINLOG_CORRUPT with file and position. Rows have
readers of their own.
"""

import struct


class Truncated(Exception):
    """The bytes end before the value does, or a length in them is impossible."""


class ByteStream:
    """Little-endian integers, counted strings and length-encoded integers from `data[position:end]`."""

    __slots__ = ("data", "end", "position")

    def __init__(self, data: bytes | memoryview, position: int = 0, end: int | None = None) -> None:
        self.data = data
        self.position = position
        self.end = len(data) if end is None else end

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return self.end - self.position

    def skip(self, count: int) -> int:
        """Move on by `count` bytes; returns where they begin."""
        start = self.position
        if count < 0 or count > self.end - start:
            raise Truncated(f"{count} bytes wanted, {self.end - start} left")
        self.position = start + count
        return start

    def u8(self) -> int:
        """One byte."""
        return self.data[self.skip(1)]

    def integer(self, width: int) -> int:
        """Unsigned, `width` bytes."""
        start = self.skip(width)
        return int.from_bytes(self.data[start : start + width], "little")

    def i64(self) -> int:
        """Signed, 8 bytes."""
        return int(struct.unpack_from("<q", self.data, self.skip(8))[0])

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        start = self.skip(count)
        return bytes(self.data[start : start + count])

    def rest(self) -> bytes:
        """Everything that is left."""
        return self.take(self.left)

    def lenenc(self) -> int:
        """A length-encoded integer (1, 3, 4 or 9 bytes)."""
        first = self.u8()
        if first < 0xFB:
            return first
        if first == 0xFC:
            return self.integer(2)
        if first == 0xFD:
            return self.integer(3)
        if first == 0xFE:
            return self.integer(8)
        raise Truncated(f"0x{first:02x} starts no length")

    def lenenc_bytes(self) -> bytes:
        """Bytes behind their length-encoded length."""
        return self.take(self.lenenc())

    def u8_bytes(self) -> bytes:
        """Bytes behind a one-byte length."""
        return self.take(self.u8())
