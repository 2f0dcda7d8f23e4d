"""Reads one partition of a stream topic: the sinks' only door to confluent_kafka.

Made by `connector.cli`, used by `sinks.runner` from one thread. Reads committed records only, from the offset it is
told; Kafka's group offsets are neither read nor written, and no offset is ever guessed.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from connector.model.errors import (
    KafkaAccessDenied,
    KafkaConfigInvalid,
    KafkaFailed,
    KafkaUnreachable,
    MessageInvalid,
    OffsetLost,
    RowcastError,
    TopicInvalid,
)

_log = logging.getLogger("rowcast.sink.kafka")

KafkaSettings = Mapping[str, str | int | float | bool]

REQUEST_TIMEOUT_S = 10.0

DEFAULTS: KafkaSettings = {
    "fetch.queue.backoff.ms": 10,  # librdkafka's second of waiting with a full queue costs most of the throughput
    "queued.min.messages": 20_000,
    "queued.max.messages.kbytes": 32_768,
    "fetch.wait.max.ms": 100,
    "fetch.message.max.bytes": 4_194_304,
    "check.crcs": True,
}
"""Settings of [kafka] win over these."""

FORCED: KafkaSettings = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",
    "isolation.level": "read_committed",
    "enable.partition.eof": True,
    "allow.auto.create.topics": False,
}
"""What exactness rests on: these win over settings of [kafka]."""

KAFKA_ERRORS: dict[str, type[RowcastError]] = {
    "_AUTO_OFFSET_RESET": OffsetLost,
    "OFFSET_OUT_OF_RANGE": OffsetLost,
    "TOPIC_AUTHORIZATION_FAILED": KafkaAccessDenied,
    "GROUP_AUTHORIZATION_FAILED": KafkaAccessDenied,
    "CLUSTER_AUTHORIZATION_FAILED": KafkaAccessDenied,
    "_AUTHENTICATION": KafkaAccessDenied,
    "SASL_AUTHENTICATION_FAILED": KafkaAccessDenied,
    "_INVALID_ARG": KafkaConfigInvalid,
    "TOPIC_EXCEPTION": TopicInvalid,
    "_UNKNOWN_PARTITION": TopicInvalid,
    # The topic may be about to be created; a topic that was deleted and made anew ends in OffsetLost.
    "UNKNOWN_TOPIC_OR_PART": KafkaUnreachable,
    "_UNKNOWN_TOPIC": KafkaUnreachable,
    "_ALL_BROKERS_DOWN": KafkaUnreachable,
    "_TRANSPORT": KafkaUnreachable,
    "_RESOLVE": KafkaUnreachable,
    "_TIMED_OUT": KafkaUnreachable,
    "_MAX_POLL_EXCEEDED": KafkaUnreachable,
    "LEADER_NOT_AVAILABLE": KafkaUnreachable,
    "NOT_LEADER_FOR_PARTITION": KafkaUnreachable,
    "BROKER_NOT_AVAILABLE": KafkaUnreachable,
    "REPLICA_NOT_AVAILABLE": KafkaUnreachable,
    "NETWORK_EXCEPTION": KafkaUnreachable,
    "REQUEST_TIMED_OUT": KafkaUnreachable,
    "OFFSET_NOT_AVAILABLE": KafkaUnreachable,
}
"""What an error means, by librdkafka's name of it; unlisted ones become KAFKA_FAILED, for a person to look at."""

_ABSENT = {"UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC"}
_PASSING = {
    # librdkafka goes on by itself after these; the stream is late then, which its lag shows.
    "_ALL_BROKERS_DOWN",
    "_TRANSPORT",
    "_RESOLVE",
    "_TIMED_OUT",
}


def kafka_error(error: KafkaError, *, topic: str, partition: int) -> RowcastError:
    """The typed error of librdkafka's."""
    kind = KAFKA_ERRORS.get(error.name(), KafkaFailed)
    return kind(error.str(), kafka_error=error.name(), topic=topic, partition=partition)


@dataclass(frozen=True, slots=True)
class ConsumedRecord:
    """One record of the partition."""

    offset: int
    value: bytes


class PartitionConsumer:
    """One partition by assign(), without a group. `settings` = the [kafka] section."""

    def __init__(self, settings: KafkaSettings, topic: str, partition: int) -> None:
        """KafkaConfigInvalid when librdkafka refuses a setting."""
        self._topic = topic
        self._partition = partition
        # librdkafka asks for a group id even where no group is used.
        self._settings = {"group.id": f"rowcast-{topic}-{partition}", **DEFAULTS, **settings, **FORCED}
        self._next_offset = 0
        self._consumer: Consumer | None = self._connect()

    def _connect(self) -> Consumer:
        try:
            return Consumer({**self._settings, "error_cb": _log_error}, logger=_log)
        except KafkaException as raised:
            raise self._typed(raised) from raised

    @property
    def next_offset(self) -> int:
        """Everything below it has been fetched; at the partition's end it is past control records too."""
        return self._next_offset

    def assign(self, offset: int | None) -> None:
        """Read from this offset on, None = from the oldest record.

        OffsetLost when the offset is not there any more, KafkaUnreachable also while the topic does not exist,
        TopicInvalid when it has fewer partitions.
        """
        if self._consumer is None:
            self._consumer = self._connect()
        try:
            self._require_partition(self._consumer)
            oldest, _ = self._consumer.get_watermark_offsets(self._at(), timeout=REQUEST_TIMEOUT_S)
            if offset is not None and offset < oldest:
                raise OffsetLost(
                    "the records to go on with have been deleted",
                    offset=offset,
                    oldest=oldest,
                    topic=self._topic,
                    partition=self._partition,
                )
            self._next_offset = oldest if offset is None else offset
            self._consumer.assign([self._at(self._next_offset)])
        except KafkaException as raised:
            raise self._typed(raised) from raised

    def fetch(self, limit: int, timeout: float) -> list[ConsumedRecord]:
        """What is there, at most `limit` records, after waiting at most `timeout` seconds for the first one."""
        if self._consumer is None:
            raise KafkaFailed("the consumer is closed", topic=self._topic, partition=self._partition)
        # consume() alone would wait for the whole batch: poll for the first, then take what has come with it.
        first = self._consumer.poll(timeout)
        if first is None:
            return []
        try:
            more = self._consumer.consume(limit - 1, 0) if limit > 1 else []
        except KafkaException as raised:
            raise self._typed(raised) from raised
        records = []
        for message in (first, *more):
            if (record := self._record(message)) is not None:
                records.append(record)
                self._next_offset = record.offset + 1
        return records

    def high_watermark(self) -> int:
        """The offset after the newest record, committed or not: an exclusive stop offset."""
        # A read_committed consumer would be told the last stable offset instead.
        probe = Consumer({**self._settings, "isolation.level": "read_uncommitted"}, logger=_log)
        try:
            self._require_partition(probe)
            _, end = probe.get_watermark_offsets(self._at(), timeout=REQUEST_TIMEOUT_S)
            return end
        except KafkaException as raised:
            raise self._typed(raised) from raised
        finally:
            probe.close()

    def close(self) -> None:
        """Leave; closing twice is no error."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()

    def _record(self, message: Message) -> ConsumedRecord | None:
        error, offset, value = message.error(), message.offset(), message.value()
        if error is not None:
            if error.name() == "_PARTITION_EOF":
                self._next_offset = max(self._next_offset, offset or 0)
                return None
            if error.name() in _PASSING and not error.fatal():
                return None
            raise kafka_error(error, topic=self._topic, partition=self._partition)
        if value is None or offset is None:
            raise MessageInvalid(
                "a stream topic has a record without a value",
                topic=self._topic,
                partition=self._partition,
                offset=offset,
            )
        return ConsumedRecord(offset, value)

    def _require_partition(self, consumer: Consumer) -> None:
        topic = consumer.list_topics(self._topic, timeout=REQUEST_TIMEOUT_S).topics[self._topic]
        if topic.error is not None and topic.error.name() in _ABSENT:
            raise KafkaUnreachable(
                "the stream topic does not exist yet",
                hint="The source connector creates it when it starts: start it, or correct the name in `streams`.",
                topic=self._topic,
                partition=self._partition,
            )
        if topic.error is not None:
            raise kafka_error(topic.error, topic=self._topic, partition=self._partition)
        if self._partition not in topic.partitions:
            raise TopicInvalid(
                f"the stream topic has {len(topic.partitions)} partitions, one for each target shard of the source",
                hint="Name in `shards` exactly the target shards that the source's `target.shards` lists.",
                topic=self._topic,
                partition=self._partition,
            )

    def _at(self, offset: int | None = None) -> TopicPartition:
        if offset is None:
            return TopicPartition(self._topic, self._partition)
        return TopicPartition(self._topic, self._partition, offset)

    def _typed(self, raised: KafkaException) -> RowcastError:
        return kafka_error(raised.args[0], topic=self._topic, partition=self._partition)


def _log_error(error: KafkaError) -> None:
    _log.info("%s: %s", error.name(), error.str())
