"""Vitess's `xxhash`: xxHash64 of the value's text. Built by `connector.vindex.registry`."""

from typing import ClassVar

from xxhash import xxh64_intdigest

from connector.model.table import Row
from connector.vindex.base import text_bytes


class XxhashVindex:
    """xxHash64 (seed 0) written little-endian; NULL counts as the empty text."""

    name: ClassVar[str] = "xxhash"
    unique: ClassVar[bool] = True
    cost: ClassVar[int] = 1
    columns: ClassVar[int] = 1

    def map(self, values: Row) -> bytes:
        """Takes every value but a float."""
        (value,) = values
        return xxh64_intdigest(text_bytes(value, self.name)).to_bytes(8, "little")
