"""Positions of every flavour in Vitess's text form, <flavour>/<position>. Called by `position` and by whoever meets
positions that may be of another kind of server than MySQL with GTIDs.

A position is a `GtidSet` (flavour MySQL56), a `MariadbGtidSet` (MariaDB) or a `FilePosition` (FilePos); None is the
position before everything, written as the empty text. rowcast streams from MySQL56 positions only.
"""

from connector.model.errors import PositionInvalid
from connector.model.file_position import FilePosition
from connector.model.gtid import GtidSet
from connector.model.mariadb_gtid import MariadbGtidSet

Position = GtidSet | MariadbGtidSet | FilePosition

MYSQL56 = GtidSet.flavor
MARIADB = MariadbGtidSet.flavor
FILEPOS = FilePosition.flavor

_FLAVORS: dict[str, type[GtidSet] | type[MariadbGtidSet] | type[FilePosition]] = {
    MYSQL56: GtidSet,
    MARIADB: MariadbGtidSet,
    FILEPOS: FilePosition,
}


def split_flavor(text: str) -> tuple[str, str]:
    """(flavour, rest) at the first slash; the flavour is empty when there is none."""
    flavor, slash, rest = text.partition("/")
    return (flavor, rest) if slash else ("", text)


def join_flavor(flavor: str, text: str) -> str:
    """Inverse of `split_flavor`."""
    return f"{flavor}/{text}"


def decode_position(text: str, default: str = "") -> Position | None:
    """The position that the text encodes, None for the empty text. Flavours are case-sensitive.

    `default` is the flavour of a text without a slash; without one such a text is refused. Raises PositionInvalid.
    """
    if not text:
        return None
    flavor, rest = split_flavor(text) if "/" in text else (default, text)
    return _flavor(flavor).parse(rest)


def format_position(position: Position | None) -> str:
    """The text that `decode_position` reads."""
    if position is None:
        return ""
    if isinstance(position, GtidSet):
        return position.text(f"{MYSQL56}/")
    return join_flavor(position.flavor, str(position))


def at_least(position: Position | None, other: Position | None) -> bool:
    """Whether `position` is at or after `other`; everything is at or after None, and flavours do not compare."""
    if other is None:
        return True
    match position, other:
        case GtidSet(), GtidSet():
            return position.contains(other)
        case MariadbGtidSet(), MariadbGtidSet():
            return position.contains(other)
        case FilePosition(), FilePosition():
            return position.contains(other)
    return False


def union(position: Position | None, other: Position | None) -> Position | None:
    """A new position that is at or after both. Raises PositionInvalid when their flavours differ."""
    if position is None or other is None:
        known = position if other is None else other
        return None if known is None else known.copy()
    match position, other:
        case GtidSet(), GtidSet():
            return position.union(other)
        case MariadbGtidSet(), MariadbGtidSet():
            return position.union(other)
        case FilePosition(), FilePosition():
            return position.union(other)
    raise PositionInvalid(f"a {other.flavor} position cannot be added to a {position.flavor} position")


def with_gtid(position: Position | None, gtid: str) -> Position:
    """A new position after one more transaction, written <flavour>/<gtid> or without a flavour in that of `position`.

    Raises PositionInvalid, also when the flavours differ.
    """
    flavor, value = split_flavor(gtid)
    if position is None:
        after: Position = _flavor(flavor)()
    elif flavor in ("", position.flavor):
        after = position.copy()
    else:
        raise PositionInvalid(f"a {flavor} GTID cannot be added to a {position.flavor} position")
    if isinstance(after, FilePosition):
        return FilePosition.parse(value)  # each transaction's position replaces the one before
    after.add(value)
    return after


def _flavor(name: str) -> type[GtidSet] | type[MariadbGtidSet] | type[FilePosition]:
    if name not in _FLAVORS:
        known = ", ".join(_FLAVORS)
        raise PositionInvalid(f"unknown position flavour {name[:80]!r}", hint=f"Write <flavour>/<position>: {known}.")
    return _FLAVORS[name]
