"""Which expressions a MySQL target may evaluate for the source: those that depend on nothing but the row.

Called by `parse`.
"""

from sqlglot import exp

_NEVER = (
    exp.Subquery,
    exp.Select,
    exp.Exists,
    exp.Star,
    exp.Parameter,
    exp.SessionParameter,
    exp.Placeholder,
    exp.Window,
    exp.PropertyEQ,
    exp.Introducer,
    exp.CurrentDate,
    exp.CurrentTime,
    exp.CurrentTimestamp,
    exp.CurrentUser,
    exp.Tuple,
)
_CHANGING = frozenset(
    {
        "benchmark", "connection_id", "curdate", "current_date", "current_role", "current_time", "current_timestamp",
        "current_user", "curtime", "database", "found_rows", "get_lock", "icu_version", "in_keyrange", "is_free_lock",
        "is_used_lock", "last_insert_id", "load_file", "localtime", "localtimestamp", "master_pos_wait", "name_const",
        "now", "ps_current_thread_id", "rand", "random_bytes", "release_all_locks", "release_lock", "row_count",
        "schema", "session_user", "sleep", "source_pos_wait", "sysdate", "system_user", "unix_timestamp", "user",
        "utc_date", "utc_time", "utc_timestamp", "uuid", "uuid_short", "values", "version",
        "wait_for_executed_gtid_set",
    }
)  # fmt: skip
_AGGREGATES = frozenset(
    {
        "any_value", "avg", "bit_and", "bit_or", "bit_xor", "count", "group_concat", "grouping", "json_arrayagg",
        "json_objectagg", "max", "min", "std", "stddev", "stddev_pop", "stddev_samp", "sum", "var_pop", "var_samp",
        "variance",
    }
)  # fmt: skip


def deterministic(node: exp.Expr) -> bool:
    """Whether the expression gives the same for the same row on every server, every time."""
    for part in node.walk():
        if isinstance(part, _NEVER):
            return False
        if isinstance(part, exp.Column) and part.table:
            return False
        if isinstance(part, exp.Anonymous) and part.name.lower() in _CHANGING | _AGGREGATES:
            return False
    return True
