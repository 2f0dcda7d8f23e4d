"""Reading topics for `tail`, and connector states in Kafka Connect's format."""

from collections.abc import Callable

import pytest

from connector.kafka.reader import TopicReader
from connector.kafka.status import Status, StatusStore
from connector.model.errors import TopicInvalid
from connector.model.record import Record
from tests.integration.kafka.conftest import NewTopic, OpenPublisher, ReadAll


def test_a_reader_sees_keys_headers_and_tombstones_of_all_partitions(
    new_topic: NewTopic, open_publisher: OpenPublisher, kafka_settings: dict[str, str]
) -> None:
    topic = new_topic(partitions=2)
    publisher = open_publisher(new_topic(compact=True))
    publisher.produce([Record(topic, 0, b"k", b"v", (("a", b"1"), ("a", b"")))])
    publisher.produce([Record(topic, 1, b"k", None), Record(topic, 1, None, b"w")])
    publisher.commit(b"{}")
    with TopicReader(kafka_settings, topic, stall_seconds=10) as reader:
        assert reader.partitions == 2
        assert reader.beginnings() == {0: 0, 1: 0}
        assert reader.ends() == {0: 2, 1: 3}, "rows and one commit marker each"
        got = list(reader.read_to(reader.ends()))
    assert sorted((r.partition, r.offset, r.key, r.value, r.headers) for r in got if r.value is not None) == [
        (0, 0, b"k", b"v", (("a", b"1"), ("a", b""))),
        (1, 1, None, b"w", ()),
    ]
    assert [(r.key, r.topic) for r in got if r.value is None] == [(b"k", topic)]
    assert all(r.timestamp_ms > 1_600_000_000_000 for r in got)


def test_from_the_end_only_new_records_come(
    new_topic: NewTopic, open_publisher: OpenPublisher, kafka_settings: dict[str, str]
) -> None:
    topic = new_topic()
    publisher = open_publisher(new_topic(compact=True))
    publisher.produce([Record(topic, 0, None, b"old")])
    publisher.commit(b"{}")
    with TopicReader(kafka_settings, topic, start="end", stall_seconds=10) as reader:
        assert list(reader.read_to(reader.ends())) == []
        publisher.produce([Record(topic, 0, None, b"new")])
        publisher.commit(b"{}")
        assert [r.value for r in reader.read_to(reader.ends())] == [b"new"]


def test_a_topic_of_aborted_rows_alone_is_read_to_its_end(
    new_topic: NewTopic, open_publisher: OpenPublisher, read_all: ReadAll
) -> None:
    topic = new_topic()
    publisher = open_publisher(new_topic(compact=True))
    for _ in range(3):
        publisher.produce([Record(topic, 0, None, b"gone")] * 10)
        producer = publisher._producer
        assert producer is not None
        producer.flush()
        publisher.abort()
    assert read_all(topic) == []


def test_a_missing_topic(kafka_settings: dict[str, str], unique_name: Callable[[str], str]) -> None:
    with pytest.raises(TopicInvalid):
        TopicReader(kafka_settings, unique_name("nowhere"))


def test_the_last_status_of_each_connector_counts(
    kafka_settings: dict[str, str], unique_name: Callable[[str], str], read_all: ReadAll
) -> None:
    group = unique_name("group")
    store = StatusStore(kafka_settings, group)
    assert store.read() == {}
    store.write("shop", Status("RUNNING", None, "127.0.0.1:8083", 1))
    store.write("split", Status("RUNNING", None, "127.0.0.1:8083", 1))
    store.write("shop", Status("FAILED", "STREAM_FENCED: …", "127.0.0.1:8083", 2))
    assert store.read() == {
        "shop": Status("FAILED", "STREAM_FENCED: …", "127.0.0.1:8083", 2),
        "split": Status("RUNNING", None, "127.0.0.1:8083", 1),
    }
    first = read_all(f"{group}-status")[0]
    assert first.key == b"status-connector-shop"
    assert first.value == b'{"state":"RUNNING","trace":null,"worker_id":"127.0.0.1:8083","generation":1}'
