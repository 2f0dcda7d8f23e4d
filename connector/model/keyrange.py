"""Key ranges of keyspace ids: parse, print, contain. Called by rules, routing and the sink's configuration.

Keyspace ids compare as unsigned bytes and trailing zero bytes do not count: `80` and `8000` are the same border.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from connector.model.errors import KeyRangeInvalid

_ONE_RANGE = re.compile(r"0|(?:[0-9a-fA-F]{2})*-(?:[0-9a-fA-F]{2})*")
_LIMIT = re.compile(r"(?:[0-9a-fA-F]{2})*")


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Half-open range [start, end) of keyspace ids; empty start or end = unbounded."""

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
        return self.start.rstrip(b"\0")

    @property
    def high(self) -> bytes:
        """The end as it compares: without trailing zero bytes; empty = unbounded."""
        return self.end.rstrip(b"\0")

    def contains(self, keyspace_id: bytes) -> bool:
        """Whether the id is in the range."""
        # The id may keep its trailing zeros: a border without them is never a proper prefix of a smaller id.
        high = self.high
        return self.low <= keyspace_id and (not high or keyspace_id < high)

    def intersects(self, other: "KeyRange") -> bool:
        """Whether some keyspace id is in both ranges."""
        return (not other.high or self.low < other.high) and (not self.high or other.low < self.high)

    def __str__(self) -> str:
        return f"{self.start.hex()}-{self.end.hex()}"


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
        ranges.append(piece if piece.low or piece.high else KeyRange())
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
