"""Several shards together: which of them a keyspace id or a key range belongs to, and how equal shards are named.

Shards are `KeyRange`s in ascending order without overlap, as `keyrange.parse_spec` and `parse_shards` return them; the
answers are their indexes, which are the partitions of a stream topic. Called by rules when they route rows.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from connector.model.errors import KeyRangeInvalid
from connector.model.keyrange import KeyRange, compare_ends, compare_ids

MAX_HEX_CHARS = 15


class ShardRouter:
    """Where keyspace ids go. Routing is a binary search."""

    def __init__(self, shards: Sequence[KeyRange]) -> None:
        """Raises KeyRangeInvalid when the shards are not ascending, or overlap. They may leave gaps."""
        self.shards = tuple(shards)
        self._lows = [shard.low for shard in self.shards]
        for before, after in pairwise(self.shards):
            if not before.high or before.high > after.low:
                raise KeyRangeInvalid(f"shards {before} and {after} overlap or are out of order")

    def route(self, keyspace_id: bytes) -> int:
        """The index of the shard that has the id. Raises KeyRangeInvalid when none has."""
        # As in KeyRange.contains, trailing zeros of the id make no difference.
        index = bisect_right(self._lows, keyspace_id) - 1
        if index < 0 or not self.shards[index].contains(keyspace_id):
            raise KeyRangeInvalid(f"keyspace id {keyspace_id.hex()} is in none of {len(self.shards)} shards")
        return index

    def overlapping(self, wanted: KeyRange) -> range:
        """The indexes of all shards that have some id of the range."""
        first = bisect_right(self._lows, wanted.low) - 1
        if first < 0 or not self.shards[first].intersects(wanted):
            first += 1
        last = first
        while last < len(self.shards) and self.shards[last].intersects(wanted):
            last += 1
        return range(first, last)

    def exactly(self, wanted: KeyRange) -> range:
        """The indexes of the shards that together are the range. Raises KeyRangeInvalid when some border differs."""
        found = self.overlapping(wanted)
        if not found or compare_ids(self.shards[found[0]].start, wanted.start) != 0:
            raise KeyRangeInvalid(f"key range {wanted} does not begin at the border of a shard")
        if compare_ends(self.shards[found[-1]], wanted) != 0:
            raise KeyRangeInvalid(f"key range {wanted} does not end at the border of a shard")
        return found


def equal_shards(count: int, hex_chars: int = 0) -> list[str]:
    """The names of `count` shards of equal size, such as -80 and 80-, with limits of `hex_chars` digits.

    0 digits = as few whole bytes as tell the limits apart. An odd number of digits gives names, but no key ranges.
    Raises KeyRangeInvalid when there are fewer limits of so many digits than shards.
    """
    if count < 1:
        raise KeyRangeInvalid(f"the number of shards must be greater than zero, not {count}")
    if count == 1:
        return ["-"]
    chars = hex_chars
    if chars == 0:
        chars = 2
        while 16**chars < count:
            chars += 2
    if not 1 <= chars <= MAX_HEX_CHARS or 16**chars < count:
        raise KeyRangeInvalid(f"{count} shards cannot have limits of {chars} hexadecimal digits")
    limits = ["", *(f"{number * 16**chars // count:0{chars}x}" for number in range(1, count)), ""]
    return [f"{low}-{high}" for low, high in pairwise(limits)]


def equal_shard(index: int, count: int) -> KeyRange:
    """Shard `index` (from 0) of `count` equal ones, a power of two; its limits have no zero bytes that do not count.

    Raises KeyRangeInvalid.
    """
    if count < 1 or count & (count - 1):
        raise KeyRangeInvalid(f"the number of equal shards must be a power of two, not {count}")
    if not 0 <= index < count:
        raise KeyRangeInvalid(f"there is no shard {index} of {count}")
    return KeyRange.parse(equal_shards(count)[index])
