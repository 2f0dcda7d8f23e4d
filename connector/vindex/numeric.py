"""Vitess's `numeric`: the integer itself is the keyspace id. Built by `connector.vindex.registry`."""

from typing import ClassVar

from connector.model.keyrange import KeyRange
from connector.model.table import Value
from connector.vindex.base import SingleColumn, unsigned, whole


class NumericVindex(SingleColumn):
    """Eight bytes, big-endian. Negative numbers have no keyspace id."""

    name: ClassVar[str] = "numeric"
    hashing: ClassVar[bool] = True
    cost = 0
    reads_numbers = (True,)

    def hash(self, value: Value) -> bytes:
        """Takes what is an unsigned 64-bit integer, or text of one."""
        return unsigned(value, self.name).to_bytes(8, "big")

    def reverse_map(self, keyspace_id: bytes) -> int:
        """The integer."""
        return int.from_bytes(whole(keyspace_id, self.name), "big")

    def range_map(self, start: Value, end: Value) -> KeyRange:
        """In the order of numbers."""
        return KeyRange(self.hash(start), self.hash(end))
