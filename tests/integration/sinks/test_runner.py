"""Kafka to MySQL through the runner, with what can go wrong on the way."""

import io
import json
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from connector.model.errors import DdlStopped, SequenceGap, StreamFenced, TargetFailed
from connector.model.message import DdlStatement, StreamMessage, Transaction
from connector.model.telemetry import NoTelemetry
from sinks.collector import BatchLimits, OnDdl
from sinks.console import ConsoleSink
from sinks.mysql.streams import StreamIdentity
from sinks.protocol import Batch, Sink
from sinks.runner import SinkRunner
from tests.integration.sinks.conftest import NewSink, Target, Topic
from tests.integration.sinks.proxy import LosesAnswers
from tests.unit.sinks.streams import ITEM, PickleDecoder, change, chunked, heartbeat, insert, message

ROOT = Path(__file__).parents[3]


@dataclass
class Retries(NoTelemetry):
    reasons: list[str] = field(default_factory=list)

    def retry(self, reason: str) -> None:
        self.reasons.append(reason)


def drain(sink: Sink, topic: Topic, telemetry: Retries | None = None, **options: object) -> SinkRunner:
    """Run until everything that is in the topic now is durable."""
    reader = topic.reader()
    runner = SinkRunner(
        sink,
        reader,
        PickleDecoder(ITEM),
        until_offset=reader.high_watermark(),
        telemetry=telemetry,
        **options,  # type: ignore[arg-type]
    )
    runner.run()
    return runner


@contextmanager
def running(runner: SinkRunner) -> Iterator["Future[None]"]:
    """The runner in a thread of its own, stopped at the end."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(runner.run)
        try:
            yield done
        finally:
            runner.stop()


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen"


def transactions(first: int, count: int) -> list[StreamMessage]:
    return [message(seq, insert((seq, "x"))) for seq in range(first, first + count)]


def test_a_stream_arrives_once_whatever_is_sent_twice(topic: Topic, target: Target, new_sink: NewSink) -> None:
    stream = transactions(1, 300)
    topic.write(*stream[:200])
    topic.write(*stream[150:], commit=False)
    topic.write(*stream[150:])  # KIP-890: part of a Kafka transaction became visible before it was sent again
    runner = drain(new_sink(), topic)
    assert target.items() == [(seq, "x") for seq in range(1, 301)]
    row = target.stream_row()
    assert (row["seq"], row["pos"]) == (300, stream[-1].position)
    assert row["kafka_offset"] == runner.durable.offset
    topic.write(*transactions(250, 60), heartbeat(309, "MySQL56/idle"))
    drain(new_sink(), topic)
    assert target.items() == [(seq, "x") for seq in range(1, 310)]
    assert target.stream_row()["pos"] == "MySQL56/idle"


def test_a_gap_stops_the_stream(topic: Topic, target: Target, new_sink: NewSink) -> None:
    topic.write(*transactions(1, 5), *transactions(7, 3))
    with pytest.raises(SequenceGap):
        drain(new_sink(), topic)
    row = target.stream_row()
    assert (row["state"], row["seq"]) in [("Error", 5), ("Error", 0)]
    assert row["message"].startswith("SEQUENCE_GAP: ")
    assert len(target.items()) == row["seq"]


def test_a_chunked_transaction_sent_again_from_its_start(topic: Topic, target: Target, new_sink: NewSink) -> None:
    parts = chunked(2, [insert(*[(number * 10 + row, "x") for row in range(10)]) for number in range(1, 6)])
    other = [replace(part, crc32=part.crc32 + 1) for part in parts]  # cut elsewhere
    topic.write(*transactions(1, 1), *parts[:3])
    topic.write(*other, *transactions(3, 1))
    drain(new_sink(), topic, limits=BatchLimits(bytes=1))
    assert len(target.items()) == 52
    assert target.stream_row()["seq"] == 3


def test_an_unfinished_chunked_transaction_shows_nothing(topic: Topic, target: Target, new_sink: NewSink) -> None:
    parts = chunked(2, [insert((10, "x")), insert((11, "x"))])
    topic.write(*transactions(1, 1), parts[0])
    reader = topic.reader()
    runner = SinkRunner(new_sink(), reader, PickleDecoder(ITEM), until_offset=reader.high_watermark())
    with running(runner):
        wait_until(lambda: runner.durable.seq == 1 and reader.next_offset >= 2)
        assert target.items() == [(1, "x")]
    assert target.items() == [(1, "x")]
    topic.write(parts[1])
    drain(new_sink(), topic)
    assert target.items() == [(1, "x"), (10, "x"), (11, "x")]


def test_a_second_process_takes_over(topic: Topic, target: Target, new_sink: NewSink) -> None:
    older = SinkRunner(new_sink(), topic.reader(), PickleDecoder(ITEM))
    newer = SinkRunner(new_sink(), topic.reader(), PickleDecoder(ITEM))
    with running(older) as older_done:
        topic.write(*transactions(1, 10))
        wait_until(lambda: len(target.items()) == 10)
        with running(newer):
            wait_until(lambda: target.stream_row()["epoch"] == 2)
            topic.write(*transactions(11, 10))
            with pytest.raises(StreamFenced):
                older_done.result(30)
            wait_until(lambda: len(target.items()) == 20)
    assert target.stream_row()["state"] == "Running"


def test_an_unknown_outcome_of_a_commit_is_read_from_the_row(topic: Topic, target: Target, new_sink: NewSink) -> None:
    topic.write(*transactions(1, 3))
    telemetry = Retries()
    with LosesAnswers(target.server.host, target.server.port) as proxy:
        address = replace(target.address, host="127.0.0.1", port=proxy.port, ssl_mode="disabled")
        sink = new_sink(address=address)
        sink.open()  # makes the sidecar tables, so that the next COMMIT to be seen is one of rows
        original = sink.apply

        def apply_losing(batch: Batch) -> None:
            if not proxy.lost:
                proxy.lose_answer_to(b"COMMIT")
            original(batch)

        sink.apply = apply_losing  # type: ignore[method-assign]
        drain(sink, topic, telemetry)
    assert proxy.lost == 1
    assert telemetry.reasons == ["TARGET_UNREACHABLE"]
    assert target.items() == [(1, "x"), (2, "x"), (3, "x")]
    assert target.stream_row()["epoch"] == 3


def test_a_lost_answer_to_a_statement_loses_nothing(topic: Topic, target: Target, new_sink: NewSink) -> None:
    topic.write(*transactions(1, 3))
    statement = f"INSERT INTO `{target.database}`.`item` (`id`, `name`) VALUES (1,'x'),(2,'x'),(3,'x')"
    with LosesAnswers(target.server.host, target.server.port) as proxy:
        proxy.lose_answer_to(statement.encode())
        address = replace(target.address, host="127.0.0.1", port=proxy.port, ssl_mode="disabled")
        drain(new_sink(address=address), topic)
    assert proxy.lost == 1
    assert target.items() == [(1, "x"), (2, "x"), (3, "x")]


def test_a_deadlock_with_another_writer_is_retried(topic: Topic, target: Target, new_sink: NewSink) -> None:
    both = Transaction((change((1, "a"), (1, "sink")), change((2, "b"), (2, "sink"))))
    topic.write(message(1, insert((1, "a"), (2, "b"))))
    drain(new_sink(), topic)
    topic.write(message(2, both))
    telemetry = Retries()
    reader = topic.reader()
    runner = SinkRunner(
        new_sink(), reader, PickleDecoder(ITEM), until_offset=reader.high_watermark(), telemetry=telemetry
    )
    with target.deadlocks_with(first_row=2, second_row=1) as deadlock, running(runner) as done:
        deadlock()
        wait_until(lambda: bool(telemetry.reasons))
        done.result(30)
    assert set(telemetry.reasons) == {"TARGET_CONFLICT"}
    assert target.items() == [(1, "sink"), (2, "sink")]


def test_ddl_stops_the_stream_and_the_next_start_goes_on(topic: Topic, target: Target, new_sink: NewSink) -> None:
    ddl = message(2, DdlStatement("alter table item add x int", "shop", ("item",)))
    topic.write(message(1, insert((1, "a"))), ddl, message(3, insert((2, "b"))))
    with pytest.raises(DdlStopped):
        drain(new_sink(), topic, on_ddl=OnDdl.STOP)
    row = target.stream_row()
    assert (row["state"], row["seq"]) == ("Stopped", 2)
    assert row["message"] == "Stopped at DDL alter table item add x int"
    assert target.items() == [(1, "a")]
    drain(new_sink(), topic, on_ddl=OnDdl.STOP)
    assert target.items() == [(1, "a"), (2, "b")]
    assert target.stream_row()["state"] == "Running"


def test_an_error_leaves_the_row_where_it_was_and_says_why(topic: Topic, target: Target, new_sink: NewSink) -> None:
    target.execute("insert into item values (2, 'foreign')")
    topic.write(*transactions(1, 3))
    with pytest.raises(TargetFailed):
        drain(new_sink(), topic)
    row = target.stream_row()
    assert (row["state"], row["seq"], row["kafka_offset"]) == ("Error", 0, None)
    assert "Duplicate entry" in row["message"]
    target.execute("delete from item")
    drain(new_sink(), topic)
    assert len(target.items()) == 3


def test_console_and_mysql_see_the_same_stream(topic: Topic, target: Target, new_sink: NewSink) -> None:
    parts = chunked(3, [insert((30, "p")), insert((31, "p"))])
    update = message(4, Transaction((change((1, "x"), (1, "y")), change((2, "x"), None))))
    topic.write(*transactions(1, 2), *parts, update, *transactions(1, 2))
    out = io.StringIO()
    sinks: list[Sink] = [new_sink(), ConsoleSink(out, PickleDecoder(ITEM))]
    ends = [drain(sink, topic).durable for sink in sinks]
    assert ends[0] == ends[1]
    rows: dict[int, str] = {}
    for line in map(json.loads, out.getvalue().splitlines()):
        if line["before"]:
            del rows[line["before"]["id"]]
        if line["after"]:
            rows[line["after"]["id"]] = line["after"]["name"]
    assert sorted(rows.items()) == target.items()


_LARGE = """
import pickle, sys
from pathlib import Path
from connector.mysql.address import ServerAddress
from sinks.mysql.applier import MySqlSink
from sinks.mysql.streams import StreamIdentity
from sinks.runner import SinkRunner
from sinks.consumer import PartitionConsumer
from tests.unit.sinks.streams import ITEM, PickleDecoder
address, identity, sidecar, bootstrap = pickle.loads(bytes.fromhex(sys.argv[1]))
reader = PartitionConsumer({"bootstrap.servers": bootstrap}, identity.topic, 0)
decoder = PickleDecoder(ITEM)
def peak():
    # Not rusage: that begins with the peak of the process which started this one.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("VmHWM"))
before = peak()
SinkRunner(
    MySqlSink(address, identity, decoder, sidecar=sidecar), reader, decoder, until_offset=reader.high_watermark()
).run()
print(before, peak())
"""


def test_a_large_transaction_needs_little_memory(topic: Topic, target: Target) -> None:
    rows, part_rows = 300_000, 5_000
    parts = chunked(
        1,
        (
            insert(*[(row, f"row {row} " + "x" * 30) for row in range(first, first + part_rows)])
            for first in range(0, rows, part_rows)
        ),
    )
    for first in range(0, len(parts), 10):
        topic.write(*parts[first : first + 10])
    identity = StreamIdentity("split", target.database, topic.name, 0)
    job = pickle.dumps((target.address, identity, target.sidecar, topic.settings["bootstrap.servers"]))
    done = subprocess.run(
        [sys.executable, "-c", _LARGE, job.hex()], cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    before, most = (int(kilobytes) / 1024 for kilobytes in done.stdout.split())
    assert target.query("select count(*), sum(id) from item") == [(rows, rows * (rows - 1) // 2)]
    assert most < 400, f"{most:.0f} MB, {before:.0f} MB before"
