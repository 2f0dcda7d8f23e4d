"""Source streams on the session's servers: a task that runs in a thread, and what it left in Kafka."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from connector.encode.envelope import EnvelopeOptions
from connector.kafka.positions import PositionStore, key_for, offsets_topic
from connector.kafka.reader import Consumed, TopicReader
from connector.kafka.registry import open_registry
from connector.model.errors import RowcastError
from connector.model.gtid import GtidSet
from connector.model.keyrange import KeyRange, parse_shards
from connector.model.message import Copy, Heartbeat, StreamMessage, Transaction
from connector.model.position import Checkpoint, parse_position
from connector.model.table import Row
from connector.model.telemetry import NoTelemetry
from connector.mysql.address import ServerAddress
from connector.rules.rule import Rule
from connector.rules.ruleset import RuleSet
from connector.rules.vschema import VSchema
from connector.stream.options import SourceOptions
from connector.stream.task import SourceTask
from sinks.messages import MessageDecoder
from tools.stack import KafkaCluster, MySqlServer

DEADLINE_S = 60.0


class Watch(NoTelemetry):
    """Telemetry that a test can wait for."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.position_text = ""
        self.states: list[str] = []
        self.commits = 0
        self.sent_rows = 0
        self.lags: list[float] = []
        self.on_rows: Callable[[int], None] = lambda _: None

    def position(self, position: str, seq: int) -> None:
        with self._changed:
            self.position_text = position
            self.commits += 1
            self._changed.notify_all()

    def state(self, state: str) -> None:
        with self._changed:
            self.states.append(state)
            self._changed.notify_all()

    def lag(self, seconds: float) -> None:
        self.lags.append(seconds)

    def rows(self, count: int) -> None:
        self.sent_rows += count
        self.on_rows(self.sent_rows)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Until something that a commit or a new state brings about is true."""
        with self._changed:
            assert self._changed.wait_for(condition, DEADLINE_S), "it did not happen"


class Running:
    """A task in a thread; it ends with `stop`, or with an error."""

    def __init__(self, options: SourceOptions) -> None:
        self.watch = Watch()
        self.error: RowcastError | None = None
        self.stop_requested = threading.Event()
        self.task = SourceTask(options, self.watch, self.stop_requested)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> "Running":
        self._thread.start()
        return self

    def _run(self) -> None:
        try:
            self.task.run()
        except RowcastError as error:
            self.error = error

    def follows(self) -> "Running":
        """Wait until it owns the stream and reads the binlog: the snapshot is behind it."""
        self.watch.wait(lambda: not self._thread.is_alive() or "running" in self.watch.states)
        assert self._thread.is_alive(), self.error
        return self

    def reaches(self, executed: GtidSet) -> None:
        """Wait until the stored position has all of this."""
        self.watch.wait(
            lambda: not self._thread.is_alive() or parse_position(self.watch.position_text).contains(executed)
        )
        assert self._thread.is_alive(), self.error

    def beats(self, count: int) -> None:
        """Wait for some more commits."""
        goal = self.watch.commits + count
        self.watch.wait(lambda: self.watch.commits >= goal)

    def ends(self) -> RowcastError | None:
        """Wait for the end; the error it ended with."""
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive(), "the task does not end"
        return self.error

    def stop(self) -> None:
        """Ask it to stop; no error must come of it."""
        self.stop_requested.set()
        if (error := self.ends()) is not None:
            raise error


@dataclass
class Stream:
    """One source connector of a test: its options, and what is in its topics."""

    source: MySqlServer
    database: str
    options: SourceOptions
    started: list[Running] = field(default_factory=list)

    def sql(self, statements: str) -> GtidSet:
        """Run statements at the source; what it has executed afterwards."""
        self.source.execute(statements, self.database)
        return self.executed()

    def executed(self) -> GtidSet:
        return GtidSet.parse(self.source.query("SELECT @@gtid_executed")[0][0])

    def start(self, **changed: Any) -> Running:
        """A task that follows until it is stopped."""
        running = Running(replace(self.options, **changed))
        self.started.append(running)
        return running.start()

    def catch_up(self, **changed: Any) -> Running:
        """A task that runs until it has everything."""
        running = self.start(until_caught_up=True, **changed)
        if (error := running.ends()) is not None:
            raise error
        return running

    def stored(self) -> Checkpoint | None:
        """The position record."""
        options = self.options
        store = PositionStore(options.kafka, offsets_topic(options.group, options.connector))
        raw = store.read(key_for(options.connector, options.topic_prefix))
        return None if raw is None else Checkpoint.from_json(raw)

    def read(self, topic: str) -> list[Consumed]:
        """All committed records of a topic, by partition and offset."""
        with TopicReader(self.options.kafka, topic, stall_seconds=20) as reader:
            found = list(reader.read_to(reader.ends()))
        return sorted(found, key=lambda record: (record.partition, record.offset))

    def messages(self, *, heartbeats: bool = False) -> list[list[StreamMessage]]:
        """The stream topic's messages by partition, checked against the rules for every reader."""
        assert self.options.stream_topic
        found: list[list[StreamMessage]] = [[] for _ in range(self.options.partitions)]
        decoder = self.decoder()
        for record in self.read(self.options.stream_topic):
            assert record.value is not None
            found[record.partition].append(decoder.stream(record.value))
        for messages in found:
            assert_in_order(messages)
        return [[m for m in messages if heartbeats or not isinstance(m.body, Heartbeat)] for messages in found]

    def decoder(self) -> MessageDecoder:
        """With a registry of its own, as another process has it."""
        return MessageDecoder(open_registry(self.options.registry_url, self.options.kafka).schema)

    def changes(self) -> list[list[tuple[str, Row | None, Row | None]]]:
        """(table, before, after) of everything in the stream topic, by partition; copied rows as inserts."""
        decoder = self.decoder()
        found: list[list[tuple[str, Row | None, Row | None]]] = []
        for messages in self.messages():
            rows: list[tuple[str, Row | None, Row | None]] = []
            for message in messages:
                match message.body:
                    case Copy(table, images):
                        name = decoder.table(table).name
                        rows += ((name, None, decoder.row(table, image)) for image in images)
                    case Transaction(changes):
                        for change in changes:
                            before, after = (
                                None if image is None else decoder.row(change.table, image)
                                for image in (change.before, change.after)
                            )
                            rows.append((decoder.table(change.table).name, before, after))
            found.append(rows)
        return found


def assert_in_order(messages: list[StreamMessage]) -> None:
    """Without heartbeats: seq from 1 without gaps, parts from 0 to the last; heartbeats repeat the last seq."""
    seq = 0
    bodies = []
    for message in messages:
        if isinstance(message.body, Heartbeat):
            assert message.seq == seq
            continue
        bodies.append(message)
        seq = message.seq if message.last else seq
    expected = 1
    for message in bodies:
        assert message.seq == expected
        expected += message.last
    for before, message in pairwise(bodies):
        assert message.part == (0 if before.last else before.part + 1)


def source_address(server: MySqlServer) -> ServerAddress:
    """Where a task finds a server."""
    return ServerAddress(server.host, server.port, server.user, server.password)


SHARDS = parse_shards("-80,80-")


def rule_set(
    rules: list[Rule], database: str, vindexes: tuple[str, ...] = ("t",), shards: tuple[KeyRange, ...] = SHARDS
) -> RuleSet:
    """Rules for tables that are sharded by the hash of their id."""
    vschema = VSchema.of({table: {"column": "id", "type": "hash"} for table in vindexes})
    return RuleSet(rules, keyspace=database, vschema=vschema, shards=shards)


MakeStream = Callable[..., Stream]


@pytest.fixture
def make_stream(
    kafka: KafkaCluster,
    mysql_source: MySqlServer,
    fresh_database: Callable[[MySqlServer], str],
    unique_name: Callable[[str], str],
    tmp_path: Path,
) -> Iterator[MakeStream]:
    """Makes streams: `make_stream([Rule("/./")], server=…, mode="both")`, and what SourceOptions has."""
    made: list[Stream] = []

    def make(
        rules: list[Rule] | None = None,
        *,
        server: MySqlServer = mysql_source,
        mode: str = "both",
        vindexes: tuple[str, ...] = ("t",),
        **options: Any,
    ) -> Stream:
        database = fresh_database(server)
        name = unique_name("stream")
        ranges = SHARDS if mode != "table" else ()
        settings = SourceOptions(
            connector=name,
            group="test",
            address=source_address(server),
            server_id=900_000 + len(made) + hash(name) % 1_000_000,
            keyspace=database,
            rules=rule_set(rules or [Rule("/./")], database, vindexes, ranges),
            kafka={"bootstrap.servers": kafka.bootstrap},
            registry_url=f"file://{tmp_path}/{name}.jsonl",
            topic_prefix=name,
            stream_topic=f"{name}.{database}.0" if mode != "table" else None,
            partitions=max(1, len(ranges)),
            envelope=EnvelopeOptions(name, "json", "json") if mode != "stream" else None,
            heartbeat_ms=1000,
        )
        made.append(Stream(server, database, replace(settings, **options)))
        return made[-1]

    yield make
    for stream in made:
        for running in stream.started:
            running.stop_requested.set()
            running.ends()
