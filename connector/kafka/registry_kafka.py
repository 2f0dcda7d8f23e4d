"""The embedded schema registry: a compacted topic in Confluent's format, written by any rowcast process.

Opened by `connector.kafka.registry` for kafka://TOPIC. There is no server: whoever needs a new id takes the registry's
transactional id (which fences the previous writer), reads the topic to its end, appends what is still missing and
commits. As long as nobody fences it, what it has read plus what it wrote is the whole truth, so further schemas cost
one commit each.
"""

import random
import time
from collections.abc import Mapping

from connector.kafka.reader import STALL_SECONDS, TopicReader
from connector.kafka.schema_log import SchemaLog, canonical
from connector.kafka.topics import Topics, TopicSpec
from connector.kafka.transaction import TransactionalProducer
from connector.model.errors import KafkaTransactionAborted, RegistryFailed, StreamFenced, TopicInvalid
from connector.model.record import Record

TRANSACTION_TIMEOUT_MS = 10_000
"""Transactions here hold one record: a writer that died holds its readers up for at most this plus the coordinator's 10
s."""
GIVE_UP_SECONDS = 60.0
"""Writers that start together fence each other; each turn of each takes about a second at most."""
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0


class KafkaRegistry:
    """Implements `SchemaRegistry`. One thread."""

    def __init__(self, kafka: Mapping[str, str], topic: str, *, stall_seconds: float = STALL_SECONDS) -> None:
        self._kafka = kafka
        self._topic = topic
        self._stall_seconds = stall_seconds
        self._log = SchemaLog()
        self._read = 0  # offsets below are applied
        self._reader: TopicReader | None = None
        self._writer: TransactionalProducer | None = None

    def register(self, subject: str, schema: str) -> int:
        """See `SchemaRegistry.register`; the id is committed when it returns."""
        text = canonical(schema)
        known = self._log.id_of(subject, text)
        if known is not None:
            return known
        if self._writer is None:
            Topics(self._kafka).ensure([TopicSpec(self._topic, 1, compact=True)])
            self._catch_up()
            known = self._log.id_of(subject, text)
            if known is not None:
                return known
        return self._write(subject, text)

    def schema(self, schema_id: int) -> str:
        """See `SchemaRegistry.schema`; follows ids that other processes have registered meanwhile."""
        found = self._log.text(schema_id)
        if found is None:
            try:
                self._catch_up()
            except TopicInvalid as error:
                raise RegistryFailed(f"the schema registry cannot be read: {error.what}") from error
            found = self._log.text(schema_id)
        if found is None:
            raise RegistryFailed(f"the registry kafka://{self._topic} has no schema with this id", schema_id=schema_id)
        return found

    def close(self) -> None:
        """Leave the brokers."""
        if self._reader is not None:
            self._reader.close()
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    def _write(self, subject: str, text: str) -> int:
        deadline = time.monotonic() + GIVE_UP_SECONDS
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return self._write_once(subject, text)
            except (StreamFenced, KafkaTransactionAborted) as error:
                self._drop_writer()
                if time.monotonic() > deadline:
                    raise RegistryFailed(
                        f"other processes took the registry kafka://{self._topic} over for {GIVE_UP_SECONDS:.0f} s",
                        hint="Start fewer connectors at the same moment, or use a schema registry with a server.",
                    ) from error
            # Writers that fenced each other must not meet again at the same moment.
            time.sleep(random.uniform(0, pause))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _write_once(self, subject: str, text: str) -> int:
        """1. take the registry over, unless it is ours. 2. read what others wrote. 3. append what is missing. 4.
        commit."""
        if self._writer is None:
            self._writer = TransactionalProducer(
                self._kafka,
                transactional_id=f"rowcast-registry-{self._topic}",  # one per log, whatever group its writers belong to
                transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            )
            self._writer.open()
            self._catch_up()
            known = self._log.id_of(subject, text)
            if known is not None:
                return known
        schema_id, key, value = self._log.next_record(subject, text)
        self._writer.produce([Record(self._topic, 0, key, value)])
        self._writer.commit_transaction()
        if self._writer.needs_resync:
            self._drop_writer()
        self._log.apply(key, value)
        return schema_id

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None

    def _catch_up(self) -> None:
        if self._reader is None:
            self._reader = TopicReader(self._kafka, self._topic, stall_seconds=self._stall_seconds)
            if self._reader.partitions != 1:
                raise TopicInvalid(
                    f"topic {self._topic} has {self._reader.partitions} partitions, a schema registry has one"
                )
        for record in self._reader.read_to(self._reader.ends()):
            self._log.apply(record.key, record.value)
