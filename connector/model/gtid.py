"""MySQL GTID sets: parse, format, set algebra and the encoding that COM_BINLOG_DUMP_GTID wants.

Called by the transcoder (one `add` per transaction), by positions and by preflight. Grammar: MySQL manual,
"GTID Sets"; tags since MySQL 8.3: uuid[:tag][:interval]...
"""

import re
import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from uuid import UUID

from connector.model.errors import PositionInvalid

_TAG = re.compile(r"[a-z_][a-z0-9_]{0,31}")
_UUID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
MAX_GNO = 2**63 - 2


class GtidSet:
    """A mutable set of GTIDs. Key = lower-case uuid, or uuid:tag; value = sorted disjoint inclusive intervals."""

    __slots__ = ("_sids",)

    def __init__(self, sids: dict[str, list[tuple[int, int]]] | None = None) -> None:
        self._sids: dict[str, list[tuple[int, int]]] = sids or {}

    @classmethod
    def parse(cls, text: str) -> "GtidSet":
        """Text as @@gtid_executed prints it (white space, line breaks and empty parts allowed)."""
        result = cls()
        for part in text.replace("\n", "").split(","):
            if part.strip():
                result._parse_part(part.strip(), text)
        return result

    def _parse_part(self, part: str, text: str) -> None:
        uuid, *rest = (piece.strip() for piece in part.split(":"))
        if not _UUID.fullmatch(uuid):
            raise PositionInvalid(f"not a GTID set: {_short(text)!r}", part=_short(part))
        source = str(UUID(uuid))
        sid, found = source, False
        for piece in rest:
            if _TAG.fullmatch(piece.lower()) and not piece[0].isdigit():
                sid = f"{source}:{piece.lower()}"
                continue
            first, _, last = piece.partition("-")
            try:
                start = int(first)
                end = int(last) if last else start
            except ValueError:
                raise PositionInvalid(f"not a GTID interval: {_short(piece)!r}", part=_short(part)) from None
            found = True
            if start < 1 or end > MAX_GNO:
                raise PositionInvalid(f"GTID interval out of range: {_short(piece)!r}", part=_short(part))
            if start <= end:  # MySQL drops an empty interval such as 5-3
                self.add_interval(sid, start, end)
        if not found:
            raise PositionInvalid(f"GTID set names a server without an interval: {_short(part)!r}")

    def add(self, gtid: str) -> None:
        """Add one GTID, text "uuid:n" or "uuid:tag:n". Constant time while transactions arrive in order."""
        sid, _, gno = gtid.rpartition(":")
        try:
            number = int(gno)
        except ValueError:
            raise PositionInvalid(f"not a GTID: {_short(gtid)!r}") from None
        intervals = self._sids.get(sid)
        if intervals and intervals[-1][1] + 1 == number:
            intervals[-1] = (intervals[-1][0], number)
        else:
            self.add_interval(sid, number, number)

    def add_interval(self, sid: str, start: int, end: int) -> None:
        """Add start..end (inclusive) of one source, merging what touches."""
        intervals = self._sids.setdefault(sid, [])
        low = bisect_right(intervals, (start,))
        if low and intervals[low - 1][1] >= start - 1:
            low -= 1
        high = low
        while high < len(intervals) and intervals[high][0] <= end + 1:
            start, end = min(start, intervals[high][0]), max(end, intervals[high][1])
            high += 1
        intervals[low:high] = [(start, end)]

    def contains(self, other: "GtidSet") -> bool:
        """Whether every GTID of `other` is in this set."""
        return all(self._covers(sid, start, end) for sid, start, end in other)

    def _covers(self, sid: str, start: int, end: int) -> bool:
        intervals = self._sids.get(sid, [])
        index = bisect_right(intervals, (start, MAX_GNO + 1)) - 1
        return index >= 0 and intervals[index][0] <= start and end <= intervals[index][1]

    def union(self, other: "GtidSet") -> "GtidSet":
        """A new set with what either has."""
        result = self.copy()
        for sid, start, end in other:
            result.add_interval(sid, start, end)
        return result

    def subtract(self, other: "GtidSet") -> "GtidSet":
        """A new set with what only this one has."""
        result = GtidSet()
        for sid, start, end in self:
            for low, high in other.intervals(sid):
                if high < start or low > end:
                    continue
                if low > start:
                    result.add_interval(sid, start, low - 1)
                start = high + 1
                if start > end:
                    break
            if start <= end:
                result.add_interval(sid, start, end)
        return result

    def intervals(self, sid: str) -> list[tuple[int, int]]:
        """Inclusive intervals of one source (uuid or uuid:tag), in order."""
        return self._sids.get(sid, [])

    def copy(self) -> "GtidSet":
        """An independent set with the same members."""
        return GtidSet({sid: list(intervals) for sid, intervals in self._sids.items()})

    def encode(self) -> bytes:
        """The set as COM_BINLOG_DUMP_GTID carries it (little endian, exclusive ends); untagged sets only."""
        out = [struct.pack("<Q", len(self._sids))]
        for sid in sorted(self._sids):
            if ":" in sid:
                raise PositionInvalid("tagged GTIDs cannot be sent to the source yet", sid=sid)
            intervals = self._sids[sid]
            out.append(UUID(sid).bytes + struct.pack("<Q", len(intervals)))
            out.extend(struct.pack("<QQ", start, end + 1) for start, end in intervals)
        return b"".join(out)

    def __iter__(self) -> Iterator[tuple[str, int, int]]:
        for sid in sorted(self._sids):
            for start, end in self._sids[sid]:
                yield sid, start, end

    def __bool__(self) -> bool:
        return bool(self._sids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GtidSet) and self._sids == other._sids

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __str__(self) -> str:
        """MySQL's canonical text: sources in order, a source's tags after its untagged intervals."""
        parts: list[str] = []
        previous = None
        for sid in sorted(self._sids):
            uuid, _, tag = sid.partition(":")
            text = ":".join(_intervals(self._sids[sid]))
            if tag and uuid == previous:
                parts[-1] += f":{tag}:{text}"
            else:
                parts.append(f"{sid}:{text}")
            previous = uuid
        return ",".join(parts)

    def __repr__(self) -> str:
        return f"GtidSet({str(self)!r})"


def _intervals(intervals: Iterable[tuple[int, int]]) -> Iterator[str]:
    return (str(start) if start == end else f"{start}-{end}" for start, end in intervals)


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
