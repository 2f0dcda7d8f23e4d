"""When a source task commits: at borders only, at once when idle, by size and time under load, and on the beat.

The publisher and the transcoder are stand-ins that count; everything that needs a server is tested on real ones in
tests/integration/stream.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from connector.model.errors import KafkaTransactionAborted
from connector.model.events import TableMap
from connector.model.gtid import GtidSet
from connector.model.position import Checkpoint
from connector.model.record import ChunkBorder, Committed, Ddl, Item, NeedPlan, Record, Records
from connector.model.telemetry import NoTelemetry
from connector.mysql.address import ServerAddress
from connector.rules.rule import Rule
from connector.rules.ruleset import RuleSet
from connector.rules.vschema import VSchema
from connector.stream import task as module
from connector.stream.options import SourceOptions
from connector.stream.task import SourceTask

UUID = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
RECORD = Record("t", 0, None, b"value")


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


class Publisher:
    """Counts what it is given."""

    def __init__(self) -> None:
        self.needs_resync = False
        self.pending_bytes = 0
        self.commits: list[tuple[int, Checkpoint]] = []  # records, checkpoint
        self._records = 0

    def produce(self, records: Sequence[Record]) -> None:
        self._records += len(records)
        self.pending_bytes += sum(len(record.value or b"") for record in records)

    def commit(self, checkpoint: bytes) -> None:
        self.commits.append((self._records, Checkpoint.from_json(checkpoint)))
        self._records = self.pending_bytes = 0


@dataclass
class Transcoder:
    """As much of a transcoder as the policy looks at."""

    in_transaction: bool = False
    checkpoint: Checkpoint = field(default_factory=lambda: at(0))

    def heartbeat(self) -> tuple[Record, ...]:
        return (RECORD,)


def at(number: int) -> Checkpoint:
    """The checkpoint after transaction `number`."""
    return Checkpoint(f"MySQL56/{UUID}:1-{number + 1}", gtid=f"{UUID}:{number + 1}", seq=number)


def records(count: int = 1, rows: int = 1) -> Records:
    return Records((RECORD,) * count, rows, 5 * count)


def committed(number: int) -> Committed:
    return Committed(at(number), 1)


@dataclass
class Bench:
    """A task without servers."""

    task: SourceTask
    clock: Clock
    publisher: Publisher
    stop: threading.Event
    transcoder: Transcoder = field(default_factory=Transcoder)

    def deliver(self, *items: Item, idle: bool = False) -> bool:
        for item in items:
            if isinstance(item, Committed | Ddl):
                self.transcoder.checkpoint = item.checkpoint
        return self.task._deliver(list(items), idle=idle)

    def settled(self, *, idle: bool = True, stop_at: GtidSet | None = None) -> bool:
        return self.task._settled(self.transcoder, stop_at, idle=idle)  # type: ignore[arg-type]  # a stand-in

    @property
    def commits(self) -> list[int]:
        """The transactions after which a commit was made."""
        return [checkpoint.seq for _, checkpoint in self.publisher.commits]


def options(**changed: int) -> SourceOptions:
    limits = {"commit_max_rows": 100, "commit_max_bytes": 1000, "commit_max_ms": 200, "commit_min_ms": 0}
    settings: Mapping[str, int] = {"heartbeat_ms": 10_000, **limits, **changed}
    return SourceOptions(
        connector="c",
        group="g",
        address=ServerAddress("nowhere", 1, "u", ""),
        server_id=1,
        keyspace="shop",
        rules=RuleSet([Rule("/.*/")], keyspace="shop", vschema=VSchema()),
        kafka={},
        registry_url="",
        **settings,  # type: ignore[arg-type]  # all of them are numbers
    )


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> "Make":
    """Makes benches."""
    return Make(monkeypatch)


class Make:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = Clock()
        monkeypatch.setattr(module, "time", self.clock)
        monkeypatch.setattr(module, "Topics", lambda _: None)
        monkeypatch.setattr(module, "open_registry", lambda *_: None)

    def __call__(self, **changed: int) -> Bench:
        stop = threading.Event()
        task = SourceTask(options(**changed), NoTelemetry(), stop)
        publisher = Publisher()
        task._publisher = publisher  # type: ignore[assignment]  # a stand-in
        task._beat = self.clock.now
        return Bench(task, self.clock, publisher, stop)


# ---- at borders --------------------------------------------------------------------------------------------------
def test_idle_commits_at_once(make: Make) -> None:
    bench = make()
    bench.deliver(records(2), committed(1), idle=True)
    assert bench.publisher.commits == [(2, at(1))]


def test_under_load_transactions_come_together(make: Make) -> None:
    bench = make()
    bench.deliver(records(), committed(1), records(), committed(2))
    assert bench.commits == []
    bench.deliver(records(), committed(3), idle=True)
    assert bench.publisher.commits == [(3, at(3))]


def test_idle_is_for_the_last_item(make: Make) -> None:
    bench = make()
    bench.deliver(records(), committed(1), records(), committed(2), idle=True)
    assert bench.commits == [2]


def test_never_inside_a_transaction(make: Make) -> None:
    bench = make()
    bench.deliver(records(500, rows=500), idle=True)
    bench.clock.now += 60
    bench.transcoder.in_transaction = True
    assert not bench.settled()
    assert bench.commits == []
    bench.transcoder.in_transaction = False
    bench.deliver(committed(1))
    assert bench.commits == [1]


@pytest.mark.parametrize(
    ("count", "rows", "seconds", "due"),
    [
        (1, 99, 0.0, False),
        (1, 100, 0.0, True),
        (199, 1, 0.0, False),
        (200, 1, 0.0, True),
        (1, 1, 0.19, False),
        (1, 1, 0.2, True),
    ],
)
def test_limits(make: Make, count: int, rows: int, seconds: float, due: bool) -> None:
    bench = make()
    bench.deliver(records(count, rows))
    bench.clock.now += seconds
    bench.deliver(committed(1))
    assert bench.commits == ([1] if due else [])


def test_limits_count_from_the_last_commit(make: Make) -> None:
    bench = make()
    bench.deliver(records(1, 100), committed(1))
    bench.deliver(records(1, 99), committed(2))
    assert bench.commits == [1]
    bench.deliver(records(1, 1), committed(3))
    assert bench.commits == [1, 3]


def test_rows_for_nobody_wait_for_the_beat(make: Make) -> None:
    bench = make()
    bench.deliver(committed(1), idle=True)
    bench.settled()
    bench.clock.now += 9.9
    bench.settled()
    assert bench.commits == []
    bench.clock.now += 0.1
    assert not bench.settled(idle=False)
    assert bench.publisher.commits == [(1, at(1))], "the heartbeat, with the position"


def test_a_ddl_is_a_border(make: Make) -> None:
    bench = make()
    bench.deliver(Ddl("alter table t", "shop", (RECORD,), at(1)), idle=True)
    assert bench.publisher.commits == [(1, at(1))]
    bench.deliver(Ddl("alter table other.t", "other", (), at(2)), idle=True)
    assert bench.commits == [1], "nothing in it for anybody: it waits for the beat"


def test_plans_in_between_are_no_border(make: Make) -> None:
    bench = make()
    table_map = TableMap(1, "shop", "t", (), None)
    bench.deliver(records(), committed(1), NeedPlan(table_map), idle=True)
    assert bench.commits == []
    assert not bench.settled(idle=False)
    assert bench.commits == []
    bench.settled(idle=True)
    assert bench.commits == [1]


# ---- large transactions ------------------------------------------------------------------------------------------
def test_a_chunk_border_always_commits(make: Make) -> None:
    bench = make()
    stopped = bench.deliver(records(), committed(1), records(), ChunkBorder(at(1)), records())
    assert not stopped
    assert bench.publisher.commits == [(2, at(1))]


def test_a_stop_request_is_heard_at_a_chunk_border(make: Make) -> None:
    bench = make()
    bench.stop.set()
    assert bench.deliver(records(), ChunkBorder(at(1)), records(), ChunkBorder(at(2)))
    assert bench.commits == [1], "and what comes after it is left"


def test_a_stop_request_does_not_wait_for_a_silent_source(make: Make) -> None:
    bench = make()
    bench.deliver(records())
    bench.transcoder.in_transaction = True
    bench.stop.set()
    assert not bench.settled(idle=False)
    assert bench.settled(idle=True)
    assert bench.commits == []


# ---- the end -----------------------------------------------------------------------------------------------------
def test_stopping_commits_what_is_complete(make: Make) -> None:
    bench = make()
    bench.deliver(records(), committed(1))
    bench.stop.set()
    assert bench.settled(idle=False)
    assert bench.publisher.commits == [(2, at(1))]


def test_caught_up(make: Make) -> None:
    bench = make()
    goal = GtidSet.parse(f"{UUID}:1-3")
    bench.deliver(records(), committed(1))
    assert not bench.settled(stop_at=goal, idle=False)
    bench.deliver(committed(2))
    assert bench.settled(stop_at=goal, idle=False)
    assert bench.commits == [2]


# ---- the beat ----------------------------------------------------------------------------------------------------
def test_commits_are_beats(make: Make) -> None:
    bench = make()
    bench.clock.now += 9
    bench.deliver(records(), committed(1), idle=True)
    bench.clock.now += 9
    bench.settled()
    assert bench.commits == [1]
    bench.clock.now += 1
    bench.settled()
    assert bench.commits == [1, 1]


def test_shortest_interval(make: Make) -> None:
    bench = make(commit_min_ms=100)
    bench.deliver(records(), committed(1), idle=True)
    bench.settled()
    assert bench.commits == []
    assert bench.task._patience(in_transaction=False) == pytest.approx(0.1)
    bench.clock.now += 0.1
    bench.settled()
    assert bench.commits == [1]


def test_patience(make: Make) -> None:
    bench = make(heartbeat_ms=1000)
    tick = bench.task._patience(in_transaction=False)
    assert 0 < tick <= 0.5
    bench.clock.now += 0.9
    assert bench.task._patience(in_transaction=False) == pytest.approx(0.1)
    bench.clock.now += 5
    assert bench.task._patience(in_transaction=False) == 0
    assert bench.task._patience(in_transaction=True) == tick, "no beat there: waiting for nothing would be a busy loop"
    bench.deliver(records())
    assert bench.task._patience(in_transaction=True) == tick
    bench.deliver(committed(1))
    assert bench.task._patience(in_transaction=False) == 0


def test_a_doubtful_commit_starts_anew(make: Make) -> None:
    bench = make()
    bench.publisher.needs_resync = True
    with pytest.raises(KafkaTransactionAborted):
        bench.deliver(records(), committed(1), idle=True)
    assert bench.commits == [1]
    assert bench.task.progressed
