"""Rules against real tables, the source server, its binlog. Raised by rules/, mysql/, decode/, stream/."""

from connector.model.errors.base import Disposition, RowcastError


class RuleColumnUnknown(RowcastError):
    """A rule names a column that its source table does not have."""

    code = "RULE_COLUMN_UNKNOWN"
    disposition = Disposition.OPERATOR
    hint = "Name columns that the source table has; SHOW COLUMNS lists them."


class RuleTableMissing(RowcastError):
    """A rule names a table that the source does not have."""

    code = "RULE_TABLE_MISSING"
    disposition = Disposition.OPERATOR
    hint = "Create the table at the source or remove the rule."


class VindexMissing(RowcastError):
    """A table has to be divided into key ranges and nothing says by which vindex."""

    code = "VINDEX_MISSING"
    disposition = Disposition.OPERATOR
    hint = "Add [vschema.<keyspace>.<table>] with column and type, or write in_keyrange(column, 'type', 'range')."


class VindexUnmappable(RowcastError):
    """A row's vindex column has a value without a keyspace id, so the row belongs to no shard."""

    code = "VINDEX_UNMAPPABLE"
    disposition = Disposition.OPERATOR
    hint = "The vindex has no keyspace id for this value (NULL, or not a number); correct the row or the vindex."


class TableKeyMissing(RowcastError):
    """A table has no primary key where one is needed to tell its rows apart."""

    code = "TABLE_KEY_MISSING"
    disposition = Disposition.OPERATOR
    hint = "Give the table a primary key (an invisible one will do), or leave it out of the rules."


class CollationUnsupported(RowcastError):
    """A rule compares text in a way whose outcome only the server's own collation knows."""

    code = "COLLATION_UNSUPPORTED"
    disposition = Disposition.OPERATOR
    hint = (
        "Compare a column with a _bin collation, or leave the comparison out of the rule; "
        "docs/rules.md says what is known exactly."
    )


class SourceUnreachable(RowcastError):
    """No connection to the source could be made; after a successful start it is tried again without end."""

    code = "SOURCE_UNREACHABLE"
    disposition = Disposition.RETRY
    hint = "Check database.hostname and database.port, and that the server accepts TCP connections."


class SourceAccessDenied(RowcastError):
    """The source refused the account or its password."""

    code = "SOURCE_ACCESS_DENIED"
    disposition = Disposition.OPERATOR
    hint = "Check database.user and database.password, and that the account may connect from this host."


class SourcePrivilegeMissing(RowcastError):
    """The account at the source lacks a privilege."""

    code = "SOURCE_PRIVILEGE_MISSING"
    disposition = Disposition.OPERATOR
    hint = "GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT, LOCK TABLES ON *.* TO the rowcast account."


class SourceSettingUnsupported(RowcastError):
    """The source runs with a setting under which its changes cannot be read completely."""

    code = "SOURCE_SETTING_UNSUPPORTED"
    disposition = Disposition.OPERATOR
    hint = "Set the server variable as named and restart the sessions that write."


class SourceConnectionLost(RowcastError):
    """The connection to the source broke; the stream goes on from the stored position."""

    code = "SOURCE_CONNECTION_LOST"
    disposition = Disposition.RETRY
    hint = "rowcast reconnects at the stored position; look at the server's error log if it happens often."


class SourceQueryFailed(RowcastError):
    """The source answered a statement with an error that means nothing special to rowcast."""

    code = "SOURCE_QUERY_FAILED"
    disposition = Disposition.OPERATOR
    hint = "The source refused a statement; the message is the server's own."


class PositionPurged(RowcastError):
    """The source has deleted binlogs that the stream has not read."""

    code = "POSITION_PURGED"
    disposition = Disposition.OPERATOR
    hint = "The source purged binlogs that the stream still needs: read from a replica that has them, or copy again."


class PositionAhead(RowcastError):
    """The stored position is from another server's history, or the server was restored from a backup."""

    code = "POSITION_AHEAD"
    disposition = Disposition.OPERATOR
    hint = "The stored position has transactions this server does not know: use the right server, or set the position."


class DuplicateServerId(RowcastError):
    """Two replicas use one server id: the source would disconnect them in turn."""

    code = "DUPLICATE_SERVER_ID"
    disposition = Disposition.OPERATOR
    hint = "Another replica uses the same server id: set database.server.id to a number of its own."


class DatabaseMissing(RowcastError):
    """The database of the keyspace does not exist at the source."""

    code = "SOURCE_DATABASE_MISSING"
    disposition = Disposition.OPERATOR
    hint = "Create the database that `keyspace` names, or correct the name."


class BinlogCorrupt(RowcastError):
    """An event of the binlog arrived damaged."""

    code = "BINLOG_CORRUPT"
    disposition = Disposition.OPERATOR
    hint = "Checksum or length is wrong: check the network, and the binlog with mysqlbinlog --verify-binlog-checksum."


class BinlogEventUnsupported(RowcastError):
    """The binlog has an event that rowcast cannot decode."""

    code = "BINLOG_EVENT_UNSUPPORTED"
    disposition = Disposition.OPERATOR
    hint = "rowcast does not decode this event yet and never skips one; turn off the feature that writes it."


class BinlogIncident(RowcastError):
    """The source itself says that its binlog may lack changes."""

    code = "BINLOG_INCIDENT"
    disposition = Disposition.OPERATOR
    hint = "The source logged an incident: changes may be missing from its binlog. Copy the tables again."


class BinlogStatement(RowcastError):
    """A change was logged as a statement, so its rows are unknown."""

    code = "BINLOG_STATEMENT"
    disposition = Disposition.OPERATOR
    hint = "A session wrote with binlog_format=STATEMENT: set binlog_format=ROW and copy the affected table again."


class RowImagePartial(RowcastError):
    """A change was logged without all of its columns."""

    code = "ROW_IMAGE_PARTIAL"
    disposition = Disposition.OPERATOR
    hint = "A session wrote with binlog_row_image other than FULL: set it to FULL and copy the affected table again."


class TableMapUnknown(RowcastError):
    """Rows arrived for a table that the binlog had not announced."""

    code = "TABLE_MAP_UNKNOWN"
    disposition = Disposition.BUG
    hint = "A rows event came before its table map: report it with the binlog position."


class SchemaMismatch(RowcastError):
    """A change does not fit the only definition of its table that is known."""

    code = "SCHEMA_MISMATCH"
    disposition = Disposition.OPERATOR
    hint = "The binlog has another version of the table than the server: set binlog_row_metadata=FULL, or copy again."


class ValueUndecodable(RowcastError):
    """A cell's bytes are not a value of the column's type."""

    code = "VALUE_UNDECODABLE"
    disposition = Disposition.OPERATOR
    hint = "The column's bytes are not valid for its type; correct the row at the source."


class ValueUnrepresentable(RowcastError):
    """A cell has a value that the table topic's type cannot hold."""

    code = "VALUE_UNREPRESENTABLE"
    disposition = Disposition.OPERATOR
    hint = (
        "The table topic's type cannot hold this value: correct the row at the source, make the column nullable, "
        "or publish the table to stream topics only."
    )


class ResumeMismatch(RowcastError):
    """A half-sent transaction, read again, is not the same any more."""

    code = "RESUME_MISMATCH"
    disposition = Disposition.OPERATOR
    hint = "The large transaction reads differently now (changed rules?): restore the old rules or copy again."
