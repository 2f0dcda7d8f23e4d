"""Vitess's `binary`: the value's own bytes are the keyspace id. Built by `connector.vindex.registry`."""

from typing import ClassVar

from connector.model.errors import VindexUnmappable
from connector.model.table import Row
from connector.vindex.base import text_bytes


class BinaryVindex:
    """The bytes as they are; numbers and text by their text."""

    name: ClassVar[str] = "binary"
    unique: ClassVar[bool] = True
    cost: ClassVar[int] = 0
    columns: ClassVar[int] = 1

    def map(self, values: Row) -> bytes:
        """Takes every value but a float, NULL and the empty value (an empty keyspace id lies in no shard)."""
        (value,) = values
        keyspace_id = text_bytes(value, self.name)
        if not keyspace_id:
            raise VindexUnmappable("binary has no keyspace id for NULL or an empty value", vindex=self.name)
        return keyspace_id
