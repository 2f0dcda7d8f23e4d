"""What a QUERY event means for the stream: called by `composed` for every statement in the binlog.

Only the first words are looked at. That is enough because row changes never come as text when binlog_format=ROW,
and because table versions are taken from table maps, not from DDL (see docs/decisions/0002-table-versions.md).
"""

import re
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """Classes of statements."""

    BEGIN = "begin"
    COMMIT = "commit"
    DDL = "ddl"  # may change a table
    DML = "dml"  # row changes as text: they cannot be followed
    SAVEPOINT = "savepoint"
    UNSUPPORTED = "unsupported"  # XA, ROLLBACK of non-transactional work
    OTHER = "other"  # GRANT, FLUSH, CREATE USER, ...: no rows


@dataclass(frozen=True, slots=True)
class Statement:
    """A classified statement; `tables` = (database, table) pairs that a DDL names."""

    kind: Kind
    tables: tuple[tuple[str, str], ...] = ()


# White space and comments. The server keeps the comments of a statement, wherever they are in it. Atomic: a comment is
# never matched a second time in another way, so no statement takes long.
_BLANK = r"(?>\s+|/\*(?!!)(?s:.*?)\*/|--(?=\s)[^\n]*|#[^\n]*)"
_GAP = f"{_BLANK}++"
_ANY = f"{_BLANK}*+"
# A versioned comment is a part of the statement: /*!80013 ALTER TABLE t ... */
_START = re.compile(rf"(?:{_BLANK}|/\*!\d*)*+")
_WORD = re.compile(r"[A-Za-z]*")
_NAME = r'(?>`(?:[^`]|``)+`|"(?:[^"]|"")+"|[\w$]+)'
_QUALIFIED = re.compile(rf"{_ANY}({_NAME})(?:{_ANY}\.{_ANY}({_NAME}))?")
_TABLE_DDL = re.compile(
    rf"(?:create{_GAP}table(?:{_GAP}if{_GAP}not{_GAP}exists)?|alter{_GAP}table|drop{_GAP}tables?"
    rf"(?:{_GAP}if{_GAP}exists)?|truncate(?:{_GAP}table)?|rename{_GAP}tables?)\b",
    re.IGNORECASE,
)
_INDEX_DDL = re.compile(
    rf"(?:create{_GAP}(?:(?:unique|fulltext|spatial){_GAP})?|drop{_GAP})index{_GAP}{_NAME}"
    rf"(?:{_GAP}using{_GAP}\w+)?{_GAP}on\b",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(rf"{_ANY}(?:,|to\b)", re.IGNORECASE)
# CALL, DO and SELECT are how a statement-based binlog writes stored functions that change rows.
_DML = frozenset({"insert", "update", "delete", "replace", "load", "with", "call", "do", "select"})
_UNSUPPORTED = frozenset({"xa", "rollback"})


def classify(sql: str, database: str) -> Statement:
    """Classify one statement; `database` is the session's default, for unqualified names."""
    start = _matched(_START, sql, 0)
    word = sql[start : _matched(_WORD, sql, start)].lower()
    if word in ("begin", "start"):
        return Statement(Kind.BEGIN)
    if word == "commit":
        return Statement(Kind.COMMIT)
    if word == "savepoint":
        return Statement(Kind.SAVEPOINT)
    if word in _DML:
        return Statement(Kind.DML)
    if word in _UNSUPPORTED:
        return Statement(Kind.UNSUPPORTED)
    ddl = _TABLE_DDL.match(sql, start) or _INDEX_DDL.match(sql, start)
    if ddl:
        return Statement(Kind.DDL, _tables(sql, ddl.end(), database))
    return Statement(Kind.OTHER)


def _matched(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Where the match at `start` of a pattern that may be empty ends."""
    found = pattern.match(text, start)
    return found.end() if found else start


def _tables(text: str, start: int, database: str) -> tuple[tuple[str, str], ...]:
    """Names after the verb: one, or a list separated by ',' (DROP) or 'TO' and ',' (RENAME)."""
    found: list[tuple[str, str]] = []
    while name := _QUALIFIED.match(text, start):
        first, second = name.group(1), name.group(2)
        found.append((_plain(first), _plain(second)) if second else (database, _plain(first)))
        separator = _SEPARATOR.match(text, name.end())
        if not separator:
            break
        start = separator.end()
    return tuple(found)


def _plain(name: str) -> str:
    quote = name[0]
    return name[1:-1].replace(quote * 2, quote) if quote in '`"' else name
