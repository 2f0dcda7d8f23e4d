"""One table: what a source's MySQL error number means to us.

Called by `connector.mysql` for every error the server or the driver reports and by `connector.decode` for an ERR packet
inside the binlog stream. Sinks have a table of their own with the same signature, `ErrorMapping`. A number that is not
listed becomes SOURCE_QUERY_FAILED, for a person to look at: retrying what we do not know could go on for ever.
"""

from typing import Protocol

from connector.model.errors import (
    DatabaseMissing,
    DuplicateServerId,
    PositionAhead,
    PositionPurged,
    RowcastError,
    SourceAccessDenied,
    SourceConnectionLost,
    SourcePrivilegeMissing,
    SourceQueryFailed,
    SourceSettingUnsupported,
    SourceUnreachable,
)


class ErrorMapping(Protocol):
    """Makes the typed error of a MySQL error number and the server's own message (which never holds a password)."""

    def __call__(self, errno: int, message: str, **context: object) -> RowcastError: ...


BINLOG_READ_FAILED = 1236  # ER_SOURCE_FATAL_ERROR_READING_BINLOG: many reasons, told apart by their text
CONNECTION_LOST = 2013  # CR_SERVER_LOST: also what we report when the peer closes without an error packet
UNREACHABLE = 2003  # CR_CONN_HOST_ERROR
CONNECTION_GONE = 2006  # CR_SERVER_GONE_ERROR
MALFORMED_PACKET = 2027  # CR_MALFORMED_PACKET
TLS_FAILED = 2026  # CR_SSL_CONNECTION_ERROR

SOURCE_ERRORS: dict[int, type[RowcastError]] = {
    # who we are
    1045: SourceAccessDenied,  # ER_ACCESS_DENIED_ERROR
    1130: SourceAccessDenied,  # ER_HOST_NOT_PRIVILEGED
    1251: SourceAccessDenied,  # ER_NOT_SUPPORTED_AUTH_MODE
    1698: SourceAccessDenied,  # ER_ACCESS_DENIED_NO_PASSWORD_ERROR
    1820: SourceAccessDenied,  # ER_MUST_CHANGE_PASSWORD
    1862: SourceAccessDenied,  # ER_MUST_CHANGE_PASSWORD_LOGIN
    2059: SourceAccessDenied,  # CR_AUTH_PLUGIN_CANNOT_LOAD
    2061: SourceAccessDenied,  # CR_AUTH_PLUGIN_ERR
    3118: SourceAccessDenied,  # ER_ACCOUNT_HAS_BEEN_LOCKED
    3955: SourceAccessDenied,  # ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK
    # what we may
    1044: SourcePrivilegeMissing,  # ER_DBACCESS_DENIED_ERROR
    1142: SourcePrivilegeMissing,  # ER_TABLEACCESS_DENIED_ERROR
    1143: SourcePrivilegeMissing,  # ER_COLUMNACCESS_DENIED_ERROR
    1227: SourcePrivilegeMissing,  # ER_SPECIFIC_ACCESS_DENIED_ERROR
    1370: SourcePrivilegeMissing,  # ER_PROCACCESS_DENIED_ERROR
    # what the server is
    1049: DatabaseMissing,  # ER_BAD_DB_ERROR
    1193: SourceSettingUnsupported,  # ER_UNKNOWN_SYSTEM_VARIABLE: too old, or not MySQL
    2026: SourceSettingUnsupported,  # CR_SSL_CONNECTION_ERROR: no TLS there, or a certificate that does not verify
    3159: SourceSettingUnsupported,  # ER_SECURE_TRANSPORT_REQUIRED
    # not now
    1040: SourceUnreachable,  # ER_CON_COUNT_ERROR
    1129: SourceUnreachable,  # ER_HOST_IS_BLOCKED
    1203: SourceUnreachable,  # ER_TOO_MANY_USER_CONNECTIONS
    1226: SourceUnreachable,  # ER_USER_LIMIT_REACHED
    2002: SourceUnreachable,  # CR_CONNECTION_ERROR
    2003: SourceUnreachable,  # CR_CONN_HOST_ERROR
    2005: SourceUnreachable,  # CR_UNKNOWN_HOST
    # no longer
    1053: SourceConnectionLost,  # ER_SERVER_SHUTDOWN
    1152: SourceConnectionLost,  # ER_ABORTING_CONNECTION
    1158: SourceConnectionLost,  # ER_NET_READ_ERROR
    1159: SourceConnectionLost,  # ER_NET_READ_INTERRUPTED
    1160: SourceConnectionLost,  # ER_NET_ERROR_ON_WRITE
    1161: SourceConnectionLost,  # ER_NET_WRITE_INTERRUPTED
    1184: SourceConnectionLost,  # ER_NEW_ABORTING_CONNECTION
    1317: SourceConnectionLost,  # ER_QUERY_INTERRUPTED: KILL, as an operator's clean-up script issues it
    1927: SourceConnectionLost,  # ER_CONNECTION_KILLED (MariaDB)
    2006: SourceConnectionLost,  # CR_SERVER_GONE_ERROR
    2013: SourceConnectionLost,  # CR_SERVER_LOST
    2055: SourceConnectionLost,  # CR_SERVER_LOST_EXTENDED
    3024: SourceConnectionLost,  # ER_QUERY_TIMEOUT
    3168: SourceConnectionLost,  # ER_SERVER_ISNT_AVAILABLE
    3169: SourceConnectionLost,  # ER_SESSION_WAS_KILLED
    4031: SourceConnectionLost,  # ER_CLIENT_INTERACTION_TIMEOUT
}

BINLOG_READ_REASONS: tuple[tuple[str, type[RowcastError]], ...] = (
    ("purged required binary logs", PositionPurged),  # 8.0.22 and later
    ("has purged", PositionPurged),  # 5.7
    ("could not find first log file", PositionPurged),
    ("same server_uuid/server_id", DuplicateServerId),
    ("same server_id/server_uuid", DuplicateServerId),
    ("more gtids than the", PositionAhead),
    ("position > file size", PositionAhead),
    ("gtid_mode", SourceSettingUnsupported),
    ("binary log is not open", SourceSettingUnsupported),
    ("server_id was not set", SourceSettingUnsupported),
)
"""What the text of error 1236 must contain, in lower case; the first that matches counts."""

_HINTS: dict[int, str] = {
    1193: "rowcast reads MySQL 8.0 and newer with GTIDs.",
    2026: "Check ssl-mode and ssl-ca against the server's TLS settings.",
    3159: "The server refuses plain connections: set ssl-mode to preferred or stricter.",
}


def source_error(errno: int, message: str, **context: object) -> RowcastError:
    """The typed error of a source's error number. `message` = the server's text, `context` = where (host, table)."""
    if errno == BINLOG_READ_FAILED:
        text = message.lower()
        kind = next((kind for reason, kind in BINLOG_READ_REASONS if reason in text), SourceQueryFailed)
    else:
        kind = SOURCE_ERRORS.get(errno, SourceQueryFailed)
    return kind(message or "the server gave no reason", hint=_HINTS.get(errno), errno=errno, **context)
