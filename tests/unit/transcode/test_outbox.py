"""Messages of stream topics: how transactions are cut, what seq, part and last say."""

import pytest

from connector.encode.stream import stream_schema
from connector.model.errors import ResumeMismatch
from connector.model.events import Gtid
from connector.model.message import Change, Copy, CopyCompleted, DdlStatement, Heartbeat, StreamMessage, Transaction
from connector.model.position import Checkpoint
from connector.model.record import Record
from connector.transcode.outbox import Outbox
from connector.transcode.progress import OpenTransaction
from connector.transcode.protocol import StreamOutput
from sinks.messages import MessageDecoder
from tests.unit.transcode.corpus import NOW_US, STREAM_SCHEMA_ID, TOPIC, assert_stream_rules

BEFORE, AFTER = "MySQL56/before:1", "MySQL56/after:1"
TABLE = 5


def outbox(partitions: int = 2, chunk_bytes: int = 10, seqs: tuple[int, ...] = ()) -> Outbox:
    return Outbox(StreamOutput(TOPIC, partitions, STREAM_SCHEMA_ID, chunk_bytes), seqs, lambda: NOW_US)


def transaction(number: int = 1) -> OpenTransaction:
    return OpenTransaction(Gtid(f"s:{number}", 3, 4, 5_000_000, 0), None, tracked=True)


def taken(box: Outbox, partition: int = 0) -> list[StreamMessage]:
    """What has been finished for one partition since the last look."""
    decoder = MessageDecoder(lambda _: stream_schema())
    return [
        decoder.stream(record.value)
        for record in box.take().records
        if record.partition == partition and record.value is not None
    ]


def sizes(messages: list[StreamMessage]) -> list[list[int]]:
    return [
        [len(change.after or b"") for change in message.body.changes]
        for message in messages
        if isinstance(message.body, Transaction)
    ]


@pytest.mark.parametrize(
    ("rows", "cut"),
    [
        ([3], [[3]]),
        ([5, 5], [[5, 5]]),
        ([5, 6], [[5], [6]]),
        ([4, 4, 4, 4], [[4, 4], [4, 4]]),
        ([50], [[50]]),
        ([1, 50, 1], [[1], [50], [1]]),
        ([10, 10, 1], [[10], [10], [1]]),
        ([0, 0, 11], [[0, 0], [11]]),
    ],
)
def test_messages_are_cut_at_chunk_bytes(rows: list[int], cut: list[list[int]]) -> None:
    box, tx = outbox(), transaction()
    for size in rows:
        box.change(0, TABLE, 0, None, b"x" * size, BEFORE, tx)
    box.end_transaction(AFTER, tx)
    messages = taken(box)
    assert sizes(messages) == cut
    assert [(m.seq, m.part, m.last) for m in messages] == [(1, i, i == len(cut) - 1) for i in range(len(cut))]
    # A part says where the stream was before the transaction: what it belongs to is not complete.
    assert [m.position for m in messages] == [BEFORE] * (len(cut) - 1) + [AFTER]
    assert {(m.gtid, m.commit_parent, m.sequence_number, m.commit_ts_us, m.sent_ts_us) for m in messages} == {
        ("s:1", 3, 4, 5_000_000, NOW_US)
    }


def test_both_images_count() -> None:
    box, tx = outbox(), transaction()
    box.change(0, TABLE, 2, b"1234", b"12345", BEFORE, tx)
    box.change(0, TABLE, 0, b"12", None, BEFORE, tx)
    box.end_transaction(AFTER, tx)
    first, second = taken(box)
    assert first.body == Transaction((Change(TABLE, 2, b"1234", b"12345"),))
    assert second.body == Transaction((Change(TABLE, 0, b"12", None),))


def test_partitions_count_for_themselves() -> None:
    box = outbox()
    for number, partitions in enumerate([(0,), (0, 1), (1,), (), (1,)], 1):
        tx = transaction(number)
        for partition in partitions:
            box.change(partition, TABLE, 0, None, b"x", BEFORE, tx)
        box.end_transaction(AFTER, tx)
    assert box.seqs == (2, 3)
    decoder = MessageDecoder(lambda _: stream_schema())
    found: list[list[StreamMessage]] = [[], []]
    for record in box.take().records:
        assert record.key is None
        assert record.value is not None
        found[record.partition].append(decoder.stream(record.value))
    assert [[message.gtid for message in messages] for messages in found] == [["s:1", "s:2"], ["s:2", "s:3", "s:5"]]
    for messages in found:
        assert_stream_rules(messages)


def test_goes_on_from_the_stored_counters() -> None:
    box, tx = outbox(seqs=(7, 9)), transaction()
    box.change(1, TABLE, 0, None, b"x", BEFORE, tx)
    box.end_transaction(AFTER, tx)
    assert box.seqs == (7, 10)
    [message] = taken(box, 1)
    assert message.seq == 10


def test_parts_at_a_border() -> None:
    """A border hands out everything; the transaction ends with a message even when no row follows it."""
    box, tx = outbox(), transaction()
    box.change(0, TABLE, 0, None, b"x", BEFORE, tx)
    box.flush_parts(BEFORE, tx)
    assert box.parts == (1, 0)
    assert box.seqs == (0, 0)
    box.flush_parts(BEFORE, tx)
    assert box.parts == (1, 0), "nothing to send, no part"
    box.end_transaction(AFTER, tx)
    assert [(m.seq, m.part, m.last, len(_changes(m))) for m in taken(box)] == [(1, 0, False, 1), (1, 1, True, 0)]
    assert (box.parts, box.seqs) == ((0, 0), (1, 0))


def _changes(message: StreamMessage) -> tuple[Change, ...]:
    assert isinstance(message.body, Transaction)
    return message.body.changes


def test_resumed_parts_go_on() -> None:
    box, tx = outbox(seqs=(4, 4)), transaction()
    box.resume((2, 0))
    box.change(0, TABLE, 0, None, b"x", BEFORE, tx)
    box.end_transaction(AFTER, tx)
    assert [(m.seq, m.part, m.last) for m in taken(box)] == [(5, 2, True)]
    assert box.seqs == (5, 4)


def test_a_resumed_ddl_keeps_the_open_parts() -> None:
    """CREATE TABLE ... SELECT: the statement has a seq of its own, the parts that were sent belong to the next one."""
    box, tx = outbox(seqs=(4, 4)), transaction()
    box.resume((2, 0))
    box.skip_ddl()
    box.change(0, TABLE, 0, None, b"x", BEFORE, tx)
    box.end_transaction(AFTER, tx)
    assert [(m.seq, m.part, m.last) for m in taken(box)] == [(6, 2, True)]
    assert box.seqs == (6, 5)


def test_ddl_is_for_everybody() -> None:
    box = outbox()
    box.ddl("ALTER TABLE t ...", "shop", ("t",), AFTER, transaction())
    assert box.seqs == (1, 1)
    [message] = taken(box, 1)
    assert message.body == DdlStatement("ALTER TABLE t ...", "shop", ("t",))
    assert (message.seq, message.part, message.last, message.position, message.gtid) == (1, 0, True, AFTER, "s:1")


def test_heartbeats_repeat_seq() -> None:
    box = outbox(seqs=(3, 0))
    for _ in range(2):
        box.heartbeat(Checkpoint(AFTER, gtid="s:9", ts_ms=1234))
    records = box.take().records
    assert [record.partition for record in records] == [0, 1, 0, 1]
    decoder = MessageDecoder(lambda _: stream_schema())
    assert [decoder.stream(record.value or b"").seq for record in records] == [3, 0, 3, 0]
    message = decoder.stream(records[0].value or b"")
    assert (message.body, message.part, message.last) == (Heartbeat(), 0, True)
    assert (message.position, message.gtid, message.commit_ts_us) == (AFTER, "s:9", 1_234_000)
    assert box.seqs == (3, 0)


@pytest.mark.parametrize("keyed", [True, False])
def test_copy(keyed: bool) -> None:
    box = outbox()
    for image in (b"12345", b"67890", b"abc"):
        box.copy(0, TABLE, image, keyed, AFTER)
    box.copy_done(TABLE, keyed, AFTER)
    box.copy_completed(AFTER)
    assert box.seqs == (3, 2)
    first, second, completed = taken(box)
    assert first.body == Copy(TABLE, (b"12345", b"67890"), b"67890" if keyed else None, False)
    assert second.body == Copy(TABLE, (b"abc",), b"abc" if keyed else None, True)
    assert completed.body == CopyCompleted()
    assert [(m.seq, m.part, m.last, m.position, m.gtid) for m in (first, second, completed)] == [
        (seq, 0, True, AFTER, "") for seq in (1, 2, 3)
    ]


def test_an_empty_table_is_completed_everywhere() -> None:
    box = outbox()
    box.copy_done(TABLE, True, AFTER)
    [message] = taken(box, 1)
    assert message.body == Copy(TABLE, (), None, True)


def test_counts() -> None:
    box = outbox()
    box.add([Record("t", -1, b"key", b"value"), Record("t", -1, b"key", None)])
    box.count_row()
    taken_records = box.take()
    assert (taken_records.rows, taken_records.bytes, box.bytes_since_border) == (1, 11, 11)
    assert box.take().records == ()


def test_table_topics_only() -> None:
    box = Outbox(None, (), lambda: NOW_US)
    tx = transaction()
    box.ddl("ALTER TABLE t ...", "shop", ("t",), AFTER, tx)
    box.heartbeat(Checkpoint(AFTER))
    box.end_transaction(AFTER, tx)
    box.copy_completed(AFTER)
    assert box.take().records == ()
    assert (box.seqs, box.parts) == ((), ())


def test_other_shards_than_stored() -> None:
    with pytest.raises(ResumeMismatch, match="3 target shards, the configuration has 2"):
        outbox(seqs=(1, 2, 3))
    with pytest.raises(ResumeMismatch, match="1 target shards, the configuration has 2"):
        outbox().resume((1,))
