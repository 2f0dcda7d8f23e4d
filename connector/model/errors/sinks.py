"""Targets and what arrives at them. Raised by sinks/."""

from connector.model.errors.base import Disposition, RowcastError


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


class TargetTableAmbiguous(RowcastError):
    """Tables of the same name in different source databases would be mixed in one target table."""

    code = "TARGET_TABLE_AMBIGUOUS"
    disposition = Disposition.OPERATOR
    hint = "Give each source database a source connector and a target database of its own."


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
