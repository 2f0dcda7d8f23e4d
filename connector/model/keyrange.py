"""Key ranges of keyspace ids: parse, print, contain, compare. Called by rules, routing and the sink's configuration.

Keyspace ids compare as unsigned bytes and trailing zero bytes do not count: `80` and `8000` are the same border.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from connector.model.errors import KeyRangeInvalid

_ONE_RANGE = re.compile(r"0|(?:[0-9a-fA-F]{2})*-(?:[0-9a-fA-F]{2})*")
_LIMIT = re.compile(r"(?:[0-9a-fA-F]{2})*")


def significant(keyspace_id: bytes) -> bytes:
    """The id as it compares: without trailing zero bytes."""
    return keyspace_id.rstrip(b"\0")


@dataclass(frozen=True, slots=True, eq=False)
class KeyRange:
    """Half-open range [start, end) of keyspace ids; empty start or end = unbounded.

    Ranges with the same borders are equal, however many zeros they are written with.
    """

    start: bytes = b""
    end: bytes = b""

    @classmethod
    def parse(cls, text: str) -> "KeyRange":
        """'-80', '40-80', '80-', '-' (everything); '0' is Vitess's name of the unsharded keyspace's only shard.

        Raises KeyRangeInvalid for anything else, also for a specification of several ranges.
        """
        ranges = parse_spec(text)
        if len(ranges) != 1:
            raise KeyRangeInvalid(f"one key range expected, not {len(ranges)}: {text!r}")
        return ranges[0]

    @property
    def low(self) -> bytes:
        """The start as it compares: without trailing zero bytes."""
        return significant(self.start)

    @property
    def high(self) -> bytes:
        """The end as it compares: without trailing zero bytes; empty = unbounded."""
        return significant(self.end)

    @property
    def partial(self) -> bool:
        """Whether some keyspace id is outside."""
        return bool(self.low or self.high)

    def contains(self, keyspace_id: bytes) -> bool:
        """Whether the id is in the range."""
        # The id may keep its trailing zeros: a border without them is never a proper prefix of a smaller id.
        high = self.high
        return self.low <= keyspace_id and (not high or keyspace_id < high)

    def contains_range(self, other: "KeyRange") -> bool:
        """Whether all of the other range is in this one."""
        return self.low <= other.low and compare_ends(self, other) >= 0

    def intersects(self, other: "KeyRange") -> bool:
        """Whether some keyspace id is in both ranges."""
        return (not other.high or self.low < other.high) and (not self.high or other.low < self.high)

    def precedes(self, other: "KeyRange") -> bool:
        """Whether the other range begins exactly where this one ends."""
        return bool(self.high) and self.high == other.low

    def joined(self, other: "KeyRange") -> "KeyRange | None":
        """Both as one range when one begins where the other ends, else None."""
        if other.precedes(self):
            return other.joined(self)
        if not self.precedes(other):
            return None
        both = KeyRange(self.start, other.end)
        return both if both.partial else KeyRange()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyRange) and (self.low, self.high) == (other.low, other.high)

    def __hash__(self) -> int:
        return hash((self.low, self.high))

    def __str__(self) -> str:
        return f"{self.start.hex()}-{self.end.hex()}"


def compare_ids(one: bytes, other: bytes) -> int:
    """-1, 0 or 1: how two keyspace ids, or two starts of ranges, compare."""
    left, right = significant(one), significant(other)
    return (left > right) - (left < right)


def compare_ends(one: KeyRange, other: KeyRange) -> int:
    """-1, 0 or 1: how the ends of two ranges compare; no end is the highest."""
    left, right = (not one.high, one.high), (not other.high, other.high)
    return (left > right) - (left < right)


def compare_ranges(one: KeyRange, other: KeyRange) -> int:
    """-1, 0 or 1: the order of two ranges, by start, then by end."""
    return compare_ids(one.start, other.start) or compare_ends(one, other)


def is_key_range(text: str) -> bool:
    """Whether the text has the form of one key range; says nothing about the order of its limits."""
    return _ONE_RANGE.fullmatch(text) is not None


def parse_spec(text: str) -> tuple[KeyRange, ...]:
    """Vitess's sharding specification: N + 1 ascending limits make N ranges; '-40-80-' = -40, 40-80, 80-.

    Raises KeyRangeInvalid.
    """
    if text == "0":
        return (KeyRange(),)
    limits = text.split("-")
    if len(limits) < 2:
        raise KeyRangeInvalid(f"not a key range (no dash): {text!r}")
    if not all(_LIMIT.fullmatch(limit) for limit in limits):
        raise KeyRangeInvalid(f"not a key range (limits are whole bytes in hexadecimal): {text!r}")
    if not all(limits[1:-1]):
        raise KeyRangeInvalid(f"not a key range (an open limit in the middle): {text!r}")
    borders = [bytes.fromhex(limit) for limit in limits]
    ranges = []
    for start, end in pairwise(borders):
        if start and end and start >= end:
            raise KeyRangeInvalid(f"not a key range (limits must ascend): {text!r}")
        piece = KeyRange(start, end)
        ranges.append(piece if piece.partial else KeyRange())
    return tuple(ranges)


def check_shards(shards: Sequence[KeyRange]) -> None:
    """Raises KeyRangeInvalid unless the ranges, in this order, cover every keyspace id exactly once."""
    if not shards or [shard.low for shard in shards] != [b"", *(shard.high for shard in shards[:-1])]:
        raise KeyRangeInvalid(f"shards {', '.join(map(str, shards))!r} leave a gap or overlap")
    if shards[-1].high or any(not shard.high for shard in shards[:-1]):
        raise KeyRangeInvalid(f"shards {', '.join(map(str, shards))!r} leave a gap or overlap")


def parse_shards(text: str) -> tuple[KeyRange, ...]:
    """A list of shards such as '-40,40-80,80-' (or as one specification, '-40-80-').

    Sorted, without gap or overlap, covering everything; raises KeyRangeInvalid.
    """
    ranges = [piece for part in text.split(",") for piece in parse_spec(part.strip())]
    shards = tuple(sorted(ranges, key=lambda shard: shard.low))
    check_shards(shards)
    return shards
