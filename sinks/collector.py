"""Cuts the messages of one partition into batches, one target transaction each. Pure; used by the runner.

Whole source transactions are collected until a limit or until nothing more has arrived. A chunked transaction never
shares a target transaction with others: what is before it is cut off, its parts follow one another as incomplete
batches so that memory stays constant, and the part marked last completes it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from connector.model.message import Copy, CopyCompleted, DdlStatement, StreamMessage, Transaction
from sinks.order import StreamOrder, Verdict
from sinks.protocol import Batch, Durable, State


class OnDdl(StrEnum):
    """What a sink does about a DDL statement of the source (setting `on_ddl`)."""

    IGNORE = "IGNORE"
    STOP = "STOP"


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """The most that one target transaction collects; a single larger source transaction still is one."""

    transactions: int = 2_000
    bytes: int = 4 * 1024 * 1024  # of Kafka record values


@dataclass(frozen=True, slots=True)
class Rollback:
    """The open target transaction must be dropped: the source sends the transaction again from its start."""


class Collector:
    """Holds what has been read and not been cut into a batch yet."""

    def __init__(self, durable: Durable, limits: BatchLimits, on_ddl: OnDdl) -> None:
        self._order = StreamOrder(durable.seq)
        self._limits = limits
        self._on_ddl = on_ddl
        self._progress = durable
        self._pending: list[StreamMessage] = []
        self._pending_bytes = 0
        self._handed_out = False  # an incomplete batch has been cut
        self._moved = False  # progress went on without a message to apply

    @property
    def inside(self) -> bool:
        """Whether a chunked transaction is open."""
        return self._order.inside

    def add(self, offset: int, size: int, message: StreamMessage) -> Iterator[Batch | Rollback]:
        """Take the next message of the partition; yields what must be applied now. SequenceGap."""
        match self._order.judge(message):
            case Verdict.SKIP:
                if not self._order.inside and not self._pending:
                    self._move(replace(self._progress, offset=offset + 1))
                return
            case Verdict.HEARTBEAT:
                self._move(replace(self._progress, offset=offset + 1, position=message.position))
                return
            case Verdict.RESTART:
                self._pending.clear()
                self._pending_bytes = 0
                if self._handed_out:
                    self._handed_out = False
                    yield Rollback()
            case Verdict.APPLY if message.part == 0 and not message.last and self._pending:
                yield self._cut(complete=True)
        self._pending.append(message)
        self._pending_bytes += size
        if message.last:
            self._progress = self._after(message, offset)
            yield from self._cut_after_last(message)
        elif self._pending_bytes >= self._limits.bytes:
            yield self._cut(complete=False)

    def flush(self) -> Batch | None:
        """Everything collected, because nothing more is there to wait for."""
        return self._cut(complete=not self._order.inside) if self._pending else None

    def idle(self) -> Batch | None:
        """Progress without messages (heartbeats, messages applied before), if there is some to save."""
        if not self._moved or self._pending or self._order.inside:
            return None
        return self._cut(complete=True)

    def _move(self, progress: Durable) -> None:
        self._progress = progress
        self._moved = True

    def _after(self, message: StreamMessage, offset: int) -> Durable:
        state = self._progress.state
        match message.body:
            case Copy():
                state = State.COPYING
            case CopyCompleted():
                state = State.RUNNING
            case Transaction() if state is State.INIT:
                state = State.RUNNING
        return Durable(
            offset=offset + 1,
            seq=message.seq,
            position=message.position,
            state=state,
            commit_ts_us=message.commit_ts_us or self._progress.commit_ts_us,
        )

    def _cut_after_last(self, message: StreamMessage) -> Iterator[Batch]:
        if isinstance(message.body, DdlStatement) and self._on_ddl is OnDdl.STOP:
            self._progress = replace(self._progress, state=State.STOPPED)
            yield self._cut(complete=True, stopped=f"Stopped at DDL {message.body.sql}")
            return
        full = len(self._pending) >= self._limits.transactions or self._pending_bytes >= self._limits.bytes
        if full or message.part > 0:
            yield self._cut(complete=True)

    def _cut(self, *, complete: bool, stopped: str = "") -> Batch:
        batch = Batch(tuple(self._pending), self._progress, complete, stopped)
        self._pending.clear()
        self._pending_bytes = 0
        self._handed_out = not complete
        if complete:
            self._moved = False
        return batch
