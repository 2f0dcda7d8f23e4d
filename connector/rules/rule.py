"""One rule as the configuration writes it, and the tables its `match` names. Called by `ruleset`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from connector.model.errors import RowcastError, RuleInvalid
from connector.model.plan import OnFilterChange
from connector.rules.internal import SYSTEM_DATABASES, is_internal_table

# Vitess matches with RE2. What the two dialects read differently is refused, so that a rule means the same in both.
_NOT_RE2 = re.compile(r"\(\?[=!<>(#]|\(\?P[=>]|\\[1-9pPzQEC]|\[\[:|\{,|[*+?}]\+")


@dataclass(frozen=True, slots=True)
class Rule:
    """`match`: a table, `database.table`, or `/regex/`. `filter`: empty, one key range, or a SELECT.

    `on_filter_change`: what an update becomes when only one of its images passes.
    """

    match: str
    filter: str = ""
    on_filter_change: OnFilterChange = "split"


@dataclass(frozen=True, slots=True)
class TableMatch:
    """A rule's `match`, understood. `table` is empty and `pattern` set for a regular expression."""

    database: str
    table: str
    pattern: re.Pattern[str] | None

    def accepts(self, database: str, table: str) -> bool:
        """Whether the rule is for this table. Names are case-sensitive; a regular expression is not anchored."""
        if database != self.database:
            return False
        return table == self.table if self.pattern is None else self.pattern.search(table) is not None


def parse_match(match: str, keyspace: str) -> TableMatch:
    """Raises RuleInvalid for a bad regular expression and for tables that are never streamed."""
    if match.startswith("/"):
        return TableMatch(keyspace, "", _compile(match.strip("/")))
    database, dot, table = match.partition(".")
    if not dot:
        database, table = keyspace, match
    if not database or not table:
        raise RuleInvalid("match is empty: name a table, database.table or /regex/")
    if database.lower() in SYSTEM_DATABASES:
        raise RuleInvalid(f"database {database} belongs to the server or to rowcast and is never streamed")
    if is_internal_table(table):
        raise RuleInvalid(f"table names such as {table} belong to online schema changes and are never streamed")
    return TableMatch(database, table, None)


def _compile(pattern: str) -> re.Pattern[str]:
    foreign = _NOT_RE2.search(pattern.replace("\\\\", ""))
    if foreign:
        raise RuleInvalid(
            f"regular expression {pattern!r}: {foreign[0]!r} is not in RE2, the dialect of Vitess's rules"
        )
    try:
        # RE2's \d, \w, \s and \b know ASCII only.
        return re.compile(pattern, re.ASCII)
    except re.error as error:
        raise RuleInvalid(f"regular expression {pattern!r}: {error}") from None


@contextmanager
def naming(rule: Rule) -> Iterator[None]:
    """Puts the rule's match in front of the message of every error that the block raises."""
    try:
        yield
    except RowcastError as error:
        named = type(error)(f"rule {rule.match!r}: {error.what}", hint=error.specific_hint)
        named.context = error.context
        raise named from None
