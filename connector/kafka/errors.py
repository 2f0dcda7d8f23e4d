"""One table from librdkafka's error codes and flags to rowcast's error classes; every call to the client goes through
it.

Rows are tried from top to bottom: a code that is listed decides, else the flags that librdkafka sets, else OPERATOR
(KafkaFailed).
"""

from collections.abc import Mapping

from confluent_kafka import KafkaError, KafkaException

from connector.model.errors import (
    KafkaAccessDenied,
    KafkaConfigInvalid,
    KafkaFailed,
    KafkaTransactionAborted,
    KafkaUnreachable,
    OffsetLost,
    RowcastError,
    RowTooLarge,
    StreamFenced,
    TopicInvalid,
)

BY_NAME: Mapping[str, type[RowcastError]] = {
    # Somebody newer owns the transactional id. A bare _FATAL hides its cause; taking it for a fence is the safe side: a
    # fenced process must never take the stream back.
    "_FENCED": StreamFenced,
    "PRODUCER_FENCED": StreamFenced,
    "INVALID_PRODUCER_EPOCH": StreamFenced,
    "_FATAL": StreamFenced,
    # The producer's state is lost; a new producer that starts from the stored position cures it.
    "OUT_OF_ORDER_SEQUENCE_NUMBER": KafkaTransactionAborted,
    "DUPLICATE_SEQUENCE_NUMBER": KafkaTransactionAborted,
    "UNKNOWN_PRODUCER_ID": KafkaTransactionAborted,
    "INVALID_PRODUCER_ID_MAPPING": KafkaTransactionAborted,
    "INVALID_TXN_STATE": KafkaTransactionAborted,
    "TRANSACTION_ABORTABLE": KafkaTransactionAborted,
    "TRANSACTION_COORDINATOR_FENCED": KafkaTransactionAborted,
    "CONCURRENT_TRANSACTIONS": KafkaTransactionAborted,
    "_GAPLESS_GUARANTEE": KafkaTransactionAborted,
    "_INCONSISTENT": KafkaTransactionAborted,
    "_MSG_TIMED_OUT": KafkaTransactionAborted,
    "_PURGE_QUEUE": KafkaTransactionAborted,
    "_PURGE_INFLIGHT": KafkaTransactionAborted,
    # Rights.
    "_AUTHENTICATION": KafkaAccessDenied,
    "SASL_AUTHENTICATION_FAILED": KafkaAccessDenied,
    "TOPIC_AUTHORIZATION_FAILED": KafkaAccessDenied,
    "GROUP_AUTHORIZATION_FAILED": KafkaAccessDenied,
    "CLUSTER_AUTHORIZATION_FAILED": KafkaAccessDenied,
    "TRANSACTIONAL_ID_AUTHORIZATION_FAILED": KafkaAccessDenied,
    "DELEGATION_TOKEN_AUTHORIZATION_FAILED": KafkaAccessDenied,
    # Rows and topics.
    "MSG_SIZE_TOO_LARGE": RowTooLarge,
    "RECORD_LIST_TOO_LARGE": RowTooLarge,
    "INVALID_MSG_SIZE": RowTooLarge,
    "_UNKNOWN_TOPIC": TopicInvalid,
    "_UNKNOWN_PARTITION": TopicInvalid,
    "UNKNOWN_TOPIC_OR_PART": TopicInvalid,
    "UNKNOWN_TOPIC_ID": TopicInvalid,
    "INCONSISTENT_TOPIC_ID": TopicInvalid,
    "TOPIC_EXCEPTION": TopicInvalid,
    "INVALID_PARTITIONS": TopicInvalid,
    "_AUTO_OFFSET_RESET": OffsetLost,
    "OFFSET_OUT_OF_RANGE": OffsetLost,
    # Settings.
    "_INVALID_ARG": KafkaConfigInvalid,
    "INVALID_TRANSACTION_TIMEOUT": KafkaConfigInvalid,
    "UNSUPPORTED_COMPRESSION_TYPE": KafkaConfigInvalid,
    "UNSUPPORTED_SASL_MECHANISM": KafkaConfigInvalid,
    "ILLEGAL_SASL_STATE": KafkaConfigInvalid,
    "_SSL": KafkaConfigInvalid,
    # The cluster is away or between two leaders.
    "_TRANSPORT": KafkaUnreachable,
    "_RESOLVE": KafkaUnreachable,
    "_ALL_BROKERS_DOWN": KafkaUnreachable,
    "_TIMED_OUT": KafkaUnreachable,
    "_TIMED_OUT_QUEUE": KafkaUnreachable,
    "_WAIT_COORD": KafkaUnreachable,
    "_WAIT_CACHE": KafkaUnreachable,
    "REQUEST_TIMED_OUT": KafkaUnreachable,
    "NETWORK_EXCEPTION": KafkaUnreachable,
    "BROKER_NOT_AVAILABLE": KafkaUnreachable,
    "LEADER_NOT_AVAILABLE": KafkaUnreachable,
    "NOT_LEADER_FOR_PARTITION": KafkaUnreachable,
    "COORDINATOR_NOT_AVAILABLE": KafkaUnreachable,
    "COORDINATOR_LOAD_IN_PROGRESS": KafkaUnreachable,
    "NOT_COORDINATOR": KafkaUnreachable,
    "NOT_CONTROLLER": KafkaUnreachable,
    "NOT_ENOUGH_REPLICAS": KafkaUnreachable,
    "NOT_ENOUGH_REPLICAS_AFTER_APPEND": KafkaUnreachable,
    "KAFKA_STORAGE_ERROR": KafkaUnreachable,
    # Refusals that only a person can lift; listed so that the flags below cannot turn them into something that repeats.
    "POLICY_VIOLATION": KafkaFailed,
    "INVALID_REPLICATION_FACTOR": KafkaFailed,
    "INVALID_CONFIG": KafkaFailed,
    "INVALID_RECORD": KafkaFailed,
    "INVALID_TIMESTAMP": KafkaFailed,
    "UNSUPPORTED_VERSION": KafkaFailed,
    "UNSUPPORTED_FOR_MESSAGE_FORMAT": KafkaFailed,
    "SECURITY_DISABLED": KafkaFailed,
}

"""Name of the code in librdkafka (local ones begin with an underscore) -> class."""


def code(name: str) -> int:
    """The number of a code, by name: the client exposes librdkafka's local codes as attributes with a leading
    underscore."""
    return int(getattr(KafkaError, name))


BY_CODE: Mapping[int, type[RowcastError]] = {code(name): error for name, error in BY_NAME.items()}

ALL_BROKERS_DOWN = code("_ALL_BROKERS_DOWN")
AUTHENTICATION = code("_AUTHENTICATION")
FAIL = code("_FAIL")
FATAL = code("_FATAL")
PARTITION_EOF = code("_PARTITION_EOF")
QUEUE_FULL = code("_QUEUE_FULL")
STATE = code("_STATE")


def classify(error: KafkaError) -> type[RowcastError]:
    """The class that an error is raised as."""
    listed = BY_CODE.get(error.code())
    if listed is KafkaUnreachable and error.txn_requires_abort():
        # Rows timed out in the queue: the transaction is lost, repeating the call cannot bring it back.
        return KafkaTransactionAborted
    if listed is not None:
        return listed
    if error.fatal():
        return KafkaFailed
    if error.txn_requires_abort():
        return KafkaTransactionAborted
    if error.retriable():
        return KafkaUnreachable
    return KafkaFailed


def kafka_error(raised: KafkaException) -> KafkaError:
    """The KafkaError inside an exception of the client."""
    error = raised.args[0]
    if not isinstance(error, KafkaError):
        return KafkaError(FAIL, str(error))
    return error


def is_fatal(error: KafkaError) -> bool:
    """Whether the producer is beyond use. After a fatal error the next calls answer _FATAL, with fatal() False."""
    return error.fatal() or error.code() == FATAL


def typed(error: KafkaError, doing: str, *, hint: str | None = None, **context: object) -> RowcastError:
    """The error to raise: what was attempted, then the broker's or librdkafka's own text."""
    return classify(error)(f"{doing}: {error.str()} [{error.name()}]", hint=hint, **context)
