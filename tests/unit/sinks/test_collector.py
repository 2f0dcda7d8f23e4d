"""How messages become batches: limits, chunks, heartbeats, DDL."""

from connector.model.message import CopyCompleted, DdlStatement, StreamMessage
from sinks.collector import BatchLimits, Collector, OnDdl, Rollback
from sinks.protocol import Batch, Durable, State
from tests.unit.sinks.streams import chunked, copy, heartbeat, insert, message

START = Durable(offset=100, seq=7, position="start", state=State.RUNNING)
A, B, C = insert((1, "a")), insert((2, "b")), insert((3, "c"))


def collector(durable: Durable = START, limits: BatchLimits | None = None, on_ddl: OnDdl = OnDdl.IGNORE) -> Collector:
    return Collector(durable, limits or BatchLimits(), on_ddl)


def feed(into: Collector, *messages: StreamMessage, first_offset: int = 100, size: int = 10) -> list[Batch | Rollback]:
    return [step for offset, each in enumerate(messages, first_offset) for step in into.add(offset, size, each)]


def seqs(batch: Batch | Rollback | None) -> list[int]:
    assert isinstance(batch, Batch)
    return [each.seq for each in batch.messages]


def test_whole_transactions_share_a_batch_until_nothing_more_is_there() -> None:
    into = collector()
    assert feed(into, message(8, A), message(9, B), message(10, C)) == []
    batch = into.flush()
    assert batch is not None
    assert seqs(batch) == [8, 9, 10]
    assert batch.complete
    assert (batch.progress.offset, batch.progress.seq) == (103, 10)
    assert batch.progress.position == message(10).position
    assert batch.progress.commit_ts_us == message(10).commit_ts_us
    assert into.flush() is None


def test_the_number_of_transactions_is_limited() -> None:
    into = collector(limits=BatchLimits(transactions=2))
    (batch,) = feed(into, message(8, A), message(9, B), message(10, C))
    assert seqs(batch) == [8, 9]
    assert seqs(into.flush()) == [10]


def test_bytes_are_limited() -> None:
    into = collector(limits=BatchLimits(bytes=20))
    (batch,) = feed(into, message(8, A), message(9, B), message(10, C))
    assert seqs(batch) == [8, 9]


def test_a_chunked_transaction_has_a_target_transaction_of_its_own() -> None:
    into = collector()
    (before,) = feed(into, message(8, A), *chunked(9, [A, B, C])[:2])
    assert seqs(before) == [8]
    assert isinstance(before, Batch)
    assert before.progress.offset == 101
    parts = into.flush()
    assert parts is not None
    assert seqs(parts) == [9, 9]
    assert not parts.complete
    (rest,) = feed(into, chunked(9, [A, B, C])[2], first_offset=103)
    assert isinstance(rest, Batch)
    assert seqs(rest) == [9]
    assert rest.complete
    assert (rest.progress.offset, rest.progress.seq) == (104, 9)
    feed(into, message(10, A), first_offset=104)
    assert seqs(into.flush()) == [10]


def test_parts_are_handed_out_by_size_so_that_memory_stays_constant() -> None:
    into = collector(limits=BatchLimits(bytes=20))
    steps = feed(into, *chunked(8, [A] * 5))
    assert [isinstance(step, Batch) and step.complete for step in steps] == [False, False, True]
    assert [len(seqs(step)) for step in steps] == [2, 2, 1]


def test_a_transaction_sent_again_from_its_start_rolls_back_what_was_handed_out() -> None:
    into = collector()
    parts = chunked(8, [A, B])
    feed(into, parts[0])
    into.flush()
    steps = feed(into, parts[0], parts[1], first_offset=101)
    assert isinstance(steps[0], Rollback)
    assert isinstance(steps[1], Batch)
    assert [each.part for each in steps[1].messages] == [0, 1]
    assert steps[1].complete


def test_nothing_to_roll_back_when_no_part_was_handed_out() -> None:
    into = collector()
    parts = chunked(8, [A, B])
    (batch,) = feed(into, parts[0], parts[0], parts[1])
    assert isinstance(batch, Batch)
    assert [each.part for each in batch.messages] == [0, 1]


def test_heartbeats_move_position_and_offset_only_when_asked() -> None:
    into = collector()
    assert feed(into, heartbeat(7, "later")) == []
    assert into.flush() is None
    idle = into.idle()
    assert idle is not None
    assert idle.messages == ()
    assert (idle.progress.offset, idle.progress.seq, idle.progress.position) == (101, 7, "later")
    assert into.idle() is None


def test_a_heartbeat_behind_a_transaction_belongs_to_its_batch() -> None:
    into = collector()
    feed(into, message(8, A), heartbeat(8, "later"))
    batch = into.flush()
    assert batch is not None
    assert (batch.progress.offset, batch.progress.position) == (102, "later")
    assert into.idle() is None


def test_a_heartbeat_inside_a_chunked_transaction_moves_nothing() -> None:
    into = collector()
    feed(into, chunked(8, [A, B])[0], heartbeat(7, "later"))
    batch = into.flush()
    assert batch is not None
    assert batch.progress == START
    assert into.idle() is None


def test_what_was_applied_before_is_skipped_but_read_only_once() -> None:
    into = collector()
    assert feed(into, message(6, A), message(7, B)) == []
    assert into.flush() is None
    idle = into.idle()
    assert idle is not None
    assert (idle.progress.offset, idle.progress.seq, idle.progress.position) == (102, 7, "start")


def test_states_follow_the_messages() -> None:
    into = collector(Durable())
    feed(into, message(1, copy((1, "a"))))
    first = into.flush()
    assert first is not None
    assert first.progress.state is State.COPYING
    feed(into, message(2, A))
    second = into.flush()
    assert second is not None
    assert second.progress.state is State.COPYING
    feed(into, message(3, CopyCompleted()))
    third = into.flush()
    assert third is not None
    assert third.progress.state is State.RUNNING


def test_a_stream_without_copy_phase_is_running_with_its_first_transaction() -> None:
    into = collector(Durable())
    feed(into, message(1, A))
    batch = into.flush()
    assert batch is not None
    assert batch.progress.state is State.RUNNING


def test_ddl_is_passed_over() -> None:
    into = collector()
    ddl = DdlStatement("alter table item add x int", "shop", ("item",))
    assert feed(into, message(8, A), message(9, ddl), message(10, B)) == []
    assert seqs(into.flush()) == [8, 9, 10]


def test_ddl_stops_the_stream_behind_it() -> None:
    into = collector(on_ddl=OnDdl.STOP)
    ddl = DdlStatement("alter table item add x int", "shop", ("item",))
    (batch,) = feed(into, message(8, A), message(9, ddl))
    assert isinstance(batch, Batch)
    assert seqs(batch) == [8, 9]
    assert batch.stopped == "Stopped at DDL alter table item add x int"
    assert batch.progress.state is State.STOPPED
    assert (batch.progress.seq, batch.progress.offset) == (9, 102)
