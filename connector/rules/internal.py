"""Names that no rule ever matches: the servers' own databases, and tables of online schema changes.

The table names are those that Vitess skips. Note that pt-online-schema-change's `_x_old` takes user tables such as
`_customer_old` along, and that gh-ost's own names (`_customer_gho`) are not among them.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

SYSTEM_DATABASES = frozenset({"_vt", "mysql", "sys", "information_schema", "performance_schema"})

LIFECYCLE_HINTS = frozenset({"hld", "prg", "evc", "drp"})
"""Tables on their way out: held, purged, evacuated, dropped."""
ONLINE_DDL_HINTS = frozenset({"vrp", "gho", "ghc", "del", "new"})
"""Shadow, log and old tables of a schema change."""

_VITESS = re.compile(r"_vt_([a-zA-Z0-9]{3})_([0-f]{32})_([0-9]{14})_")  # [0-f] is Vitess's own range
_SCHEMA_CHANGE = re.compile(
    r"_[0-f]{8}_[0-f]{4}_[0-f]{4}_[0-f]{4}_[0-f]{12}_[0-9]{14}_(?:gho|ghc|del|new|vrepl)"
    r"|_.*_old",
    re.DOTALL,
)
_HINT = re.compile(r"[a-zA-Z0-9]{3}")
_TIME_DIGITS = ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14))


@dataclass(frozen=True, slots=True)
class InternalTable:
    """The parts of a table name of Vitess's own: what the table is for, and since when."""

    hint: str
    uuid: str  # 32 digits without separators
    time: datetime

    @classmethod
    def parse(cls, name: str) -> "InternalTable | None":
        """None when the name is not one of Vitess's, or its time is none."""
        found = _VITESS.fullmatch(name)
        if found is None:
            return None
        hint, uuid, digits = found.groups()
        year, month, day, hour, minute, second = (int(digits[low:high]) for low, high in _TIME_DIGITS)
        try:
            time = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            return None
        return cls(hint, uuid, time)

    @classmethod
    def of(cls, hint: str, uuid: str, time: datetime) -> "InternalTable":
        """Raises ValueError for a hint that is not three letters or digits, and for what is no uuid."""
        if _HINT.fullmatch(hint) is None:
            raise ValueError(f"an internal table's hint has three letters or digits: {hint!r}")
        return cls(hint, UUID(uuid).hex, time)

    def __str__(self) -> str:
        return f"_vt_{self.hint}_{self.uuid}_{self.time:%Y%m%d%H%M%S}_"


def is_internal_table(name: str) -> bool:
    """Whether Vitess would skip a table of this name."""
    return _VITESS.fullmatch(name) is not None or _SCHEMA_CHANGE.fullmatch(name) is not None


def is_lifecycle_table(name: str) -> bool:
    """Whether Vitess would drop the table in the end."""
    table = InternalTable.parse(name)
    return table is not None and table.hint in LIFECYCLE_HINTS


def is_online_ddl_table(name: str) -> bool:
    """Whether the table belongs to a schema change of Vitess, gh-ost or pt-online-schema-change."""
    table = InternalTable.parse(name)
    return _SCHEMA_CHANGE.fullmatch(name) is not None if table is None else table.hint in ONLINE_DDL_HINTS
