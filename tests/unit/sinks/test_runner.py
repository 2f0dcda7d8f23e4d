"""The runner's steps with a sink and a reader in memory: restarts, conflicts, drains, stops, what it reports."""

import pickle
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from connector.model.errors import (
    DdlStopped,
    RowcastError,
    SequenceGap,
    StreamFenced,
    TargetConflict,
    TargetFailed,
    TargetUnreachable,
)
from connector.model.message import DdlStatement, StreamMessage
from connector.model.telemetry import NoTelemetry
from sinks.collector import BatchLimits, OnDdl
from sinks.protocol import Batch, Durable
from sinks.runner import FETCH_MESSAGES, Backoff, SinkRunner
from tests.unit.sinks.streams import ITEM, PickleDecoder, chunked, copy, heartbeat, insert, message


@dataclass
class Delivered:
    offset: int
    value: bytes


class MemoryReader:
    """A partition in memory; `empty` is called whenever everything has been fetched."""

    def __init__(self, messages: Sequence[StreamMessage], empty: Callable[[], None] = lambda: None) -> None:
        self.messages = list(messages)
        self.assigned: list[int | None] = []
        self.closed = False
        self._empty = empty
        self._next = 0

    @property
    def next_offset(self) -> int:
        return self._next

    def assign(self, offset: int | None) -> None:
        self.assigned.append(offset)
        self._next = offset or 0

    def fetch(self, limit: int, timeout: float) -> list[Delivered]:
        batch = self.messages[self._next : self._next + limit]
        found = [Delivered(offset, pickle.dumps(each)) for offset, each in enumerate(batch, self._next)]
        self._next += len(found)
        if not found:
            self._empty()
        return found

    def close(self) -> None:
        self.closed = True


class MemorySink:
    """Applies to lists; `errors` are raised by the next calls of open and apply, one each."""

    def __init__(self, *errors: RowcastError | None) -> None:
        self.durable = Durable()
        self.applied: list[StreamMessage] = []
        self.batches: list[Batch] = []
        self.opened = self.rollbacks = 0
        self.failed: RowcastError | None = None
        self.closed = False
        self._errors = list(errors)
        self._open: list[StreamMessage] = []

    def open(self) -> Durable:
        self._raise()
        self.opened += 1
        self._open.clear()
        return self.durable

    def apply(self, batch: Batch) -> None:
        self._raise()
        self._open += batch.messages
        if batch.complete:
            self.applied += self._open
            self._open = []
            self.durable = batch.progress
            self.batches.append(batch)

    def rollback(self) -> None:
        self.rollbacks += 1
        self._open.clear()

    def fail(self, error: RowcastError) -> None:
        self.failed = error

    def close(self) -> None:
        self.closed = True

    def _raise(self) -> None:
        if self._errors and (error := self._errors.pop(0)):
            raise error


@dataclass
class Recorded(NoTelemetry):
    counted: dict[str, int] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)
    retries: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    positions: list[tuple[str, int]] = field(default_factory=list)

    def rows(self, count: int) -> None:
        self.counted["rows"] = self.counted.get("rows", 0) + count

    def transactions(self, count: int) -> None:
        self.counted["transactions"] = self.counted.get("transactions", 0) + count

    def lag(self, seconds: float) -> None:
        self.lags.append(seconds)

    def position(self, position: str, seq: int) -> None:
        self.positions.append((position, seq))

    def state(self, state: str) -> None:
        self.states.append(str(state))

    def error(self, code: str) -> None:
        self.errors.append(code)

    def retry(self, reason: str) -> None:
        self.retries.append(reason)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backoff, "next", lambda self: 0.0)


def runner(
    sink: MemorySink,
    reader: MemoryReader,
    telemetry: Recorded | None = None,
    *,
    until: int | None = -1,
    on_ddl: OnDdl = OnDdl.IGNORE,
    limits: BatchLimits | None = None,
    budget: float = 60.0,
    now: float = 1_700_000_100.0,
) -> SinkRunner:
    return SinkRunner(
        sink,
        reader,
        PickleDecoder(ITEM),
        on_ddl=on_ddl,
        limits=limits,
        until_offset=len(reader.messages) if until == -1 else until,
        telemetry=telemetry,
        clock=lambda: now,
        first_open_budget_s=budget,
    )


STREAM = [message(seq, insert((seq, "x"))) for seq in range(1, 151)]


def test_everything_is_applied_once_and_in_order() -> None:
    sink, reader, telemetry = MemorySink(), MemoryReader(STREAM), Recorded()
    running = runner(sink, reader, telemetry)
    running.run()
    assert [each.seq for each in sink.applied] == list(range(1, 151))
    assert running.durable == sink.durable
    assert (sink.durable.offset, sink.durable.seq) == (150, 150)
    assert telemetry.counted == {"rows": 150, "transactions": 150}
    assert telemetry.positions[-1] == (STREAM[-1].position, 150)
    assert telemetry.states == ["init", "running", "stopped"]
    assert reader.closed
    assert sink.closed


def test_goes_on_at_the_sinks_own_offset() -> None:
    sink, reader = MemorySink(), MemoryReader(STREAM)
    sink.durable = Durable(offset=100, seq=100, position="p")
    runner(sink, reader).run()
    assert reader.assigned == [100]
    assert [each.seq for each in sink.applied] == list(range(101, 151))


def test_a_conflict_rolls_back_and_applies_the_same_messages() -> None:
    sink = MemorySink(None, TargetConflict("deadlock"), TargetConflict("deadlock"))
    reader, telemetry = MemoryReader(STREAM), Recorded()
    runner(sink, reader, telemetry).run()
    assert [each.seq for each in sink.applied] == list(range(1, 151))
    assert sink.opened == 1
    assert telemetry.retries == ["TARGET_CONFLICT", "TARGET_CONFLICT"]
    assert telemetry.counted["rows"] == 150


def test_a_conflict_inside_a_chunked_transaction_starts_it_again() -> None:
    parts = chunked(1, [insert((number, "x")) for number in range(10)])
    sink = MemorySink(None, None, None, TargetConflict("deadlock"))
    reader, telemetry = MemoryReader(parts), Recorded()
    size = len(pickle.dumps(parts[0]))
    runner(sink, reader, telemetry, limits=BatchLimits(bytes=size * 2)).run()
    assert sink.applied == parts
    assert reader.assigned == [None, None]
    assert telemetry.counted == {"rows": 10, "transactions": 1}


def test_a_lost_target_is_opened_again_and_says_itself_what_is_durable() -> None:
    class CommitsAndLoses(MemorySink):
        def apply(self, batch: Batch) -> None:
            super().apply(batch)
            if len(self.batches) == 1:
                raise TargetUnreachable("the answer to COMMIT is lost")

    sink, reader = CommitsAndLoses(), MemoryReader(STREAM)
    runner(sink, reader, limits=BatchLimits(transactions=50)).run()
    assert sink.opened == 2
    assert reader.assigned == [None, 50]
    assert [each.seq for each in sink.applied] == list(range(1, 151))


def test_an_unreachable_target_is_retried_without_end_after_the_first_start() -> None:
    sink = MemorySink(None, *[TargetUnreachable("gone")] * 30)
    telemetry = Recorded()
    runner(sink, MemoryReader(STREAM), telemetry, budget=0.0).run()
    assert len(sink.applied) == 150
    assert telemetry.errors == ["TARGET_UNREACHABLE"] * 30


def test_an_unreachable_target_at_the_first_start_is_an_error() -> None:
    sink, telemetry = MemorySink(TargetUnreachable("gone")), Recorded()
    with pytest.raises(TargetUnreachable):
        runner(sink, MemoryReader(STREAM), telemetry, budget=0.0).run()
    assert telemetry.states[-1] == "error"
    assert sink.closed


def test_what_a_person_must_repair_ends_the_stream_and_is_recorded() -> None:
    error = TargetFailed("duplicate key")
    sink, telemetry = MemorySink(None, error), Recorded()
    with pytest.raises(TargetFailed):
        runner(sink, MemoryReader(STREAM), telemetry).run()
    assert sink.failed is error
    assert telemetry.errors == ["TARGET_FAILED"]
    assert sink.applied == []


def test_a_fenced_owner_leaves_the_row_alone() -> None:
    sink = MemorySink(None, StreamFenced("somebody else"))
    with pytest.raises(StreamFenced):
        runner(sink, MemoryReader(STREAM)).run()
    assert sink.failed is None


def test_a_failure_to_record_does_not_hide_the_error() -> None:
    class Unrecordable(MemorySink):
        def fail(self, error: RowcastError) -> None:
            raise TargetUnreachable("gone as well")

    with pytest.raises(TargetFailed) as raised:
        runner(Unrecordable(None, TargetFailed("duplicate key")), MemoryReader(STREAM)).run()
    assert "TARGET_UNREACHABLE" in raised.value.__notes__[0]


def test_a_gap_ends_the_stream_with_everything_before_it_applied_or_nothing() -> None:
    sink = MemorySink()
    with pytest.raises(SequenceGap):
        runner(sink, MemoryReader([*STREAM[:5], *STREAM[6:]])).run()
    assert [each.seq for each in sink.applied] in ([], [1, 2, 3, 4, 5])


def test_ddl_stops_after_what_is_before_it_and_the_next_start_goes_on_behind() -> None:
    ddl = message(6, DdlStatement("drop table item", "shop", ("item",)))
    stream = [*STREAM[:5], ddl, *STREAM[6:8]]
    sink, telemetry = MemorySink(), Recorded()
    with pytest.raises(DdlStopped, match="drop table item"):
        runner(sink, MemoryReader(stream), telemetry, on_ddl=OnDdl.STOP).run()
    assert [each.seq for each in sink.applied] == [1, 2, 3, 4, 5, 6]
    assert telemetry.states[-1] == "stopped"
    assert sink.failed is None
    runner(sink, MemoryReader(stream), on_ddl=OnDdl.STOP).run()
    assert [each.seq for each in sink.applied] == list(range(1, 9))


def test_stop_commits_what_is_collected() -> None:
    sink = MemorySink()
    reader = MemoryReader(STREAM, empty=lambda: running.stop())
    running = runner(sink, reader, until=None)
    running.run()
    assert len(sink.applied) == 150


def test_stop_far_behind_commits_what_is_collected() -> None:
    class StopsTheRun(MemoryReader):
        def fetch(self, limit: int, timeout: float) -> list[Delivered]:
            running.stop()
            return super().fetch(limit, timeout)

    sink = MemorySink()
    running = runner(sink, StopsTheRun(STREAM), until=None)
    running.run()
    assert [each.seq for each in sink.applied] == list(range(1, FETCH_MESSAGES + 1))


def test_stop_inside_a_chunked_transaction_rolls_it_back() -> None:
    parts = chunked(2, [insert((1, "x")), insert((2, "x"))])
    sink = MemorySink()
    reader = MemoryReader([STREAM[0], parts[0]], empty=lambda: running.stop())
    running = runner(sink, reader, until=None)
    running.run()
    assert [each.seq for each in sink.applied] == [1]
    assert sink.rollbacks == 1
    assert (sink.durable.offset, sink.durable.seq) == (1, 1)


def test_stop_before_the_first_open_is_no_error() -> None:
    sink = MemorySink()
    running = runner(sink, MemoryReader([]), until=None)
    running.stop()
    running.run()
    assert sink.opened == 0


def test_drain_to_ends_a_run_that_waits() -> None:
    sink = MemorySink()
    reader = MemoryReader(STREAM, empty=lambda: running.drain_to(150))
    running = runner(sink, reader, until=None)
    running.run()
    assert len(sink.applied) == 150


def test_a_drain_saves_the_last_heartbeat() -> None:
    sink = MemorySink()
    runner(sink, MemoryReader([STREAM[0], heartbeat(1, "a"), heartbeat(1, "b")])).run()
    assert (sink.durable.offset, sink.durable.position) == (3, "b")


def test_heartbeats_are_saved_at_most_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def tick() -> float:
        return now

    monkeypatch.setattr("sinks.runner.time.monotonic", tick)

    class OneByOne(MemoryReader):
        def fetch(self, limit: int, timeout: float) -> list[Delivered]:
            nonlocal now
            now += 0.1
            return super().fetch(1, timeout)

    sink = MemorySink()
    beats = [replace(heartbeat(0), position=str(number)) for number in range(50)]
    runner(sink, OneByOne(beats)).run()
    assert 4 <= len(sink.batches) <= 6
    assert sink.durable.position == "49"


def test_lag_is_the_age_of_the_newest_transaction_and_of_a_heartbeat() -> None:
    telemetry = Recorded()
    newest = STREAM[1].commit_ts_us / 1e6
    runner(MemorySink(), MemoryReader(STREAM[:2]), telemetry, now=newest + 3).run()
    assert telemetry.lags == [pytest.approx(3.0)]
    telemetry = Recorded()
    runner(MemorySink(), MemoryReader([heartbeat(0)]), telemetry, now=heartbeat(0).sent_ts_us / 1e6 + 0.25).run()
    assert telemetry.lags == [pytest.approx(0.25)]


def test_copied_rows_are_counted() -> None:
    telemetry = Recorded()
    runner(MemorySink(), MemoryReader([message(1, copy((1, "a"), (2, "b")))]), telemetry).run()
    assert telemetry.counted == {"rows": 2, "transactions": 0}


def test_backoff_doubles_up_to_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    backoff = Backoff(0.5, 5.0, random.Random(1))
    waits = [backoff.next() for _ in range(10)]
    for wait, most in zip(waits, [0.5, 1, 2, 4, 5, 5, 5, 5, 5, 5], strict=True):
        assert most / 2 <= wait <= most
    backoff.reset()
    assert backoff.next() <= 0.5
