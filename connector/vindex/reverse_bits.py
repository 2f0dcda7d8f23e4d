"""Vitess's `reverse_bits`: the integer's 64 bits in reverse. Built by `connector.vindex.registry`."""

from typing import ClassVar

from connector.model.table import Value
from connector.vindex.base import SingleColumn, unsigned, whole

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class ReverseBitsVindex(SingleColumn):
    """Eight bytes: spreads a sequence over all shards. Negative numbers have no keyspace id."""

    name: ClassVar[str] = "reverse_bits"
    hashing: ClassVar[bool] = True
    cost = 1
    reads_numbers = (True,)

    def hash(self, value: Value) -> bytes:
        """Takes what is an unsigned 64-bit integer, or text of one."""
        return unsigned(value, self.name).to_bytes(8, "little").translate(_REVERSED)

    def reverse_map(self, keyspace_id: bytes) -> int:
        """The integer."""
        return int.from_bytes(whole(keyspace_id, self.name).translate(_REVERSED), "little")
