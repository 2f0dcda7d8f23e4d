"""Reads SHOW GRANTS: which privileges an account has where. Called by `preflight`; no I/O."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_GRANT = re.compile(r"(?P<verb>GRANT|REVOKE) (?P<privileges>.+?) ON (?:TABLE )?(?P<object>\S.*?) (?:TO|FROM) [`'\"]")
_NAME = r"(?:`((?:[^`]|``)*)`|\*)"
_OBJECT = re.compile(_NAME + r"\." + _NAME)
_COLUMN_LIST = re.compile(r"\s*\([^)]*\)")
ALL = "ALL PRIVILEGES"


@dataclass(frozen=True, slots=True)
class _Grant:
    revoked: bool
    privileges: frozenset[str]
    database: str | None  # a LIKE pattern; None = all
    table: str | None  # None = all


class Grants:
    """The grants of one account, its active roles included."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._grants = [grant for line in lines if (grant := _parse(line)) is not None]

    def anywhere(self, privilege: str) -> bool:
        """Whether a global privilege (REPLICATION SLAVE, ...) was granted."""
        return any(not grant.revoked and grant.database is None and _has(grant, privilege) for grant in self._grants)

    def on_database(self, privilege: str, database: str) -> bool:
        """Whether a privilege holds for every table of a database."""
        fitting = [grant for grant in self._grants if grant.table is None and _has(grant, privilege)]
        # A partial revoke takes one database out of a global grant.
        if any(grant.revoked and grant.database == database for grant in fitting):
            return any(not grant.revoked and grant.database == database for grant in fitting)
        return any(not grant.revoked and _covers(grant.database, database) for grant in fitting)

    def on_table(self, privilege: str, database: str, table: str) -> bool:
        """Whether a privilege holds for a table, granted for it, its database or globally."""
        return self.on_database(privilege, database) or any(
            not grant.revoked and grant.database == database and grant.table == table and _has(grant, privilege)
            for grant in self._grants
        )


def _parse(line: str) -> _Grant | None:
    """None for what grants no privilege on a table: roles and PROXY."""
    found = _GRANT.match(line)
    place = _OBJECT.fullmatch(found["object"]) if found else None
    if found is None or place is None:
        return None
    # A privilege on single columns is none on the table: rowcast reads whole rows.
    items = re.split(r",\s*(?![^(]*\))", found["privileges"])
    whole = frozenset(item.strip().upper() for item in items if not _COLUMN_LIST.search(item))
    database, table = (None if name is None else name.replace("``", "`") for name in place.groups())
    return _Grant(found["verb"] == "REVOKE", whole, database, table)


def _has(grant: _Grant, privilege: str) -> bool:
    return privilege in grant.privileges or ALL in grant.privileges


def _covers(pattern: str | None, database: str) -> bool:
    r"""MySQL's database patterns: % and _ are wildcards unless escaped with a backslash."""
    if pattern is None:
        return True
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    translated = "".join(
        ".*" if part == "%" else "." if part == "_" else re.escape(part[1:] if len(part) == 2 else part)
        for part in parts
    )
    return re.fullmatch(translated, database, re.DOTALL) is not None
