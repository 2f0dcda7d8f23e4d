"""Reads topics as read_committed: `rowcast tail`, tests, and, with `read_to`, everything that must see a compacted
topic whole.

An offset counts as read only when the consumer has passed it: reading "to the end" of a partition in which somebody's
transaction is open waits for that transaction, because what is committed behind it is not visible before.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    KafkaException,
    Message,
    TopicPartition,
)

from connector.kafka.clients import Latch, open_consumer
from connector.kafka.errors import PARTITION_EOF, classify, kafka_error, typed
from connector.model.errors import KafkaUnreachable, TopicInvalid

STALL_SECONDS = 75.0
"""Without progress for this long a read gives up: a dead owner's transaction holds a partition for
transaction.timeout.ms (60 s) plus the coordinator's 10 s look-out."""
REQUEST_SECONDS = 15.0
SLICE_SECONDS = 2.0
"""Refused credentials are seen only between two calls."""
POLL_SECONDS = 0.1
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Consumed:
    """One record as it was read. timestamp_ms: ms since the epoch, as the broker or the producer set it."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class TopicReader:
    """All partitions of one topic, from the beginning, from the end, or from given offsets. Close it after use.

    Raises TopicInvalid when the topic does not exist, KafkaUnreachable when nothing comes for `stall_seconds`.
    """

    def __init__(
        self,
        kafka: Mapping[str, str],
        topic: str,
        *,
        start: Literal["beginning", "end"] | Mapping[int, int] = "beginning",
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self.topic = topic
        self._stall_seconds = stall_seconds
        self._latch = Latch()
        self._consumer = open_consumer(kafka, self._latch)
        # A read_committed client is told the last stable offset where this one is told the high watermark.
        self._watermarks = open_consumer(kafka, self._latch, {"isolation.level": "read_uncommitted"})
        try:
            self.partitions = self._partition_count()
            self._position = dict.fromkeys(range(self.partitions), -1)
            self.seek(start)
        except BaseException:
            self.close()
            raise

    def seek(self, start: Literal["beginning", "end"] | Mapping[int, int]) -> None:
        """Go on reading elsewhere; partitions that a mapping does not name are read from the beginning."""
        if isinstance(start, str):
            logical = OFFSET_BEGINNING if start == "beginning" else OFFSET_END
            offsets = dict.fromkeys(range(self.partitions), logical)
        else:
            offsets = {partition: start.get(partition, OFFSET_BEGINNING) for partition in range(self.partitions)}
        self._position = dict.fromkeys(range(self.partitions), -1)
        self._consumer.assign([TopicPartition(self.topic, p, offset) for p, offset in offsets.items()])

    def ends(self) -> dict[int, int]:
        """The high watermark of every partition now: open transactions included."""
        return {partition: self._watermark(partition)[1] for partition in range(self.partitions)}

    def beginnings(self) -> dict[int, int]:
        """The first offset that each partition still has."""
        return {partition: self._watermark(partition)[0] for partition in range(self.partitions)}

    def read_to(self, ends: Mapping[int, int]) -> Iterator[Consumed]:
        """Records up to the given offsets (and perhaps some behind them); ends when every partition has been read that
        far."""
        waiting = {partition for partition, end in ends.items() if self._position[partition] < end}
        last_progress = time.monotonic()
        while waiting:
            before = sum(self._position.values())
            yield from self.poll(POLL_SECONDS)
            waiting = {partition for partition in waiting if self._position[partition] < ends[partition]}
            if sum(self._position.values()) != before:
                last_progress = time.monotonic()
            elif time.monotonic() - last_progress > self._stall_seconds:
                raise self._latch.unreachable(
                    f"topic {self.topic} could not be read to its end: nothing came for {self._stall_seconds:.0f} s",
                    hint="A transaction of another producer may be open in the topic, or its leader is away.",
                    partitions=",".join(str(partition) for partition in sorted(waiting)),
                )

    def poll(self, timeout_seconds: float = POLL_SECONDS) -> list[Consumed]:
        """What has come: at most BATCH records, waiting only for the first."""
        try:
            first = self._consumer.poll(timeout_seconds)
            # consume(n, timeout) alone would wait the whole timeout unless n records came.
            got = [] if first is None else [first, *self._consumer.consume(BATCH - 1, 0)]
        except KafkaException as raised:
            raise typed(kafka_error(raised), f"topic {self.topic} could not be read") from None
        self._latch.check()
        return [consumed for message in got if (consumed := self._take(message)) is not None]

    def close(self) -> None:
        """Leave the brokers. A second call does nothing."""
        self._consumer.close()
        self._watermarks.close()

    def __enter__(self) -> "TopicReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, message: Message) -> Consumed | None:
        error = message.error()
        partition, offset = message.partition(), message.offset()
        if error is not None and error.code() != PARTITION_EOF:
            if error.retriable():
                return None
            raise typed(error, f"topic {self.topic} could not be read", partition=partition)
        if partition is None or offset is None:
            return None
        if error is not None:
            # The end as this reader may see it (last stable offset): also how it gets past markers and aborted records.
            self._position[partition] = max(self._position[partition], offset)
            return None
        self._position[partition] = offset + 1
        headers = tuple((name, _header(value)) for name, value in _pairs(message))
        return Consumed(self.topic, partition, offset, message.timestamp()[1], message.key(), message.value(), headers)

    def _watermark(self, partition: int) -> tuple[int, int]:
        deadline = time.monotonic() + REQUEST_SECONDS
        while True:
            try:
                at = TopicPartition(self.topic, partition)
                return self._watermarks.get_watermark_offsets(at, timeout=REQUEST_SECONDS, cached=False)
            except KafkaException as raised:
                error = kafka_error(raised)
            self._latch.check()
            # A topic that was created a moment ago has no leader yet.
            if classify(error) is not KafkaUnreachable or time.monotonic() > deadline:
                raise typed(error, f"the offsets of topic {self.topic} could not be read", partition=partition)
            self._watermarks.poll(POLL_SECONDS)

    def _partition_count(self) -> int:
        deadline = time.monotonic() + REQUEST_SECONDS
        while True:
            try:
                metadata = self._watermarks.list_topics(self.topic, timeout=SLICE_SECONDS).topics[self.topic]
                break
            except KafkaException as raised:
                error = kafka_error(raised)
            self._watermarks.poll(POLL_SECONDS)
            self._latch.check()
            if classify(error) is not KafkaUnreachable:
                raise typed(error, f"topic {self.topic} could not be looked up")
            if time.monotonic() > deadline:
                raise self._latch.unreachable(f"no broker answered for {REQUEST_SECONDS:.0f} s: {error.str()}")
        if metadata.error is not None:
            raise TopicInvalid(
                f"topic {self.topic} cannot be read: {metadata.error.str()}",
                hint="Check the topic's name and the rights on it.",
            )
        return len(metadata.partitions)


def _pairs(message: Message) -> list[tuple[str, str | bytes | None]]:
    headers = message.headers()
    if headers is None:
        return []
    return list(headers.items()) if isinstance(headers, dict) else list(headers)


def _header(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
