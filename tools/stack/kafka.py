"""Kafka clusters for tests: brokers in KRaft mode, each also a controller, started from the jars that
tools.stack.maven fetches.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tools.stack.maven import KafkaJars
from tools.stack.ports import PortLease, accepts
from tools.stack.runs import Run
from tools.stack.servers import ServerProcess
from tools.stack.workspace import StackError, call, exclusive, step

CLUSTER_ID = "cm93Y2FzdC1zdGFjay0wMQ"
"""Any 16 bytes in base64; every cluster here has the same one, they never meet."""
HEAP_MEGABYTES = 512
QUICK_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
"""For processes that live for minutes on a few cores: no optimising compiler, no parallel collector, shared class
data.
"""
INTERNAL_PARTITIONS = 5
METADATA_TIMEOUT_SECONDS = 2.0


@dataclass
class Broker:
    """One broker of ours."""

    node_id: int
    port: int
    process: ServerProcess = field(repr=False)

    @property
    def log(self) -> Path:
        """What the broker printed."""
        return self.process.log

    @property
    def alive(self) -> bool:
        """Whether the process runs now."""
        return self.process.alive

    def stop(self) -> None:
        """A controlled shutdown: leaderships move first."""
        self.process.stop()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()

    def restart(self) -> None:
        """Stop it if it runs, then start it on the same ports and logs; returns once the broker is back in the
        cluster.
        """
        self.process.stop()
        self.process.start()


@dataclass
class KafkaCluster:
    """Brokers to talk to; `brokers` is empty for a cluster that the environment named."""

    bootstrap: str
    brokers: list[Broker] = field(default_factory=list)
    version: str = ""

    @property
    def external(self) -> bool:
        """Whether the environment named it, so that it is not ours to stop."""
        return not self.brokers

    def stop(self) -> None:
        """An orderly end of every broker."""
        for broker in self.brokers:
            broker.stop()


def prepare(jars: KafkaJars, root: Path, brokers: int) -> None:
    """Make the formatted log directories that `build` copies, once for each version and node id."""
    with exclusive(root / "locks" / "kafka-template", "Kafka's first log directories"):
        for node_id in range(1, brokers + 1):
            _format(jars, _template(jars, root, node_id), node_id)


def build(
    jars: KafkaJars, root: Path, run: Run, leases: Sequence[tuple[PortLease, PortLease]], properties: Mapping[str, str]
) -> KafkaCluster:
    """The cluster, not started: one broker for each pair of leased ports (clients, controller)."""
    ports = [(client.port, controller.port) for client, controller in leases]
    voters = ",".join(f"{node_id}@127.0.0.1:{controller}" for node_id, (_, controller) in enumerate(ports, 1))
    cluster = KafkaCluster(",".join(f"127.0.0.1:{client}" for client, _ in ports), version=jars.version)
    for node_id, (client, controller) in enumerate(ports, 1):
        folder = run.directory / f"kafka-{client}"
        folder.mkdir()
        shutil.copytree(_template(jars, root, node_id), folder / "logs")
        settings = {
            **broker_settings(len(ports)),
            "node.id": str(node_id),
            "listeners": f"PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{client}",
            "controller.quorum.voters": voters,
            "log.dirs": str(folder / "logs"),
            **properties,
        }
        _write(folder / "server.properties", settings)
        argv = [
            "java",
            f"-Xmx{HEAP_MEGABYTES}m",
            "-Xms128m",
            # The compression libraries are unpacked there; nothing is to be left outside of the run's folder.
            f"-Djava.io.tmpdir={folder}",
            *QUICK_START,
            "-cp",
            jars.classpath,
            "kafka.Kafka",
            str(folder / "server.properties"),
        ]
        process = ServerProcess(
            f"Kafka broker {node_id}", argv, folder / "kafka.log", run, cwd=folder, answers=_Probe(client)
        )
        cluster.brokers.append(Broker(node_id, client, process))
    return cluster


def broker_settings(brokers: int) -> dict[str, str]:
    """What all brokers of a cluster of this size have in common."""
    replicas = str(min(3, brokers))
    in_sync = "2" if brokers >= 3 else "1"
    return {
        "process.roles": "broker,controller",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "auto.create.topics.enable": "false",
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": replicas,
        "offsets.topic.num.partitions": str(INTERNAL_PARTITIONS),
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": str(INTERNAL_PARTITIONS),
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
        "share.coordinator.state.topic.num.partitions": "1",
        "group.initial.rebalance.delay.ms": "0",
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        "log.cleaner.dedupe.buffer.size": str(16 << 20),
    }


def named(bootstrap: str) -> KafkaCluster:
    """A cluster that the environment names; must be reachable now."""
    cluster = KafkaCluster(bootstrap)
    if not _ports(bootstrap):
        raise StackError(f"ROWCAST_TEST_KAFKA: {bootstrap} does not answer")
    return cluster


@dataclass
class _Probe:
    """Answers true once the broker on the port serves metadata that contains the broker itself."""

    port: int

    def __call__(self) -> bool:
        return accepts(self.port) and self.port in _ports(f"127.0.0.1:{self.port}")


def _ports(bootstrap: str) -> set[int]:
    try:
        metadata = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}).list_topics(
            timeout=METADATA_TIMEOUT_SECONDS
        )
    except KafkaException:
        return set()
    return {broker.port for broker in metadata.brokers.values()}


def _template(jars: KafkaJars, root: Path, node_id: int) -> Path:
    return root / "kafka" / f"template-{jars.version}" / f"node-{node_id}"


def _format(jars: KafkaJars, ready: Path, node_id: int) -> None:
    if ready.is_dir():
        return
    step(f"formatting the log directory of Kafka node {node_id}")
    partial = ready.with_name(ready.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    properties = ready.with_name(ready.name + ".properties")
    # The ports are placeholders: a formatted directory holds only the cluster's id, the node's id and the feature
    # levels.
    settings = {
        **broker_settings(1),
        "node.id": str(node_id),
        "listeners": "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093",
        "controller.quorum.voters": f"{node_id}@127.0.0.1:9093",
        "log.dirs": str(partial),
    }
    _write(properties, settings)
    tool = [
        "java",
        *QUICK_START,
        "-cp",
        jars.classpath,
        "kafka.tools.StorageTool",
        "format",
        "-t",
        CLUSTER_ID,
        "-c",
        str(properties),
    ]
    call(tool, "formatting Kafka's log directory")
    partial.rename(ready)


def _write(path: Path, settings: Mapping[str, str]) -> None:
    path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
