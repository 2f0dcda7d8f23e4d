"""Vitess's `binary`: the value's own bytes are the keyspace id. Built by `connector.vindex.registry`."""

from typing import ClassVar

from connector.model.keyrange import KeyRange
from connector.model.table import Value
from connector.vindex.base import SingleColumn, text_bytes


class BinaryVindex(SingleColumn):
    """The bytes as they are; numbers and text by their text. NULL and the empty value have no keyspace id."""

    name: ClassVar[str] = "binary"
    hashing: ClassVar[bool] = True
    cost = 0

    def hash(self, value: Value) -> bytes:
        """Takes every value but a float."""
        return text_bytes(value, self.name)

    def reverse_map(self, keyspace_id: bytes) -> bytes:
        """The bytes."""
        return keyspace_id

    def range_map(self, start: Value, end: Value) -> KeyRange:
        """In the order of bytes; NULL and the empty value are open ends."""
        return KeyRange(self.hash(start), self.hash(end))
