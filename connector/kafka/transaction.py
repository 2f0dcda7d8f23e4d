"""A producer whose records become visible all together or not at all, and whose transactional id fences older owners.

Base of the stream's publisher and writer of the schema registry; one thread. After any error it is closed, and what was
not committed is invisible to read_committed readers: the owner starts anew with `open` and reads back what it had
stored, never what it has in memory.
"""

import contextlib
import threading
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from confluent_kafka import KafkaError, KafkaException, Message, Producer, murmur2

from connector.kafka.clients import Latch, open_producer
from connector.kafka.config import socket_timeout_seconds
from connector.kafka.errors import (
    FATAL,
    QUEUE_FULL,
    STATE,
    classify,
    is_fatal,
    kafka_error,
    typed,
)
from connector.model.errors import (
    InternalError,
    KafkaTransactionAborted,
    RowTooLarge,
    StreamFenced,
    TopicInvalid,
)
from connector.model.record import PackedRecords, Record, Run

TRANSACTION_TIMEOUT_MS = 60_000
"""A stream commits every few seconds; a dead owner stalls readers for this long plus the coordinator's 10 s look-out,
or until the next owner's `open`. A snapshot in one transaction needs more: brokers allow 900,000 by default."""
OPEN_TIMEOUT_SECONDS = 60.0
"""`open` usually takes 0.05-1 s. With a first connection that never comes, `run` must end within 90 s."""
CALL_SLICE_SECONDS = 5.0
"""One call of commit or abort; longer waits repeat the same call, which librdkafka resumes. Short enough to notice
Ctrl-C between them."""
OPEN_SLICE_SECONDS = 1.0
"""Refused credentials are seen only between two calls."""
ABORT_TIMEOUT_SECONDS = 15.0
"""Aborting is a courtesy to readers: the next owner's `open` aborts as well."""
METADATA_TIMEOUT_SECONDS = 15.0
QUEUE_FULL_POLL_SECONDS = 0.05
RETRY_PAUSE_SECONDS = 0.1
LARGE_RECORD_BYTES = 65_536
"""Records from this size on carry a delivery callback, so that a refused one can be named; for all of them it would
cost 0.5 us a row."""

_closing = threading.Lock()


class TransactionalProducer:
    """transactional_id names what is owned, not the process that owns it.

    Errors of every method: StreamFenced (another owner has opened the same id), KafkaTransactionAborted (resync),
    RowTooLarge, KafkaUnreachable, KafkaAccessDenied, TopicInvalid, KafkaFailed.
    """

    def __init__(
        self,
        kafka: Mapping[str, str],
        *,
        transactional_id: str,
        transaction_timeout_ms: int = TRANSACTION_TIMEOUT_MS,
    ) -> None:
        self._kafka = kafka
        self._transactional_id = transactional_id
        self._timeout_ms = transaction_timeout_ms
        self._slow_commit_seconds = socket_timeout_seconds(kafka)
        self._latch = Latch()
        self._producer: Producer | None = None
        self._partitions: dict[str, int] = {}
        self._begun: float | None = None  # monotonic time of begin_transaction
        self._refused: tuple[str, int] | None = None  # topic and size of a large record that a broker refused
        self._largest: tuple[int, str] = (0, "")
        self.pending_records = 0
        """Records in the open transaction."""
        self.pending_bytes = 0
        """Bytes of their keys and values."""
        self.needs_resync = False
        """Set by a commit that was retried or slow: a late duplicate of its request could commit the first part of the
        next transaction (KIP-890; librdkafka lacks the newer protocol). `open` again before the next `produce`; it
        clears the mark."""

    def open(self, timeout_seconds: float = OPEN_TIMEOUT_SECONDS) -> None:
        """Take the stream over: a dead owner's transaction is aborted, a frozen owner is fenced for good. Then read the
        position."""
        self.close()
        self._latch = Latch()
        producer = open_producer(
            self._kafka,
            self._latch,
            {"transactional.id": self._transactional_id, "transaction.timeout.ms": str(self._timeout_ms)},
        )
        self._producer = producer
        try:
            self._init(producer, timeout_seconds)
        except BaseException:
            self.close()
            raise
        self.needs_resync = False

    def produce(self, records: Sequence[Record]) -> None:
        """Add records to the transaction, begun when none is open; waits while librdkafka's queue is full.

        Partition -1: murmur2 of the key over the topic's partitions, as Java's producer; a record without key goes to
        partition 0, so that its order is the stream's. Order is kept per partition.
        """
        if not records:
            return
        producer = self._begin()
        for run in self._runs(producer, records):
            self._send(producer, run)
        self.pending_records += len(records)
        self._poll(producer, 0)

    def commit_transaction(self) -> None:
        """Commit the open transaction. An outage is waited for, for at most twice the transaction's timeout."""
        producer = self._begin()
        started = time.monotonic()
        deadline = started + 2 * self._timeout_ms / 1000
        retried = False
        while True:
            try:
                producer.commit_transaction(CALL_SLICE_SECONDS)
                break
            except KafkaException as raised:
                error = kafka_error(raised)
            if is_fatal(error) or not error.retriable():
                self._fail(error, "the Kafka transaction was not committed")
            retried = True
            if time.monotonic() > deadline:
                waited = time.monotonic() - started
                self.close()
                raise KafkaTransactionAborted(
                    f"no answer to the commit for {waited:.0f} s, its outcome is unknown: {error.str()}",
                    transactional_id=self._transactional_id,
                )
            self._poll(producer, RETRY_PAUSE_SECONDS)
        self.needs_resync |= retried or time.monotonic() - started > self._slow_commit_seconds
        self._forget()

    def abort(self) -> None:
        """Abort the open transaction, if any; the producer stays open."""
        if self._producer is None or self._begun is None:
            return
        deadline = time.monotonic() + ABORT_TIMEOUT_SECONDS
        while True:
            try:
                self._producer.abort_transaction(CALL_SLICE_SECONDS)
                break
            except KafkaException as raised:
                error = kafka_error(raised)
            if is_fatal(error) or not error.retriable() or time.monotonic() > deadline:
                self._fail(error, "the Kafka transaction was not aborted")
            self._poll(self._producer, RETRY_PAUSE_SECONDS)
        self._forget()

    def close(self) -> None:
        """Drop the producer; an open transaction is aborted. Never raises for what the broker says: the next `open`
        settles it."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        open_transaction = self._begun is not None
        self._forget()
        if open_transaction and not _abort_quietly(producer):
            # The client's own close would wait for the answer without limit. Its destructor does not, and the next
            # owner's `open` ends the transaction.
            return
        with _closing, warnings.catch_warnings(), contextlib.suppress(KafkaException):
            # After a fatal error the client tries to abort once more, and warns that it could not.
            warnings.simplefilter("ignore", RuntimeWarning)
            producer.close()

    def __enter__(self) -> "TransactionalProducer":
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _init(self, producer: Producer, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                producer.init_transactions(min(OPEN_SLICE_SECONDS, timeout_seconds))
                return
            except KafkaException as raised:
                error = kafka_error(raised)
            self._poll(producer, RETRY_PAUSE_SECONDS)
            self._latch.check()
            if is_fatal(error) or not error.retriable():
                raise typed(error, "taking over failed", transactional_id=self._transactional_id)
            if time.monotonic() > deadline:
                raise self._latch.unreachable(
                    f"the transaction coordinator gave no answer for {timeout_seconds:.0f} s",
                    transactional_id=self._transactional_id,
                )

    def _begin(self) -> Producer:
        producer = self._producer
        if producer is None:
            raise InternalError("the producer is not open", transactional_id=self._transactional_id)
        self._latch.check()
        if self._begun is None:
            try:
                producer.begin_transaction()
            except KafkaException as raised:
                self._fail(kafka_error(raised), "no Kafka transaction could be begun")
            self._begun = time.monotonic()
        return producer

    def _poll(self, producer: Producer, seconds: float) -> None:
        """Serve callbacks; the client raises a fatal error here instead of passing it to the error callback."""
        try:
            producer.poll(seconds)
        except KafkaException as raised:
            self._fail(kafka_error(raised), "the producer failed in the background")

    def _runs(self, producer: Producer, records: Sequence[Record]) -> Iterable[Run]:
        def count(topic: str) -> int:
            return self._partitions_of(producer, topic)

        if isinstance(records, PackedRecords):
            return records.runs(count, LARGE_RECORD_BYTES, self._delivered)
        by_partition: dict[tuple[str, int], list[Record]] = {}
        for record in records:
            partition = record.partition
            if partition < 0:
                partition = 0 if record.key is None else murmur2(record.key, count(record.topic))
            by_partition.setdefault((record.topic, partition), []).append(record)
        return [self._run(topic, partition, group) for (topic, partition), group in by_partition.items()]

    def _run(self, topic: str, partition: int, records: Sequence[Record]) -> Run:
        sizes = [_size(record.key, record.value) for record in records]
        headers = any(record.headers for record in records)
        messages = [self._message(record, headers=headers) for record in records]
        return Run(topic, partition, messages, sum(sizes), max(sizes), headers)

    def _message(self, record: Record, *, headers: bool) -> dict[str, Any]:
        message: dict[str, Any] = {"value": record.value, "key": record.key}
        if record.value is not None and len(record.value) >= LARGE_RECORD_BYTES:
            message["callback"] = self._delivered
        if headers:
            message["headers"] = list(record.headers)
        return message

    def _partitions_of(self, producer: Producer, topic: str) -> int:
        count = self._partitions.get(topic)
        if count is None:
            # Asked once: librdkafka keeps records of a topic it does not know apart, and their order with them.
            count = self._partitions[topic] = self._partition_count(producer, topic)
        return count

    def _partition_count(self, producer: Producer, topic: str) -> int:
        try:
            metadata = producer.list_topics(topic, timeout=METADATA_TIMEOUT_SECONDS).topics[topic]
        except KafkaException as raised:
            self._fail(kafka_error(raised), f"the partitions of topic {topic} could not be read")
        if metadata.error is not None:
            self._fail(metadata.error, f"the partitions of topic {topic} could not be read")
        return len(metadata.partitions)

    def _send(self, producer: Producer, run: Run) -> None:
        if run.partition >= (count := self._partitions_of(producer, run.topic)):
            self.close()
            raise TopicInvalid(
                f"topic {run.topic} has {count} partitions, a row is for partition {run.partition}", topic=run.topic
            )
        if run.largest > self._largest[0]:
            self._largest = (run.largest, run.topic)
        self.pending_bytes += run.bytes
        # produce_batch drops headers silently.
        if run.headers:
            self._send_singly(producer, run)
        else:
            self._send_batch(producer, run)

    def _send_batch(self, producer: Producer, run: Run) -> None:
        topic, messages = run.topic, run.messages
        while True:
            queued = producer.produce_batch(topic, messages, partition=run.partition)
            if queued == len(messages):
                return
            first = next(i for i, message in enumerate(messages) if "_error" in message)
            error: KafkaError = messages[first]["_error"]
            if error.code() != QUEUE_FULL:
                self._fail(error, f"a row was not accepted for topic {topic}", topic, messages[first])
            if first != queued:
                raise InternalError("librdkafka queued records behind a refused one", topic=topic)
            messages = messages[queued:]
            for message in messages:
                message.pop("_error", None)
            self._poll(producer, QUEUE_FULL_POLL_SECONDS)

    def _send_singly(self, producer: Producer, run: Run) -> None:
        for message in run.messages:
            while True:
                try:
                    producer.produce(
                        run.topic,
                        value=message["value"],
                        key=message["key"],
                        partition=run.partition,
                        headers=message.get("headers", []),
                        on_delivery=message.get("callback"),
                    )
                    break
                except BufferError:
                    self._poll(producer, QUEUE_FULL_POLL_SECONDS)
                except KafkaException as raised:
                    self._fail(kafka_error(raised), f"a row was not accepted for topic {run.topic}", run.topic, message)

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None and classify(error) is RowTooLarge:
            self._refused = (message.topic() or "", _size(message.key(), message.value()))

    def _fail(
        self, error: KafkaError, doing: str, topic: str | None = None, message: dict[str, Any] | None = None
    ) -> NoReturn:
        """End the transaction and the producer, then raise what the error means for the stream."""
        producer = self._producer
        age = time.monotonic() - self._begun if self._begun is not None else 0.0
        if producer is not None:
            cause = _cause(producer, error)
            if cause is not error:
                # It failed before this record came.
                error, message = cause, None
            with contextlib.suppress(KafkaException):  # the same fatal error once more
                producer.poll(0)
        refused, largest = self._refused, self._largest
        kind = classify(error)
        if kind is KafkaTransactionAborted and producer is not None and self._begun is not None:
            # A commit that meets a takeover may only say that the transaction failed; the abort says who did it.
            refusal = _abort(producer)
            if refusal is None:
                self._begun = None
            elif classify(refusal) is StreamFenced:
                kind = StreamFenced
        self.close()
        self._latch.check()
        if kind is RowTooLarge:
            if message is not None:
                refused = (topic or "", _size(message["key"], message["value"]))
            named = refused or (largest[1], largest[0])
            raise RowTooLarge(
                f"a row is larger than Kafka accepts: {error.str()}", topic=named[0], bytes=named[1]
            ) from None
        if kind is StreamFenced:
            raise self._fenced(age) from None
        if kind is TopicInvalid:
            raise typed(
                error,
                doing,
                hint="The topic does not exist (any more): start the stream again, which creates missing topics.",
                topic=topic,
            ) from None
        raise typed(error, doing, transactional_id=self._transactional_id) from None

    def _fenced(self, age: float) -> StreamFenced:
        hint = None
        if age * 1000 > self._timeout_ms:
            # An expired transaction and a new owner look the same from here, so nothing but an error is safe.
            hint = (
                f"Another process took over this stream, or its transaction stayed open for {age:.0f} s and expired "
                "(was the process suspended?): make sure that no other process runs it, then start again."
            )
        return StreamFenced(
            "a newer owner of this stream is active", hint=hint, transactional_id=self._transactional_id
        )

    def _forget(self) -> None:
        self._begun = None
        self._refused = None
        self._largest = (0, "")
        self.pending_records = 0
        self.pending_bytes = 0


def _size(key: bytes | None, value: bytes | None) -> int:
    return len(key or b"") + len(value or b"")


def _cause(producer: Producer, error: KafkaError) -> KafkaError:
    """The error behind _STATE and _FATAL: the transaction failed earlier, in the background. begin_transaction names it
    and changes nothing."""
    if error.code() not in (STATE, FATAL):
        return error
    try:
        producer.begin_transaction()
    except KafkaException as raised:
        cause = kafka_error(raised)
        return error if cause.code() in (STATE, FATAL) else cause
    return error


def _abort(producer: Producer) -> KafkaError | None:
    """Drop what is queued and abort; the broker's refusal, None when the transaction is over."""
    with contextlib.suppress(KafkaException):
        producer.purge()
    try:
        producer.abort_transaction(CALL_SLICE_SECONDS)
    except KafkaException as raised:
        return kafka_error(raised)
    return None


def _abort_quietly(producer: Producer) -> bool:
    """Whether the transaction is over: aborted now, or lost to a fatal error before. Only the silence of the brokers
    leaves it open."""
    refusal = _abort(producer)
    return refusal is None or is_fatal(refusal)
