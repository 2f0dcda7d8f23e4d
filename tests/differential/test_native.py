"""The native core and the Python path make the same of the same bytes: records, checkpoints, borders and errors.

Collected only where the native core is built (see conftest).
"""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from importlib.metadata import version

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.decode.tables import table_from_map
from connector.encode.envelope import Format
from connector.model.errors import CollationUnsupported, RuleUnsupported
from connector.model.keyrange import parse_shards
from connector.model.plan import Compare, Comparison, Plan, Routing, VindexRef
from connector.model.position import Checkpoint
from connector.model.record import ChunkBorder, Committed, Item
from connector.model.table import Column, Row, SqlType, Table
from connector.rules.collation import collation, supported
from connector.rules.serialise import NotNative
from connector.transcode.choose import choose
from connector.transcode.composed import ComposedTranscoder
from connector.transcode.native import NativeTranscoder
from connector.transcode.protocol import BoundPlan, TranscodeOptions, Transcoder
from tests.differential import native_cases as cases
from tests.differential.native_cases import NOW_US, Outcome, cut, options, outcome, plans, run, start, whole_table
from tests.unit.decode.stream import recorded_stream
from tests.unit.transcode import corpus

CORE = import_module("rowcast_native")
FORMATS: tuple[Format, ...] = ("avro", "json", "json-schema")
PlanOf = Callable[[Table], Plan | None]


def both(
    chosen: TranscodeOptions,
    begin: Checkpoint,
    chunks: list[bytes],
    plan_of: PlanOf,
    *,
    each_commit: bool = True,
) -> tuple[Outcome, Outcome]:
    """What the two make of it."""
    native = NativeTranscoder(CORE, chosen, begin, lambda: NOW_US, each_commit=each_commit)
    python = ComposedTranscoder(chosen, begin, lambda: NOW_US)
    merge = not each_commit
    return outcome(run(native, chunks, plan_of), merge=merge), outcome(run(python, chunks, plan_of), merge=merge)


def test_it_is_the_one_that_belongs_here() -> None:
    assert choose({}, version("rowcast")).name == "native"


@pytest.mark.parametrize("value_format", FORMATS)
@pytest.mark.parametrize("key_format", FORMATS)
def test_every_type(key_format: Format, value_format: Format) -> None:
    """Row images and change events of every recorded value."""
    chosen = options(key_format=key_format, value_format=value_format)
    native, python = both(chosen, start(), [cases.types_dump()], nullable)
    assert native == python
    assert isinstance(python, list)


def nullable(table: Table) -> Plan:
    """All of the table; a date that is no day would end the run in a NOT NULL column of a table topic."""
    columns = tuple(replace(column, nullable=True) for column in table.columns)
    return whole_table(replace(table, columns=columns))


def test_a_value_that_its_topic_cannot_hold() -> None:
    native, python = both(options(key_format="json", value_format="json"), start(), [cases.types_dump()], whole_table)
    assert native == python
    assert isinstance(python, tuple)


@pytest.mark.parametrize("tombstones", [True, False])
def test_a_recorded_session(tombstones: bool) -> None:
    chosen = options(key_format="json", value_format="avro", tombstones=tombstones, chunk_bytes=300, tx_chunk_rows=2)
    native, python = both(chosen, start(), [recorded_stream()], nullable)
    assert native == python


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 1 << 20), max_size=30),
    chunk_bytes=st.sampled_from([1, 60, 300, 1 << 20]),
    rows=st.integers(1, 8),
    size=st.sampled_from([1, 500, 1 << 20]),
    shape=st.sampled_from([(True, None), (False, "json"), (True, "avro")]),
    each_commit=st.booleans(),
)
def test_cuts_and_borders(
    cuts: list[int],
    chunk_bytes: int,
    rows: int,
    size: int,
    shape: tuple[bool, Format | None],
    each_commit: bool,
) -> None:
    stream, form = shape
    chosen = options(
        stream=stream,
        key_format=form,
        value_format=form,
        partitions=2,
        chunk_bytes=chunk_bytes,
        tx_chunk_rows=rows,
        tx_chunk_bytes=size,
    )
    begin = corpus.start_at(corpus.corpus().start)
    rule_set = corpus.rules()
    native, python = both(
        chosen, begin, cut(corpus.corpus().stream, cuts), lambda table: rule_set.plan(table), each_commit=each_commit
    )
    assert native == python
    assert isinstance(python, list)


def test_resumed_at_every_border() -> None:
    """A new owner on the other path goes on with the same messages."""
    chosen = options(partitions=2, chunk_bytes=100, tx_chunk_rows=2)
    begin = corpus.start_at(corpus.corpus().start)
    rule_set = corpus.rules()
    stream = corpus.corpus().stream
    whole, _ = both(chosen, begin, [stream], lambda table: rule_set.plan(table))
    assert isinstance(whole, list)
    borders = [item.checkpoint for item in whole if isinstance(item, ChunkBorder)]
    assert len(borders) > 3
    for checkpoint in borders:
        assert checkpoint.in_tx is not None
        rest = [corpus_from(checkpoint.in_tx.gtid)]
        native, python = both(chosen, checkpoint, rest, lambda table: rule_set.plan(table))
        assert native == python
        assert isinstance(python, list)
        assert ends(python) == ends(whole)


def ends(items: list[Item]) -> tuple[str, tuple[int, ...]]:
    """Where a run arrives: position and last seqs."""
    last = [item.checkpoint for item in items if isinstance(item, Committed)][-1]
    return last.position, last.seqs


def corpus_from(gtid: str) -> bytes:
    """What a dump from before this transaction sends."""
    payloads = [packet[4:] for packet in corpus.packets(corpus.corpus().stream)]
    uuid, _, number = gtid.rpartition(":")
    identity = bytes.fromhex(uuid.replace("-", "")) + int(number).to_bytes(8, "little")
    first = next(index for index, payload in enumerate(payloads) if payload[5] == 33)
    begin = next(index for index, payload in enumerate(payloads) if payload[5] == 33 and payload[21:45] == identity)
    return corpus.packed(payloads[:first] + payloads[begin:])


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_generated_plans(data: st.DataObject) -> None:
    """Filters, projections and routing over every recorded type."""
    _, events, tables = data.draw(st.sampled_from(cases.recorded_types()))
    partitions = data.draw(st.sampled_from([1, 2, 3, 4]))
    made: dict[Table, Plan] = {}
    for table_map, table, rows in tables:
        known = table_from_map(table_map)
        assert known == table
        if table not in made:
            made[table] = data.draw(plans(table, rows, partitions))
    stream = cases.dump([cases.transaction(4, events)])
    native, python = both(options(partitions=partitions), start(), [stream], made.get)
    assert native == python


@pytest.mark.parametrize("form", FORMATS)
def test_copied_rows(form: Format) -> None:
    """Snapshot rows of every type, the messages around them, and a heartbeat."""
    chosen = options(partitions=2, key_format=form, value_format=form, chunk_bytes=200)
    native = NativeTranscoder(CORE, chosen, start(), lambda: NOW_US)
    python = ComposedTranscoder(chosen, start(), lambda: NOW_US)
    for _, _, tables in cases.recorded_types():
        for _, table, rows in tables:
            what = cases.bound(sharded(nullable(table)))
            assert native.copy_rows(what, rows) == python.copy_rows(what, rows)
            assert native.copy_done(what) == python.copy_done(what)
    assert native.copy_completed() == python.copy_completed()
    assert native.heartbeat() == python.heartbeat()
    assert native.checkpoint == python.checkpoint


def sharded(plan: Plan) -> Plan:
    """By the first column of the primary key, when there is one."""
    key = plan.source.primary_key
    shards = parse_shards("-80,80-")
    return replace(plan, routing=Routing(key[:1], VindexRef("xxhash"), shards)) if key else plan


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(cases.ROWS, min_size=1, max_size=5), form=st.sampled_from(FORMATS))
def test_any_copied_row(rows: list[Row], form: Format) -> None:
    """Numbers, dates and documents as every format writes them."""
    chosen = options(key_format=form, value_format=form)
    what = cases.bound(whole_table(cases.TABLE))
    native = NativeTranscoder(CORE, chosen, start(), lambda: NOW_US)
    python = ComposedTranscoder(chosen, start(), lambda: NOW_US)
    assert native.copy_rows(what, rows) == python.copy_rows(what, rows)


TEXTS = st.one_of(st.text(" \t\0aAbB!~\x7f", max_size=5), st.text("aé ßÀ€漢😀", max_size=4))


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from([*supported(), "latin1_bin", "utf8mb4_bin", "utf8mb4_0900_bin", "gbk_bin", "ascii_bin"]),
    cells=st.lists(TEXTS, min_size=1, max_size=6),
    literal=TEXTS,
    op=st.sampled_from(cases.ORDER),
)
def test_text_by_collation(name: str, cells: list[str], literal: str, op: Comparison) -> None:
    """The native core keys ASCII by itself and asks for the keys of other text."""
    column = Column("name", SqlType.VARCHAR, collation=name, length=20)
    table = Table("shop", "named", (column,))
    with contextlib.suppress(RuleUnsupported, NotNative):
        collation(name).literal(literal)
        what = cases.bound(replace(whole_table(table), predicate=(Compare(0, op, literal),)))
        native = NativeTranscoder(CORE, options(), start(), lambda: NOW_US)
        python = ComposedTranscoder(options(), start(), lambda: NOW_US)
        for cell in cells:
            assert copied(native, what, cell) == copied(python, what, cell)


def copied(transcoder: Transcoder, what: BoundPlan, cell: str) -> object:
    """Whether the row passes, or the error."""
    try:
        return transcoder.copy_rows(what, [(cell,)])[1]
    except CollationUnsupported as error:
        return error.what, error.context
