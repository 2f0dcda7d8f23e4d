"""Binlog event types: their numbers, which of them have no consequence for rows, and how to get rid of those we do
not decode.
"""

QUERY = 2
STOP = 3
ROTATE = 4
FORMAT_DESCRIPTION = 15
XID = 16
TABLE_MAP = 19
WRITE_ROWS_V1 = 23
UPDATE_ROWS_V1 = 24
DELETE_ROWS_V1 = 25
INCIDENT = 26
HEARTBEAT = 27
IGNORABLE = 28
ROWS_QUERY = 29
WRITE_ROWS = 30
UPDATE_ROWS = 31
DELETE_ROWS = 32
GTID = 33
ANONYMOUS_GTID = 34
PREVIOUS_GTIDS = 35
TRANSACTION_CONTEXT = 36
VIEW_CHANGE = 37
XA_PREPARE = 38
PARTIAL_UPDATE_ROWS = 39
TRANSACTION_PAYLOAD = 40
HEARTBEAT_V2 = 41
GTID_TAGGED = 42

# Header flags.
ARTIFICIAL = 0x20  # made for this connection, not in the binlog file
IGNORABLE_FLAG = 0x80  # the server says that a reader may skip it when it does not know it
IN_USE = 0x01  # FORMAT_DESCRIPTION of the file being written; set after its checksum was made

ROWS: dict[int, tuple[str, int]] = {
    WRITE_ROWS_V1: ("insert", 1),
    UPDATE_ROWS_V1: ("update", 1),
    DELETE_ROWS_V1: ("delete", 1),
    WRITE_ROWS: ("insert", 2),
    UPDATE_ROWS: ("update", 2),
    DELETE_ROWS: ("delete", 2),
}
"""Type -> (kind, version)."""

IGNORED = frozenset({STOP, IGNORABLE, PREVIOUS_GTIDS, TRANSACTION_CONTEXT, VIEW_CHANGE})
"""No consequence for rows: end of a server's run, executed sets, and Group Replication's own notes."""

_STATEMENT = "A session writes with binlog_format=STATEMENT or MIXED: set it to ROW and copy the affected table again."
_MARIADB = "The source is MariaDB, which rowcast does not read yet."
HINTS: dict[int, str] = {
    5: _STATEMENT,
    6: _STATEMENT,
    8: _STATEMENT,
    9: _STATEMENT,
    10: _STATEMENT,
    11: _STATEMENT,
    12: _STATEMENT,
    13: _STATEMENT,
    14: _STATEMENT,
    17: _STATEMENT,
    18: _STATEMENT,
    XA_PREPARE: "Commit with plain transactions: prepared XA transactions are not decoded yet.",
    PARTIAL_UPDATE_ROWS: "Set binlog_row_value_options='' at the source and restart the sessions that write.",
    TRANSACTION_PAYLOAD: "Set binlog_transaction_compression=OFF at the source and restart the sessions that write.",
    GTID_TAGGED: "Write without GTID tags (gtid_next='AUTOMATIC').",
    **dict.fromkeys(range(160, 172), _MARIADB),
}
"""What to change at the source so that an event of this type is not written."""
