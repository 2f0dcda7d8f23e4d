"""The one error tree: every error that can reach a user has a code, a disposition and a hint.

Raised everywhere, caught by `connector.stream` (by disposition) and by `connector.cli` (printed as two lines).
`docs/errors.md` is generated from this file.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import ClassVar


class Disposition(StrEnum):
    """What the owner of a stream does about an error. Unlisted foreign errors count as OPERATOR, never as RETRY."""

    RETRY = "retry"  # known to be transient: back off and try the same again
    RESYNC = "resync"  # our view is stale (aborted): drop what is in memory, start from the stored position
    OPERATOR = "operator"  # a person has to change something
    BUG = "bug"  # rowcast or the server broke an invariant: stop and report


_REGISTRY: dict[str, type["RowcastError"]] = {}


class RowcastError(Exception):
    """Base of the tree. Message = what happened, without secrets; context = where (table, position, setting, ...)."""

    code: ClassVar[str]
    disposition: ClassVar[Disposition]
    hint: ClassVar[str]
    exit_status: ClassVar[int] = 1

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" not in cls.__dict__:
            raise TypeError(f"{cls.__name__} declares no code")
        known = _REGISTRY.get(cls.code)
        if known is not None and known.__qualname__ != cls.__qualname__:
            raise TypeError(f"duplicate error code {cls.code}: {known.__name__}, {cls.__name__}")
        _REGISTRY[cls.code] = cls

    def __init__(self, what: str, *, hint: str | None = None, **context: object) -> None:
        super().__init__(what)
        self.what = what
        self.context = {name: value for name, value in context.items() if value is not None}
        self.specific_hint = hint

    @property
    def remedy(self) -> str:
        """What the reader should do now: the hint given where the error was raised, else the class's."""
        return self.specific_hint or self.hint

    def __str__(self) -> str:
        where = ", ".join(f"{name}={value}" for name, value in self.context.items())
        return f"{self.what} ({where})" if where else self.what

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.specific_hint, self.context))


def _rebuild(cls: type[RowcastError], what: str, hint: str | None, context: dict[str, object]) -> RowcastError:
    return cls(what, hint=hint, **context)


def all_errors() -> Iterator[type[RowcastError]]:
    """Every error class, by code. Called by the generator of docs/errors.md and by tests."""
    return iter(_REGISTRY[code] for code in sorted(_REGISTRY))


# ---- what the file alone shows (exit status 2) ----------------------------------------------------------------------
class UsageError(RowcastError):
    """The command line names something that does not exist or does not fit together."""

    code = "USAGE"
    disposition = Disposition.OPERATOR
    hint = "Run the command with --help to see its arguments."
    exit_status = 2


class ConfigError(RowcastError):
    """A setting has a value that cannot be, by itself or beside the other settings."""

    code = "CONFIG_INVALID"
    disposition = Disposition.OPERATOR
    hint = "Correct the setting in the configuration file; docs/configuration.md lists every name."
    exit_status = 2


class ConfigNotFound(RowcastError):
    """The configuration file does not exist or cannot be read."""

    code = "CONFIG_NOT_FOUND"
    disposition = Disposition.OPERATOR
    hint = "Give the path of an existing TOML file."
    exit_status = 2


class ConfigSyntaxError(RowcastError):
    """The configuration file is not TOML."""

    code = "CONFIG_SYNTAX"
    disposition = Disposition.OPERATOR
    hint = "The file is not valid TOML; names with dots must be quoted."
    exit_status = 2


class UnknownSetting(RowcastError):
    """The file or the environment has a name that is not a setting."""

    code = "CONFIG_UNKNOWN_NAME"
    disposition = Disposition.OPERATOR
    hint = "Remove the name or spell it as docs/configuration.md does."
    exit_status = 2


class MissingSetting(RowcastError):
    """A setting without a default is not given."""

    code = "CONFIG_MISSING"
    disposition = Disposition.OPERATOR
    hint = "Add the setting; docs/configuration.md says what it means."
    exit_status = 2


class UnresolvedReference(RowcastError):
    """A ${env:…} or ${file:…} reference leads to nothing."""

    code = "CONFIG_UNRESOLVED"
    disposition = Disposition.OPERATOR
    hint = "Export the environment variable or create the file that the ${...} reference names."
    exit_status = 2


class RuleUnsupported(RowcastError):
    """A rule uses SQL that is valid and that rowcast does not evaluate."""

    code = "RULE_UNSUPPORTED"
    disposition = Disposition.OPERATOR
    hint = "Use AND-ed comparisons, IN, IS NULL, BETWEEN and in_keyrange; docs/rules.md shows each form."
    exit_status = 2


class RuleInvalid(RowcastError):
    """A rule is not SQL, or says something that cannot be meant."""

    code = "RULE_INVALID"
    disposition = Disposition.OPERATOR
    hint = "Correct the rule's SQL; `rowcast plan FILE` shows how every rule is understood."
    exit_status = 2


class KeyRangeInvalid(RowcastError):
    """A key range, or a list of them, is malformed, overlaps or leaves a gap."""

    code = "KEYRANGE_INVALID"
    disposition = Disposition.OPERATOR
    hint = "Key ranges are written as hexadecimal bytes: -80, 40-80, 80-."
    exit_status = 2


class VindexUnknown(RowcastError):
    """A rule or the vschema names a vindex type that rowcast does not have."""

    code = "VINDEX_UNKNOWN"
    disposition = Disposition.OPERATOR
    hint = "Name a vindex type that rowcast has: binary, hash, xxhash."
    exit_status = 2


class PositionInvalid(RowcastError):
    """A position given by a person or a server is not one."""

    code = "POSITION_INVALID"
    disposition = Disposition.OPERATOR
    hint = "Write a position as MySQL56/<uuid>:<first>-<last>[,...] or as the plain GTID set."
    exit_status = 2


# ---- rules against real tables --------------------------------------------------------------------------------------
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


# ---- source: server state -------------------------------------------------------------------------------------------
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


# ---- source: binlog contents ----------------------------------------------------------------------------------------
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


# ---- Kafka ----------------------------------------------------------------------------------------------------------
class KafkaUnreachable(RowcastError):
    """No broker answers; after a successful start it is tried again without end."""

    code = "KAFKA_UNREACHABLE"
    disposition = Disposition.RETRY
    hint = "Check bootstrap.servers and that a broker answers there."


class KafkaConfigInvalid(RowcastError):
    """A property in [kafka] does not exist, does not fit, or is rowcast's own to set."""

    code = "KAFKA_CONFIG_INVALID"
    disposition = Disposition.OPERATOR
    hint = "Correct the name or value in [kafka]; librdkafka's CONFIGURATION.md lists them."
    exit_status = 2


class KafkaAccessDenied(RowcastError):
    """Kafka does not let the principal do what a stream has to do."""

    code = "KAFKA_ACCESS_DENIED"
    disposition = Disposition.OPERATOR
    hint = "Grant the principal write, describe and idempotent-write on the topics and on the transactional id."


class KafkaFailed(RowcastError):
    """Kafka answered with an error that means nothing special to rowcast."""

    code = "KAFKA_FAILED"
    disposition = Disposition.OPERATOR
    hint = "The broker refused the request; the message is its own."


class KafkaTransactionAborted(RowcastError):
    """A Kafka transaction was aborted; nothing of it is visible, and its rows are read again."""

    code = "KAFKA_TRANSACTION_ABORTED"
    disposition = Disposition.RESYNC
    hint = "rowcast starts again from the stored position."


class StreamFenced(RowcastError):
    """Another process owns the stream now; this one has stopped writing."""

    code = "STREAM_FENCED"
    disposition = Disposition.OPERATOR
    hint = "Another process took over this stream; run one process per stream, or let this one stay stopped."


class TopicInvalid(RowcastError):
    """A topic is missing, or exists in a shape that the stream cannot use."""

    code = "TOPIC_INVALID"
    disposition = Disposition.OPERATOR
    hint = "The topic exists with other partitions or settings: delete it or choose another topic.prefix."


class RowTooLarge(RowcastError):
    """One row is larger than a Kafka message may be."""

    code = "ROW_TOO_LARGE"
    disposition = Disposition.OPERATOR
    hint = "Raise message.max.bytes in [kafka] and max.message.bytes of the topic (and the broker's message.max.bytes)."


class PositionRecordInvalid(RowcastError):
    """The record in the offsets topic is not a position."""

    code = "POSITION_RECORD_INVALID"
    disposition = Disposition.OPERATOR
    hint = "The stored position cannot be read: set it anew with `rowcast position set` while the stream is stopped."


class PositionInUse(RowcastError):
    """The stream whose position should be set is running."""

    code = "POSITION_IN_USE"
    disposition = Disposition.OPERATOR
    hint = "Stop the process that runs this stream, then set the position."


class RegistryFailed(RowcastError):
    """The schema registry did not do what it was asked."""

    code = "REGISTRY_FAILED"
    disposition = Disposition.OPERATOR
    hint = "The schema registry refused the schema or cannot be read; check schema.registry.url."


# ---- sinks ----------------------------------------------------------------------------------------------------------
class TargetUnreachable(RowcastError):
    """No connection to a target could be made; after a successful start it is tried again without end."""

    code = "TARGET_UNREACHABLE"
    disposition = Disposition.RETRY
    hint = "Check the shard's URL and that the server accepts TCP connections."


class TargetAccessDenied(RowcastError):
    """A target refused the account or its password."""

    code = "TARGET_ACCESS_DENIED"
    disposition = Disposition.OPERATOR
    hint = "Check user and password in the shard's URL and the account's privileges on the target."


class TargetSettingUnsupported(RowcastError):
    """A target cannot commit rows and position together."""

    code = "TARGET_SETTING_UNSUPPORTED"
    disposition = Disposition.OPERATOR
    hint = "Rows and position must commit together: use InnoDB tables on a writable server."


class TargetReadOnly(RowcastError):
    """A target refuses writes for now."""

    code = "TARGET_READ_ONLY"
    disposition = Disposition.RETRY
    hint = "The target is read only (a replica?): point the shard to the primary or clear read_only."


class TargetConflict(RowcastError):
    """A target rolled a transaction back because of other writers."""

    code = "TARGET_CONFLICT"
    disposition = Disposition.RETRY
    hint = "Deadlock or lock wait: the transaction is done again; look for other writers at the target."


class TargetTableMissing(RowcastError):
    """A table of the stream does not exist at the target."""

    code = "TARGET_TABLE_MISSING"
    disposition = Disposition.OPERATOR
    hint = "Create the table at the target; a sink never creates target tables by itself."


class TargetColumnMissing(RowcastError):
    """A column of the stream does not exist in the target table."""

    code = "TARGET_COLUMN_MISSING"
    disposition = Disposition.OPERATOR
    hint = "Add the column at the target, or leave it out of the rule's select list."


class TargetFailed(RowcastError):
    """A target answered a change with an error that means nothing special to rowcast."""

    code = "TARGET_FAILED"
    disposition = Disposition.OPERATOR
    hint = "The target refused the change; the message is its own. Correct the cause and start again: nothing is lost."


class TargetRowMissing(RowcastError):
    """An update or delete matched no row of the target table."""

    code = "TARGET_ROW_MISSING"
    disposition = Disposition.OPERATOR
    hint = "A change found no row to change: something else writes to the target table. Compare it with the source."


class SequenceGap(RowcastError):
    """Messages of the stream are missing between the last applied one and the next."""

    code = "SEQUENCE_GAP"
    disposition = Disposition.OPERATOR
    hint = "Messages are missing in the topic (retention, or a recreated topic): copy the tables again."


class OffsetLost(RowcastError):
    """The topic no longer has the messages that the sink needs next."""

    code = "OFFSET_LOST"
    disposition = Disposition.OPERATOR
    hint = "The stored Kafka offset is not in the topic any more (retention): copy the tables again, raise retention."


class MessageInvalid(RowcastError):
    """A record of a stream topic is not a message of a stream."""

    code = "MESSAGE_INVALID"
    disposition = Disposition.OPERATOR
    hint = "rowcast did not write this record, or its schema is not in the registry of schema.registry.url."


class DdlStopped(RowcastError):
    """A DDL statement arrived and the sink is set to stop there."""

    code = "DDL_STOPPED"
    disposition = Disposition.OPERATOR
    hint = "on_ddl = STOP: apply the DDL at the target, then start the sink again."


class TransactionTooLarge(RowcastError):
    """A statement is larger than the target's max_allowed_packet."""

    code = "TRANSACTION_TOO_LARGE"
    disposition = Disposition.OPERATOR
    hint = "One statement exceeds the target's max_allowed_packet: raise it there."


# ---- ourselves ------------------------------------------------------------------------------------------------------
class ListenerUnavailable(RowcastError):
    """The address of rest.listeners cannot be listened on."""

    code = "LISTENER_UNAVAILABLE"
    disposition = Disposition.OPERATOR
    hint = "Choose a free address for rest.listeners, or stop what listens there."


class InternalError(RowcastError):
    """Something happened that the code holds to be impossible."""

    code = "INTERNAL"
    disposition = Disposition.BUG
    hint = "This is a defect of rowcast: run again with --debug and report the output."
