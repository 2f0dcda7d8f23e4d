"""What a vindex is, and the text of a value as vindexes see it. Implemented by the other files of this room."""

from typing import ClassVar, Protocol

from connector.model.errors import VindexUnmappable
from connector.model.table import Row, Value


class Vindex(Protocol):
    """A function from the values of some columns to a keyspace id. Instances belong to one thread."""

    name: ClassVar[str]  # the type, as in_keyrange() and the vschema write it
    unique: ClassVar[bool]  # one keyspace id per value; rules and routing take no other
    cost: ClassVar[int]  # Vitess's order of preference among a table's vindexes: lower wins
    columns: ClassVar[int]  # how many values `map` takes

    def map(self, values: Row) -> bytes:
        """The keyspace id, never empty; raises VindexUnmappable where the vindex has none for these values."""
        ...


def text_bytes(value: Value, vindex: str) -> bytes:
    """The bytes that Vitess hashes: MySQL's text of the value in UTF-8, bytes as they are, nothing for NULL.

    Raises VindexUnmappable for a float: its text has several spellings, so its keyspace id would not be one.
    """
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, bytes):
        return value
    if value is None:
        return b""
    raise VindexUnmappable("a floating point number has no keyspace id", vindex=vindex)
