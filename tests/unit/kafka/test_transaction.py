"""What the producer does when the client fails in ways that a real broker shows rarely: a scripted client stands in."""

from collections.abc import Callable

import pytest
from confluent_kafka import KafkaError, KafkaException

from connector.kafka import transaction
from connector.kafka.errors import code
from connector.kafka.publisher import TransactionalPublisher
from connector.model.errors import (
    InternalError,
    KafkaAccessDenied,
    KafkaTransactionAborted,
    KafkaUnreachable,
    StreamFenced,
)
from connector.model.record import Record


class Topic:
    error = None
    partitions = (0, 1, 2)


class Metadata:
    def __init__(self, topic: str) -> None:
        self.topics = {topic: Topic()}


class Client:
    """A producer that raises what `script` says: method -> errors, one for each call."""

    def __init__(self, clock: "Clock") -> None:
        self.script: dict[str, list[KafkaError]] = {}
        self.calls: list[str] = []
        self._clock = clock

    def _call(self, name: str, seconds: float = 0.0) -> None:
        self.calls.append(name)
        errors = self.script.get(name)
        if errors:
            self._clock.now += seconds
            raise KafkaException(errors.pop(0) if len(errors) > 1 else errors[0])

    def init_transactions(self, seconds: float) -> None:
        self._call("init", seconds)

    def begin_transaction(self) -> None:
        self._call("begin")

    def commit_transaction(self, seconds: float) -> None:
        self._call("commit", seconds)

    def abort_transaction(self, seconds: float) -> None:
        self._call("abort", seconds)

    def produce_batch(self, _: str, messages: list[dict[str, object]], partition: int) -> int:
        self.calls.append(f"produce {len(messages)} to {partition}")
        return len(messages)

    def list_topics(self, topic: str, timeout: float) -> Metadata:
        return Metadata(topic)

    def poll(self, seconds: float) -> None:
        self._clock.now += seconds

    def purge(self) -> None:
        self.calls.append("purge")

    def close(self) -> None:
        self._call("close")


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(transaction, "time", clock)
    return clock


@pytest.fixture
def client(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Client:
    client = Client(clock)
    monkeypatch.setattr(transaction, "open_producer", lambda *_: client)
    return client


@pytest.fixture
def publisher(client: Client) -> TransactionalPublisher:
    return TransactionalPublisher(
        {"bootstrap.servers": "x:1"}, transactional_id="id", offsets_topic="o", offsets_key=b"k"
    )


def error(name: str, **flags: bool) -> KafkaError:
    return KafkaError(code(name), name.lower(), **flags)


ROW = Record("t", 1, b"k", b"v")


def test_a_commit_is_repeated_until_it_is_answered(
    publisher: TransactionalPublisher, client: Client, clock: Clock
) -> None:
    publisher.open()
    publisher.produce([ROW])

    def answer(seconds: float) -> None:
        client.calls.append("commit")
        if client.calls.count("commit") < 4:
            clock.now += seconds
            raise KafkaException(error("_TIMED_OUT", retriable=True))

    client.commit_transaction = answer  # type: ignore[method-assign]
    publisher.commit(b"{}")
    assert client.calls == ["init", "begin", "produce 1 to 1", "produce 1 to 0"] + ["commit"] * 4
    assert publisher.needs_resync


def test_a_commit_without_any_answer_is_given_up_after_twice_the_timeout(
    publisher: TransactionalPublisher, client: Client, clock: Clock
) -> None:
    publisher.open()
    client.script = {
        "commit": [error("_TIMED_OUT", retriable=True)],
        "abort": [error("_CONFLICT", retriable=True)],
    }
    with pytest.raises(KafkaTransactionAborted, match="its outcome is unknown"):
        publisher.commit(b"{}")
    assert 120 <= clock.now - 1000 < 135
    assert "close" not in client.calls, "the client's close would wait for the same answer without end"


def test_a_slow_commit_asks_for_a_new_start(publisher: TransactionalPublisher, client: Client, clock: Clock) -> None:
    publisher.open()

    def slowly(seconds: float) -> None:
        assert seconds > 0
        clock.now += 61

    client.commit_transaction = slowly  # type: ignore[method-assign]
    publisher.commit(b"{}")
    assert publisher.needs_resync


@pytest.mark.parametrize(
    ("raised", "hidden", "expected"),
    [
        (error("_FENCED", fatal=True), None, StreamFenced),
        (error("_FATAL"), error("_FENCED", fatal=True), StreamFenced),
        (error("_FATAL"), error("_FATAL"), StreamFenced),
        (error("_FATAL"), error("INVALID_TXN_STATE", fatal=True), KafkaTransactionAborted),
        (error("_STATE"), error("TOPIC_AUTHORIZATION_FAILED", txn_requires_abort=True), KafkaAccessDenied),
        (error("OUT_OF_ORDER_SEQUENCE_NUMBER", txn_requires_abort=True), None, KafkaTransactionAborted),
        (error("_TIMED_OUT", txn_requires_abort=True), None, KafkaTransactionAborted),
    ],
)
def test_a_failed_commit_closes_the_producer_and_says_what_it_means(
    raised: KafkaError,
    hidden: KafkaError | None,
    expected: type[Exception],
    publisher: TransactionalPublisher,
    client: Client,
) -> None:
    publisher.open()
    publisher.produce([ROW])
    client.script["commit"] = [raised]
    if hidden is not None:
        client.script["begin"] = [hidden]
    with pytest.raises(expected):
        publisher.commit(b"{}")
    assert client.calls[-3:] == ["purge", "abort", "close"]
    assert publisher.pending_records == 0
    with pytest.raises(InternalError, match="not open"):
        publisher.produce([ROW])


@pytest.mark.parametrize("fail", [lambda p: p.commit(b"{}"), lambda p: p.abort()], ids=["commit", "abort"])
def test_a_fence_after_the_transactions_own_timeout_says_so(
    fail: Callable[[TransactionalPublisher], None], publisher: TransactionalPublisher, client: Client, clock: Clock
) -> None:
    publisher.open()
    publisher.produce([ROW])
    clock.now += 75
    client.script = {"commit": [error("_FENCED", fatal=True)], "abort": [error("_FENCED", fatal=True)]}
    with pytest.raises(StreamFenced) as raised:
        fail(publisher)
    assert "stayed open for 80 s and expired" in raised.value.remedy


def test_open_gives_up_and_may_be_tried_again(publisher: TransactionalPublisher, client: Client, clock: Clock) -> None:
    client.script["init"] = [error("_TIMED_OUT", retriable=True)]
    with pytest.raises(KafkaUnreachable, match="for 60 s"):
        publisher.open()
    assert 60 <= clock.now - 1000 < 63
    client.script["init"] = []
    publisher.open()
    publisher.commit(b"{}")


def test_open_does_not_retry_what_a_person_must_change(publisher: TransactionalPublisher, client: Client) -> None:
    client.script["init"] = [error("TRANSACTIONAL_ID_AUTHORIZATION_FAILED", fatal=True)]
    with pytest.raises(KafkaAccessDenied):
        publisher.open()
    assert client.calls == ["init", "close"]


def test_abort_keeps_the_producer_and_an_unused_one_has_nothing_to_abort(
    publisher: TransactionalPublisher, client: Client
) -> None:
    publisher.abort()
    publisher.open()
    publisher.abort()
    publisher.produce([ROW, Record("t", -1, None, b"keyless")])
    publisher.abort()
    publisher.produce([])
    publisher.commit(b"{}")
    publisher.close()
    publisher.close()
    assert client.calls == [
        "init",
        "begin",
        "produce 1 to 1",
        "produce 1 to 0",
        "abort",
        "begin",
        "produce 1 to 0",
        "commit",
        "close",
    ]
