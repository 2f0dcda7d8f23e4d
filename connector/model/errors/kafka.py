"""Kafka and the schema registry. Raised by kafka/ and by the sinks' consumer."""

from connector.model.errors.base import Disposition, RowcastError


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
