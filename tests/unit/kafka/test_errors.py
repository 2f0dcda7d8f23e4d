"""Every code that the table lists means what is written here once more, by hand; everything else goes to a person."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from connector.kafka.errors import BY_NAME, classify, code, is_fatal, kafka_error, typed
from connector.model.errors import (
    Disposition,
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

EXPECTED: dict[type[RowcastError], str] = {
    StreamFenced: "_FENCED PRODUCER_FENCED INVALID_PRODUCER_EPOCH _FATAL",
    KafkaTransactionAborted: """OUT_OF_ORDER_SEQUENCE_NUMBER DUPLICATE_SEQUENCE_NUMBER UNKNOWN_PRODUCER_ID
        INVALID_PRODUCER_ID_MAPPING INVALID_TXN_STATE TRANSACTION_ABORTABLE TRANSACTION_COORDINATOR_FENCED
        CONCURRENT_TRANSACTIONS _GAPLESS_GUARANTEE _INCONSISTENT _MSG_TIMED_OUT _PURGE_QUEUE _PURGE_INFLIGHT""",
    KafkaAccessDenied: """_AUTHENTICATION SASL_AUTHENTICATION_FAILED TOPIC_AUTHORIZATION_FAILED
        GROUP_AUTHORIZATION_FAILED CLUSTER_AUTHORIZATION_FAILED TRANSACTIONAL_ID_AUTHORIZATION_FAILED
        DELEGATION_TOKEN_AUTHORIZATION_FAILED""",
    RowTooLarge: "MSG_SIZE_TOO_LARGE RECORD_LIST_TOO_LARGE INVALID_MSG_SIZE",
    TopicInvalid: """_UNKNOWN_TOPIC _UNKNOWN_PARTITION UNKNOWN_TOPIC_OR_PART UNKNOWN_TOPIC_ID INCONSISTENT_TOPIC_ID
        TOPIC_EXCEPTION INVALID_PARTITIONS""",
    OffsetLost: "_AUTO_OFFSET_RESET OFFSET_OUT_OF_RANGE",
    KafkaConfigInvalid: """_INVALID_ARG INVALID_TRANSACTION_TIMEOUT UNSUPPORTED_COMPRESSION_TYPE
        UNSUPPORTED_SASL_MECHANISM ILLEGAL_SASL_STATE _SSL""",
    KafkaUnreachable: """_TRANSPORT _RESOLVE _ALL_BROKERS_DOWN _TIMED_OUT _TIMED_OUT_QUEUE _WAIT_COORD _WAIT_CACHE
        REQUEST_TIMED_OUT NETWORK_EXCEPTION BROKER_NOT_AVAILABLE LEADER_NOT_AVAILABLE NOT_LEADER_FOR_PARTITION
        COORDINATOR_NOT_AVAILABLE COORDINATOR_LOAD_IN_PROGRESS NOT_COORDINATOR NOT_CONTROLLER NOT_ENOUGH_REPLICAS
        NOT_ENOUGH_REPLICAS_AFTER_APPEND KAFKA_STORAGE_ERROR""",
    KafkaFailed: """POLICY_VIOLATION INVALID_REPLICATION_FACTOR INVALID_CONFIG INVALID_RECORD INVALID_TIMESTAMP
        UNSUPPORTED_VERSION UNSUPPORTED_FOR_MESSAGE_FORMAT SECURITY_DISABLED""",
}
ROWS = [(name, error) for error, names in EXPECTED.items() for name in names.split()]


@pytest.mark.parametrize(("name", "expected"), ROWS, ids=[name for name, _ in ROWS])
def test_a_listed_code_is_its_class_whatever_its_flags(name: str, expected: type[RowcastError]) -> None:
    assert classify(KafkaError(code(name))) is expected
    assert classify(KafkaError(code(name), fatal=True)) is expected
    assert classify(KafkaError(code(name), retriable=True)) is expected
    abortable = KafkaTransactionAborted if expected is KafkaUnreachable else expected
    assert classify(KafkaError(code(name), txn_requires_abort=True)) is abortable


def test_the_table_has_no_other_rows() -> None:
    assert {name for name, _ in ROWS} == set(BY_NAME)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (KafkaError(KafkaError.UNKNOWN), KafkaFailed),
        (KafkaError(KafkaError.UNKNOWN, fatal=True), KafkaFailed),
        (KafkaError(KafkaError.UNKNOWN, fatal=True, retriable=True), KafkaFailed),
        (KafkaError(KafkaError.UNKNOWN, txn_requires_abort=True), KafkaTransactionAborted),
        (KafkaError(KafkaError.UNKNOWN, retriable=True), KafkaUnreachable),
        (KafkaError(KafkaError.REBALANCE_IN_PROGRESS), KafkaFailed),
    ],
)
def test_an_unlisted_code_is_judged_by_its_flags(error: KafkaError, expected: type[RowcastError]) -> None:
    assert classify(error) is expected


def test_only_what_is_transient_is_retried() -> None:
    retried = {name for name, error in BY_NAME.items() if error.disposition is Disposition.RETRY}
    assert retried == set(EXPECTED[KafkaUnreachable].split())


def test_after_a_fatal_error_the_code_alone_says_so() -> None:
    assert is_fatal(KafkaError(code("_FATAL")))
    assert is_fatal(KafkaError(code("_FENCED"), fatal=True))
    assert not is_fatal(KafkaError(code("_TIMED_OUT"), retriable=True))


def test_an_error_carries_what_was_attempted_and_the_brokers_words() -> None:
    raised = typed(KafkaError(KafkaError.POLICY_VIOLATION, "five replicas, please"), "no topic", topic="t")
    assert str(raised) == "no topic: five replicas, please [POLICY_VIOLATION] (topic=t)"
    assert kafka_error(KafkaException(KafkaError(7))).code() == 7
    assert kafka_error(KafkaException("plain text")).str() == "plain text"
