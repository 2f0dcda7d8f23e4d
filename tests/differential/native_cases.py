"""Binlogs, plans and settings on which the native core and the Python path are compared; used by `test_native`."""

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from uuid import UUID

from hypothesis import strategies as st

from connector.decode import event_types as types
from connector.decode.rows import RowDecoder
from connector.decode.table_map import parse_table_map
from connector.decode.tables import table_from_map
from connector.encode.envelope import EnvelopeOptions, Format
from connector.model.errors import RowcastError, RuleUnsupported
from connector.model.events import Rows, TableMap
from connector.model.keyrange import KeyRange, parse_shards
from connector.model.plan import (
    And,
    Compare,
    Comparison,
    In,
    InKeyRange,
    IsNull,
    Not,
    Opcode,
    Or,
    Plan,
    Routing,
    VindexRef,
    Xor,
)
from connector.model.position import Checkpoint
from connector.model.record import Committed, Item, NeedPlan, Records
from connector.model.table import BLOBS, INTEGERS, TEXTS, Column, Row, SqlType, Table, Value
from connector.rules.collation import collation
from connector.transcode.protocol import BoundPlan, StreamOutput, TranscodeOptions, Transcoder
from tests.unit.decode.stream import make_event, opening, stream_of, vectors

SOURCE = UUID("00000000-0000-0000-0000-0000000000aa")
NOW_US = 1_700_000_000_123_456
ORDER = (Comparison.EQ, Comparison.NE, Comparison.LT, Comparison.LE, Comparison.GT, Comparison.GE)
TYPES = {
    "WRITE_ROWS_V2": (types.WRITE_ROWS, "insert"),
    "UPDATE_ROWS_V2": (types.UPDATE_ROWS, "update"),
    "DELETE_ROWS_V2": (types.DELETE_ROWS, "delete"),
}
PARTIAL_IMAGE = "mx-015"
SHARDS = tuple(parse_shards(text) for text in ("-", "-80,80-", "-40,40-80,80-c0,c0-", "-3130,3130-3132,3132-"))
LABELLED = TEXTS | {SqlType.ENUM, SqlType.SET}
UNSHARDED = frozenset({SqlType.JSON, SqlType.GEOMETRY, SqlType.VECTOR})

Outcome = list[Item] | tuple[object, ...]


# ---- binlogs ---------------------------------------------------------------------------------------------------------
def gtid_event(number: int, *, length: int = 0) -> bytes:
    """GTID `number` of SOURCE."""
    body = b"\1" + SOURCE.bytes + struct.pack("<qBqq", number, 2, number - 1, number)
    body += (1_600_000_000_000_000 + number).to_bytes(7, "little") + b"\xfe" + struct.pack("<Q", length)
    return make_event(types.GTID, body)


def query_event(sql: str, database: str = "shop") -> bytes:
    """A statement of thread 42."""
    body = struct.pack("<IIBHH", 42, 0, len(database), 0, 0) + database.encode() + b"\0" + sql.encode()
    return make_event(types.QUERY, body)


def transaction(number: int, events: Iterable[bytes], *, length: int = 0) -> list[bytes]:
    """BEGIN, events and XID as transaction `number`."""
    end = make_event(types.XID, struct.pack("<Q", number))
    return [gtid_event(number, length=length), query_event("BEGIN"), *events, end]


def dump(transactions: Iterable[Iterable[bytes]]) -> bytes:
    """What a server sends, positions counted."""
    events = list(opening())
    at = 4
    for event in (event for events in transactions for event in events):
        at += len(event)
        events.append(placed(event, at))
    return stream_of(events)


def placed(event: bytes, end_pos: int) -> bytes:
    """The event as it is when it ends there."""
    body = event[:13] + struct.pack("<I", end_pos) + event[17:-4]
    return body + struct.pack("<I", zlib.crc32(body))


@cache
def recorded_types() -> list[tuple[str, list[bytes], tuple[tuple[TableMap, Table, tuple[Row, ...]], ...]]]:
    """(case, events, (map, table, images) of its tables) of every case of binlog_types that both paths can read."""
    found = []
    for name, recorded in vectors("binlog_types")["events"].items():
        if name == PARTIAL_IMAGE:
            continue
        events: list[bytes] = []
        tables = []
        table_map: TableMap | None = None
        table: Table | None = None
        for kind, body in recorded:
            raw = bytes.fromhex(body)
            if kind == "TABLE_MAP":
                table_map = parse_table_map(raw)
                table = table_from_map(table_map)
                events.append(make_event(types.TABLE_MAP, raw))
            elif kind in TYPES:
                assert table_map is not None
                assert table is not None
                number, operation = TYPES[kind]
                events.append(make_event(number, raw))
                rows = Rows(operation, table_map.table_id, memoryview(raw), 2, 0)
                changes = list(RowDecoder(table_map, table).decode(rows))
                images = [image for change in changes for image in (change.before, change.after) if image is not None]
                tables.append((table_map, table, tuple(images)))
        if tables:
            found.append((name, events, tuple(tables)))
    return found


@cache
def types_dump() -> bytes:
    """All of them, a transaction a case."""
    return dump(transaction(number, events) for number, (_, events, _) in enumerate(recorded_types(), 1))


# ---- settings --------------------------------------------------------------------------------------------------------
def options(
    *,
    stream: bool = True,
    key_format: Format | None = None,
    value_format: Format | None = None,
    partitions: int = 1,
    chunk_bytes: int = 512 * 1024,
    tx_chunk_rows: int = 100_000,
    tx_chunk_bytes: int = 64 << 20,
    tombstones: bool = True,
) -> TranscodeOptions:
    """Settings of one run; table topics when formats are given."""
    envelope = None
    if key_format and value_format:
        envelope = EnvelopeOptions("test", key_format, value_format, tombstones, "0.1.0")
    return TranscodeOptions(
        keyspace="shop",
        stream=StreamOutput("test.shop.0", partitions, 300, chunk_bytes) if stream else None,
        envelope=envelope,
        heartbeat_ids=(301, 302),
        tx_chunk_rows=tx_chunk_rows,
        tx_chunk_bytes=tx_chunk_bytes,
    )


def whole_table(table: Table) -> Plan:
    """Every row and column."""
    return Plan(table, table, (), tuple(range(len(table.columns))), None, table.name, "")


def bound(plan: Plan) -> BoundPlan:
    """With ids that tell tables apart."""
    number = 1000 + sum(plan.source.qualified.encode()) % 1000 * 3
    return BoundPlan(plan, number, number + 1, number + 2)


# ---- runs ------------------------------------------------------------------------------------------------------------
def run(
    transcoder: Transcoder, chunks: Iterable[bytes], plan_of: Callable[[Table], Plan | None]
) -> Iterator[list[Item]]:
    """The items of each chunk, NeedPlan answered with the plan of the table that the map describes."""
    for chunk in chunks:
        found: list[Item] = []
        items = transcoder.feed(chunk)
        while True:
            found += items
            if items and isinstance(items[-1], NeedPlan):
                table_map = items[-1].table_map
                plan = plan_of(table_from_map(table_map)) if table_map.full else None
                transcoder.provide(None if plan is None else bound(plan))
            elif not transcoder.more:
                break
            items = transcoder.feed(b"")
        yield found


def outcome(items: Iterator[list[Item]], *, merge: bool = False) -> Outcome:
    """All items in comparable form, or the error that ended them."""
    found: list[Item] = []
    try:
        for chunk in items:
            found += merged(chunk) if merge else joined(chunk)
    except RowcastError as error:
        return (type(error), error.what, error.specific_hint, error.context)
    return found if merge else joined(found)


def joined(items: Iterable[Item]) -> list[Item]:
    """Records that follow one another as one item."""
    result: list[Item] = []
    for item in items:
        before = result[-1] if result else None
        if isinstance(item, Records) and isinstance(before, Records):
            records = (*before.records, *item.records)
            result[-1] = Records(records, before.rows + item.rows, before.bytes + item.bytes)
        elif isinstance(item, Records):
            result.append(Records(tuple(item.records), item.rows, item.bytes))
        else:
            result.append(item)
    return result


def merged(items: Iterable[Item]) -> list[Item]:
    """The items of one chunk as the native core hands them out: one Committed for all that follow one another."""
    result: list[Item] = []
    for item in joined(items):
        records = result[-1] if result and isinstance(result[-1], Records) else None
        done = result[-1 - (records is not None)] if len(result) > (records is not None) else None
        if isinstance(item, Committed) and isinstance(done, Committed):
            del result[-1 - (records is not None) :]
            before = result.pop() if records and result and isinstance(result[-1], Records) else None
            if records:
                result += joined([before, records] if isinstance(before, Records) else [records])
            transactions = done.transactions + item.transactions
            result.append(Committed(item.checkpoint, done.rows + item.rows, transactions))
        else:
            result.append(item)
    return result


def cut(stream: bytes, cuts: Sequence[int]) -> list[bytes]:
    """The stream in pieces."""
    edges = [0, *sorted(at % (len(stream) + 1) for at in cuts), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


def start(position: str = f"MySQL56/{SOURCE}:1-3", **fields: object) -> Checkpoint:
    """Where a run begins."""
    return Checkpoint(position=position, **fields)  # type: ignore[arg-type]


# ---- plans -----------------------------------------------------------------------------------------------------------
def plans(table: Table, rows: Sequence[Row], partitions: int) -> st.SearchStrategy[Plan]:
    """Plans of a table, their literals taken from its rows half of the time."""
    width = len(table.columns)
    indexes = st.integers(0, width - 1)
    predicate = st.one_of(st.just(()), conditions(table, rows, 2))
    projection = st.one_of(
        st.just(tuple(range(width))), st.lists(indexes, min_size=1, max_size=width, unique=True).map(tuple)
    )
    shards = next(shards for shards in SHARDS if len(shards) == partitions)
    return st.builds(
        lambda predicate, projection, columns, vindex: _plan(table, predicate, projection, columns, vindex, shards),
        predicate,
        projection,
        sharding_columns(table),
        vindexes(),
    )


def _plan(
    table: Table,
    predicate: tuple[Opcode, ...],
    projection: tuple[int, ...],
    columns: tuple[int, ...] | None,
    vindex: VindexRef,
    shards: tuple[KeyRange, ...],
) -> Plan:
    key = table.primary_key if all(index in projection for index in table.primary_key) else ()
    output = Table(
        table.database,
        table.name,
        tuple(table.columns[index] for index in projection),
        tuple(projection.index(index) for index in key),
    )
    routing = Routing(columns, vindex, shards) if columns and len(shards) > 1 else None
    return Plan(table, output, predicate, projection, routing, table.name, "")


def vindexes() -> st.SearchStrategy[VindexRef]:
    """The three that the native core has."""
    return st.sampled_from(["hash", "xxhash", "binary"]).map(VindexRef)


def sharding_columns(table: Table) -> st.SearchStrategy[tuple[int, ...] | None]:
    """One column that may be sharded by; floats are refused by vindexes, so they are a case too."""
    possible = [(index,) for index, column in enumerate(table.columns) if column.type not in UNSHARDED]
    return st.sampled_from(possible) if possible else st.none()


def conditions(table: Table, rows: Sequence[Row], depth: int) -> st.SearchStrategy[tuple[Opcode, ...]]:
    """A term, or several and what joins them."""
    leaf = leaves(table, rows).map(lambda opcode: (opcode,))
    if not depth:
        return leaf
    term = conditions(table, rows, depth - 1)
    terms = st.lists(term, min_size=1, max_size=3)
    several = st.builds(
        lambda found, join: (*(op for term in found for op in term), join(len(found))),
        terms,
        st.sampled_from([And, Or]),
    )
    negated = term.map(lambda found: (*found, Not()))
    either = st.tuples(term, term).map(lambda found: (*found[0], *found[1], Xor()))
    return st.one_of(leaf, several, several, negated, either)


def leaves(table: Table, rows: Sequence[Row]) -> st.SearchStrategy[Opcode]:
    """Terms over one column."""
    index = st.integers(0, len(table.columns) - 1)
    possible: list[st.SearchStrategy[Opcode]] = [st.builds(IsNull, index, st.booleans())]
    for column, described in enumerate(table.columns):
        found = literals(described, tuple(row[column] for row in rows))
        if found is not None:
            literal = st.one_of(st.none(), found, found, found)
            possible.append(st.builds(Compare, st.just(column), st.sampled_from(ORDER), literal))
            possible.append(st.builds(In, st.just(column), st.lists(literal, min_size=1, max_size=4).map(tuple)))
    columns = sharding_columns(table)
    ranges = st.sampled_from([shard for shards in SHARDS for shard in shards])
    if not columns.is_empty:
        sharded = columns.filter(lambda found: found is not None)
        possible.append(st.builds(InKeyRange, sharded, vindexes(), ranges))
    return st.one_of(possible)


def literals(column: Column, cells: tuple[Value, ...]) -> st.SearchStrategy[Value] | None:
    """What `rules.literals` may make of a literal beside this column; None: it is compared with nothing."""
    seen = [cell for cell in cells if cell is not None]
    kind = column.type
    numbers: st.SearchStrategy[Value] = st.one_of(
        st.integers(-(1 << 65), 1 << 65), st.integers(-3, 300), st.decimals(-1000, 1000, places=3).map(str)
    )
    if kind in INTEGERS:
        return st.one_of(numbers, st.sampled_from(seen)) if seen else numbers
    if kind is SqlType.DECIMAL:
        return st.one_of(numbers, st.floats(-1e15, 1e15), st.sampled_from(seen or ["0"]))
    if kind in (SqlType.FLOAT, SqlType.DOUBLE):
        return st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(seen or [0.0]))
    if kind in LABELLED:
        return _texts(column, [cell for cell in seen if isinstance(cell, str)])
    if kind in BLOBS:
        return st.one_of(st.binary(max_size=8), st.sampled_from(seen or [b""]))
    if kind is SqlType.BIT:
        whole = [int.from_bytes(cell, "big") for cell in seen if isinstance(cell, bytes)]
        return st.one_of(st.integers(0, 1 << 64), st.sampled_from(whole or [0]))
    if kind in (SqlType.YEAR, SqlType.DATE, SqlType.DATETIME, SqlType.TIMESTAMP, SqlType.TIME) and seen:
        return st.sampled_from(seen)
    return None


def _texts(column: Column, seen: list[str]) -> st.SearchStrategy[Value] | None:
    try:
        known = collation(column.collation)
    except RuleUnsupported:
        return st.floats(-1e6, 1e6)
    if not (known.by_code_point or known.name == "latin1_bin"):
        # The native core leaves comparisons under other collations to the Python path.
        return st.floats(-1e6, 1e6)

    def possible(text: str) -> bool:
        try:
            known.literal(text)
        except RuleUnsupported:
            return False
        return True

    drawn = st.one_of(st.text(max_size=6), st.text("aA b\t\0", max_size=4), st.sampled_from(seen or [""]))
    return st.one_of(drawn.filter(possible), drawn.filter(possible), st.floats(-1e6, 1e6))


# ---- any row ---------------------------------------------------------------------------------------------------------
TEXT = "utf8mb4_0900_ai_ci"
TABLE = Table(
    "shop",
    "t",
    (
        Column("id", SqlType.BIGINT, False, unsigned=True),
        Column("small", SqlType.INT),
        Column("name", SqlType.VARCHAR, collation=TEXT, length=20),
        Column("single", SqlType.FLOAT),
        Column("double", SqlType.DOUBLE),
        Column("price", SqlType.DECIMAL, length=65, scale=2),
        Column("document", SqlType.JSON),
        Column("raw", SqlType.VARBINARY, length=20),
        Column("bits", SqlType.BIT, length=60),
        Column("kind", SqlType.ENUM, collation=TEXT, labels=("a", "b")),
        Column("flag", SqlType.BIT, length=1),
        Column("day", SqlType.DATE),
        Column("moment", SqlType.DATETIME, scale=6),
        Column("seconds", SqlType.DATETIME),
        Column("span", SqlType.TIME, scale=3),
        Column("stamp", SqlType.TIMESTAMP, scale=2),
        Column("year", SqlType.YEAR),
        Column("place", SqlType.GEOMETRY),
        Column("direction", SqlType.VECTOR, length=4),
    ),
    (0,),
)
"""One column of every form."""

_TEXTS = st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), st.text("'\\\"a\0\n\x7f", max_size=6))
_DOCUMENTS = ["null", '{"a": "b\\"c"}', '{"a b": [1, 2.50]}', "1.10", '"it\'s"', "12345678901234567890.5", '["\\\\ x"]']
_DAYS = st.one_of(
    st.dates().map(str), st.sampled_from(["0000-00-00", "2020-05-00", "0000-01-01", "2023-02-30", "9999-12-31"])
)
_CLOCKS = st.times().map(lambda time: time.strftime("%H:%M:%S"))
_FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def _fraction(digits: int) -> st.SearchStrategy[str]:
    return st.integers(0, 10**digits - 1).map(lambda number: f".{number:0{digits}d}")


ROWS: st.SearchStrategy[Row] = st.tuples(
    st.integers(0, (1 << 64) - 1),
    *(
        st.one_of(st.none(), cells, cells, cells)
        for cells in (
            st.integers(-(1 << 31), (1 << 31) - 1),
            _TEXTS,
            st.floats(allow_nan=False, allow_infinity=False, width=32),
            _FLOATS | st.integers(-(10**9), 10**9).map(lambda number: number / 1024),
            st.decimals(-(10**62), 10**62, places=2).map(lambda number: format(number, "f")),
            st.sampled_from(_DOCUMENTS),
            st.binary(max_size=20),
            st.binary(min_size=8, max_size=8),
            st.sampled_from(["a", "b", ""]),
            st.sampled_from([b"\0", b"\1"]),
            _DAYS,
            st.tuples(_DAYS, _CLOCKS, _fraction(6)).map(lambda parts: f"{parts[0]} {parts[1]}{parts[2]}"),
            st.tuples(_DAYS, _CLOCKS).map(" ".join),
            st.tuples(st.sampled_from(["", "-"]), st.integers(0, 838), _fraction(3)).map(
                lambda parts: f"{parts[0]}{parts[1]:02d}:59:07{parts[2]}"
            ),
            st.tuples(_DAYS, _CLOCKS, _fraction(2)).map(lambda parts: f"{parts[0]} {parts[1]}{parts[2]}"),
            st.sampled_from(["0000", "1901", "2155"]),
            st.binary(min_size=5, max_size=30),
            st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=4).map(
                lambda numbers: struct.pack(f"<{len(numbers)}f", *numbers)
            ),
        )
    ),
)
