"""What every sink keeps to, whatever it writes to (sinks.protocol)."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest

from connector.model.errors import TargetFailed
from connector.model.message import StreamMessage
from sinks.console import ConsoleSink
from sinks.protocol import Batch, Durable, Sink, State
from tests.integration.sinks.conftest import NewSink
from tests.unit.sinks.streams import ITEM, PickleDecoder, insert, message

STREAM = [message(seq, insert((seq, "x"))) for seq in range(1, 8)]


@pytest.fixture(params=["mysql", "console"])
def sink(request: pytest.FixtureRequest) -> Sink:
    if request.param == "console":
        return ConsoleSink(io.StringIO(), PickleDecoder(ITEM))
    new_sink: NewSink = request.getfixturevalue("new_sink")
    return new_sink()


def progress(newest: StreamMessage) -> Durable:
    return Durable(newest.seq * 10, newest.seq, newest.position, State.RUNNING, newest.commit_ts_us)


def test_starts_without_an_offset(sink: Sink) -> None:
    assert sink.open().offset is None


def test_opens_where_the_last_complete_batch_ended(sink: Sink) -> None:
    sink.open()
    sink.apply(Batch(STREAM[:2], progress(STREAM[1])))
    sink.apply(Batch(STREAM[2:3], progress(STREAM[2])))
    assert sink.open() == progress(STREAM[2])


def test_an_incomplete_batch_moves_nothing(sink: Sink) -> None:
    sink.open()
    sink.apply(Batch(STREAM[:1], progress(STREAM[0])))
    sink.apply(Batch((replace(STREAM[1], last=False),), progress(STREAM[0]), complete=False))
    assert sink.open() == progress(STREAM[0])


def test_an_incomplete_batch_counts_with_the_one_that_completes_it(sink: Sink) -> None:
    sink.open()
    sink.apply(Batch((replace(STREAM[0], last=False),), Durable(), complete=False))
    sink.apply(Batch((replace(STREAM[1], seq=1, part=1),), progress(STREAM[0])))
    assert sink.open() == progress(STREAM[0])


def test_goes_on_after_a_rollback(sink: Sink) -> None:
    sink.open()
    part = Batch((replace(STREAM[0], last=False),), Durable(), complete=False)
    sink.apply(part)
    sink.rollback()
    sink.rollback()
    sink.apply(part)
    sink.apply(Batch((replace(STREAM[1], seq=1, part=1),), progress(STREAM[0])))
    assert sink.open() == progress(STREAM[0])


def test_saves_progress_without_messages(sink: Sink) -> None:
    sink.open()
    later = replace(progress(STREAM[3]), position="MySQL56/later")
    sink.apply(Batch((), later))
    assert sink.open() == later


@pytest.mark.parametrize("before", [lambda sink: None, lambda sink: sink.open()], ids=["never opened", "opened"])
def test_can_always_be_failed_and_closed(sink: Sink, before: Callable[[Sink], object]) -> None:
    before(sink)
    sink.rollback()
    sink.fail(TargetFailed("whatever"))
    sink.close()
    sink.close()
