"""MariaDB's GTIDs, domain-server-sequence, and positions made of them. Called by `flavors`.

A position is the last GTID of every replication domain: numbers within a domain only grow, so it stands for all that
came before, whichever server wrote it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from connector.model.errors import PositionInvalid
from connector.model.gtid_text import short

_GTID = re.compile(r"([0-9]+)-([0-9]+)-([0-9]+)")
_HINT = "Write a MariaDB position as <domain>-<server id>-<sequence number>[,...]."
MAX_ID = 2**32 - 1
MAX_SEQUENCE = 2**64 - 1


@dataclass(frozen=True, slots=True, order=True)
class MariadbGtid:
    """One transaction: its replication domain, the server that wrote it and its number in the domain."""

    domain: int
    server: int
    sequence: int

    @classmethod
    def parse(cls, text: str) -> "MariadbGtid":
        """'0-101-2320'. Raises PositionInvalid."""
        found = _GTID.fullmatch(text)
        if found is None:
            raise PositionInvalid(f"not a MariaDB GTID: {short(text)!r}", hint=_HINT)
        domain, server, sequence = map(int, found.groups())
        if domain > MAX_ID or server > MAX_ID or sequence > MAX_SEQUENCE:
            raise PositionInvalid(f"MariaDB GTID out of range: {short(text)!r}", hint=_HINT)
        return cls(domain, server, sequence)

    def __str__(self) -> str:
        return f"{self.domain}-{self.server}-{self.sequence}"


class MariadbGtidSet:
    """A mutable position: the highest GTID of every domain."""

    flavor: ClassVar[str] = "MariaDB"

    __slots__ = ("_domains",)

    def __init__(self, gtids: Iterable[MariadbGtid] = ()) -> None:
        """Of two GTIDs with one domain the later counts."""
        self._domains = {gtid.domain: gtid for gtid in gtids}

    @classmethod
    def parse(cls, text: str) -> "MariadbGtidSet":
        """GTIDs with commas between, as @@gtid_slave_pos prints them; of two with one domain the later counts.

        Raises PositionInvalid.
        """
        return cls(MariadbGtid.parse(part.strip()) for part in text.split(",") if part.strip())

    def add(self, gtid: str) -> None:
        """Advance one domain; a GTID that the position covers already changes nothing. Raises PositionInvalid."""
        parsed = MariadbGtid.parse(gtid)
        if not self.covers(parsed):
            self._domains[parsed.domain] = parsed

    def contains(self, other: "MariadbGtidSet") -> bool:
        """Whether every domain of `other` is as far in this position."""
        return all(map(self.covers, other))

    def contains_gtid(self, gtid: str) -> bool:
        """Whether the position is at or after one GTID. Raises PositionInvalid."""
        return self.covers(MariadbGtid.parse(gtid))

    def intersects(self, other: "MariadbGtidSet") -> bool:
        """Whether both have transactions of one domain."""
        return any(gtid.domain in self._domains for gtid in other)

    def union(self, other: "MariadbGtidSet") -> "MariadbGtidSet":
        """A new position, in every domain as far as the further of the two."""
        return MariadbGtidSet([*self, *(gtid for gtid in other if not self.covers(gtid))])

    def subtract(self, other: "MariadbGtidSet") -> "MariadbGtidSet":
        """A new position with the domains in which this one is further."""
        return MariadbGtidSet(gtid for gtid in self if not other.covers(gtid))

    def last_gtid(self) -> str | None:
        """The GTID of the highest domain, None for an empty position. Says nothing about time."""
        return str(self._domains[max(self._domains)]) if self._domains else None

    def count(self) -> int:
        """How many domains the position has."""
        return len(self._domains)

    def copy(self) -> "MariadbGtidSet":
        """An independent position with the same members."""
        return MariadbGtidSet(self)

    def covers(self, gtid: MariadbGtid) -> bool:
        """Whether the position is at or after the GTID, whichever server wrote either."""
        known = self._domains.get(gtid.domain)
        return known is not None and known.sequence >= gtid.sequence

    def __iter__(self) -> Iterator[MariadbGtid]:
        return iter(sorted(self._domains.values()))

    def __bool__(self) -> bool:
        return bool(self._domains)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MariadbGtidSet) and self._domains == other._domains

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __str__(self) -> str:
        return ",".join(map(str, self))

    def __repr__(self) -> str:
        return f"MariadbGtidSet({str(self)!r})"
