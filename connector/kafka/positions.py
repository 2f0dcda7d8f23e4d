"""The stored position of a stream: names of the offsets topic, reading it whole, setting it by hand.

Called by the source task at start (after `TransactionalPublisher.open`, never before: only then can no older owner
still write) and by `rowcast position` and `rowcast status`.
"""

import json
from collections.abc import Mapping

from connector.kafka.publisher import TransactionalPublisher
from connector.kafka.reader import STALL_SECONDS, TopicReader

WINDOW = 1000
"""Offsets looked at from the end first; the topic has one key, so the newest record is among the last ones."""
WIDEN = 50


def offsets_topic(group: str, connector: str) -> str:
    """The stream's own offsets topic, one partition: on a shared one, recovery would wait for other streams' open
    transactions."""
    return f"{group}-{connector}-offsets"


def transactional_id(group: str, connector: str, task: int = 0) -> str:
    """Names the stream, not the process, as Kafka Connect's exactly-once sources do."""
    return f"{group}-{connector}-{task}"


def key_for(connector: str, prefix: str) -> bytes:
    """The key of the position record, in Kafka Connect's form."""
    return json.dumps([connector, {"server": prefix}], separators=(",", ":"), ensure_ascii=False).encode()


class PositionStore:
    """Positions in one offsets topic."""

    def __init__(self, kafka: Mapping[str, str], topic: str, *, stall_seconds: float = STALL_SECONDS) -> None:
        self._kafka = kafka
        self._topic = topic
        self._stall_seconds = stall_seconds

    def read(self, key: bytes) -> bytes | None:
        """The newest committed record of this key, None when there is none.

        Reads up to the high watermark of this moment: a position behind another producer's open transaction is waited
        for, and KafkaUnreachable raised when that does not end. TopicInvalid when the topic does not exist.
        """
        with TopicReader(self._kafka, self._topic, stall_seconds=self._stall_seconds) as reader:
            ends, beginnings = reader.ends(), reader.beginnings()
            window = WINDOW
            while True:
                starts = {p: max(beginnings[p], end - window) for p, end in ends.items()}
                reader.seek(starts)
                found: bytes | None = None
                for record in reader.read_to(ends):
                    if record.key == key:
                        found = record.value
                if found is not None or starts == beginnings:
                    return found
                window *= WIDEN

    def write(self, key: bytes, position: bytes, *, transactional_id: str) -> None:
        """Set the position while the stream is stopped; an owner that runs after all is fenced and stops."""
        publisher = TransactionalPublisher(
            self._kafka, transactional_id=transactional_id, offsets_topic=self._topic, offsets_key=key
        )
        with publisher:
            publisher.commit(position)
