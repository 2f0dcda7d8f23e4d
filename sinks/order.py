"""The order of a stream partition: what to apply, what was applied before, what is missing. Pure; for the collector.

Rules (docs/architecture.md, "Stream topics"), by the message's seq and part against the last applied seq:

    heartbeat       repeats the applied seq           HEARTBEAT   (a higher one means lost messages: SequenceGap)
    seq <= applied                                    SKIP
    seq = applied+1 part = the next one               APPLY
                    part 0 of a transaction begun     RESTART     (the source sends it again from its start)
                    part seen before, same crc        SKIP        (sent twice: the source resumed inside of it)
    anything else                                     SequenceGap

A sink that takes up in the middle (applied None) begins with the first whole transaction or heartbeat it sees.

A Kafka client that repeats a commit late can make half a Kafka transaction visible (KIP-890): skipping by seq is what
keeps a sink exact then, so no sink may do without these rules.
"""

from enum import Enum, auto

from connector.model.errors import SequenceGap
from connector.model.message import Heartbeat, StreamMessage


class Verdict(Enum):
    """What to do with a message."""

    APPLY = auto()
    SKIP = auto()
    HEARTBEAT = auto()
    RESTART = auto()


class StreamOrder:
    """Follows one partition from the last applied seq on."""

    def __init__(self, applied: int | None) -> None:
        self._applied = applied
        self._parts: list[int] = []  # crc32 of each part of the transaction that is not complete yet

    @property
    def applied(self) -> int | None:
        """seq of the last complete transaction."""
        return self._applied

    @property
    def inside(self) -> bool:
        """Whether parts of a transaction were accepted whose last part has not come yet."""
        return bool(self._parts)

    def judge(self, message: StreamMessage) -> Verdict:
        """The verdict on the next message of the partition; counts it as applied when that is APPLY or RESTART."""
        heartbeat = isinstance(message.body, Heartbeat)
        if self._applied is None:
            if not heartbeat and message.part > 0:
                return Verdict.SKIP
            self._applied = message.seq if heartbeat else message.seq - 1
        if heartbeat:
            if message.seq > self._applied + self.inside:
                raise self._gap(message)
            return Verdict.HEARTBEAT if message.seq == self._applied and not self.inside else Verdict.SKIP
        if message.seq <= self._applied:
            return Verdict.SKIP
        if message.seq > self._applied + 1:
            raise self._gap(message)
        verdict = Verdict.APPLY
        if message.part == 0 and self.inside:
            self._parts.clear()
            verdict = Verdict.RESTART
        elif message.part < len(self._parts) and self._parts[message.part] == message.crc32:
            return Verdict.SKIP
        elif message.part != len(self._parts):
            raise self._gap(message)
        if message.last:
            self._parts.clear()
            self._applied = message.seq
        else:
            self._parts.append(message.crc32)
        return verdict

    def _gap(self, message: StreamMessage) -> SequenceGap:
        return SequenceGap(
            "the stream does not go on where it was left",
            expected_seq=(self._applied or 0) + 1,
            expected_part=len(self._parts) or None,
            seq=message.seq,
            part=message.part or None,
            position=message.position,
        )
