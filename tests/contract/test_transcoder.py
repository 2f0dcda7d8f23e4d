"""What every transcoder does with the bytes of a replication socket, on a binlog that a real MySQL wrote.

Parametrised over implementations: one that is added to TRANSCODERS has to behave as the composed one, record for
record. The corpus and the statements behind it are in tests/unit/transcode/record.py.
"""

import json
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.decode import event_types as types
from connector.model import errors
from connector.model.message import Copy, CopyCompleted, DdlStatement, Heartbeat, StreamMessage, Transaction
from connector.model.position import Checkpoint, InTransaction, parse_position
from connector.model.record import ChunkBorder, Committed, Ddl, Item, NeedPlan, Records, SourceHeartbeat
from connector.transcode.composed import ComposedTranscoder
from connector.transcode.native import NativeTranscoder
from connector.transcode.protocol import Clock, TranscodeOptions, Transcoder
from tests.unit.transcode.corpus import (
    NOW_US,
    Answers,
    assert_stream_rules,
    borders,
    by_gtid,
    changes,
    corpus,
    feed,
    joined,
    messages,
    options,
    packed,
    packets,
    records,
    rows,
    rules,
    start_at,
)

Make = Callable[[TranscodeOptions, Checkpoint], Transcoder]
Implementation = Callable[[TranscodeOptions, Checkpoint, Clock], Transcoder]

TRANSCODERS: dict[str, Implementation] = {"composed": ComposedTranscoder}
if find_spec("rowcast_native"):
    _CORE = import_module("rowcast_native")
    TRANSCODERS["native"] = lambda chosen, start, clock: NativeTranscoder(_CORE, chosen, start, clock, each_commit=True)
CUT_SMALL = options(envelope=True, chunk_bytes=100, tx_chunk_rows=3)


@pytest.fixture(params=sorted(TRANSCODERS), scope="module")
def make(request: pytest.FixtureRequest) -> Make:
    """Makes the implementation under test, with a clock that stands still."""
    implementation = TRANSCODERS[request.param]
    return lambda chosen, start: implementation(chosen, start, lambda: NOW_US)


def whole(make: Make, chosen: TranscodeOptions, answers: Answers) -> list[Item]:
    """The corpus in one chunk, from its start."""
    return list(feed(make(chosen, start_at(corpus().start)), [corpus().stream], answers))


# ---- the corpus as events ----------------------------------------------------------------------------------------
def payloads(stream: bytes) -> list[bytes]:
    return [packet[4:] for packet in packets(stream)]


def kind(payload: bytes) -> int:
    return payload[5]


def is_gtid(payload: bytes, gtid: str) -> bool:
    uuid, _, number = gtid.rpartition(":")
    identity = bytes.fromhex(uuid.replace("-", "")) + int(number).to_bytes(8, "little")
    return kind(payload) == types.GTID and payload[21:45] == identity


def from_gtid(gtid: str) -> bytes:
    """What a dump from the set before this transaction sends: the file's head, the transaction and all after it."""
    found = payloads(corpus().stream)
    first = next(index for index, payload in enumerate(found) if kind(payload) == types.GTID)
    begin = next(index for index, payload in enumerate(found) if is_gtid(payload, gtid))
    return packed(found[:first] + found[begin:])


def only(gtid: str) -> list[bytes]:
    """The file's head and this one transaction, as events to change."""
    found = payloads(from_gtid(gtid))
    starts = [index for index, payload in enumerate(found) if kind(payload) == types.GTID]
    return found[: starts[1]] if len(starts) > 1 else found


def ending(payload: bytes, old: bytes, new: bytes) -> bytes:
    """An event whose last bytes are others, its size and checksum corrected."""
    event = payload[1:-4]
    assert event.endswith(old)
    event = event[: len(event) - len(old)] + new
    event = event[:9] + (len(event) + 4).to_bytes(4, "little") + event[13:]
    return payload[:1] + event + zlib.crc32(event).to_bytes(4, "little")


# ---- cuts --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("chosen", [options(), options(stream=False, envelope=True), CUT_SMALL])
def test_byte_at_a_time(make: Make, chosen: TranscodeOptions) -> None:
    stream = corpus().stream
    pieces = [stream[index : index + 1] for index in range(len(stream))]
    bytewise = list(feed(make(chosen, start_at(corpus().start)), pieces, Answers()))
    assert joined(bytewise) == joined(whole(make, chosen, Answers()))


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 20_000), max_size=40))
def test_any_cut(make: Make, cuts: list[int]) -> None:
    stream = corpus().stream
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(edges)]
    items = list(feed(make(CUT_SMALL, start_at(corpus().start)), pieces, Answers()))
    assert joined(items) == joined(whole(make, CUT_SMALL, Answers()))


# ---- transactions and positions ----------------------------------------------------------------------------------
def test_every_transaction_moves_the_position(make: Make) -> None:
    """Also those without a row for anybody: else a purge would strand the stream."""
    found = borders(whole(make, options(), Answers()))
    sent = [gtid for gtids in corpus().gtids.values() for gtid in gtids]
    assert [checkpoint.gtid for checkpoint in found] == sent
    assert [checkpoint.seq for checkpoint in found] == list(range(1, len(sent) + 1))
    executed = parse_position(corpus().start)
    for checkpoint in found:
        executed.add(checkpoint.gtid)
        assert parse_position(checkpoint.position) == executed
        assert checkpoint.in_tx is None
    assert str(executed) == corpus().end
    places = [(checkpoint.file, checkpoint.pos) for checkpoint in found]
    assert places == sorted(set(places))
    assert len({file for file, _ in places}) == 2


def test_messages_follow_the_rules(make: Make) -> None:
    for chunk_bytes, tx_chunk_rows in ((512 * 1024, 100_000), (100, 100_000), (100, 3), (512 * 1024, 1)):
        answers = Answers()
        items = whole(make, options(chunk_bytes=chunk_bytes, tx_chunk_rows=tx_chunk_rows), answers)
        for partition in (0, 1):
            found = messages(items, answers, partition)
            assert_stream_rules(found)
            assert borders(items)[-1].seqs[partition] == found[-1].seq
            last_of = [message for message in found if message.last and isinstance(message.body, Transaction)]
            for message in last_of:
                assert parse_position(message.position).contains(parse_position(message.gtid))
            for message in found:
                if not message.last:
                    assert not parse_position(message.position).contains(parse_position(message.gtid))


def test_items_come_in_order(make: Make) -> None:
    """Records of a transaction before its border, all transactions of a chunk one after the other."""
    answers = Answers()
    items = joined(whole(make, options(), answers))
    names = [type(item).__name__ for item in items if not isinstance(item, NeedPlan | SourceHeartbeat)]
    assert names[:8] == [
        "Records",
        "Committed",
        "Records",
        "Committed",
        "Committed",
        "Committed",
        "Records",
        "Committed",
    ]
    decoder = answers.decoder()
    gtid = ""
    for item in reversed(items):
        if isinstance(item, Committed):
            gtid = item.checkpoint.gtid
        elif isinstance(item, Records):
            assert {decoder.stream(record.value or b"").gtid for record in item.records} == {gtid}
    committed = {item.checkpoint.gtid: item.rows for item in items if isinstance(item, Committed)}
    assert committed[corpus().gtid("seven")] == 7
    assert committed[corpus().gtid("wide")] == 40
    assert committed[corpus().gtid("filtered")] == committed[corpus().gtid("unwanted")] == 0
    assert sum(item.rows for item in items if isinstance(item, Records)) == sum(committed.values())


def test_state_between_and_inside(make: Make) -> None:
    transcoder = make(options(), start_at(corpus().start))
    answers = Answers()
    states: list[tuple[bool, str]] = []
    for packet in packets(corpus().stream):
        list(feed(transcoder, [packet], answers))
        states.append((transcoder.in_transaction, transcoder.checkpoint.gtid))
    inside = {gtid for open_now, gtid in states if open_now}
    assert states[0] == (False, "")
    assert corpus().gtid("single") in inside, "the next transaction is open while the last complete one is this"
    assert states[-1] == (False, corpus().gtid("mixed_tables"))


def test_source_heartbeats_pass(make: Make) -> None:
    items = whole(make, options(), Answers())
    last = items[-1]
    assert isinstance(last, SourceHeartbeat)
    assert (last.file, last.pos) == (borders(items)[-1].file, borders(items)[-1].pos)


# ---- rows --------------------------------------------------------------------------------------------------------
def ids(found: Iterable[StreamMessage], answers: Answers) -> list[tuple[object, object]]:
    """(id before, id after) of every change."""
    return [(before and before[0], after and after[0]) for before, after in rows(list(found), answers)]


@pytest.mark.parametrize(
    ("change", "low", "high"),
    [
        ("seven", [(None, 1), (None, 2), (None, 3), (2, 2), (3, None), (None, 5)], [(None, 4)]),
        ("unwanted", [], []),
        ("filtered", [], []),
        ("enters", [], [(None, 7)]),
        ("leaves", [], [(7, None)]),
        ("stays_out", [], []),
        ("moves", [(1, None), (2, 102), (None, 104), (5, 105)], [(None, 101), (4, None), (6, 106)]),
        ("savepoint", [(None, 9)], [(None, 11)]),
        ("myisam", [], []),
        ("after_rotate", [], [(12, 12)]),
        (
            "create_select",
            [(None, 9), (None, 102), (None, 104), (None, 105)],
            [(None, i) for i in (8, 11, 12, 101, 106)],
        ),
    ],
)
def test_rows_by_shard(
    make: Make, change: str, low: list[tuple[object, object]], high: list[tuple[object, object]]
) -> None:
    """Filter and key ranges judge each image: what enters is an insert, what leaves a delete, what moves is both."""
    answers = Answers()
    items = whole(make, options(), answers)
    gtid = corpus().gtid(change)
    assert ids(by_gtid(items, answers, 0).get(gtid, []), answers) == low
    assert ids(by_gtid(items, answers, 1).get(gtid, []), answers) == high


def test_flags_say_only_foreign_keys(make: Make) -> None:
    answers = Answers()
    items = whole(make, options(), answers)
    found = {
        gtid: {change.flags for change in changes(list(sent))}
        for partition in (0, 1)
        for gtid, sent in by_gtid(items, answers, partition).items()
    }
    assert found.pop(corpus().gtid("no_foreign_keys")) == {2}
    assert set().union(*found.values()) == {0}


def test_unsharded(make: Make) -> None:
    answers = Answers(rules(sharded=False))
    items = whole(make, options(partitions=1), answers)
    assert ids(by_gtid(items, answers, 0)[corpus().gtid("moves")], answers) == [
        (1, 101), (2, 102), (4, 104), (5, 105), (6, 106)
    ]  # fmt: skip


# ---- plans -------------------------------------------------------------------------------------------------------
def test_asks_once_for_each_table_version(make: Make) -> None:
    answers = Answers()
    whole(make, options(), answers)
    assert [(asked.table, len(asked.columns)) for asked in answers.asked] == [
        ("customer", 3),
        ("audit", 2),
        ("log", 2),
        ("customer", 4),
        ("picked", 2),
        # A new file: the server may number its tables anew.
        ("customer", 4),
        ("audit", 2),
    ]


def test_nothing_goes_on_without_the_answer(make: Make) -> None:
    transcoder = make(options(), start_at(corpus().start))
    answers = Answers()
    items = transcoder.feed(corpus().stream)
    assert isinstance(items[-1], NeedPlan)
    assert transcoder.feed(b"") == []
    assert borders(items) == []
    transcoder.provide(answers(items[-1].table_map))
    assert len(borders(transcoder.feed(b""))) == 2
    with pytest.raises(errors.InternalError):
        make(options(), start_at(corpus().start)).provide(None)


def test_skipped_tables_are_not_decoded(make: Make) -> None:
    """A table that no rule wants may hold what cannot be decoded."""
    events = only(corpus().gtid("seven"))
    damaged = [ending(event, event[-6:-4], b"") if kind(event) in types.ROWS else event for event in events]
    transcoder = make(options(), start_at(corpus().start))
    items = transcoder.feed(packed(damaged))
    assert isinstance(items[-1], NeedPlan)
    transcoder.provide(None)
    assert [checkpoint.gtid for checkpoint in borders(transcoder.feed(b""))] == [corpus().gtid("seven")]
    assert type(refused(make, damaged)) is errors.BinlogCorrupt


# ---- DDL ---------------------------------------------------------------------------------------------------------
def test_ddl_comes_with_its_place(make: Make) -> None:
    answers = Answers()
    items = whole(make, options(), answers)
    found = [item for item in items if isinstance(item, Ddl)]
    foreign, own = found
    assert (foreign.checkpoint.gtid, foreign.records) == (corpus().gtid("foreign_ddl"), ())
    assert own.checkpoint.gtid == corpus().gtid("ddl")
    for partition in (0, 1):
        [message] = by_gtid(items, answers, partition)[corpus().gtid("ddl")]
        assert isinstance(message.body, DdlStatement)
        assert (message.body.database, message.body.tables) == ("shop", ("customer",))
        assert message.body.sql.startswith("ALTER TABLE customer ADD COLUMN note")
        assert message.position == own.checkpoint.position
        assert message.seq == own.checkpoint.seqs[partition]


def test_create_select_announces_the_table_first(make: Make) -> None:
    answers = Answers()
    items = whole(make, options(), answers)
    for partition in (0, 1):
        ddl, first, *_ = by_gtid(items, answers, partition)[corpus().gtid("create_select")]
        assert isinstance(ddl.body, DdlStatement)
        assert ddl.body.tables == ("picked",)
        assert first.seq == ddl.seq + 1
        assert not parse_position(ddl.position).contains(parse_position(ddl.gtid)), "the rows are not there yet"


# ---- large transactions ------------------------------------------------------------------------------------------
def test_borders_inside_a_transaction(make: Make) -> None:
    answers = Answers()
    items = whole(make, options(tx_chunk_rows=2), answers)
    before: Checkpoint = start_at(corpus().start)
    found = []
    for item in items:
        if isinstance(item, ChunkBorder):
            assert item.checkpoint == replace(before, in_tx=item.checkpoint.in_tx)
            assert item.checkpoint.in_tx
            found.append((item.checkpoint.in_tx.gtid, item.checkpoint.in_tx.rows))
        elif isinstance(item, Committed | Ddl):
            before = item.checkpoint
    seven = corpus().gtid("seven")
    assert [border for border in found if border[0] == seven] == [(seven, 2), (seven, 4), (seven, 6)]


def test_borders_by_bytes(make: Make) -> None:
    answers = Answers()
    items = whole(make, options(chunk_bytes=1000, tx_chunk_bytes=3000), answers)
    found = {item.checkpoint.in_tx.gtid for item in items if isinstance(item, ChunkBorder) and item.checkpoint.in_tx}
    assert found == {corpus().gtid("wide")}


def test_small_transactions_of_table_topics_are_never_cut(make: Make) -> None:
    items = whole(make, options(stream=False, envelope=True, tx_chunk_rows=2), Answers())
    assert not [item for item in items if isinstance(item, ChunkBorder)]


@pytest.mark.parametrize("change", ["seven", "moves", "create_select", "wide", "mixed_tables"])
def test_resume_at_every_row(make: Make, change: str) -> None:
    """A new owner sends exactly what is missing, wherever the old one stopped and however both cut."""
    gtid = corpus().gtid(change)
    answers = Answers()
    uninterrupted = whole(make, options(tx_chunk_rows=2), answers)
    bytewise = whole(make, options(tx_chunk_rows=1), answers)
    stops = [
        (index, item.checkpoint)
        for index, item in enumerate(bytewise)
        if isinstance(item, ChunkBorder) and item.checkpoint.in_tx and item.checkpoint.in_tx.gtid == gtid
    ]
    assert len(stops) == next(
        item.rows for item in uninterrupted if isinstance(item, Committed) and item.checkpoint.gtid == gtid
    )
    for index, checkpoint in stops:
        stored = Checkpoint.from_json(checkpoint.to_json())
        transcoder = make(options(tx_chunk_rows=2), stored)
        assert transcoder.in_transaction
        rest = list(feed(transcoder, [from_gtid(gtid)], answers))
        for partition in (0, 1):
            combined = messages([*bytewise[: index + 1], *rest], answers, partition)
            assert_stream_rules(combined)
            expected = messages(uninterrupted, answers, partition)
            assert transactions(combined) == transactions(expected)
        assert borders(rest)[-1].seqs == borders(uninterrupted)[-1].seqs
        assert borders(rest)[-1].seq == borders(uninterrupted)[-1].seq


def transactions(found: list[StreamMessage]) -> list[tuple[object, ...]]:
    """Each message with its parts put together."""
    result: dict[int, tuple[object, ...]] = {}
    for message in found:
        body = message.body
        if isinstance(body, Transaction):
            before = result.get(message.seq)
            earlier = before[-1] if before else ()
            assert isinstance(earlier, tuple)
            result[message.seq] = (message.seq, message.gtid, message.position, (*earlier, *body.changes))
        else:
            result[message.seq] = (message.seq, message.gtid, message.position, body)
    return list(result.values())


def test_resume_with_the_same_cuts_sends_the_same_messages(make: Make) -> None:
    answers = Answers()
    items = whole(make, options(tx_chunk_rows=2), answers)
    for index, item in enumerate(items):
        if not isinstance(item, ChunkBorder | Committed | Ddl):
            continue
        in_tx = item.checkpoint.in_tx
        following = [
            gtid for gtid in _all_gtids() if not parse_position(item.checkpoint.position).contains(parse_position(gtid))
        ]
        if not following:
            break
        rest = list(feed(make(options(tx_chunk_rows=2), item.checkpoint), [from_gtid(following[0])], answers))
        assert in_tx is None or in_tx.gtid == following[0]
        assert records(rest) == records(items[index + 1 :])


def _all_gtids() -> list[str]:
    return [gtid for gtids in corpus().gtids.values() for gtid in gtids]


def half_sent(make: Make, chosen: TranscodeOptions, change: str = "seven") -> Checkpoint:
    """The first border inside a transaction."""
    items = whole(make, chosen, Answers())
    return next(
        item.checkpoint
        for item in items
        if isinstance(item, ChunkBorder)
        and item.checkpoint.in_tx
        and item.checkpoint.in_tx.gtid == corpus().gtid(change)
    )


def test_resume_needs_the_same_rows(make: Make) -> None:
    stored = half_sent(make, options(tx_chunk_rows=2))
    assert stored.in_tx
    for wrong in (replace(stored.in_tx, crc=stored.in_tx.crc ^ 1), replace(stored.in_tx, rows=8)):
        transcoder = make(options(tx_chunk_rows=2), replace(stored, in_tx=wrong))
        with pytest.raises(errors.ResumeMismatch):
            list(feed(transcoder, [corpus().stream], Answers()))


def test_resume_needs_the_same_transaction_next(make: Make) -> None:
    stored = half_sent(make, options(tx_chunk_rows=2), "moves")
    with pytest.raises(errors.ResumeMismatch, match="another transaction"):
        list(feed(make(options(), stored), [corpus().stream], Answers()))


def test_resume_needs_the_same_shards(make: Make) -> None:
    committed = borders(whole(make, options(), Answers()))[-1]
    with pytest.raises(errors.ResumeMismatch):
        make(options(partitions=3), committed)
    inside = replace(start_at(corpus().start), in_tx=InTransaction(corpus().gtid("seven"), 1, 0, ()))
    with pytest.raises(errors.ResumeMismatch):
        list(feed(make(options(), inside), [corpus().stream], Answers()))


def test_table_topics_let_others_pass_first(make: Make) -> None:
    """Their order is per key, so a source that was re-pointed may send another transaction first; ours follows."""
    chosen = options(stream=False, envelope=True)
    stored = half_sent(make, options(tx_chunk_rows=2), "moves")
    assert stored.in_tx
    stored = replace(stored, seqs=(), in_tx=replace(stored.in_tx, parts=()))
    transcoder = make(chosen, stored)
    answers = Answers()
    items = list(feed(transcoder, [packed(only(corpus().gtid("single")))], answers))
    assert [checkpoint.in_tx for checkpoint in borders(items)] == [stored.in_tx]
    assert transcoder.in_transaction


# ---- table topics ------------------------------------------------------------------------------------------------
def number(text: str) -> int:
    """A BIGINT UNSIGNED as it is in JSON: its bytes in base64."""
    return int.from_bytes(b64decode(text), "big")


def operations(items: Iterable[Item], gtid: str) -> list[tuple[str, int]]:
    """(operation, id) of a transaction's change events, tombstones as 't'."""
    found: list[tuple[str, int]] = []
    ours = False
    for record in records(items):
        if record.value is None:
            if ours:
                found.append(("t", number(json.loads(record.key or b"{}")["id"])))
            continue
        event = json.loads(record.value)
        ours = event["source"]["gtid"] == gtid
        if ours:
            found.append((event["op"], number((event["after"] or event["before"])["id"])))
    return found


def test_table_topics(make: Make) -> None:
    items = whole(make, options(stream=False, envelope=True), Answers())
    assert {record.topic for record in records(items)} == {"test.shop.customer", "test.shop.picked"}
    gtid = corpus().gtid
    assert operations(items, gtid("seven")) == [
        ("c", 1), ("c", 2), ("c", 3), ("u", 2), ("d", 3), ("t", 3), ("c", 4), ("c", 5)
    ]  # fmt: skip
    assert operations(items, gtid("enters")) == [("c", 7)]
    assert operations(items, gtid("leaves")) == [("d", 7), ("t", 7)]
    assert operations(items, gtid("moves"))[:3] == [("d", 1), ("t", 1), ("c", 101)]
    assert operations(items, gtid("ddl")) == []


def test_both_kinds_of_topic_have_the_same_rows(make: Make) -> None:
    answers = Answers()
    both = records(whole(make, options(envelope=True), answers))
    assert [record for record in both if record.key is None] == records(whole(make, options(), Answers()))
    assert [record for record in both if record.key is not None] == records(
        whole(make, options(stream=False, envelope=True), Answers())
    )


# ---- between transactions ----------------------------------------------------------------------------------------
def test_heartbeats(make: Make) -> None:
    answers = Answers()
    transcoder = make(options(envelope=True), start_at(corpus().start))
    list(feed(transcoder, [corpus().stream], answers))
    beat = transcoder.heartbeat()
    checkpoint = transcoder.checkpoint
    decoder = answers.decoder()
    found = [decoder.stream(record.value or b"") for record in beat[:2]]
    assert [record.partition for record in beat[:2]] == [0, 1]
    assert [message.seq for message in found] == list(checkpoint.seqs)
    for message in found:
        assert message.body == Heartbeat()
        assert (message.position, message.sent_ts_us) == (checkpoint.position, NOW_US)
    assert [record.topic for record in beat[2:]] == ["__debezium-heartbeat.test"]
    assert json.loads(beat[2].value or b"") == {"ts_ms": NOW_US // 1000}
    assert transcoder.checkpoint == checkpoint


# ---- the copy phase ----------------------------------------------------------------------------------------------
def test_copied_rows_are_the_rows_of_the_stream(make: Make) -> None:
    """Same filter, same routing, same images: a copied row equals an inserted one."""
    answers = Answers()
    items = whole(make, options(), answers)
    bound = answers(next(asked for asked in answers.asked if asked.table == "customer"))
    assert bound is not None
    transcoder = make(options(envelope=True), start_at(corpus().start))
    copied, passed = transcoder.copy_rows(bound, [(1, "one", 1), (7, "seven", 0), (4, "four", 1)])
    assert passed == 2
    assert [json.loads(record.value or b"")["op"] for record in copied] == ["r", "r"]
    done = transcoder.copy_done(bound)
    completed = transcoder.copy_completed()
    decoder = answers.decoder()
    for partition in (0, 1):
        inserted = by_gtid(items, answers, partition)[corpus().gtid("seven")]
        image = changes(inserted)[0].after
        [message] = [decoder.stream(record.value or b"") for record in done if record.partition == partition]
        assert message.body == Copy(bound.row_schema or 0, (image or b"",), image, True)
        [end] = [decoder.stream(record.value or b"") for record in completed if record.partition == partition]
        assert (end.body, end.seq) == (CopyCompleted(), 2)
    assert transcoder.checkpoint == replace(start_at(corpus().start), seqs=(2, 2))


# ---- what is refused ---------------------------------------------------------------------------------------------
def refused(make: Make, events: list[bytes]) -> errors.RowcastError:
    transcoder = make(options(), start_at(corpus().start))
    with pytest.raises(errors.RowcastError) as caught:
        list(feed(transcoder, [packed(events)], Answers()))
    return caught.value


def test_rows_without_a_table_map(make: Make) -> None:
    events = [payload for payload in only(corpus().gtid("seven")) if kind(payload) != types.TABLE_MAP]
    error = refused(make, events)
    assert type(error) is errors.TableMapUnknown
    assert str(error.context["file"]).startswith("binlog.")
    assert isinstance(error.context["pos"], int)


def statement(make: Make, sql: str) -> errors.RowcastError:
    events = [
        ending(payload, b"BEGIN", sql.encode()) if kind(payload) == types.QUERY else payload
        for payload in only(corpus().gtid("seven"))
    ]
    return refused(make, events)


@pytest.mark.parametrize(
    "sql", ["INSERT INTO t VALUES (1)", "/* x */ update t set a = 'secret'", "WITH n AS (SELECT 1) DELETE FROM t"]
)
def test_rows_as_text(make: Make, sql: str) -> None:
    error = statement(make, sql)
    assert type(error) is errors.BinlogStatement
    assert "secret" not in str(error)


@pytest.mark.parametrize("sql", ["XA START 'x'", "ROLLBACK"])
def test_statements_that_cannot_be_followed(make: Make, sql: str) -> None:
    assert type(statement(make, sql)) is errors.BinlogEventUnsupported


def test_a_transaction_without_its_end(make: Make) -> None:
    """A half transaction must not become the begin of the next one."""
    events = payloads(corpus().stream)
    end = next(index for index, payload in enumerate(events) if kind(payload) == types.XID)
    error = refused(make, events[:end] + events[end + 1 :])
    assert type(error) is errors.BinlogCorrupt
    assert corpus().gtid("single") in str(error)


def test_a_commit_without_a_begin(make: Make) -> None:
    events = [payload for payload in only(corpus().gtid("seven")) if kind(payload) != types.GTID]
    assert type(refused(make, events)) is errors.InternalError
