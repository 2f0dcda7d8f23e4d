"""Runs one sink on one partition: consume -> apply -> checkpoint, until stopped, drained or failed.

Made and run (in a thread of its own) by `connector.cli`; `stop` and `drain_to` may be called from other threads.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from connector.model.errors import DdlStopped, Disposition, RowcastError, StreamFenced, TargetConflict
from connector.model.message import Copy, Heartbeat, StreamMessage, Transaction
from connector.model.telemetry import NoTelemetry, Telemetry
from sinks.collector import BatchLimits, Collector, OnDdl, Rollback
from sinks.protocol import Batch, Durable, Sink, State, StreamDecoder

_log = logging.getLogger("rowcast.sink")

FETCH_MESSAGES = 64  # of at most stream.chunk.bytes each, so that what is fetched and not yet collected stays small
FETCH_WAIT_S = 0.2  # also how soon a stop is noticed on an idle stream
IDLE_SAVE_S = 1.0  # heartbeats are written to the target at most this often
FIRST_OPEN_BUDGET_S = 60.0  # an unreachable server at the first start is an error of the configuration
RETRY_FIRST_S = 0.5
CONFLICT_FIRST_S = 0.02  # a deadlock's winner is usually gone by then
RETRY_MOST_S = 5.0


class Delivery(Protocol):
    """One record of the partition."""

    @property
    def offset(self) -> int: ...
    @property
    def value(self) -> bytes: ...


class PartitionReader(Protocol):
    """What the runner needs of Kafka; `sinks.consumer.PartitionConsumer` implements it."""

    def assign(self, offset: int | None) -> None:
        """Read from this offset on, None = from the oldest record. OffsetLost."""

    def fetch(self, limit: int, timeout: float) -> Sequence[Delivery]:
        """What is there, after waiting at most `timeout` seconds for the first one."""

    @property
    def next_offset(self) -> int:
        """Everything below it has been fetched; at the partition's end it is past control records too."""

    def close(self) -> None: ...


class Backoff:
    """Waits between attempts: doubling, with jitter so that many streams do not come back at the same moment."""

    def __init__(self, first_s: float, most_s: float, rng: random.Random) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._rng = rng
        self._next_s = first_s

    def next(self) -> float:
        """Seconds to wait now."""
        delay = self._next_s * self._rng.uniform(0.5, 1.0)
        self._next_s = min(self._most_s, self._next_s * 2)
        return delay

    def reset(self) -> None:
        """After a success."""
        self._next_s = self._first_s


class SinkRunner:
    """One stream partition into one sink."""

    def __init__(
        self,
        sink: Sink,
        reader: PartitionReader,
        decoder: StreamDecoder,
        *,
        on_ddl: OnDdl = OnDdl.IGNORE,
        limits: BatchLimits | None = None,
        until_offset: int | None = None,
        telemetry: Telemetry | None = None,
        clock: Callable[[], float] = time.time,
        first_open_budget_s: float = FIRST_OPEN_BUDGET_S,
        rng: random.Random | None = None,
    ) -> None:
        """`until_offset`: `run` returns once everything below it is durable; `clock` = seconds since the epoch."""
        self._sink = sink
        self._reader = reader
        self._decoder = decoder
        self._on_ddl = on_ddl
        self._limits = limits or BatchLimits()
        self._until = until_offset
        self._telemetry: Telemetry = telemetry or NoTelemetry()
        self._clock = clock
        self._first_open_budget_s = first_open_budget_s
        self._stopping = threading.Event()
        rng = rng or random.Random()
        self._backoff = Backoff(RETRY_FIRST_S, RETRY_MOST_S, rng)
        self._conflicts = Backoff(CONFLICT_FIRST_S, RETRY_MOST_S, rng)
        self._durable = Durable()
        self._opened = False
        self._saved_at = 0.0
        self._uncounted = _Delivered()

    @property
    def durable(self) -> Durable:
        """What has been applied for good, as far as this process knows."""
        return self._durable

    def stop(self) -> None:
        """Ask `run` to commit what it has collected and to return; a chunked transaction half here is rolled back."""
        self._stopping.set()

    def drain_to(self, offset: int) -> None:
        """Ask `run` to return once everything below this offset (an exclusive high watermark) is durable."""
        self._until = offset

    def run(self) -> None:
        """Returns after `stop` or when drained; raises the error that ends the stream."""
        try:
            self._run()
        except RowcastError as error:
            self._telemetry.error(error.code)
            self._telemetry.state(State.STOPPED if isinstance(error, DdlStopped) else State.ERROR)
            self._record(error)
            raise
        finally:
            self._reader.close()
            self._sink.close()
        self._telemetry.state(State.STOPPED)

    def _run(self) -> None:
        started = time.monotonic()
        while not self._stopping.is_set():
            try:
                # 1. Take ownership; the sink's own record says where to go on, never Kafka's group offsets.
                self._durable = self._sink.open()
                self._telemetry.state(self._durable.state)
                # 2. Read from there.
                self._reader.assign(self._durable.offset)
                self._opened = True
                self._follow()
                return
            except RowcastError as error:
                if error.disposition not in (Disposition.RETRY, Disposition.RESYNC):
                    raise
                if not self._opened and time.monotonic() - started > self._first_open_budget_s:
                    raise
                self._telemetry.error(error.code)
                self._again(error, self._backoff)

    def _follow(self) -> None:
        """Steps 3 to 6 until stopped or drained."""
        collector = self._collector()
        while True:
            try:
                # 3. Collect whole source transactions: as many as are there, within limits.
                fetched = self._reader.fetch(FETCH_MESSAGES, FETCH_WAIT_S)
                # 4. Apply, and 5. commit rows and progress together.
                message = None
                for delivery in fetched:
                    message = self._decoder.stream(delivery.value)
                    for step in collector.add(delivery.offset, len(delivery.value), message):
                        self._apply(step)
                stopping = self._stopping.is_set()
                drained = len(fetched) < FETCH_MESSAGES
                if (drained or stopping) and (batch := collector.flush()):
                    self._apply(batch)
                ending = stopping or (drained and self._reached() and not collector.inside)
                if (ending or time.monotonic() - self._saved_at >= IDLE_SAVE_S) and (batch := collector.idle()):
                    self._apply(batch)
                if drained and message is not None and not collector.inside:
                    self._report_sync(message)
                if ending:
                    self._sink.rollback()
                    return
            except TargetConflict as error:
                # 6. Nothing of the target transaction remains: the same messages again, after the last durable one.
                self._rollback()
                self._again(error, self._conflicts)
                self._reader.assign(self._durable.offset)
                collector = self._collector()

    def _collector(self) -> Collector:
        return Collector(self._durable, self._limits, self._on_ddl)

    def _reached(self) -> bool:
        return self._until is not None and self._reader.next_offset >= self._until

    def _apply(self, step: Batch | Rollback) -> None:
        if isinstance(step, Rollback):
            self._telemetry.retry("transaction sent again")
            self._rollback()
            return
        self._sink.apply(step)
        self._uncounted.add(step)
        if step.complete:
            self._committed(step)

    def _committed(self, batch: Batch) -> None:
        progress = batch.progress
        if progress.state is not self._durable.state:
            self._telemetry.state(progress.state)
        self._durable = progress
        self._saved_at = time.monotonic()
        self._backoff.reset()
        self._conflicts.reset()
        self._uncounted.report(self._telemetry)
        self._telemetry.position(progress.position, progress.seq or 0)
        if batch.messages and progress.commit_ts_us:
            self._telemetry.lag(max(0.0, self._clock() - progress.commit_ts_us / 1e6))
        if batch.stopped:
            raise DdlStopped(batch.stopped, position=progress.position)

    def _report_sync(self, newest: StreamMessage) -> None:
        # A heartbeat says that the source had nothing newer when it was sent, unless it was held back.
        if isinstance(newest.body, Heartbeat) and not newest.body.throttled:
            self._telemetry.lag(max(0.0, self._clock() - newest.sent_ts_us / 1e6))

    def _rollback(self) -> None:
        self._uncounted = _Delivered()
        self._sink.rollback()

    def _again(self, error: RowcastError, backoff: Backoff) -> None:
        delay = backoff.next()
        self._telemetry.retry(error.code)
        _log.warning("%s: %s; again in %.1f s", error.code, error, delay)
        self._stopping.wait(delay)

    def _record(self, error: RowcastError) -> None:
        """Leave the reason where `rowcast status` finds it; the error itself is what matters, also if that fails."""
        if isinstance(error, StreamFenced | DdlStopped):
            return  # the row is another owner's, or says already why it stopped
        try:
            self._sink.fail(error)
        except RowcastError as second:
            error.add_note(f"and the error could not be recorded: {second.code}: {second}")


class _Delivered:
    """Rows of the target transaction in progress: they count once it is committed."""

    def __init__(self) -> None:
        self.rows = 0
        self.bytes = 0
        self.transactions = 0

    def add(self, batch: Batch) -> None:
        for message in batch.messages:
            match message.body:
                case Transaction(changes):
                    self.rows += len(changes)
                    self.bytes += sum(len(change.before or b"") + len(change.after or b"") for change in changes)
                    self.transactions += message.last
                case Copy(rows=rows):
                    self.rows += len(rows)
                    self.bytes += sum(map(len, rows))

    def report(self, telemetry: Telemetry) -> None:
        telemetry.rows(self.rows)
        telemetry.bytes(self.bytes)
        telemetry.transactions(self.transactions)
        self.rows = self.bytes = self.transactions = 0
