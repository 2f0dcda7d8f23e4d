"""Positions: the newest committed one is found whatever else is going on in the partition."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from confluent_kafka import Consumer, KafkaError, TopicPartition

from connector.kafka import positions
from connector.kafka.positions import PositionStore, key_for
from connector.kafka.publisher import TransactionalPublisher
from connector.model.errors import KafkaUnreachable, StreamFenced, TopicInvalid
from connector.model.record import Record
from tests.integration.kafka.conftest import KEY, NewTopic, OpenPublisher


def read_to_the_last_stable_offset(settings: dict[str, str], topic: str) -> bytes | None:
    """The tempting, wrong way: believe the first end-of-partition a read_committed consumer reports."""
    consumer = Consumer({**settings, "group.id": "wrong", "enable.partition.eof": True, "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, 0)])
    found = None
    while (message := consumer.poll(10)) is not None:
        error = message.error()
        if error is not None:
            assert error.code() == KafkaError._PARTITION_EOF
            break
        if message.key() == KEY:
            found = message.value()
    consumer.close()
    return found


def test_a_position_behind_an_open_transaction_is_waited_for(
    new_topic: NewTopic, open_publisher: OpenPublisher, kafka_settings: dict[str, str]
) -> None:
    offsets = new_topic(compact=True)
    ours, other = open_publisher(offsets), open_publisher(offsets)
    ours.commit(b'{"seq":1}')
    other.produce([Record(offsets, 0, b"other", b"open")])
    producer = other._producer
    assert producer is not None
    producer.flush()
    ours.commit(b'{"seq":2}')

    assert read_to_the_last_stable_offset(kafka_settings, offsets) == b'{"seq":1}', "this trap must exist to be avoided"
    with pytest.raises(KafkaUnreachable, match="nothing came for 1 s"):
        PositionStore(kafka_settings, offsets, stall_seconds=1).read(KEY)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(PositionStore(kafka_settings, offsets, stall_seconds=30).read, KEY)
        assert not wait([reading], timeout=1).done, "it must not answer with the old position"
        other.abort()
        assert reading.result(timeout=20) == b'{"seq":2}'


def test_a_dead_owners_open_transaction_does_not_delay_its_successor(
    new_topic: NewTopic, open_publisher: OpenPublisher, kafka_settings: dict[str, str]
) -> None:
    offsets = new_topic(compact=True)
    dead = open_publisher(offsets, "stream_" + offsets)
    dead.commit(b'{"seq":1}')
    dead.produce([Record(offsets, 0, KEY, b'{"seq":2}')])
    producer = dead._producer
    assert producer is not None
    producer.flush()
    open_publisher(offsets, "stream_" + offsets)
    assert PositionStore(kafka_settings, offsets, stall_seconds=5).read(KEY) == b'{"seq":1}'


def test_no_position_yet(new_topic: NewTopic, open_publisher: OpenPublisher, kafka_settings: dict[str, str]) -> None:
    offsets = new_topic(compact=True)
    store = PositionStore(kafka_settings, offsets, stall_seconds=10)
    assert store.read(KEY) is None
    open_publisher(offsets).commit(b"{}")
    assert store.read(key_for("another", "shop")) is None


def test_a_position_far_before_the_end_is_found(
    new_topic: NewTopic, open_publisher: OpenPublisher, kafka_settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "WINDOW", 3)
    monkeypatch.setattr(positions, "WIDEN", 4)
    offsets = new_topic(compact=True)
    publisher = open_publisher(offsets)
    publisher.commit(b'{"seq":1}')
    for n in range(3):
        # Aborted records and markers fill the window: what the reader sees is less than what it passes.
        publisher.produce([Record(offsets, 0, b"other", str(n).encode()) for n in range(5)])
        producer = publisher._producer
        assert producer is not None
        producer.flush()
        if n == 1:
            publisher.produce([Record(offsets, 0, b"other", b"kept")])
            publisher.commit_transaction()
        else:
            publisher.abort()
    assert PositionStore(kafka_settings, offsets, stall_seconds=10).read(KEY) == b'{"seq":1}'


def test_a_missing_topic_is_not_an_empty_one(kafka_settings: dict[str, str], unique_name: Callable[[str], str]) -> None:
    with pytest.raises(TopicInvalid):
        PositionStore(kafka_settings, unique_name("nowhere")).read(KEY)


def test_setting_a_position_fences_an_owner_that_runs_after_all(
    new_topic: NewTopic, open_publisher: OpenPublisher, kafka_settings: dict[str, str]
) -> None:
    offsets = new_topic(compact=True)
    running: TransactionalPublisher = open_publisher(offsets, "stream_" + offsets)
    running.commit(b'{"seq":1}')
    store = PositionStore(kafka_settings, offsets, stall_seconds=10)
    store.write(KEY, b'{"seq":0}', transactional_id="stream_" + offsets)
    with pytest.raises(StreamFenced):
        running.commit(b'{"seq":2}')
    assert store.read(KEY) == b'{"seq":0}'
