"""Creates the topics a stream needs and verifies those that exist; Kafka's part of `rowcast check`.

Called by the source task before it opens its publisher, by the registry and the status store, and by preflight.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection

# Both are documented exports that the package's type information leaves out.
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic  # type: ignore[attr-defined]

from connector.kafka.clients import Latch, open_admin, open_consumer, open_producer
from connector.kafka.errors import classify, kafka_error, typed
from connector.model.errors import KafkaUnreachable, RowcastError, TopicInvalid
from connector.model.finding import Finding

REQUEST_SECONDS = 30.0
CHECK_SECONDS = 10.0
"""A person waits for preflight; a cluster that needs longer for one answer would not carry a stream."""
LEADER_SECONDS = 30.0
"""How long a new topic may take to get leaders."""
PAUSE_SECONDS = 0.1
LOOK_SECONDS = 0.5
REPLICATION = 3
COMPACT_SEGMENT_BYTES = 64 << 20
"""Kafka never compacts the segment it writes to: with the default of 1 GiB a position topic would hold months."""
NAME_HINT = "Topic names have letters, digits, dot, underscore and hyphen only, 249 at most: change topic.prefix."
SINCE_3_6 = "transaction.partition.verification.enable"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as the stream needs it.

    fixed: an existing topic must have exactly these partitions and be compacted or not as given (stream topics, where a
    partition is a target shard; offsets topics). Otherwise an existing topic is taken as it is (table topics, which
    their users may have made). None = the broker's default.
    """

    name: str
    partitions: int
    compact: bool = False
    retention_ms: int | None = None
    max_message_bytes: int | None = None
    fixed: bool = True


class Topics:
    """Topics of one cluster."""

    def __init__(self, kafka: Mapping[str, str], *, request_seconds: float = REQUEST_SECONDS) -> None:
        self._latch = Latch()
        self._admin: AdminClient = open_admin(kafka, self._latch)
        self._request_seconds = request_seconds

    def ensure(self, specs: Sequence[TopicSpec]) -> None:
        """Create what is missing, with replication factor 3 (fewer on a smaller cluster), and verify the rest.

        Raises TopicInvalid for an existing topic that does not fit, KafkaUnreachable, KafkaAccessDenied, KafkaFailed.
        """
        existing = self._describe([spec.name for spec in specs])
        missing = [spec for spec in specs if spec.name not in existing]
        if missing:
            self._create(missing)
        for spec in specs:
            if spec.fixed and spec.name in existing:
                self._verify(spec, existing[spec.name])

    def partitions(self, topic: str) -> int | None:
        """How many partitions the topic has, None when it does not exist."""
        return self._describe([topic]).get(topic)

    def _describe(self, names: Sequence[str]) -> dict[str, int]:
        """Partition counts of those topics that exist; never creates one, as a metadata request may."""
        if not names:
            return {}
        answers = self._admin.describe_topics(
            TopicCollection(list(dict.fromkeys(names))), request_timeout=self._request_seconds
        )
        found: dict[str, int] = {}
        for name, future in answers.items():
            try:
                found[name] = len(self._answer(future).partitions)
            except KafkaException as raised:
                error = kafka_error(raised)
                if error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise self._typed(error, f"topic {name} could not be looked up") from None
        return found

    def _create(self, specs: Sequence[TopicSpec]) -> None:
        replication = min(REPLICATION, len(self.nodes()))
        new = [
            NewTopic(spec.name, spec.partitions, replication, config=_topic_config(spec, replication)) for spec in specs
        ]
        raced: list[TopicSpec] = []
        for name, future in self._admin.create_topics(new, request_timeout=self._request_seconds).items():
            try:
                self._answer(future)
            except KafkaException as raised:
                error = kafka_error(raised)
                if error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise self._typed(error, f"topic {name} could not be created") from None
                raced += [spec for spec in specs if spec.name == name]
        self._await_leaders(specs)
        existing = self._describe([spec.name for spec in raced])
        for spec in raced:
            if spec.fixed:
                self._verify(spec, existing.get(spec.name, 0))

    def _await_leaders(self, specs: Sequence[TopicSpec]) -> None:
        deadline = time.monotonic() + LEADER_SECONDS
        waiting = {spec.name for spec in specs}
        while True:
            answers = self._admin.describe_topics(
                TopicCollection(sorted(waiting)), request_timeout=self._request_seconds
            )
            for name, future in answers.items():
                try:
                    ready = all(partition.leader is not None for partition in self._answer(future).partitions)
                except KafkaException as raised:
                    error = kafka_error(raised)
                    if error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART and classify(error) is not KafkaUnreachable:
                        raise self._typed(error, f"topic {name} could not be looked up") from None
                    ready = False
                if ready:
                    waiting.discard(name)
            if not waiting:
                return
            if time.monotonic() > deadline:
                raise self._latch.unreachable(
                    f"new topics have no leader after {LEADER_SECONDS:.0f} s", topics=",".join(sorted(waiting))
                )
            self._admin.poll(PAUSE_SECONDS)
            time.sleep(PAUSE_SECONDS)

    def _verify(self, spec: TopicSpec, partitions: int) -> None:
        if partitions != spec.partitions:
            raise TopicInvalid(
                f"topic {spec.name} has {partitions} partitions, the stream needs exactly {spec.partitions}",
                topic=spec.name,
            )
        policy = self.topic_settings(spec.name).get("cleanup.policy", "")
        wanted = "compact" if spec.compact else "delete"
        if policy != wanted:
            loss = "the position would be deleted" if spec.compact else "messages would be lost"
            raise TopicInvalid(
                f"topic {spec.name} has cleanup.policy={policy}, the stream needs {wanted}: {loss}", topic=spec.name
            )

    def topic_settings(self, topic: str) -> dict[str, str]:
        """The topic's settings in force."""
        return self._settings(ConfigResource(ConfigResource.Type.TOPIC, topic), topic)

    def broker_settings(self, node_id: int) -> dict[str, str]:
        """The broker's settings in force."""
        return self._settings(ConfigResource(ConfigResource.Type.BROKER, str(node_id)), f"broker {node_id}")

    def _settings(self, resource: ConfigResource, name: str) -> dict[str, str]:
        (future,) = self._admin.describe_configs([resource], request_timeout=self._request_seconds).values()
        entries = self._result(future, f"the settings of {name} could not be read")
        return {key: entry.value for key, entry in entries.items() if entry.value is not None}

    def nodes(self) -> list[int]:
        """The ids of the brokers that are up."""
        described = self._result(
            self._admin.describe_cluster(request_timeout=self._request_seconds), "the cluster could not be described"
        )
        return [node.id for node in described.nodes]

    def _result(self, future: "Future[Any]", doing: str) -> Any:
        try:
            return self._answer(future)
        except KafkaException as raised:
            raise self._typed(kafka_error(raised), doing) from None

    def _answer(self, future: "Future[Any]") -> Any:
        """The result, or as soon as it is known that a broker refuses our credentials, KafkaAccessDenied."""
        while True:
            try:
                return future.result(timeout=LOOK_SECONDS)
            except TimeoutError:
                self._admin.poll(0)
                self._latch.check()

    def _typed(self, error: KafkaError, doing: str) -> RowcastError:
        self._admin.poll(0)
        self._latch.check()
        if classify(error) is KafkaUnreachable:
            return self._latch.unreachable(f"{doing}: {error.str()}")
        hint = NAME_HINT if error.code() == KafkaError.TOPIC_EXCEPTION else None
        return typed(error, doing, hint=hint)


def check_kafka(kafka: Mapping[str, str], where: str) -> list[Finding]:
    """Preflight: [kafka] is accepted, a broker answers in 10 s, transactions can work. Called by `rowcast check`."""
    try:
        latch = Latch()
        open_producer(kafka, latch, {"transactional.id": "rowcast-preflight", "transaction.timeout.ms": "60000"})
        open_consumer(kafka, latch).close()
        topics = Topics(kafka, request_seconds=CHECK_SECONDS)
        nodes = topics.nodes()
        settings = topics.broker_settings(nodes[0])
    except RowcastError as error:
        return [Finding.of(error, where)]
    findings: list[Finding] = []
    needed = int(settings.get("transaction.state.log.replication.factor", "1"))
    if needed > len(nodes):
        findings.append(
            Finding(
                "KAFKA_FAILED",
                "error",
                f"transactions need {needed} brokers (transaction.state.log.replication.factor), {len(nodes)} are up",
                "Start the other brokers, or lower transaction.state.log.replication.factor on a new cluster.",
                where,
            )
        )
    if settings.get(SINCE_3_6) != "true":
        found = "is off" if SINCE_3_6 in settings else "is missing (broker older than 3.6)"
        findings.append(
            Finding(
                "KAFKA_FAILED",
                "warning",
                f"{SINCE_3_6} {found}: a late duplicate of a commit may show readers of table topics a change twice",
                "Use brokers from 3.6 on and leave the setting on.",
                where,
            )
        )
    return findings


def _topic_config(spec: TopicSpec, replication: int) -> dict[str, str]:
    config = {"cleanup.policy": "compact" if spec.compact else "delete"}
    if spec.compact:
        config["segment.bytes"] = str(COMPACT_SEGMENT_BYTES)
    if spec.retention_ms is not None:
        config["retention.ms"] = str(spec.retention_ms)
    if spec.max_message_bytes is not None:
        config["max.message.bytes"] = str(spec.max_message_bytes)
    if replication >= REPLICATION:
        config["min.insync.replicas"] = "2"
    return config
