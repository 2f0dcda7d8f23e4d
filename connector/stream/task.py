"""One life of a source stream, step by step as docs/architecture.md numbers them.

Called by `stream.supervision`; makes a new publisher, dump and transcoder each time, so that nothing in memory
survives an error: what counts is the position record.
"""

import logging
import threading
import time
from collections.abc import Callable

from connector.encode.heartbeat import heartbeat_key_schema, heartbeat_value_schema
from connector.encode.stream import stream_schema
from connector.kafka.positions import PositionStore, key_for, offsets_topic, transactional_id
from connector.kafka.publisher import TransactionalPublisher
from connector.kafka.registry import open_registry
from connector.kafka.topics import Topics, TopicSpec
from connector.model.errors import DuplicateServerId, KafkaTransactionAborted, SourceConnectionLost
from connector.model.gtid import GtidSet
from connector.model.position import Checkpoint, encode_position, parse_position
from connector.model.record import ChunkBorder, Committed, Ddl, Item, NeedPlan, Records
from connector.model.telemetry import Telemetry
from connector.mysql.connection import connect
from connector.mysql.preflight import check_source, raise_first_error
from connector.mysql.replication import BinlogDump, replica_uuid_of
from connector.mysql.source import SourceStatus, source_status
from connector.rules.serialise import NotNative
from connector.stream.copying import copy_tables
from connector.stream.options import SourceOptions
from connector.stream.planning import TablePlans
from connector.transcode.choose import instead
from connector.transcode.protocol import StreamOutput, TranscodeOptions, Transcoder
from schemas.names import heartbeat_topic, key_subject, record_subject, value_subject

_log = logging.getLogger("rowcast.stream")

_TICK_S = 0.5  # how often an idle stream looks for a stop request
_SNAPSHOT_TRANSACTION_MS = 900_000  # the broker's default upper limit
_STREAM_TRANSACTION_MS = 60_000


def clock_us() -> int:
    """Wall clock, microseconds since the epoch."""
    return time.time_ns() // 1000


class SourceTask:
    """One attempt. `run` returns when asked to stop, or caught up; any error ends it."""

    def __init__(
        self,
        options: SourceOptions,
        telemetry: Telemetry,
        stop: threading.Event,
        on_running: Callable[[], None] = lambda: None,
    ) -> None:
        self._options = options
        self._telemetry = telemetry
        self._stop = stop
        self._on_running = on_running
        self._transcode = options.transcoder
        self._topics = Topics(options.kafka)
        self._registry = open_registry(options.registry_url, options.kafka)
        self._offsets_topic = offsets_topic(options.group, options.connector)
        self._key = key_for(options.connector, options.topic_prefix)
        self._replica_uuid = replica_uuid_of(f"{options.group}:{options.connector}")
        self._publisher: TransactionalPublisher | None = None
        self._committed: Checkpoint | None = None  # what the offsets topic holds, as far as we know
        self._pending: Checkpoint | None = None  # newest border since the last Kafka commit
        self._pending_rows = 0
        self._began = 0.0  # when the open Kafka transaction got its first record
        self._beat = 0.0  # when the position last moved in Kafka
        self.started = False
        self.progressed = False

    # 1. Own the stream. 2. Read the position. 3. Preflight. 4. Dump. 5.-7. Follow.
    def run(self) -> None:
        """See the module."""
        self._telemetry.state("init")
        try:
            status = self._source_status()
            stop_at = status.gtid_executed if self._options.until_caught_up else None
            self._ensure_topics()
            self._open_publisher(_STREAM_TRANSACTION_MS)
            checkpoint = self._stored()
            self._preflight(checkpoint)
            self.started = True
            self._go_on(checkpoint, status.gtid_executed, stop_at)
        except NotNative as why:
            # A table came whose rule only the Python path can run: start anew at the stored position.
            self._transcode = instead(why)
            self._pending, self._pending_rows, self._began = None, 0, 0.0
            self._open_publisher(_STREAM_TRANSACTION_MS)
            self._go_on(self._stored(), status.gtid_executed, stop_at)
        finally:
            if self._publisher:
                self._publisher.close()
            self._registry.close()

    def _go_on(self, checkpoint: Checkpoint | None, executed: GtidSet, stop_at: GtidSet | None) -> None:
        _log.info("%s runs on the %s path: %s", self._options.connector, self._transcode.name, self._transcode.why)
        if checkpoint is None:
            checkpoint = self._first_checkpoint(executed)
        if checkpoint is not None:
            self._follow(checkpoint, stop_at)

    def _source_status(self) -> SourceStatus:
        with connect(self._options.address) as connection:
            return source_status(connection)

    def _ensure_topics(self) -> None:
        options = self._options
        specs = [TopicSpec(self._offsets_topic, 1, compact=True)]
        if options.stream_topic:
            specs.append(TopicSpec(options.stream_topic, options.partitions, compact=False))
        if options.envelope:
            specs.append(TopicSpec(heartbeat_topic(options.topic_prefix), 1, compact=False))
        self._topics.ensure(specs)

    def _open_publisher(self, timeout_ms: int) -> TransactionalPublisher:
        """Initialising the transactional id fences a dead or frozen owner: only then may the position be read."""
        if self._publisher:
            self._publisher.close()
        self._publisher = TransactionalPublisher(
            self._options.kafka,
            transactional_id=transactional_id(self._options.group, self._options.connector),
            transaction_timeout_ms=timeout_ms,
            offsets_topic=self._offsets_topic,
            offsets_key=self._key,
        )
        self._publisher.open()
        return self._publisher

    def _stored(self) -> Checkpoint | None:
        raw = PositionStore(self._options.kafka, self._offsets_topic).read(self._key)
        return None if raw is None else Checkpoint.from_json(raw)

    def _preflight(self, checkpoint: Checkpoint | None) -> None:
        options = self._options
        exact = options.rules.exact_tables()
        for database in options.databases():
            findings = check_source(
                options.address,
                database=database,
                position=None if checkpoint is None else parse_position(checkpoint.position),
                needs_snapshot=checkpoint is None and options.snapshot == "initial",
                server_id=options.server_id,
                tables=[table for named, table in exact if named == database],
                replica_uuid=self._replica_uuid,
            )
            raise_first_error(findings)

    def _first_checkpoint(self, executed: GtidSet) -> Checkpoint | None:
        """No position yet: copy the tables, or start at the source's present end. None: asked to stop before."""
        options = self._options
        if options.snapshot == "initial":
            publisher = self._open_publisher(_SNAPSHOT_TRANSACTION_MS)
            # Whoever opened the stream between our two openings may have copied and gone on: only the record counts.
            if self._stored() is None:
                self._on_running()
                copy_tables(options, self._plans(), publisher, self._transcoder, self._telemetry, self._stop.is_set)
            self._open_publisher(_STREAM_TRANSACTION_MS)
            return self._stored()
        checkpoint = Checkpoint(position=encode_position(executed))
        assert self._publisher is not None
        self._publisher.commit(checkpoint.to_json())
        return checkpoint

    def _plans(self) -> TablePlans:
        return TablePlans(self._options, self._registry, self._topics)

    def _transcoder(self, start: Checkpoint) -> Transcoder:
        options, registry = self._options, self._registry
        stream = None
        if options.stream_topic:
            schema_id = registry.register(
                record_subject(options.stream_topic, "rowcast.stream.Message"), stream_schema()
            )
            stream = StreamOutput(options.stream_topic, options.partitions, schema_id, options.chunk_bytes)
        output = TranscodeOptions(
            keyspace=options.keyspace,
            stream=stream,
            envelope=options.envelope,
            heartbeat_ids=self._heartbeat_ids(),
            tx_chunk_rows=options.tx_chunk_rows,
            tx_chunk_bytes=options.tx_chunk_bytes,
        )
        return self._transcode.transcoder(output, start, clock_us)

    def _heartbeat_ids(self) -> tuple[int | None, int | None]:
        envelope = self._options.envelope
        key_id = value_id = None
        topic = heartbeat_topic(self._options.topic_prefix)
        if envelope and envelope.key_format == "avro":
            key_id = self._registry.register(key_subject(topic), heartbeat_key_schema())
        if envelope and envelope.value_format == "avro":
            value_id = self._registry.register(value_subject(topic), heartbeat_value_schema())
        return key_id, value_id

    # ---- following the binlog ----------------------------------------------------------------------------------------
    def _follow(self, start: Checkpoint, stop_at: GtidSet | None) -> None:
        options = self._options
        plans = self._plans()
        transcoder = self._transcoder(start)
        dump = BinlogDump(
            options.address,
            server_id=options.server_id,
            gtids=parse_position(start.position),
            heartbeat_s=max(1.0, options.heartbeat_ms / 2000),
            replica_uuid=self._replica_uuid,
        )
        self._committed = start
        try:
            dump.open()
            self._telemetry.state("running")
            self._on_running()
            self._beat = time.monotonic()
            _log.info("following %s from %s", options.connector, start.position)
            while True:
                chunk = b""
                if not transcoder.more:
                    chunk = dump.read(self._patience(in_transaction=transcoder.in_transaction))
                items = transcoder.feed(chunk)
                while True:
                    if any(isinstance(item, Ddl) for item in items):
                        plans.forget()
                    if self._deliver(items, idle=not (dump.buffered or transcoder.more)):
                        return
                    if not items or not isinstance(items[-1], NeedPlan):
                        break
                    transcoder.provide(plans.answer(items[-1].table_map))
                    items = transcoder.feed(b"")
                if self._settled(transcoder, stop_at, idle=not (chunk or transcoder.more)):
                    return
        except (DuplicateServerId, SourceConnectionLost):
            self._assert_owner()
            raise
        finally:
            dump.close()
            self._telemetry.state("stopped")

    def _assert_owner(self) -> None:
        """A successor's dump ends ours: then the broker refuses us too, and StreamFenced is the error to raise.

        Without this a process that lost its stream would take a lost connection for one and fence its successor.
        """
        assert self._publisher is not None
        assert self._committed is not None
        self._publisher.abort()
        self._publisher.commit(self._committed.to_json())

    def _deliver(self, items: list[Item], *, idle: bool) -> bool:
        """Produce records at once; commit only at borders, when nothing else is waiting or enough has come together.

        True: asked to stop, and the stream is at a border inside a large transaction, where it may end.
        """
        publisher = self._publisher
        assert publisher is not None
        last = len(items) - 1
        for index, item in enumerate(items):
            match item:
                case Records() | Ddl():
                    if item.records and not self._began:
                        self._began = time.monotonic()
                    publisher.produce(item.records)
                    if isinstance(item, Ddl):
                        self._border(item.checkpoint, 0)
                    else:
                        self._pending_rows += item.rows
                        self._telemetry.rows(item.rows)
                        self._telemetry.bytes(item.bytes)
                case Committed():
                    self._telemetry.transactions(item.transactions)
                    self._border(item.checkpoint, item.rows)
                case ChunkBorder():
                    self._border(item.checkpoint, 0)
                    self._commit()
                    if self._stop.is_set():
                        return True
                case _:
                    continue
            if self._pending and isinstance(item, Committed | Ddl) and self._due(idle=idle and index == last):
                self._commit()
        return False

    def _border(self, checkpoint: Checkpoint, rows: int) -> None:
        self._pending = checkpoint
        if rows:
            self._telemetry.lag(max(0.0, time.time() - checkpoint.ts_ms / 1000))

    def _due(self, *, idle: bool) -> bool:
        """Whether the open Kafka transaction ends at this border; without records the position waits for a beat."""
        publisher = self._publisher
        assert publisher is not None
        if not self._began:
            return False
        return (
            (idle and self._interval_left() == 0)
            or self._pending_rows >= self._options.commit_max_rows
            or publisher.pending_bytes >= self._options.commit_max_bytes
            or (time.monotonic() - self._began) * 1000 >= self._options.commit_max_ms
        )

    def _commit(self) -> None:
        publisher, checkpoint = self._publisher, self._pending
        assert publisher is not None
        assert checkpoint is not None
        publisher.commit(checkpoint.to_json())
        self._pending, self._pending_rows, self._began = None, 0, 0.0
        self._beat = time.monotonic()
        self._committed = checkpoint
        self.progressed = True
        self._telemetry.position(checkpoint.position, checkpoint.seq)
        if publisher.needs_resync:
            raise KafkaTransactionAborted(
                "a commit had to be repeated; starting anew guards against its late duplicate"
            )

    def _settled(self, transcoder: Transcoder, stop_at: GtidSet | None, *, idle: bool) -> bool:
        """Heartbeat when it is time; true when the stream may end here."""
        if transcoder.in_transaction:
            # Nothing of it is committed, so it may be left: the next owner reads it again.
            return idle and self._stop.is_set()
        caught_up = stop_at is not None and parse_position(transcoder.checkpoint.position).contains(stop_at)
        ending = self._stop.is_set() or caught_up
        if ending or (time.monotonic() - self._beat) * 1000 >= self._options.heartbeat_ms:
            assert self._publisher is not None
            self._publisher.produce(transcoder.heartbeat())
            self._pending = transcoder.checkpoint
            self._commit()
            if idle:
                self._telemetry.lag(0.0)
        elif idle and self._pending and self._began and self._interval_left() == 0:
            self._commit()
        return ending

    def _patience(self, *, in_transaction: bool) -> float:
        """Seconds that reading may wait; inside a transaction there is nothing to do but to read on."""
        if in_transaction:
            return _TICK_S
        left = self._options.heartbeat_ms / 1000 - (time.monotonic() - self._beat)
        if self._began:
            left = min(left, self._interval_left())
        return max(0.0, min(_TICK_S, left))

    def _interval_left(self) -> float:
        """Seconds until commit.min.interval.ms allows the next commit."""
        return max(0.0, self._beat + self._options.commit_min_ms / 1000 - time.monotonic())
