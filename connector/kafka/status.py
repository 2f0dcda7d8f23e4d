"""Connector states in the group's status topic, in Kafka Connect's format.

Written by `run` and the worker when a connector changes its state; read by `rowcast status` and the REST interface.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import KafkaError, Message

from connector.kafka.clients import Latch, open_producer
from connector.kafka.errors import typed
from connector.kafka.reader import TopicReader
from connector.kafka.topics import Topics, TopicSpec

FLUSH_SECONDS = 10.0
PREFIX = "status-connector-"


@dataclass(frozen=True, slots=True)
class Status:
    """One status record. state: RUNNING, PAUSED, FAILED, STOPPED, ...; trace: the error of a failed connector."""

    state: str
    trace: str | None
    worker_id: str
    generation: int


class StatusStore:
    """The topic `<group>-status`: compacted, the last record of a connector is its state."""

    def __init__(self, kafka: Mapping[str, str], group: str) -> None:
        self._kafka = kafka
        self._topic = f"{group}-status"

    def write(self, connector: str, status: Status) -> None:
        """Store the connector's state; it is acknowledged when this returns. KafkaUnreachable after 10 s."""
        Topics(self._kafka).ensure([TopicSpec(self._topic, 1, compact=True)])
        latch = Latch()
        failed: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failed.append(error)

        body = {
            "state": status.state,
            "trace": status.trace,
            "worker_id": status.worker_id,
            "generation": status.generation,
        }
        # Without idempotence no producer id has to be fetched first, which takes half a second; a record written twice
        # is the same record.
        producer = open_producer(self._kafka, latch, {"enable.idempotence": "false", "linger.ms": "0"})
        value = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        producer.produce(self._topic, value=value, key=PREFIX + connector, partition=0, on_delivery=delivered)
        left = producer.flush(FLUSH_SECONDS)
        latch.check()
        if failed:
            raise typed(failed[0], "the connector's status was not stored", topic=self._topic)
        if left:
            producer.purge()
            raise latch.unreachable(f"the connector's status was not stored in {FLUSH_SECONDS:.0f} s")

    def read(self) -> dict[str, Status]:
        """The last state of every connector; empty when the group has never stored one. Foreign records are passed
        over."""
        if Topics(self._kafka).partitions(self._topic) is None:
            return {}
        found: dict[str, Status] = {}
        with TopicReader(self._kafka, self._topic) as reader:
            for record in reader.read_to(reader.ends()):
                key = (record.key or b"").decode(errors="replace")
                if not key.startswith(PREFIX):
                    continue
                status = _parse(record.value)
                if status is None:
                    found.pop(key.removeprefix(PREFIX), None)
                else:
                    found[key.removeprefix(PREFIX)] = status
        return found


def _parse(value: bytes | None) -> Status | None:
    if value is None:
        return None
    try:
        body = json.loads(value)
        return Status(body["state"], body.get("trace"), body["worker_id"], int(body["generation"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
