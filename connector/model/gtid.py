"""MySQL GTID sets: parse, format, set algebra and the encoding that COM_BINLOG_DUMP_GTID wants.

Called by the transcoder (one `add` and one text per transaction), by positions and by preflight. Advancing a set and
writing it again costs microseconds, however many sources and intervals it has: see `intervals`.
"""

import struct
from collections.abc import Iterator
from typing import ClassVar
from uuid import UUID

from connector.model.errors import PositionInvalid
from connector.model.gtid_text import MAX_GNO, is_tag, parse_gtid, parse_intervals, parse_uuid
from connector.model.intervals import Intervals

TAGGED_FORMAT = 1
"""First and last byte of the header of an encoding in which every source has a tag, since MySQL 8.3."""

_HEADER = struct.Struct("<Q")
_PAIR = struct.Struct("<QQ")


class GtidSet:
    """A mutable set of GTIDs. Its sources are server uuids in lower case, or uuid:tag."""

    flavor: ClassVar[str] = "MySQL56"

    __slots__ = ("_latest", "_numbers", "_pieces", "_sids", "_stale")

    def __init__(self) -> None:
        self._sids: dict[str, Intervals] = {}
        # The text in pieces: the flavour prefix, then a head ("uuid", ",uuid", ":tag") and the intervals of each source
        # in order. No pieces = to be made anew; the intervals of `_stale` sources are out of date in them.
        self._pieces: list[str] = []
        self._numbers: dict[str, int] = {}
        self._stale: set[str] = set()
        self._latest = ""

    @classmethod
    def parse(cls, text: str) -> "GtidSet":
        """Text as @@gtid_executed prints it (white space, line breaks and empty parts allowed).

        Raises PositionInvalid. Overlapping and touching intervals are merged, as the server does.
        """
        result = cls()
        for sid, start, end in parse_intervals(text):
            result.add_interval(sid, start, end)
        return result

    def add(self, gtid: str) -> None:
        """Add one GTID, text "uuid:n" or "uuid:tag:n". Constant time while transactions arrive in order."""
        sid, _, number = gtid.rpartition(":")
        if sid not in self._sids or not number.isascii() or not number.isdigit():
            sid, gno = parse_gtid(gtid)
        else:
            gno = int(number)
            if not 1 <= gno <= MAX_GNO:
                parse_gtid(gtid)
        self.add_interval(sid, gno, gno)

    def add_interval(self, sid: str, start: int, end: int) -> None:
        """Add start..end (inclusive) of one source, merging what touches. `sid` is in canonical form."""
        intervals = self._sids.get(sid)
        if intervals is None:
            intervals = self._sids[sid] = Intervals()
            self._pieces = []
        intervals.add(start, end)
        self._stale.add(sid)
        self._latest = sid

    def contains(self, other: "GtidSet") -> bool:
        """Whether every GTID of `other` is in this set."""
        return all(self._covers(sid, start, end) for sid, start, end in other)

    def contains_gtid(self, gtid: str) -> bool:
        """Whether one GTID, text "uuid:n" or "uuid:tag:n", is in this set. Raises PositionInvalid."""
        sid, gno = parse_gtid(gtid)
        return self._covers(sid, gno, gno)

    def intersects(self, other: "GtidSet") -> bool:
        """Whether some GTID is in both sets."""
        return any(mine.intersects(theirs) for sid, mine in self._sids.items() if (theirs := other.numbers(sid)))

    def union(self, other: "GtidSet") -> "GtidSet":
        """A new set with what either has."""
        result = self.copy()
        for sid, start, end in other:
            result.add_interval(sid, start, end)
        return result

    def subtract(self, other: "GtidSet") -> "GtidSet":
        """A new set with what only this one has."""
        result = GtidSet()
        for sid, mine in self._sids.items():
            theirs = other.numbers(sid)
            left = mine.subtract(theirs) if theirs else mine.copy()
            if left:
                result._sids[sid] = left
        return result

    def without_source(self, uuid: str) -> "GtidSet":
        """A new set without everything of one server, tagged or not. Raises PositionInvalid for a bad uuid."""
        source = parse_uuid(uuid)
        result = GtidSet()
        result._sids = {sid: mine.copy() for sid, mine in self._sids.items() if sid[:36] != source}
        return result

    def errant(self, source_uuid: str, *known: "GtidSet") -> "GtidSet":
        """What a replica with this set has executed by itself: not the source's own and in none of `known`."""
        result = self.without_source(source_uuid)
        for others in known:
            result = result.subtract(others)
        return result

    def numbers(self, sid: str) -> Intervals | None:
        """The transaction numbers of one source (uuid or uuid:tag), None when it has none. Not to be changed."""
        return self._sids.get(sid)

    def intervals(self, sid: str) -> list[tuple[int, int]]:
        """Inclusive intervals of one source (uuid or uuid:tag), in order."""
        return list(self._sids.get(sid, ()))

    @property
    def sources(self) -> list[str]:
        """Every uuid and uuid:tag in the set, in order."""
        return sorted(self._sids)

    def count(self) -> int:
        """How many GTIDs the set has."""
        return sum(end - start + 1 for _, start, end in self)

    def last_gtid(self) -> str | None:
        """The last GTID of the last source, None for an empty set. Says nothing about time."""
        if not self._sids:
            return None
        sid = max(self._sids)
        return f"{sid}:{self._sids[sid].last}"

    def copy(self) -> "GtidSet":
        """An independent set with the same members."""
        result = GtidSet()
        result._sids = {sid: intervals.copy() for sid, intervals in self._sids.items()}
        return result

    def encode(self) -> bytes:
        """The set as COM_BINLOG_DUMP_GTID and PREVIOUS_GTIDS carry it: little endian, exclusive ends.

        A set without tags has the form that every server reads; one with tags needs MySQL 8.3.
        """
        sids = self.sources
        tagged = any(len(sid) > 36 for sid in sids)
        header = len(sids) << 8 | TAGGED_FORMAT << 56 | TAGGED_FORMAT if tagged else len(sids)
        out = [_HEADER.pack(header)]
        for sid in sids:
            out.append(UUID(sid[:36]).bytes)
            if tagged:
                tag = sid[37:].encode()
                # The length is an integer of MySQL's serialization format, where one byte holds up to 127.
                out.append(bytes([len(tag) << 1]) + tag)
            intervals = self._sids[sid]
            out.append(_HEADER.pack(len(intervals)))
            out.extend(_PAIR.pack(start, end + 1) for start, end in intervals)
        return b"".join(out)

    @classmethod
    def decode(cls, raw: bytes) -> "GtidSet":
        """Inverse of `encode`; raises PositionInvalid when the bytes are not one set and nothing more."""
        result = cls()
        try:
            at = result._read(raw)
        except (struct.error, IndexError, UnicodeDecodeError, ValueError) as error:
            raise PositionInvalid("not an encoded GTID set") from error
        if at != len(raw):
            raise PositionInvalid(f"not an encoded GTID set: {len(raw) - at} bytes too many")
        return result

    def _read(self, raw: bytes) -> int:
        (header,) = _HEADER.unpack_from(raw)
        form = header >> 56
        if form not in (0, TAGGED_FORMAT):
            raise PositionInvalid(f"encoded GTID set of unknown format {form}")
        at = _HEADER.size
        for _ in range(header >> 8 & 0xFFFF_FFFF_FFFF if form else header):
            sid = str(UUID(bytes=raw[at : at + 16]))
            at += 16
            if form:
                size, at = raw[at], at + 1
                if size:
                    tag, at = raw[at : at + (size >> 1)].decode("ascii"), at + (size >> 1)
                    if size & 1 or not is_tag(tag):
                        raise PositionInvalid("encoded GTID set with a tag that is none")
                    sid = f"{sid}:{tag}"
            (number,) = _HEADER.unpack_from(raw, at)
            at += _HEADER.size
            for _ in range(number):
                start, end = _PAIR.unpack_from(raw, at)
                if not 1 <= start < end <= MAX_GNO + 1:
                    raise PositionInvalid(f"encoded GTID set with an interval from {start} to before {end}")
                self.add_interval(sid, start, end - 1)
                at += _PAIR.size
        return at

    def text(self, prefix: str = "") -> str:
        """MySQL's canonical text on one line: sources in order, a source's tags after its untagged intervals."""
        if not self._pieces:
            self._lay_out()
        pieces = self._pieces
        pieces[0] = prefix
        # The source that advanced last is likely to be the next again: its text is not put together for itself.
        latest = self._latest if self._latest in self._stale else ""
        for sid in self._stale:
            if sid != latest:
                pieces[self._numbers[sid]] = "".join(self._sids[sid].texts())
        if not latest:
            self._stale = set()
            return "".join(pieces)
        self._stale = {latest}
        at = self._numbers[latest]
        return "".join([*pieces[:at], *self._sids[latest].texts(), *pieces[at + 1 :]])

    def _lay_out(self) -> None:
        """Pieces for the sources there are now; their intervals are filled in by `text`."""
        sids = self.sources
        self._pieces = [""]
        previous = ""
        for sid in sids:
            uuid = sid[:36]
            head = sid[36:] if uuid == previous else f",{sid}" if previous else sid
            self._pieces += (head, "")
            previous = uuid
        self._numbers = {sid: 2 + 2 * number for number, sid in enumerate(sids)}
        self._stale = set(sids)

    def _covers(self, sid: str, start: int, end: int) -> bool:
        intervals = self._sids.get(sid)
        return intervals is not None and intervals.covers(start, end)

    def __iter__(self) -> Iterator[tuple[str, int, int]]:
        for sid in self.sources:
            for start, end in self._sids[sid]:
                yield sid, start, end

    def __bool__(self) -> bool:
        return bool(self._sids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GtidSet) and self._sids == other._sids

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"GtidSet({str(self)!r})"
