"""The text forms of MySQL's GTIDs and GTID sets. Called by `gtid` only.

Grammar: MySQL manual, "GTID Sets"; tags since MySQL 8.3. Accepted is what the server accepts (white space around every
part, uuids in any case, without dashes or in braces), but for one thing: a source or tag without any interval, which
the server reads as nothing, is refused as a slip of the pen.
"""

import re
from collections.abc import Iterator

from connector.model.errors import PositionInvalid

MAX_GNO = 2**63 - 2
"""The largest transaction number; the server refuses 2^63 - 1."""

_SPACE = " \t\n\v\f\r"
_UUID = re.compile(
    r"([0-9a-fA-F]{8})-([0-9a-fA-F]{4})-([0-9a-fA-F]{4})-([0-9a-fA-F]{4})-([0-9a-fA-F]{12})"
    r"|([0-9a-fA-F]{8})([0-9a-fA-F]{4})([0-9a-fA-F]{4})([0-9a-fA-F]{4})([0-9a-fA-F]{12})"
)
_TAG = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,31}")
_INTERVAL = re.compile(rf"0*([0-9]{{1,19}})(?:[{_SPACE}]*-[{_SPACE}]*0*([0-9]{{1,19}}))?")
_NUMBER = re.compile(r"0*([0-9]{1,19})")


def parse_uuid(text: str) -> str:
    """A server's uuid in MySQL's canonical form, lower case with dashes. Raises PositionInvalid."""
    bare = text[1:-1] if text.startswith("{") and text.endswith("}") and len(text) == 38 else text
    found = _UUID.fullmatch(bare)
    if found is None:
        raise PositionInvalid(f"not a server uuid: {short(text)!r}")
    return "-".join(filter(None, found.groups())).lower()


def is_tag(text: str) -> bool:
    """Whether the text is a tag in canonical form, lower case."""
    return _TAG.fullmatch(text) is not None and text == text.lower()


def parse_intervals(text: str) -> Iterator[tuple[str, int, int]]:
    """(uuid or uuid:tag, first, last) of every interval of a set, in the order of the text; empty ones are left out.

    Raises PositionInvalid.
    """
    for part in text.split(","):
        if stripped := part.strip(_SPACE):
            yield from _parse_source(stripped)


def parse_gtid(text: str) -> tuple[str, int]:
    """One GTID, "uuid:n" or "uuid:tag:n", as (uuid or uuid:tag, n). Raises PositionInvalid."""
    head, _, number = text.rpartition(":")
    uuid, *tags = head.split(":")
    found = _NUMBER.fullmatch(number)
    if found is None or len(tags) > 1 or not all(map(_TAG.fullmatch, tags)):
        raise PositionInvalid(f"not a GTID: {short(text)!r}")
    gno = int(found[1])
    if not 1 <= gno <= MAX_GNO:
        raise PositionInvalid(f"GTID out of range: {short(text)!r}")
    return ":".join((parse_uuid(uuid), *(tag.lower() for tag in tags))), gno


def short(text: str) -> str:
    """Text that a person wrote, cut to what an error message can hold."""
    return text if len(text) <= 80 else text[:77] + "..."


def _parse_source(part: str) -> Iterator[tuple[str, int, int]]:
    uuid, *pieces = (piece.strip(_SPACE) for piece in part.split(":"))
    try:
        source = sid = parse_uuid(uuid)
    except PositionInvalid:
        raise PositionInvalid(f"not a GTID set: {short(part)!r}", part=short(part)) from None
    named = True  # a source or tag whose first interval has not come yet
    for piece in pieces:
        found = _INTERVAL.fullmatch(piece)
        if found is None:
            if _TAG.fullmatch(piece) is None:
                raise PositionInvalid(f"not a GTID interval: {short(piece)!r}", part=short(part))
            if named and sid != source:
                break
            sid, named = f"{source}:{piece.lower()}", True
            continue
        named = False
        start = int(found[1])
        end = start if found[2] is None else int(found[2])
        if start < 1 or start > MAX_GNO or end > MAX_GNO:
            raise PositionInvalid(f"GTID interval out of range: {short(piece)!r}", part=short(part))
        if start <= end:  # the server drops an interval such as 5-3
            yield sid, start, end
    if named:
        raise PositionInvalid(f"GTID set names a server or a tag without an interval: {short(part)!r}")
