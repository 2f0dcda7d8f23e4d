"""The table of rules in sinks.order, row by row."""

from dataclasses import replace

import pytest

from connector.model.errors import SequenceGap
from connector.model.message import StreamMessage
from sinks.order import StreamOrder, Verdict
from tests.unit.sinks.streams import chunked, heartbeat, insert, message

PARTS = chunked(8, [insert((1, "a")), insert((2, "b")), insert((3, "c"))])


def inside(parts: int) -> StreamOrder:
    order = StreamOrder(7)
    for part in PARTS[:parts]:
        order.judge(part)
    return order


@pytest.mark.parametrize(
    ("begun", "next_message", "verdict"),
    [
        (0, message(8), Verdict.APPLY),
        (0, message(7), Verdict.SKIP),
        (0, message(1), Verdict.SKIP),
        (0, heartbeat(7), Verdict.HEARTBEAT),
        (0, heartbeat(6), Verdict.SKIP),
        (0, PARTS[0], Verdict.APPLY),
        (1, PARTS[1], Verdict.APPLY),
        (2, PARTS[2], Verdict.APPLY),
        (1, PARTS[0], Verdict.RESTART),
        (2, PARTS[0], Verdict.RESTART),
        (2, PARTS[1], Verdict.SKIP),  # sent twice by a source that resumed inside the transaction
        (2, heartbeat(7), Verdict.SKIP),
        (2, heartbeat(8), Verdict.SKIP),
        (1, message(7), Verdict.SKIP),
    ],
)
def test_verdicts(begun: int, next_message: StreamMessage, verdict: Verdict) -> None:
    assert inside(begun).judge(next_message) is verdict


@pytest.mark.parametrize(
    ("begun", "next_message"),
    [
        (0, message(9)),
        (0, heartbeat(8)),
        (0, PARTS[1]),
        (1, PARTS[2]),
        (1, message(9)),
        (2, replace(PARTS[1], crc32=PARTS[1].crc32 ^ 1)),  # a part with other rows than the one that was applied
        (1, heartbeat(9)),
    ],
)
def test_gaps(begun: int, next_message: StreamMessage) -> None:
    with pytest.raises(SequenceGap) as raised:
        inside(begun).judge(next_message)
    assert raised.value.context["expected_seq"] == 8
    assert raised.value.context["seq"] == next_message.seq


def test_a_complete_transaction_counts_as_applied_only_with_its_last_part() -> None:
    order = inside(2)
    assert (order.applied, order.inside) == (7, True)
    order.judge(PARTS[2])
    assert (order.applied, order.inside) == (8, False)
    assert order.judge(PARTS[2]) is Verdict.SKIP


def test_a_sink_without_memory_takes_up_at_the_first_whole_transaction() -> None:
    order = StreamOrder(None)
    assert order.judge(PARTS[1]) is Verdict.SKIP
    assert order.judge(PARTS[2]) is Verdict.SKIP
    assert order.judge(message(9)) is Verdict.APPLY
    with pytest.raises(SequenceGap):
        order.judge(message(11))


def test_a_sink_without_memory_takes_up_at_a_heartbeat() -> None:
    order = StreamOrder(None)
    assert order.judge(heartbeat(12)) is Verdict.HEARTBEAT
    assert order.judge(message(13)) is Verdict.APPLY
