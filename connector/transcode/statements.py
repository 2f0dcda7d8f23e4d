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


_COMMENT = re.compile(r"\A(?:\s+|/\*(?!!)(?:.|\n)*?\*/|--[ \t][^\n]*\n|#[^\n]*\n)+")
_VERSIONED = re.compile(r"\A/\*!\d*\s*")
_NAME = r"(?:`(?:[^`]|``)+`|[\w$\u0080-\uffff]+)"
_QUALIFIED = re.compile(rf"\s*({_NAME})(?:\s*\.\s*({_NAME}))?")
_TABLE_DDL = re.compile(
    r"\A(?:create\s+table(?:\s+if\s+not\s+exists)?|alter\s+table|drop\s+tables?"
    r"(?:\s+if\s+exists)?|truncate(?:\s+table)?|rename\s+tables?)\b",
    re.IGNORECASE,
)
_INDEX_DDL = re.compile(
    rf"\A(?:create\s+(?:unique\s+|fulltext\s+|spatial\s+)?index\s+{_NAME}[^(]*?|drop\s+index\s+{_NAME})\s+on\b",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"\s*(?:,|\bto\b)", re.IGNORECASE)
_DML = frozenset({"insert", "update", "delete", "replace", "load"})
_UNSUPPORTED = frozenset({"xa", "rollback"})


def classify(sql: str, database: str) -> Statement:
    """Classify one statement; `database` is the session's default, for unqualified names."""
    text = _COMMENT.sub("", sql)
    text = _VERSIONED.sub("", text)
    word = re.split(r"[\s(;]", text, maxsplit=1)[0].lower()
    if word == "begin" or text.lower().startswith("start transaction"):
        return Statement(Kind.BEGIN)
    if word == "commit":
        return Statement(Kind.COMMIT)
    if word == "savepoint":
        return Statement(Kind.SAVEPOINT)
    if word in _DML:
        return Statement(Kind.DML)
    if word in _UNSUPPORTED:
        return Statement(Kind.UNSUPPORTED)
    ddl = _TABLE_DDL.match(text) or _INDEX_DDL.match(text)
    if ddl:
        return Statement(Kind.DDL, _tables(text, ddl.end(), database))
    return Statement(Kind.OTHER)


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
    return name[1:-1].replace("``", "`") if name.startswith("`") else name
