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
    code = "USAGE"
    disposition = Disposition.OPERATOR
    hint = "Run the command with --help to see its arguments."
    exit_status = 2


class ConfigError(RowcastError):
    code = "CONFIG_INVALID"
    disposition = Disposition.OPERATOR
    hint = "Correct the setting in the configuration file; docs/configuration.md lists every name."
    exit_status = 2


class ConfigNotFound(RowcastError):
    code = "CONFIG_NOT_FOUND"
    disposition = Disposition.OPERATOR
    hint = "Give the path of an existing TOML file."
    exit_status = 2


class ConfigSyntaxError(RowcastError):
    code = "CONFIG_SYNTAX"
    disposition = Disposition.OPERATOR
    hint = "The file is not valid TOML; names with dots must be quoted."
    exit_status = 2


class UnknownSetting(RowcastError):
    code = "CONFIG_UNKNOWN_NAME"
    disposition = Disposition.OPERATOR
    hint = "Remove the name or spell it as docs/configuration.md does."
    exit_status = 2


class MissingSetting(RowcastError):
    code = "CONFIG_MISSING"
    disposition = Disposition.OPERATOR
    hint = "Add the setting; docs/configuration.md says what it means."
    exit_status = 2


class UnresolvedReference(RowcastError):
    code = "CONFIG_UNRESOLVED"
    disposition = Disposition.OPERATOR
    hint = "Export the environment variable or create the file that the ${...} reference names."
    exit_status = 2


class RuleUnsupported(RowcastError):
    code = "RULE_UNSUPPORTED"
    disposition = Disposition.OPERATOR
    hint = "Use AND-ed comparisons, IN, IS NULL, BETWEEN and in_keyrange; docs/rules.md shows each form."
    exit_status = 2


class RuleInvalid(RowcastError):
    code = "RULE_INVALID"
    disposition = Disposition.OPERATOR
    hint = "Correct the rule's SQL; `rowcast plan FILE` shows how every rule is understood."
    exit_status = 2


class KeyRangeInvalid(RowcastError):
    code = "KEYRANGE_INVALID"
    disposition = Disposition.OPERATOR
    hint = "Key ranges are written as hexadecimal bytes: -80, 40-80, 80-."
    exit_status = 2


class VindexUnknown(RowcastError):
    code = "VINDEX_UNKNOWN"
    disposition = Disposition.OPERATOR
    hint = "Name a vindex type that rowcast has: binary, hash, xxhash."
    exit_status = 2


class PositionInvalid(RowcastError):
    code = "POSITION_INVALID"
    disposition = Disposition.OPERATOR
    hint = "Write a position as MySQL56/<uuid>:<first>-<last>[,...] or as the plain GTID set."
    exit_status = 2


# ---- rules against real tables --------------------------------------------------------------------------------------
class RuleColumnUnknown(RowcastError):
    code = "RULE_COLUMN_UNKNOWN"
    disposition = Disposition.OPERATOR
    hint = "Name columns that the source table has; SHOW COLUMNS lists them."


class RuleTableMissing(RowcastError):
    code = "RULE_TABLE_MISSING"
    disposition = Disposition.OPERATOR
    hint = "Create the table at the source or remove the rule."


class VindexMissing(RowcastError):
    code = "VINDEX_MISSING"
    disposition = Disposition.OPERATOR
    hint = "Add [vschema.<keyspace>.<table>] with column and type, or write in_keyrange(column, 'type', 'range')."


class VindexUnmappable(RowcastError):
    code = "VINDEX_UNMAPPABLE"
    disposition = Disposition.OPERATOR
    hint = "The vindex has no keyspace id for this value (NULL, or not a number); correct the row or the vindex."


class TableKeyMissing(RowcastError):
    code = "TABLE_KEY_MISSING"
    disposition = Disposition.OPERATOR
    hint = "Give the table a primary key (an invisible one will do), or leave it out of the rules."


# ---- source: server state -------------------------------------------------------------------------------------------
class SourceUnreachable(RowcastError):
    code = "SOURCE_UNREACHABLE"
    disposition = Disposition.RETRY
    hint = "Check database.hostname and database.port, and that the server accepts TCP connections."


class SourceAccessDenied(RowcastError):
    code = "SOURCE_ACCESS_DENIED"
    disposition = Disposition.OPERATOR
    hint = "Check database.user and database.password, and that the account may connect from this host."


class SourcePrivilegeMissing(RowcastError):
    code = "SOURCE_PRIVILEGE_MISSING"
    disposition = Disposition.OPERATOR
    hint = "GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT, LOCK TABLES ON *.* TO the rowcast account."


class SourceSettingUnsupported(RowcastError):
    code = "SOURCE_SETTING_UNSUPPORTED"
    disposition = Disposition.OPERATOR
    hint = "Set the server variable as named and restart the sessions that write."


class SourceConnectionLost(RowcastError):
    code = "SOURCE_CONNECTION_LOST"
    disposition = Disposition.RETRY
    hint = "rowcast reconnects at the stored position; look at the server's error log if it happens often."


class SourceQueryFailed(RowcastError):
    code = "SOURCE_QUERY_FAILED"
    disposition = Disposition.OPERATOR
    hint = "The source refused a statement; the message is the server's own."


class PositionPurged(RowcastError):
    code = "POSITION_PURGED"
    disposition = Disposition.OPERATOR
    hint = "The source purged binlogs that the stream still needs: read from a replica that has them, or copy again."


class PositionAhead(RowcastError):
    code = "POSITION_AHEAD"
    disposition = Disposition.OPERATOR
    hint = "The stored position has transactions this server does not know: use the right server, or set the position."


class DuplicateServerId(RowcastError):
    code = "DUPLICATE_SERVER_ID"
    disposition = Disposition.OPERATOR
    hint = "Another replica uses the same server id: set database.server.id to a number of its own."


class DatabaseMissing(RowcastError):
    code = "SOURCE_DATABASE_MISSING"
    disposition = Disposition.OPERATOR
    hint = "Create the database that `keyspace` names, or correct the name."


# ---- source: binlog contents ----------------------------------------------------------------------------------------
class BinlogCorrupt(RowcastError):
    code = "BINLOG_CORRUPT"
    disposition = Disposition.OPERATOR
    hint = "Checksum or length is wrong: check the network, and the binlog with mysqlbinlog --verify-binlog-checksum."


class BinlogEventUnsupported(RowcastError):
    code = "BINLOG_EVENT_UNSUPPORTED"
    disposition = Disposition.OPERATOR
    hint = "rowcast does not decode this event yet and never skips one; turn off the feature that writes it."


class BinlogIncident(RowcastError):
    code = "BINLOG_INCIDENT"
    disposition = Disposition.OPERATOR
    hint = "The source logged an incident: changes may be missing from its binlog. Copy the tables again."


class BinlogStatement(RowcastError):
    code = "BINLOG_STATEMENT"
    disposition = Disposition.OPERATOR
    hint = "A session wrote with binlog_format=STATEMENT: set binlog_format=ROW and copy the affected table again."


class RowImagePartial(RowcastError):
    code = "ROW_IMAGE_PARTIAL"
    disposition = Disposition.OPERATOR
    hint = "A session wrote with binlog_row_image other than FULL: set it to FULL and copy the affected table again."


class TableMapUnknown(RowcastError):
    code = "TABLE_MAP_UNKNOWN"
    disposition = Disposition.BUG
    hint = "A rows event came before its table map: report it with the binlog position."


class SchemaMismatch(RowcastError):
    code = "SCHEMA_MISMATCH"
    disposition = Disposition.OPERATOR
    hint = "The binlog has another version of the table than the server: set binlog_row_metadata=FULL, or copy again."


class ValueUndecodable(RowcastError):
    code = "VALUE_UNDECODABLE"
    disposition = Disposition.OPERATOR
    hint = "The column's bytes are not valid for its type; correct the row at the source."


class ResumeMismatch(RowcastError):
    code = "RESUME_MISMATCH"
    disposition = Disposition.OPERATOR
    hint = "The large transaction reads differently now (changed rules?): restore the old rules or copy again."


# ---- Kafka ----------------------------------------------------------------------------------------------------------
class KafkaUnreachable(RowcastError):
    code = "KAFKA_UNREACHABLE"
    disposition = Disposition.RETRY
    hint = "Check bootstrap.servers and that a broker answers there."


class KafkaConfigInvalid(RowcastError):
    code = "KAFKA_CONFIG_INVALID"
    disposition = Disposition.OPERATOR
    hint = "Correct the name or value in [kafka]; librdkafka's CONFIGURATION.md lists them."
    exit_status = 2


class KafkaAccessDenied(RowcastError):
    code = "KAFKA_ACCESS_DENIED"
    disposition = Disposition.OPERATOR
    hint = "Grant the principal write, describe and idempotent-write on the topics and on the transactional id."


class KafkaFailed(RowcastError):
    code = "KAFKA_FAILED"
    disposition = Disposition.OPERATOR
    hint = "The broker refused the request; the message is its own."


class KafkaTransactionAborted(RowcastError):
    code = "KAFKA_TRANSACTION_ABORTED"
    disposition = Disposition.RESYNC
    hint = "rowcast starts again from the stored position."


class StreamFenced(RowcastError):
    code = "STREAM_FENCED"
    disposition = Disposition.OPERATOR
    hint = "Another process took over this stream; run one process per stream, or let this one stay stopped."


class TopicInvalid(RowcastError):
    code = "TOPIC_INVALID"
    disposition = Disposition.OPERATOR
    hint = "The topic exists with other partitions or settings: delete it or choose another topic.prefix."


class RowTooLarge(RowcastError):
    code = "ROW_TOO_LARGE"
    disposition = Disposition.OPERATOR
    hint = "Raise message.max.bytes in [kafka] and max.message.bytes of the topic (and the broker's message.max.bytes)."


class PositionRecordInvalid(RowcastError):
    code = "POSITION_RECORD_INVALID"
    disposition = Disposition.OPERATOR
    hint = "The stored position cannot be read: set it anew with `rowcast position set` while the stream is stopped."


class RegistryFailed(RowcastError):
    code = "REGISTRY_FAILED"
    disposition = Disposition.OPERATOR
    hint = "The schema registry refused the schema or cannot be read; check schema.registry.url."


# ---- sinks ----------------------------------------------------------------------------------------------------------
class TargetUnreachable(RowcastError):
    code = "TARGET_UNREACHABLE"
    disposition = Disposition.RETRY
    hint = "Check the shard's URL and that the server accepts TCP connections."


class TargetAccessDenied(RowcastError):
    code = "TARGET_ACCESS_DENIED"
    disposition = Disposition.OPERATOR
    hint = "Check user and password in the shard's URL and the account's privileges on the target."


class TargetSettingUnsupported(RowcastError):
    code = "TARGET_SETTING_UNSUPPORTED"
    disposition = Disposition.OPERATOR
    hint = "Rows and position must commit together: use InnoDB tables on a writable server."


class TargetReadOnly(RowcastError):
    code = "TARGET_READ_ONLY"
    disposition = Disposition.RETRY
    hint = "The target is read only (a replica?): point the shard to the primary or clear read_only."


class TargetTableMissing(RowcastError):
    code = "TARGET_TABLE_MISSING"
    disposition = Disposition.OPERATOR
    hint = "Create the table at the target; a sink never creates target tables by itself."


class TargetColumnMissing(RowcastError):
    code = "TARGET_COLUMN_MISSING"
    disposition = Disposition.OPERATOR
    hint = "Add the column at the target, or leave it out of the rule's select list."


class TargetFailed(RowcastError):
    code = "TARGET_FAILED"
    disposition = Disposition.OPERATOR
    hint = "The target refused the change; the message is its own. Correct the cause and start again: nothing is lost."


class TargetRowMissing(RowcastError):
    code = "TARGET_ROW_MISSING"
    disposition = Disposition.OPERATOR
    hint = "A change found no row to change: something else writes to the target table. Compare it with the source."


class SequenceGap(RowcastError):
    code = "SEQUENCE_GAP"
    disposition = Disposition.OPERATOR
    hint = "Messages are missing in the topic (retention, or a recreated topic): copy the tables again."


class OffsetLost(RowcastError):
    code = "OFFSET_LOST"
    disposition = Disposition.OPERATOR
    hint = "The stored Kafka offset is not in the topic any more (retention): copy the tables again, raise retention."


class MessageInvalid(RowcastError):
    code = "MESSAGE_INVALID"
    disposition = Disposition.OPERATOR
    hint = "rowcast did not write this record, or its schema is not in the registry of schema.registry.url."


class DdlStopped(RowcastError):
    code = "DDL_STOPPED"
    disposition = Disposition.OPERATOR
    hint = "on_ddl = STOP: apply the DDL at the target, then start the sink again."


class TransactionTooLarge(RowcastError):
    code = "TRANSACTION_TOO_LARGE"
    disposition = Disposition.OPERATOR
    hint = "One statement exceeds the target's max_allowed_packet: raise it there."


# ---- ourselves ------------------------------------------------------------------------------------------------------
class InternalError(RowcastError):
    code = "INTERNAL"
    disposition = Disposition.BUG
    hint = "This is a defect of rowcast: run again with --debug and report the output."
