"""Sessions on a target server, and what its error numbers mean. Used by the applier, the stream row and preflight."""

from collections.abc import Sequence

from connector.model.errors import (
    RowcastError,
    TargetAccessDenied,
    TargetColumnMissing,
    TargetConflict,
    TargetFailed,
    TargetReadOnly,
    TargetSettingUnsupported,
    TargetTableMissing,
    TargetUnreachable,
    TransactionTooLarge,
)
from connector.mysql.address import ServerAddress
from connector.mysql.connection import Connection, Rows, connect, query
from sinks.mysql.statements import TargetTable

# Capability flags of MySQL's protocol.
CLIENT_FOUND_ROWS = 1 << 1  # an UPDATE counts the rows it finds, also those that already have their new values
CLIENT_MULTI_STATEMENTS = 1 << 16

LOCK_WAIT_S = 20  # for a row of another writer, and for a table that somebody alters

SESSION = (
    # Strict: a value that the column cannot hold is an error, never cut. Zero and invalid dates that the source holds
    # are legal values here, and 0 in an AUTO_INCREMENT column stays 0.
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO',"
    " foreign_key_checks = 1, unique_checks = 1, sql_safe_updates = 0, transaction_read_only = 0,"
    # Gap locks would only make deadlocks: nothing here reads what it did not write.
    " transaction_isolation = 'READ-COMMITTED',"
    f" innodb_lock_wait_timeout = {LOCK_WAIT_S}, lock_wait_timeout = {LOCK_WAIT_S}, autocommit = 0"
)

TARGET_ERRORS: dict[int, type[RowcastError]] = {
    # rolled back: do it again
    1205: TargetConflict,  # ER_LOCK_WAIT_TIMEOUT
    1213: TargetConflict,  # ER_LOCK_DEADLOCK
    1614: TargetConflict,  # ER_XA_RBDEADLOCK
    3101: TargetConflict,  # ER_TRANSACTION_ROLLBACK_DURING_COMMIT: another member of a group won
    3572: TargetConflict,  # ER_LOCK_NOWAIT
    1094: TargetConflict,  # ER_NO_SUCH_THREAD: the connection to end has ended by itself
    # not writable now
    1290: TargetReadOnly,  # ER_OPTION_PREVENTS_STATEMENT: --read-only, --super-read-only
    1792: TargetReadOnly,  # ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
    1836: TargetReadOnly,  # ER_READ_ONLY_MODE
    3100: TargetReadOnly,  # ER_RUN_HOOK_ERROR: a plugin (group replication) refuses writes
    # who we are, what we may
    1044: TargetAccessDenied,  # ER_DBACCESS_DENIED_ERROR
    1045: TargetAccessDenied,  # ER_ACCESS_DENIED_ERROR
    1130: TargetAccessDenied,  # ER_HOST_NOT_PRIVILEGED
    1095: TargetAccessDenied,  # ER_KILL_DENIED_ERROR
    1142: TargetAccessDenied,  # ER_TABLEACCESS_DENIED_ERROR
    1143: TargetAccessDenied,  # ER_COLUMNACCESS_DENIED_ERROR
    1227: TargetAccessDenied,  # ER_SPECIFIC_ACCESS_DENIED_ERROR
    1251: TargetAccessDenied,  # ER_NOT_SUPPORTED_AUTH_MODE
    1370: TargetAccessDenied,  # ER_PROCACCESS_DENIED_ERROR
    1698: TargetAccessDenied,  # ER_ACCESS_DENIED_NO_PASSWORD_ERROR
    1820: TargetAccessDenied,  # ER_MUST_CHANGE_PASSWORD
    1862: TargetAccessDenied,  # ER_MUST_CHANGE_PASSWORD_LOGIN
    2059: TargetAccessDenied,  # CR_AUTH_PLUGIN_CANNOT_LOAD
    2061: TargetAccessDenied,  # CR_AUTH_PLUGIN_ERR
    3118: TargetAccessDenied,  # ER_ACCOUNT_HAS_BEEN_LOCKED
    3955: TargetAccessDenied,  # ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK
    # what is there
    1049: TargetTableMissing,  # ER_BAD_DB_ERROR
    1146: TargetTableMissing,  # ER_NO_SUCH_TABLE
    1054: TargetColumnMissing,  # ER_BAD_FIELD_ERROR
    1193: TargetSettingUnsupported,  # ER_UNKNOWN_SYSTEM_VARIABLE: too old, or not MySQL
    2026: TargetSettingUnsupported,  # CR_SSL_CONNECTION_ERROR
    3159: TargetSettingUnsupported,  # ER_SECURE_TRANSPORT_REQUIRED
    # too much
    1153: TransactionTooLarge,  # ER_NET_PACKET_TOO_LARGE
    1197: TransactionTooLarge,  # ER_TRANS_CACHE_FULL
    2020: TransactionTooLarge,  # CR_NET_PACKET_TOO_LARGE
    # not there now
    0: TargetUnreachable,  # the driver's word for a connection that is closed already
    1040: TargetUnreachable,  # ER_CON_COUNT_ERROR
    1053: TargetUnreachable,  # ER_SERVER_SHUTDOWN
    1129: TargetUnreachable,  # ER_HOST_IS_BLOCKED
    1152: TargetUnreachable,  # ER_ABORTING_CONNECTION
    1158: TargetUnreachable,  # ER_NET_READ_ERROR
    1159: TargetUnreachable,  # ER_NET_READ_INTERRUPTED
    1160: TargetUnreachable,  # ER_NET_ERROR_ON_WRITE
    1161: TargetUnreachable,  # ER_NET_WRITE_INTERRUPTED
    1184: TargetUnreachable,  # ER_NEW_ABORTING_CONNECTION
    1203: TargetUnreachable,  # ER_TOO_MANY_USER_CONNECTIONS
    1226: TargetUnreachable,  # ER_USER_LIMIT_REACHED
    1317: TargetUnreachable,  # ER_QUERY_INTERRUPTED: KILL
    1927: TargetUnreachable,  # ER_CONNECTION_KILLED (MariaDB)
    2002: TargetUnreachable,  # CR_CONNECTION_ERROR
    2003: TargetUnreachable,  # CR_CONN_HOST_ERROR
    2005: TargetUnreachable,  # CR_UNKNOWN_HOST
    2006: TargetUnreachable,  # CR_SERVER_GONE_ERROR
    2013: TargetUnreachable,  # CR_SERVER_LOST
    2055: TargetUnreachable,  # CR_SERVER_LOST_EXTENDED
    3024: TargetUnreachable,  # ER_QUERY_TIMEOUT
    3168: TargetUnreachable,  # ER_SERVER_ISNT_AVAILABLE
    3169: TargetUnreachable,  # ER_SESSION_WAS_KILLED
    4031: TargetUnreachable,  # ER_CLIENT_INTERACTION_TIMEOUT
}
"""What a target's error number means; one that is not listed becomes TARGET_FAILED, for a person to look at."""

_HINTS: dict[int, str] = {
    1095: "Another account's connection holds the stream: stop that process, or use the same account.",
    1049: "Create the database that the shard's URL names at the target.",
    1193: "A target is MySQL 8.0 or newer.",
    1197: "Raise max_binlog_cache_size at the target.",
    2026: "Check ssl-mode and ssl-ca in the shard's URL against the target's TLS settings.",
    3159: "The target refuses plain connections: set ssl-mode in the shard's URL to preferred or stricter.",
}


def target_error(errno: int, message: str, **context: object) -> RowcastError:
    """The typed error of a target's error number. `message` is the server's text, `context` says where."""
    kind = TARGET_ERRORS.get(errno, TargetFailed)
    return kind(message or "the connection is closed", hint=_HINTS.get(errno), errno=errno or None, **context)


class TargetSession:
    """A connection with the settings that exact literals and counted rows rest on; transactions begin by themselves."""

    def __init__(self, address: ServerAddress, database: str) -> None:
        """Connects; errors by `target_error`."""
        self._connection: Connection = connect(
            address, database=database, error=target_error, client_flag=CLIENT_FOUND_ROWS | CLIENT_MULTI_STATEMENTS
        )
        try:
            self.execute(SESSION)
            ((self.connection_id, self.max_allowed_packet),) = self.query(
                "SELECT CONNECTION_ID(), @@max_allowed_packet"
            )
        except RowcastError:
            self.abandon()
            raise

    def execute(self, sql: str | bytes) -> int:
        """Run one statement; the number of rows it changed, found for an UPDATE."""
        return self._connection.query(sql)

    def execute_all(self, statements: Sequence[bytes]) -> list[int]:
        """Run statements in one round trip; their counts of rows. What follows a failed one does not run."""
        counts = [self._connection.query(b";".join(statements))]
        while len(counts) < len(statements):
            counts.append(self._connection.next_result())
        return counts

    def query(self, sql: str, args: Sequence[object] | None = None) -> Rows:
        """The rows of one statement."""
        return query(self._connection, sql, args)

    def commit(self) -> None:
        """COMMIT. After TargetUnreachable nobody knows the outcome: only the stream's row says."""
        self._connection.commit()

    def rollback(self) -> None:
        """ROLLBACK."""
        self._connection.rollback()

    def close(self) -> None:
        """End the session, the server rolls back what is open."""
        self._connection.close()

    def abandon(self) -> None:
        """Drop the socket without a word; for a connection that an error left in an unknown state."""
        self._connection.abandon()


_COLUMNS = (
    "SELECT LOWER(column_name), generation_expression <> '' FROM information_schema.columns"
    " WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position"
)
_KEY = (
    "SELECT LOWER(column_name) FROM information_schema.statistics"
    " WHERE table_schema = %s AND table_name = %s AND index_name = 'PRIMARY' ORDER BY seq_in_index"
)
_ENGINE = (
    "SELECT t.engine, EXISTS (SELECT 1 FROM information_schema.referential_constraints r"
    " WHERE r.constraint_schema = t.table_schema AND r.table_name = t.table_name"
    " AND r.unique_constraint_schema = t.table_schema AND r.referenced_table_name = t.table_name)"
    " FROM information_schema.tables t WHERE t.table_schema = %s AND t.table_name = %s AND t.table_type = 'BASE TABLE'"
)


def read_table(session: TargetSession, database: str, name: str) -> TargetTable:
    """What the target has under this name. TargetTableMissing; TargetSettingUnsupported when it is not InnoDB."""
    found = session.query(_ENGINE, (database, name))
    if not found:
        raise TargetTableMissing("the target has no such table", table=f"{database}.{name}")
    ((engine, references_itself),) = found
    if str(engine).lower() != "innodb":
        raise TargetSettingUnsupported(f"the target table's engine is {engine}", table=f"{database}.{name}")
    columns = session.query(_COLUMNS, (database, name))
    return TargetTable(
        name=name,
        columns=frozenset(column for column, _ in columns),
        generated=frozenset(column for column, generated in columns if generated),
        primary_key=tuple(column for (column,) in session.query(_KEY, (database, name))),
        references_itself=bool(references_itself),
    )
