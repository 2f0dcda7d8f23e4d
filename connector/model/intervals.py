"""Sorted, disjoint, inclusive intervals of transaction numbers, with a text that follows their changes.

One instance per source (or source and tag) of a `GtidSet`. Intervals are kept in blocks of bounded size, and every
block keeps its own text: a set of 100,000 intervals that grows anywhere renders one block again, not all of them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from operator import itemgetter

Interval = tuple[int, int]

BLOCK_INTERVALS = 64
"""A block is split when it grows beyond this: rendering one again costs about 10 µs."""

_start = itemgetter(0)
_end = itemgetter(1)
_NOTHING_STALE = -1


class Intervals:
    """A mutable set of positive integers. Neighbours are merged: 1-5 and 6-9 are 1-9."""

    __slots__ = ("_blocks", "_firsts", "_stale", "_texts")

    def __init__(self, intervals: Iterable[Interval] = ()) -> None:
        """`intervals` are sorted, disjoint and do not touch; use `add` for anything else."""
        flat = list(intervals)
        self._blocks = [flat[low : low + BLOCK_INTERVALS] for low in range(0, len(flat), BLOCK_INTERVALS)]
        self._firsts = [block[0][0] for block in self._blocks]
        # No texts before somebody asks for one; from then on at most the text of block `_stale` is out of date.
        self._texts: list[str] | None = None
        self._stale = _NOTHING_STALE

    def add(self, start: int, end: int) -> None:
        """Add start..end, merging what overlaps or touches. Constant time at the end, else that of one block."""
        blocks = self._blocks
        if not blocks:
            self._replace(0, 0, [[(start, end)]])
            return
        last = len(blocks) - 1
        low, high = blocks[last][-1]
        if start == high + 1:
            blocks[last][-1] = (low, end)
            self._touch(last)
            return
        # What the new interval swallows: from the first that reaches it (low) to the last that it reaches (high).
        low_block = max(bisect_right(self._firsts, start - 1) - 1, 0)
        low_index = bisect_left(blocks[low_block], start - 1, key=_end)
        high_block = max(bisect_right(self._firsts, end + 1) - 1, 0)
        high_index = bisect_right(blocks[high_block], end + 1, key=_start)
        if low_block == high_block:
            block = blocks[low_block]
            swallowed = block[low_index:high_index]
            if swallowed:
                start, end = min(start, swallowed[0][0]), max(end, swallowed[-1][1])
                if swallowed == [(start, end)]:
                    return
            block[low_index:high_index] = [(start, end)]
            if len(block) > BLOCK_INTERVALS:
                # Numbers mostly arrive in order: a full block at the end stays full, one in the middle is halved.
                cut = BLOCK_INTERVALS if low_block == last and low_index == BLOCK_INTERVALS else len(block) // 2
                self._replace(low_block, low_block + 1, [block[:cut], block[cut:]])
            else:
                self._firsts[low_block] = block[0][0]
                self._touch(low_block)
            return
        before, after = blocks[low_block], blocks[high_block]
        if low_index < len(before):
            start = min(start, before[low_index][0])
        end = max(end, after[high_index - 1][1])
        merged = [*before[:low_index], (start, end), *after[high_index:]]
        cut = len(merged) // 2 if len(merged) > BLOCK_INTERVALS else len(merged)
        self._replace(low_block, high_block + 1, [part for part in (merged[:cut], merged[cut:]) if part])

    def covers(self, start: int, end: int) -> bool:
        """Whether all of start..end is in the set."""
        number = bisect_right(self._firsts, start) - 1
        if number < 0:
            return False
        block = self._blocks[number]
        low, high = block[bisect_right(block, start, key=_start) - 1]
        return low <= start and end <= high

    def subtract(self, other: "Intervals") -> "Intervals":
        """A new set with what only this one has."""
        left: list[Interval] = []
        theirs = iter(other)
        low, high = next(theirs, (0, 0))
        for start, end in self:
            while high and low <= end:
                if low > start:
                    left.append((start, low - 1))
                start = max(start, high + 1)
                if start > end:
                    break
                low, high = next(theirs, (0, 0))
            if start <= end:
                left.append((start, end))
        return Intervals(left)

    def intersects(self, other: "Intervals") -> bool:
        """Whether some number is in both."""
        mine, theirs = iter(self), iter(other)
        one, two = next(mine, None), next(theirs, None)
        while one and two:
            if one[1] < two[0]:
                one = next(mine, None)
            elif two[1] < one[0]:
                two = next(theirs, None)
            else:
                return True
        return False

    @property
    def last(self) -> int:
        """The largest number. The set must not be empty."""
        return self._blocks[-1][-1][1]

    def copy(self) -> "Intervals":
        """An independent set with the same members."""
        return Intervals(self)

    def texts(self) -> list[str]:
        """':1-5:7', ':9-12', as GTID sets write it, in pieces to be joined. Not to be changed by the caller."""
        if self._texts is None:
            self._texts = [_render(block) for block in self._blocks]
        elif self._stale != _NOTHING_STALE:
            self._texts[self._stale] = _render(self._blocks[self._stale])
        self._stale = _NOTHING_STALE
        return self._texts

    def __iter__(self) -> Iterator[Interval]:
        for block in self._blocks:
            yield from block

    def __len__(self) -> int:
        """How many intervals, not how many numbers."""
        return sum(map(len, self._blocks))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Intervals) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # mutable

    def _touch(self, number: int) -> None:
        """One block changed in place."""
        if self._texts is None or self._stale == number:
            return
        if self._stale != _NOTHING_STALE:
            self._texts[self._stale] = _render(self._blocks[self._stale])
        self._stale = number

    def _replace(self, low: int, high: int, blocks: list[list[Interval]]) -> None:
        """Put `blocks` in the place of blocks low..high (exclusive), whose content may have changed already."""
        if self._texts is not None:
            if self._stale != _NOTHING_STALE and not low <= self._stale < high:
                self._texts[self._stale] = _render(self._blocks[self._stale])
            self._stale = _NOTHING_STALE
            self._texts[low:high] = map(_render, blocks)
        self._blocks[low:high] = blocks
        self._firsts[low:high] = [block[0][0] for block in blocks]


def _render(block: list[Interval]) -> str:
    return "".join([f":{start}-{end}" if start != end else f":{start}" for start, end in block])
