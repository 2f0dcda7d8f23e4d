"""Names that no rule ever matches: the servers' own databases, and tables of online schema changes.

The table names are those that Vitess skips. Note that pt-online-schema-change's `_x_old` takes user tables such as
`_customer_old` along.
"""

import re

SYSTEM_DATABASES = frozenset({"_vt", "mysql", "sys", "information_schema", "performance_schema"})

_INTERNAL = re.compile(
    r"_vt_[a-zA-Z0-9]{3}_[0-f]{32}_[0-9]{14}_"  # Vitess's lifecycle and shadow tables; [0-f] is Vitess's own range
    r"|_[0-f]{8}_[0-f]{4}_[0-f]{4}_[0-f]{4}_[0-f]{12}_[0-9]{14}_(?:gho|ghc|del|new|vrepl)"
    r"|_.*_old",
    re.DOTALL,
)


def is_internal_table(name: str) -> bool:
    """Whether Vitess would skip a table of this name."""
    return _INTERNAL.fullmatch(name) is not None
