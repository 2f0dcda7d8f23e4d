"""Vitess's `unicode_loose_xxhash`: xxHash64 of what a text weighs. Built by `connector.vindex.registry`."""

from typing import ClassVar

from xxhash import xxh64_intdigest

from connector.model.table import Value
from connector.vindex.base import SingleColumn
from connector.vindex.weights import loose_key


class UnicodeLooseXxhashVindex(SingleColumn):
    """The same keyspace id for texts that differ in case or accents (`connector.vindex.weights`); NULL is empty."""

    name: ClassVar[str] = "unicode_loose_xxhash"
    hashing: ClassVar[bool] = True
    cost = 1

    def hash(self, value: Value) -> bytes:
        """Takes text, numbers by their text, and bytes that are UTF-8."""
        return xxh64_intdigest(loose_key(value, self.name)).to_bytes(8, "little")
