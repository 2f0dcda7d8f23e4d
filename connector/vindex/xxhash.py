"""Vitess's `xxhash`: xxHash64 of the value's text. Built by `connector.vindex.registry`."""

from typing import ClassVar

from xxhash import xxh64_intdigest

from connector.model.table import Value
from connector.vindex.base import SingleColumn, text_bytes


class XxhashVindex(SingleColumn):
    """xxHash64 (seed 0) written little-endian; NULL counts as the empty text."""

    name: ClassVar[str] = "xxhash"
    hashing: ClassVar[bool] = True
    cost = 1

    def hash(self, value: Value) -> bytes:
        """Takes every value but a float."""
        return xxh64_intdigest(text_bytes(value, self.name)).to_bytes(8, "little")
