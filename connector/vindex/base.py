"""What a vindex is, and how vindexes read values. Implemented by the other files of this room.

Values are cells as `connector.model.table` has them. Vitess reads the text that MySQL prints for them: an integer and a
text of the same digits are the same to most vindexes.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol, Self, runtime_checkable

from connector.model.errors import VindexUnmappable
from connector.model.keyrange import KeyRange
from connector.model.table import Row, Value

Params = Mapping[str, str]
Build = Callable[[str, Params], "Vindex"]
"""Makes a vindex of a type; for the types that have others inside. Raises as `registry.build` does."""

UINT64_END = 1 << 64

_UNSIGNED_TEXT = re.compile(rb"[ \t]*([0-9]+)[ \t]*")
_LONGEST_TEXT = 64  # more digits than any 64-bit number, few enough to convert at once


class Vindex(ABC):
    """A function from the values of some columns to a keyspace id. Instances belong to one thread."""

    name: ClassVar[str]  # the type, as in_keyrange() and the vschema write it
    parameters: ClassVar[frozenset[str]] = frozenset()  # the parameters that the type knows
    unique: ClassVar[bool] = True  # one keyspace id per value; rules and routing take no other
    hashing: ClassVar[bool] = False  # may stand inside multicol and behind numeric_static_map
    cost: int  # Vitess's order of preference among a table's vindexes: lower wins
    reads_numbers: tuple[bool, ...] = (False,)  # one a column: whether only numbers have keyspace ids

    @property
    def columns(self) -> int:
        """How many values `map` takes."""
        return len(self.reads_numbers)

    @classmethod
    def of(cls, params: Params, build: Build) -> Self:
        """From the parameters of the vschema, unknown ones ignored as in Vitess. Raises ConfigError, VindexUnknown."""
        return cls()

    @abstractmethod
    def map(self, values: Row) -> bytes:
        """The keyspace id, never empty; raises VindexUnmappable where the vindex has none for these values."""


class SingleColumn(Vindex):
    """A vindex over one column."""

    def map(self, values: Row) -> bytes:
        """The keyspace id of one value; an empty one is none, because it lies in no shard."""
        (value,) = values
        found = self.hash(value)
        if not found:
            raise VindexUnmappable(f"{self.name} has no keyspace id for NULL or an empty value", vindex=self.name)
        return found

    @abstractmethod
    def hash(self, value: Value) -> bytes:
        """What multicol and numeric_static_map take: `map`, but possibly empty. Raises VindexUnmappable."""


@runtime_checkable
class Reversible(Protocol):
    """A vindex whose keyspace ids tell the value."""

    def reverse_map(self, keyspace_id: bytes) -> Value:
        """The value whose keyspace id this is; raises VindexUnmappable for bytes that no value maps to."""
        ...


@runtime_checkable
class Ordered(Protocol):
    """A vindex that keeps the order of values."""

    def range_map(self, start: Value, end: Value) -> KeyRange:
        """From the id of `start` to before that of `end`; raises VindexUnmappable."""
        ...


@runtime_checkable
class Prefixed(Protocol):
    """A vindex with a key range for what is known of the values' beginning."""

    def prefix_range(self, values: Row) -> KeyRange:
        """multicol, region_experimental: the leading values; cfc: one LIKE pattern. Raises VindexUnmappable."""
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


def unsigned(value: Value, vindex: str) -> int:
    """An integer 0..2^64-1, or text or bytes that spell one (blanks around it do not count).

    Raises VindexUnmappable for everything else: NULL, negative, signed, fractional, too large.
    """
    number = value if isinstance(value, int) else _parsed(value, vindex)
    if not 0 <= number < UINT64_END:
        raise VindexUnmappable(f"{vindex} has no keyspace id for a number outside 0..2^64-1", vindex=vindex)
    return number


def _parsed(value: Value, vindex: str) -> int:
    if value is None:
        raise VindexUnmappable(f"{vindex} has no keyspace id for NULL", vindex=vindex)
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes) and len(value) <= _LONGEST_TEXT:
        found = _UNSIGNED_TEXT.fullmatch(value)
        if found:
            return int(found[1])
    raise VindexUnmappable(f"{vindex} has no keyspace id for a value that is not an unsigned integer", vindex=vindex)


def range_of_prefix(prefix: bytes) -> KeyRange:
    """The range of all keyspace ids that begin so: open above ff…ff, everything for an empty prefix."""
    if not prefix.strip(b"\xff"):
        return KeyRange(prefix, b"")
    return KeyRange(prefix, (int.from_bytes(prefix, "big") + 1).to_bytes(len(prefix), "big"))


def whole(keyspace_id: bytes, vindex: str) -> bytes:
    """The id, if it is eight bytes long as all ids of this vindex are; raises VindexUnmappable."""
    if len(keyspace_id) != 8:
        raise VindexUnmappable(f"{keyspace_id.hex()!r} is no keyspace id of {vindex}: 8 bytes expected", vindex=vindex)
    return keyspace_id
