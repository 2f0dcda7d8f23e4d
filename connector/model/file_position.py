"""Positions without GTIDs: a binlog file and an offset in it. Called by `flavors`.

Binlog files are numbered with at least six digits, so their names do not sort as text: binlog.1000000 comes after
binlog.999999.
"""

import re
from dataclasses import dataclass
from typing import ClassVar

from connector.model.errors import PositionInvalid
from connector.model.gtid_text import short

_POSITION = re.compile(r"([^:]*):([0-9]{1,20})")
_NUMBERED = re.compile(r"(.*\.)([0-9]+)", re.DOTALL)
MAX_OFFSET = 2**64 - 1


def binlog_order(file: str) -> tuple[str, int, str]:
    """A sort key for names of binlog files: by base name, then by number."""
    found = _NUMBERED.fullmatch(file)
    return (found[1], int(found[2]), file) if found else (file, -1, file)


@dataclass(frozen=True, slots=True)
class FilePosition:
    """The place before the byte `offset` of the binlog file `file`; without a file, before everything."""

    flavor: ClassVar[str] = "FilePos"

    file: str = ""
    offset: int = 0

    @classmethod
    def parse(cls, text: str) -> "FilePosition":
        """'binlog.000002:1307'; a name has no colon. Raises PositionInvalid."""
        found = _POSITION.fullmatch(text)
        if found is None or int(found[2]) > MAX_OFFSET:
            raise PositionInvalid(
                f"not a binlog file and position: {short(text)!r}", hint="Write it as FilePos/<file>:<offset>."
            )
        # Without a file an offset says nothing; all such positions are the empty one.
        return cls(found[1], int(found[2])) if found[1] else cls()

    def contains(self, other: "FilePosition") -> bool:
        """Whether this position is at or after the other."""
        return self.order >= other.order

    def contains_gtid(self, gtid: str) -> bool:
        """Whether this position is at or after one in text form. Raises PositionInvalid."""
        return self.contains(FilePosition.parse(gtid))

    def union(self, other: "FilePosition") -> "FilePosition":
        """The later of the two."""
        return self if self.contains(other) else other

    def last_gtid(self) -> str | None:
        """The position itself as text, None for the empty one."""
        return str(self) or None

    def copy(self) -> "FilePosition":
        """Itself: it cannot change."""
        return self

    @property
    def order(self) -> tuple[bool, tuple[str, int, str], int]:
        """A sort key."""
        return bool(self.file), binlog_order(self.file), self.offset

    def __bool__(self) -> bool:
        return bool(self.file)

    def __str__(self) -> str:
        return f"{self.file}:{self.offset}" if self.file else ""
