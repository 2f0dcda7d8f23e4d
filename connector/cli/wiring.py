"""Builds running things from settings: the only place that knows both. Called by `run`, `check`, `status`.

A unit is what one process works on: a source connector, or one (stream, shard) of a sink.
"""

import logging
import os
import socket
import sys
import threading
from dataclasses import dataclass
from importlib.metadata import version
from typing import Protocol

from connector.cli import failures
from connector.cli.validate import rule_set
from connector.config import ConsoleSinkSettings, Resolver, Settings, SinkSettings, SourceSettings
from connector.encode.envelope import EnvelopeOptions
from connector.kafka.registry import open_registry
from connector.kafka.status import Status, StatusStore
from connector.model.errors import KafkaAccessDenied, KafkaUnreachable, RowcastError, StreamFenced, UsageError
from connector.model.keyrange import KeyRange
from connector.model.telemetry import Telemetry
from connector.stream.options import SourceOptions
from connector.stream.supervision import supervise
from connector.stream.task import SourceTask
from connector.transcode.choose import choose
from connector.worker.metrics import telemetry_for
from sinks.collector import BatchLimits, OnDdl
from sinks.console import ConsoleSink
from sinks.consumer import PartitionConsumer
from sinks.messages import MessageDecoder
from sinks.mysql.applier import MySqlSink
from sinks.mysql.streams import StreamIdentity
from sinks.protocol import Sink
from sinks.runner import SinkRunner

_log = logging.getLogger("rowcast.run")


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of a file. `id` names it on the command line of a child process."""

    connector: str
    is_source: bool
    stream: str = ""
    shard: str = ""
    partition: int = 0

    @property
    def id(self) -> str:
        """Unique in the file."""
        return "/".join(filter(None, (self.connector, self.stream, self.shard)))  # a console has no shards


class Work(Protocol):
    """A unit that can be run; `stop` and `drain` may be called from other threads and from signal handlers."""

    def run(self) -> None:
        """Until done; raises the error that ended it."""

    def stop(self) -> None:
        """Commit what is complete and return."""

    def drain(self) -> None:
        """Go on to the end as it is now, then return."""


def units(settings: Settings, only: str | None = None) -> list[Unit]:
    """The units of a file, sources first."""
    if only is not None and only not in settings.connectors:
        raise UsageError(f"the file has no connector {only!r}", hint=f"It has: {', '.join(settings.connectors)}.")
    chosen = {name: it for name, it in settings.connectors.items() if only in (None, name)}
    if not chosen:
        raise UsageError("the file has no connectors", hint="Add a table [connectors.<name>].")
    found = [Unit(name, is_source=True) for name, it in chosen.items() if isinstance(it, SourceSettings)]
    for name, it in chosen.items():
        if isinstance(it, SinkSettings):
            for stream in it.streams:
                found += [
                    Unit(name, is_source=False, stream=stream, shard=_shard_name(it, index), partition=index)
                    for index in range(len(it.ranges))
                ]
        elif isinstance(it, ConsoleSinkSettings):
            found += [Unit(name, is_source=False, stream=stream) for stream in it.streams]
    return found


def work_for(settings: Settings, unit: Unit, *, until_caught_up: bool) -> Work:
    """What runs a unit in this process."""
    connector = settings.connectors[unit.connector]
    telemetry = telemetry_for(unit.connector, "source" if unit.is_source else "sink", unit.shard)
    if isinstance(connector, SourceSettings):
        options = source_options(settings, unit.connector, until_caught_up=until_caught_up)
        return _SourceWork(options, telemetry)
    return _SinkWork(settings, unit, connector, telemetry, until_caught_up=until_caught_up)


def source_options(settings: Settings, name: str, *, until_caught_up: bool = False) -> SourceOptions:
    """A source connector's options, with every reference resolved."""
    connector = settings.connectors[name]
    if not isinstance(connector, SourceSettings):
        raise UsageError(f"{name} is not a source")
    resolver = Resolver()
    source = connector.resolved(resolver)
    envelope = None
    if source.topic_mode != "stream":
        envelope = EnvelopeOptions(
            prefix=source.topic_prefix,
            key_format=source.key_format,
            value_format=source.value_format,
            tombstones_on_delete=source.tombstones_on_delete,
            connector_version=version("rowcast"),
        )
    return SourceOptions(
        connector=name,
        group=settings.group_id,
        address=source.address(resolver),
        server_id=source.server_id(settings.group_id, name),
        keyspace=source.keyspace or "",
        rules=rule_set(settings, name),
        kafka=settings.kafka.properties(resolver),
        registry_url=resolver.text(settings.schema_registry_url),
        topic_prefix=source.topic_prefix,
        stream_topic=None if source.topic_mode == "table" else source.stream_topic,
        partitions=len(source.shards),
        envelope=envelope,
        table_partitions=source.topic_creation_default_partitions,
        replication_factor=source.topic_creation_default_replication_factor,
        snapshot="initial" if source.snapshot_mode == "initial" else "no_data",
        heartbeat_ms=source.heartbeat_interval_ms,
        chunk_bytes=source.stream_chunk_bytes,
        tx_chunk_rows=source.tx_chunk_rows,
        commit_max_rows=source.commit_max_rows,
        commit_max_bytes=source.commit_max_bytes,
        commit_max_ms=source.commit_max_ms,
        commit_min_ms=source.commit_min_interval_ms,
        until_caught_up=until_caught_up,
        transcoder=choose(os.environ, version("rowcast")),
    )


class _SourceWork:
    """A source task under supervision."""

    def __init__(self, options: SourceOptions, telemetry: Telemetry) -> None:
        self._options = options
        self._telemetry = telemetry
        self._stop = threading.Event()

    def run(self) -> None:
        """See `Work`."""

        def attempt() -> SourceTask:
            return SourceTask(self._options, self._telemetry, self._stop, lambda: self._record("RUNNING"))

        try:
            supervise(attempt, self._stop, self._telemetry)
        except (StreamFenced, KafkaUnreachable, KafkaAccessDenied):
            raise  # the record is the new owner's now, or there is nowhere to write it
        except RowcastError as error:
            self._telemetry.state("error")
            self._record("FAILED", failures.lines(error))
            raise
        self._record("STOPPED")

    def _record(self, state: str, trace: str | None = None) -> None:
        """The status record; without Kafka there is none, and the stream's own error says why."""
        status = Status(state, trace, f"{socket.gethostname()}:{os.getpid()}", 0)
        try:
            StatusStore(self._options.kafka, self._options.group).write(self._options.connector, status)
        except RowcastError as error:
            _log.warning("the status could not be stored: %s: %s", error.code, error)

    def stop(self) -> None:
        """See `Work`."""
        self._stop.set()

    def drain(self) -> None:
        """A source drains by itself (`until_caught_up`)."""


class _SinkWork:
    """A sink runner on one partition."""

    def __init__(
        self,
        settings: Settings,
        unit: Unit,
        connector: SinkSettings | ConsoleSinkSettings,
        telemetry: Telemetry,
        *,
        until_caught_up: bool,
    ) -> None:
        resolver = Resolver()
        kafka = settings.kafka.properties(resolver)
        registry = open_registry(resolver.text(settings.schema_registry_url), kafka)
        decoder = MessageDecoder(registry.schema)
        self._reader = PartitionConsumer(kafka, unit.stream, unit.partition)
        self._until_caught_up = until_caught_up
        sink: Sink
        if isinstance(connector, SinkSettings):
            address, database = list(connector.targets(resolver).values())[unit.partition]
            identity = StreamIdentity(connector.workflow or unit.connector, database, unit.stream, unit.partition)
            sink = MySqlSink(address, identity, decoder, core=choose(os.environ, version("rowcast")).core)
            limits = BatchLimits(connector.batch_max_transactions, connector.batch_max_bytes)
            on_ddl = OnDdl(connector.on_ddl)
        else:
            start = None if connector.from_beginning else self._reader.high_watermark()
            sink = ConsoleSink(sys.stdout, decoder, start_offset=start)
            limits, on_ddl = BatchLimits(), OnDdl.IGNORE
        self._runner = SinkRunner(sink, self._reader, decoder, on_ddl=on_ddl, limits=limits, telemetry=telemetry)

    def run(self) -> None:
        """See `Work`."""
        if self._until_caught_up:
            self.drain()
        self._runner.run()

    def stop(self) -> None:
        """See `Work`."""
        self._runner.stop()

    def drain(self) -> None:
        """See `Work`."""
        self._runner.drain_to(self._reader.high_watermark())


def _shard_name(sink: SinkSettings, index: int) -> str:
    """The shard as the file writes it."""
    wanted = sink.ranges[index]
    return next(text for text in sink.shards if KeyRange.parse(text) == wanted)
