"""Topics are created as needed, and refused when they do not fit."""

from collections.abc import Callable, Iterator

import pytest

from connector.kafka.topics import Topics, TopicSpec, check_kafka
from connector.model.errors import KafkaUnreachable, TopicInvalid
from tools.stack import KafkaCluster, Stack


@pytest.fixture
def topics(kafka_settings: dict[str, str]) -> Topics:
    return Topics(kafka_settings)


def test_missing_topics_are_created_with_their_settings(topics: Topics, unique_name: Callable[[str], str]) -> None:
    stream, offsets = unique_name("stream"), unique_name("offsets")
    assert topics.partitions(stream) is None
    specs = [
        TopicSpec(stream, 3, retention_ms=3_600_000, max_message_bytes=5_000_000),
        TopicSpec(offsets, 1, compact=True),
    ]
    topics.ensure(specs)
    topics.ensure(specs)
    assert topics.partitions(stream) == 3
    settings = topics.topic_settings(stream)
    assert (settings["cleanup.policy"], settings["retention.ms"], settings["max.message.bytes"]) == (
        "delete",
        "3600000",
        "5000000",
    )
    assert topics.topic_settings(offsets)["cleanup.policy"] == "compact"


@pytest.mark.parametrize(
    ("existing", "needed", "what"),
    [
        (TopicSpec("", 2), TopicSpec("", 3), "has 2 partitions, the stream needs exactly 3"),
        (TopicSpec("", 2, compact=True), TopicSpec("", 1, compact=True), "has 2 partitions"),
        (TopicSpec("", 1), TopicSpec("", 1, compact=True), "cleanup.policy=delete, the stream needs compact"),
        (TopicSpec("", 1, compact=True), TopicSpec("", 1), "cleanup.policy=compact, the stream needs delete"),
    ],
)
def test_an_existing_topic_that_does_not_fit_is_refused(
    existing: TopicSpec, needed: TopicSpec, what: str, topics: Topics, unique_name: Callable[[str], str]
) -> None:
    name = unique_name("topic")
    topics.ensure([TopicSpec(name, existing.partitions, existing.compact)])
    with pytest.raises(TopicInvalid, match=what) as raised:
        topics.ensure([TopicSpec(unique_name("fine"), 1), TopicSpec(name, needed.partitions, needed.compact)])
    assert raised.value.context["topic"] == name


def test_a_table_topic_is_taken_as_it_is(topics: Topics, unique_name: Callable[[str], str]) -> None:
    name = unique_name("table")
    topics.ensure([TopicSpec(name, 7, compact=True)])
    topics.ensure([TopicSpec(name, 1, fixed=False)])
    assert topics.partitions(name) == 7


def test_a_name_that_kafka_refuses(topics: Topics) -> None:
    with pytest.raises(TopicInvalid, match="topic a b/c could not be looked up") as raised:
        topics.ensure([TopicSpec("a b/c", 1)])
    assert "letters, digits" in raised.value.remedy


def test_an_unreachable_cluster() -> None:
    with pytest.raises(KafkaUnreachable):
        Topics({"bootstrap.servers": "127.0.0.1:1"}, request_seconds=1).ensure([TopicSpec("x", 1)])


def test_preflight_of_a_good_cluster_finds_nothing(kafka_settings: dict[str, str]) -> None:
    assert check_kafka(kafka_settings, "kafka") == []


def test_preflight_names_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.kafka.topics.CHECK_SECONDS", 1.0)
    (unreachable,) = check_kafka({"bootstrap.servers": "127.0.0.1:1"}, "kafka")
    assert (unreachable.code, unreachable.severity, unreachable.where) == ("KAFKA_UNREACHABLE", "error", "kafka")
    (refused,) = check_kafka({"bootstrap.servers": "127.0.0.1:1", "linger.ms": "soon"}, "kafka")
    assert refused.code == "KAFKA_CONFIG_INVALID"
    assert "linger.ms" in refused.what


@pytest.fixture(scope="module")
def odd_cluster(stack: Stack) -> Iterator[KafkaCluster]:
    """A broker whose transactions wait for two more, and which does not verify them."""
    properties = {
        "transaction.state.log.replication.factor": "3",
        "transaction.partition.verification.enable": "false",
    }
    cluster = stack.start_kafka(properties=properties, own=True)
    yield cluster
    cluster.stop()


def test_preflight_of_an_odd_cluster(odd_cluster: KafkaCluster) -> None:
    findings = check_kafka({"bootstrap.servers": odd_cluster.bootstrap}, "kafka")
    assert [(finding.severity, finding.what.split(":")[0]) for finding in findings] == [
        ("error", "transactions need 3 brokers (transaction.state.log.replication.factor), 1 are up"),
        ("warning", "transaction.partition.verification.enable is off"),
    ]
