"""Transactions on a real broker: atomic, in order, and only the newest owner's."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

import pytest
from confluent_kafka import Consumer, KafkaError, TopicPartition

from connector.kafka import transaction
from connector.kafka.positions import PositionStore
from connector.kafka.publisher import TransactionalPublisher
from connector.kafka.topics import Topics, TopicSpec
from connector.model.errors import (
    InternalError,
    KafkaTransactionAborted,
    KafkaUnreachable,
    RowTooLarge,
    StreamFenced,
    TopicInvalid,
)
from connector.model.record import Record
from tests.integration.kafka.conftest import KEY, NewTopic, OpenPublisher, ReadAll
from tools.stack import KafkaCluster, Stack


def values(read_all: ReadAll, topic: str) -> list[bytes | None]:
    return [record.value for record in read_all(topic)]


def dirty_values(settings: Mapping[str, str], topic: str) -> list[bytes | None]:
    """What a read_uncommitted reader sees: proves that rows reached the broker before they were aborted."""
    consumer = Consumer(
        {
            **settings,
            "group.id": "dirty",
            "isolation.level": "read_uncommitted",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    seen = []
    while (message := consumer.poll(10)) is not None:
        error = message.error()
        if error is not None:
            assert error.code() == KafkaError._PARTITION_EOF
            break
        seen.append(message.value())
    consumer.close()
    return seen


def test_rows_and_position_become_visible_together(
    new_topic: NewTopic, open_publisher: OpenPublisher, read_all: ReadAll, kafka_settings: dict[str, str]
) -> None:
    rows, offsets = new_topic(partitions=2), new_topic(compact=True)
    publisher = open_publisher(offsets)
    publisher.produce([Record(rows, 0, b"k", b"one"), Record(rows, 1, b"k", b"two")])
    assert (publisher.pending_records, publisher.pending_bytes) == (2, 8)
    publisher.commit(b'{"seq":1}')
    assert publisher.pending_records == publisher.pending_bytes == 0
    assert set(values(read_all, rows)) == {b"one", b"two"}
    assert PositionStore(kafka_settings, offsets).read(KEY) == b'{"seq":1}'

    publisher.produce([Record(rows, 0, b"k", b"three")])
    publisher.abort()
    assert PositionStore(kafka_settings, offsets).read(KEY) == b'{"seq":1}'
    assert set(values(read_all, rows)) == {b"one", b"two"}

    publisher.commit(b'{"seq":2}')
    assert PositionStore(kafka_settings, offsets).read(KEY) == b'{"seq":2}', "a heartbeat moves the position"


def test_aborted_rows_stay_invisible(
    new_topic: NewTopic, open_publisher: OpenPublisher, read_all: ReadAll, kafka_settings: dict[str, str]
) -> None:
    rows, offsets = new_topic(), new_topic(compact=True)
    first = open_publisher(offsets, "dies_" + rows)
    first.produce([Record(rows, 0, b"k", b"lost")])
    first._producer.flush()  # type: ignore[union-attr]
    second = open_publisher(offsets, "dies_" + rows)
    second.produce([Record(rows, 0, b"k", b"kept")])
    second.commit(b"{}")
    assert dirty_values(kafka_settings, rows) == [b"lost", b"kept"]
    assert values(read_all, rows) == [b"kept"]


@pytest.mark.parametrize("moment", ["commit", "produce", "abort", "idle"])
def test_a_frozen_owner_is_fenced_by_the_next_one(
    moment: str, new_topic: NewTopic, open_publisher: OpenPublisher, read_all: ReadAll, kafka_settings: dict[str, str]
) -> None:
    rows, offsets = new_topic(), new_topic(compact=True)
    frozen = open_publisher(offsets, "owned_" + rows)
    if moment != "idle":
        frozen.produce([Record(rows, 0, b"k", b"zombie")])
        frozen._producer.flush()  # type: ignore[union-attr]
    successor = open_publisher(offsets, "owned_" + rows)
    successor.produce([Record(rows, 0, b"k", b"right")])
    successor.commit(b'{"owner":"successor"}')

    def thaw() -> None:
        if moment == "abort":
            frozen.abort()
        if moment == "produce":
            frozen.produce([Record(rows, 0, b"k", b"late")])
        frozen.commit(b'{"owner":"zombie"}')

    with pytest.raises(StreamFenced) as fenced:
        thaw()
    assert fenced.value.context["transactional_id"] == "owned_" + rows
    with pytest.raises(InternalError):
        frozen.produce([Record(rows, 0, b"k", b"never")])
    successor.produce([Record(rows, 0, b"k", b"again")])
    successor.commit(b'{"owner":"successor","n":2}')
    assert values(read_all, rows) == [b"right", b"again"]
    assert PositionStore(kafka_settings, offsets).read(KEY) == b'{"owner":"successor","n":2}'


def test_an_expired_transaction_never_takes_the_stream_back(new_topic: NewTopic, open_publisher: OpenPublisher) -> None:
    rows, offsets = new_topic(), new_topic(compact=True)
    publisher = open_publisher(offsets, timeout_ms=1000)
    publisher.produce([Record(rows, 0, b"k", b"slow")])
    producer = publisher._producer
    assert producer is not None
    producer.flush()
    # The coordinator looks every 10 s; the delivery of another record fails once it has aborted ours.
    deadline = time.monotonic() + 30

    def go_on() -> None:
        while time.monotonic() < deadline:
            publisher.produce([Record(rows, 0, b"k", b"still slow")])
            publisher._poll(producer, 0.1)

    with pytest.raises(StreamFenced) as fenced:
        go_on()
    assert "suspended" in fenced.value.remedy


@pytest.mark.parametrize("size", [200_000, 20_000_000], ids=["broker", "client"])
def test_an_oversize_row_is_named_and_nothing_of_its_transaction_stays(
    size: int, new_topic: NewTopic, open_publisher: OpenPublisher, read_all: ReadAll
) -> None:
    rows, others = new_topic(max_message_bytes=100_000), new_topic()
    offsets = new_topic(compact=True)
    publisher = open_publisher(offsets, "large_" + rows)

    def send() -> None:
        publisher.produce([Record(others, 0, b"k", os.urandom(300_000)), Record(rows, 0, b"kk", os.urandom(size))])
        publisher.commit(b"{}")

    with pytest.raises(RowTooLarge) as raised:
        send()
    assert raised.value.context == {"topic": rows, "bytes": size + 2}
    publisher.open()
    publisher.produce([Record(rows, 0, b"k", b"small")])
    publisher.commit(b"{}")
    assert values(read_all, rows) == [b"small"]
    assert read_all(others) == []


def test_a_row_that_failed_in_the_background_is_named_by_the_next_produce(
    new_topic: NewTopic, open_publisher: OpenPublisher
) -> None:
    rows = new_topic(max_message_bytes=100_000)
    publisher = open_publisher(new_topic(compact=True))
    publisher.produce([Record(rows, 0, b"k", os.urandom(200_000))])
    publisher._producer.flush()  # type: ignore[union-attr]
    with pytest.raises(RowTooLarge) as raised:
        publisher.produce([Record(rows, 0, b"k", b"next")])
    assert raised.value.context == {"topic": rows, "bytes": 200_001}


def test_order_is_kept_per_partition_with_and_without_headers(
    new_topic: NewTopic, open_publisher: OpenPublisher, read_all: ReadAll
) -> None:
    rows = new_topic(partitions=3)
    publisher = open_publisher(new_topic(compact=True))
    sent = [
        Record(rows, n % 3, None, str(n).encode(), (("h", b"x"), ("h", b"y")) if n % 30 == 0 else ())
        for n in range(3000)
    ]
    for start in range(0, 3000, 500):
        publisher.produce(sent[start : start + 500])
    publisher.commit(b"{}")
    got = read_all(rows)
    for partition in range(3):
        assert [r.value for r in got if r.partition == partition] == [r.value for r in sent if r.partition == partition]
    assert {r.value: r.headers for r in got} == {r.value: r.headers for r in sent}


def test_partition_minus_one_follows_the_key_and_keyless_records_go_to_partition_0(
    new_topic: NewTopic, open_publisher: OpenPublisher, read_all: ReadAll
) -> None:
    rows = new_topic(partitions=5)
    publisher = open_publisher(new_topic(compact=True))
    # Java's Utils.murmur2 of these texts, sign bit cleared, modulo 5.
    java = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536, b"abc": 479470107}
    publisher.produce([Record(rows, -1, key, key) for key in java] + [Record(rows, -1, None, b"keyless")])
    publisher.commit(b"{}")
    expected = {key: (number & 0x7FFFFFFF) % 5 for key, number in java.items()} | {b"keyless": 0}
    assert {record.value: record.partition for record in read_all(rows)} == expected


def test_a_full_queue_is_waited_for(new_topic: NewTopic, open_publisher: OpenPublisher, read_all: ReadAll) -> None:
    rows = new_topic()
    publisher = open_publisher(new_topic(compact=True), **{"queue.buffering.max.messages": "100", "linger.ms": "0"})
    sent = [Record(rows, 0, b"k", str(n).encode(), (("h", b""),) if n >= 1000 else ()) for n in range(2000)]
    publisher.produce(sent[:1000])
    publisher.produce(sent[1000:])
    publisher.commit(b"{}")
    assert values(read_all, rows) == [record.value for record in sent]


def test_a_missing_topic_or_partition_is_typed(
    new_topic: NewTopic, open_publisher: OpenPublisher, unique_name: Callable[[str], str]
) -> None:
    publisher = open_publisher(new_topic(compact=True))
    with pytest.raises(TopicInvalid):
        publisher.produce([Record(unique_name("nowhere"), -1, b"k", b"v")])
    publisher.open()
    with pytest.raises(TopicInvalid):
        publisher.produce([Record(new_topic(), 7, b"k", b"v")])


def test_an_unreachable_cluster_ends_open() -> None:
    publisher = TransactionalPublisher(
        {"bootstrap.servers": "127.0.0.1:1"}, transactional_id="x", offsets_topic="o", offsets_key=b"k"
    )
    with pytest.raises(KafkaUnreachable, match="gave no answer for 2 s"):
        publisher.open(timeout_seconds=2)


@contextmanager
def frozen(cluster: KafkaCluster) -> Iterator[None]:
    """Every broker keeps its connections and answers nothing."""
    pids = [broker.process.pid for broker in cluster.brokers]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def own_cluster(stack: Stack) -> Iterator[KafkaCluster]:
    """A broker that tests may freeze."""
    cluster = stack.start_kafka(own=True)
    yield cluster
    cluster.stop()


def own_publisher(cluster: KafkaCluster, name: str, timeout_ms: int) -> tuple[TransactionalPublisher, dict[str, str]]:
    settings = {"bootstrap.servers": cluster.bootstrap}
    Topics(settings).ensure([TopicSpec(name, 1), TopicSpec(name + "-offsets", 1, compact=True)])
    publisher = TransactionalPublisher(
        settings,
        transactional_id=name,
        offsets_topic=name + "-offsets",
        offsets_key=KEY,
        transaction_timeout_ms=timeout_ms,
    )
    publisher.open()
    return publisher, settings


def test_a_commit_waits_for_a_frozen_broker_and_asks_for_a_new_start(
    own_cluster: KafkaCluster, unique_name: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "CALL_SLICE_SECONDS", 0.5)
    publisher, settings = own_publisher(own_cluster, unique_name("frozen"), 60_000)
    publisher.commit(b'{"seq":1}')
    marks = [publisher.needs_resync]
    publisher.produce([Record(publisher._transactional_id, 0, b"k", b"row")])
    with frozen(own_cluster), ThreadPoolExecutor(1) as pool:
        committing = pool.submit(publisher.commit, b'{"seq":2}')
        assert not wait([committing], timeout=1.5).done, "it must wait for the broker"
        for broker in own_cluster.brokers:
            os.kill(broker.process.pid, signal.SIGCONT)
        committing.result(timeout=30)
    marks.append(publisher.needs_resync)
    assert PositionStore(settings, publisher._offsets_topic).read(KEY) == b'{"seq":2}'
    publisher.open()
    marks.append(publisher.needs_resync)
    assert marks == [False, True, False]
    publisher.close()


def test_a_commit_without_an_answer_ends_in_a_resync_and_close_does_not_hang(
    own_cluster: KafkaCluster, unique_name: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "CALL_SLICE_SECONDS", 0.5)
    publisher, _ = own_publisher(own_cluster, unique_name("silent"), 1500)
    publisher.commit(b'{"seq":1}')
    publisher.produce([Record(publisher._transactional_id, 0, b"k", b"row")])
    started = time.monotonic()
    with frozen(own_cluster), pytest.raises(KafkaTransactionAborted):
        publisher.commit(b"{}")
    took = time.monotonic() - started
    assert took < 20, "at most twice the transaction's timeout, then the time that closing may take"
