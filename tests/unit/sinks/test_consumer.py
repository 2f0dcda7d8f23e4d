"""The table of Kafka errors."""

import pytest
from confluent_kafka import KafkaError

from connector.model.errors import (
    Disposition,
    KafkaAccessDenied,
    KafkaConfigInvalid,
    KafkaFailed,
    KafkaUnreachable,
    OffsetLost,
    RowcastError,
    TopicInvalid,
)
from sinks.consumer import KAFKA_ERRORS, kafka_error


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("_AUTO_OFFSET_RESET", OffsetLost),
        ("OFFSET_OUT_OF_RANGE", OffsetLost),
        ("TOPIC_AUTHORIZATION_FAILED", KafkaAccessDenied),
        ("_AUTHENTICATION", KafkaAccessDenied),
        ("_INVALID_ARG", KafkaConfigInvalid),
        ("_UNKNOWN_PARTITION", TopicInvalid),
        ("UNKNOWN_TOPIC_OR_PART", KafkaUnreachable),
        ("_ALL_BROKERS_DOWN", KafkaUnreachable),
        ("_TIMED_OUT", KafkaUnreachable),
        ("_BAD_MSG", KafkaFailed),
        ("INVALID_MSG", KafkaFailed),
    ],
)
def test_names(name: str, kind: type[RowcastError]) -> None:
    error = kafka_error(KafkaError(getattr(KafkaError, name)), topic="t", partition=3)
    assert type(error) is kind
    assert error.context == {"kafka_error": name, "topic": "t", "partition": 3}


@pytest.mark.parametrize("name", sorted(KAFKA_ERRORS))
def test_every_name_is_one_of_librdkafkas(name: str) -> None:
    assert KafkaError(getattr(KafkaError, name)).name() == name


def test_only_what_passes_is_retried() -> None:
    retried = {kind for kind in KAFKA_ERRORS.values() if kind.disposition is Disposition.RETRY}
    assert retried == {KafkaUnreachable}
    assert KafkaFailed.disposition is Disposition.OPERATOR
