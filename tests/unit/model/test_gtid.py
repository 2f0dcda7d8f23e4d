"""GTID sets: texts as MySQL 9.7 reads them, the laws of sets, encodings, and what an advance costs."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.model import intervals as intervals_module
from connector.model.errors import PositionInvalid
from connector.model.gtid import GtidSet
from connector.model.gtid_text import MAX_GNO, parse_gtid, parse_uuid
from connector.model.intervals import BLOCK_INTERVALS, Intervals
from connector.model.position import encode_position

A = "00010203-0405-0607-0809-0a0b0c0d0e0f"
B = "8bc65c84-3fe4-11ed-a912-257f0fcdd6c9"

Members = frozenset[tuple[str, int]]

SOURCES = st.sampled_from([A, B, f"{A}:backup", f"{A}:a_1", f"{B}:a_1"])
RUNS = st.lists(st.tuples(SOURCES, st.integers(1, 60), st.integers(0, 9)), max_size=12)


def _set(runs: list[tuple[str, int, int]]) -> GtidSet:
    result = GtidSet()
    for sid, start, more in runs:
        result.add_interval(sid, start, start + more)
    return result


def _members(gtids: GtidSet) -> Members:
    return frozenset((sid, number) for sid, first, last in gtids for number in range(first, last + 1))


SETS = RUNS.map(_set)


# ---- text -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        (",", ""),
        (f"{A}:1-0", ""),
        (f"{A}:5-0", ""),
        (f"{A}:1-5:6-9", f"{A}:1-9"),
        (f"{A}:01-05", f"{A}:1-5"),
        (A.upper() + ":1", f"{A}:1"),
        (A.replace("-", "") + ":1", f"{A}:1"),
        (f"{{{A}}}:1", f"{A}:1"),
        (f"{B}:1,{A}:1", f"{A}:1,{B}:1"),
        (f" {A} : 1 - 5 \t:\v7 ,\r\n{B}:2 ,, ", f"{A}:1-5:7,{B}:2"),
        (f"{A}:{MAX_GNO}", f"{A}:{MAX_GNO}"),
        (f"{A}:Tag_B:1", f"{A}:tag_b:1"),
        (f"{A}: _x : 1", f"{A}:_x:1"),
        (f"{A}:1-3:tag:5:7", f"{A}:1-3:tag:5:7"),
        (f"{A}:b:1,{A}:1", f"{A}:1:b:1"),
        (f"{A}:1:b:2:a:3,{A}:5:b:3", f"{A}:1:5:a:3:b:2-3"),
        (f"{A}:{'a' * 32}:1", f"{A}:{'a' * 32}:1"),
    ],
)
def test_text_as_the_server_reads_it(text: str, canonical: str) -> None:
    assert str(GtidSet.parse(text)) == canonical


@pytest.mark.parametrize(
    "rest",
    [
        "", ":", ":1-", ":-5", ":1-2-3", ":+1", "::1", ":1::2", ":1:", ":0", ":0-3", ":1;2", ":1.5", ":1_0", ":١",
        ":\xa01", ":9223372036854775807", ":1-9223372036854775807", ":99999999999999999999", ":tag:", ":9x:1",
        f":{'a' * 33}:1", ":tag1-2:4", ":1:a:0", ":tag", ":1:tag", ":a:b:1", "0:1",
    ],
)  # fmt: skip
def test_text_that_is_refused(rest: str) -> None:
    with pytest.raises(PositionInvalid):
        GtidSet.parse(A + rest)


@pytest.mark.parametrize(
    "uuid", ["x", A[:-1], A.replace("-", "", 1), f"{{{A}", A + "0", f"{{{A}0", "g" + A[1:], f" {A}"]
)
def test_what_is_no_uuid(uuid: str) -> None:
    with pytest.raises(PositionInvalid):
        parse_uuid(uuid)


@pytest.mark.parametrize(
    "text", ["", ":", A, f"{A}:", f"{A}:0", f"{A}:1-2", f"{A}:1:2", f"{A}:+1", f"{A}:a:b:1", "x:1"]
)
def test_what_is_no_gtid(text: str) -> None:
    with pytest.raises(PositionInvalid):
        parse_gtid(text)
    with pytest.raises(PositionInvalid):
        GtidSet.parse(f"{A}:5").add(text)
    with pytest.raises(PositionInvalid):
        GtidSet.parse(f"{A}:5").contains_gtid(text)


def test_a_gtid_of_a_known_source_is_still_checked() -> None:
    gtids = GtidSet.parse(f"{A}:5")
    for number in ("0", "9223372036854775807", "٦", " 6", "6 ", "6_0"):
        with pytest.raises(PositionInvalid):
            gtids.add(f"{A}:{number}")
    gtids.add(f"{A.upper()}:6")
    gtids.add(f"{A}:Backup:7")
    assert str(gtids) == f"{A}:5-6:backup:7"


# ---- laws -----------------------------------------------------------------------------------------------------------
@given(RUNS)
def test_members(runs: list[tuple[str, int, int]]) -> None:
    gtids = _set(runs)
    assert _members(gtids) == {(sid, n) for sid, start, more in runs for n in range(start, start + more + 1)}
    assert gtids.count() == len(_members(gtids))
    for sid in gtids.sources:
        bounds = [bound for interval in gtids.intervals(sid) for bound in interval]
        assert bounds == sorted(bounds)
        assert all(after - before > 1 for before, after in zip(bounds[1::2], bounds[2::2], strict=False))


@given(SETS, SETS)
def test_laws(a: GtidSet, b: GtidSet) -> None:
    ours, theirs = _members(a), _members(b)
    assert _members(a.union(b)) == ours | theirs
    assert a.union(b) == b.union(a)
    assert _members(a.subtract(b)) == ours - theirs
    assert a.contains(b) == (ours >= theirs) == (not b.subtract(a))
    assert a.intersects(b) == bool(ours & theirs) == b.intersects(a)
    assert a.subtract(b).union(b) == a.union(b)
    assert not a.subtract(b).intersects(b)
    assert (a == b) == (ours == theirs)
    assert (_members(a), _members(b)) == (ours, theirs), "the operands are left alone"


@given(SETS)
def test_round_trips(gtids: GtidSet) -> None:
    assert GtidSet.parse(str(gtids)) == gtids
    assert GtidSet.decode(gtids.encode()) == gtids
    assert gtids.copy() == gtids
    assert bool(gtids) == bool(str(gtids))
    last = gtids.last_gtid()
    assert last is None or gtids.contains_gtid(last)


@given(SETS, st.lists(st.tuples(SOURCES, st.integers(1, 80), st.booleans()), max_size=30))
def test_text_follows_every_change(gtids: GtidSet, added: list[tuple[str, int, bool]]) -> None:
    expected = set(_members(gtids))
    for sid, number, look in added:
        gtids.add(f"{sid}:{number}")
        expected.add((sid, number))
        if look:
            assert str(gtids) == str(GtidSet.parse(str(gtids)))
            assert _members(GtidSet.parse(str(gtids))) == expected


@given(SETS)
def test_copies_are_independent(gtids: GtidSet) -> None:
    before, other = str(gtids), gtids.copy()
    other.add(f"{A}:500")
    assert (str(gtids), str(other) == before) == (before, False)


@given(SETS, SETS)
def test_errant(a: GtidSet, b: GtidSet) -> None:
    assert _members(a.errant(A, b)) == {member for member in _members(a) - _members(b) if member[0][:36] != A}


# ---- many intervals -------------------------------------------------------------------------------------------------
NUMBERS = st.lists(st.tuples(st.integers(1, 900), st.integers(0, 3)), min_size=1, max_size=400)


@settings(max_examples=60, deadline=None)
@given(NUMBERS, st.integers(1, 20))
def test_blocks(added: list[tuple[int, int]], look_every: int) -> None:
    found, expected = Intervals(), set[int]()
    for count, (start, more) in enumerate(added):
        found.add(start, start + more)
        expected.update(range(start, start + more + 1))
        if count % look_every == 0:
            assert "".join(found.texts()) == "".join(Intervals(found).texts())
    assert {number for first, last in found for number in range(first, last + 1)} == expected
    assert found.last == max(expected)
    for number in range(1, 910, 7):
        assert found.covers(number, number) == (number in expected)
        assert found.covers(number, number + 2) == ({number, number + 1, number + 2} <= expected)


def test_alternating_numbers_fill_up_to_one_interval() -> None:
    gtids = GtidSet()
    for number in [*range(1, 2000, 2), *range(1998, 0, -2)]:
        gtids.add(f"{A}:{number}")
    assert str(gtids) == f"{A}:1-1999"


# ---- what an advance costs ------------------------------------------------------------------------------------------
@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many intervals were turned into text, block by block."""
    seen: list[int] = []
    render = intervals_module._render

    def counting(block: list[tuple[int, int]]) -> str:
        seen.append(len(block))
        return render(block)

    monkeypatch.setattr(intervals_module, "_render", counting)
    return seen


def _advance(gtids: GtidSet, added: list[str]) -> None:
    for gtid in added:
        gtids.add(gtid)
        text = encode_position(gtids)
        assert text.startswith("MySQL56/")


def test_thousand_sources_render_one_again(rendered: list[int]) -> None:
    uuids = [str(UUID(int=number << 96)) for number in range(1, 1001)]
    gtids = GtidSet.parse(",".join(f"{uuid}:1-9" for uuid in uuids))
    encode_position(gtids)
    rendered.clear()
    _advance(gtids, [f"{uuids[number % 7]}:{10 + number // 7}" for number in range(700)])
    assert sum(rendered) <= 700
    assert str(gtids) == str(GtidSet.parse(str(gtids)))


@pytest.mark.parametrize("where", ["at the end", "in the middle", "everywhere"])
def test_hundred_thousand_intervals_render_one_block_again(rendered: list[int], where: str) -> None:
    gtids = GtidSet()
    for number in range(100_000):
        gtids.add_interval(A, 10 * number + 1, 10 * number + 5)
    encode_position(gtids)
    rendered.clear()
    first = {"at the end": 1_000_000, "in the middle": 500_006, "everywhere": 7}[where]
    step = 9_990 if where == "everywhere" else 1
    _advance(gtids, [f"{A}:{first + step * number}" for number in range(100)])
    # Splitting a block renders its halves once more.
    assert sum(rendered) <= 100 * 2 * BLOCK_INTERVALS
    fresh = gtids.copy()
    assert str(gtids) == str(fresh)


def test_a_transaction_in_order_reads_the_last_block_only() -> None:
    large = Intervals((10 * number + 1, 10 * number + 5) for number in range(10_000))
    last = large.last
    for block in large._blocks[:-1]:
        block.clear()
    large.add(last + 1, last + 1)
    assert large.last == last + 1


# ---- encoding -------------------------------------------------------------------------------------------------------
def _little(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(8, "little") for number in numbers)


def test_encoding_without_tags_is_the_old_one() -> None:
    encoded = GtidSet.parse(f"{A}:1-5:7").encode()
    assert encoded == _little(1) + UUID(A).bytes + _little(2, 1, 6, 7, 8)


def test_encoding_with_tags() -> None:
    encoded = GtidSet.parse(f"{A}:1:tag:2").encode()
    untagged = UUID(A).bytes + b"\0" + _little(1, 1, 2)
    tagged = UUID(A).bytes + b"\6tag" + _little(1, 2, 3)
    assert encoded == b"\1\2\0\0\0\0\0\1" + untagged + tagged


@pytest.mark.parametrize("tag", [b"\2A", b"\2-", b"\5ab", b"\2\xff", b"\x42" + b"a" * 33])
def test_encoded_tags_that_are_none(tag: bytes) -> None:
    with pytest.raises(PositionInvalid):
        GtidSet.decode(b"\1\1\0\0\0\0\0\1" + UUID(A).bytes + tag + _little(1, 2, 3))


@pytest.mark.parametrize("text", [f"{A}:1-5:7", f"{A}:1:tag:2,{B}:3", ""])
def test_damaged_encodings(text: str) -> None:
    encoded = GtidSet.parse(text).encode()
    for size in range(len(encoded)):
        with pytest.raises(PositionInvalid):
            GtidSet.decode(encoded[:size])
    with pytest.raises(PositionInvalid, match="1 bytes too many"):
        GtidSet.decode(encoded + b"\0")
    with pytest.raises(PositionInvalid, match="unknown format 2"):
        GtidSet.decode(encoded[:7] + b"\2" + encoded[8:])


@given(st.binary(max_size=120))
def test_any_bytes_are_a_set_or_refused(raw: bytes) -> None:
    try:
        GtidSet.decode(raw)
    except PositionInvalid:
        return


@pytest.mark.parametrize(("start", "end"), [(0, 5), (5, 5), (6, 5), (1, 2**63)])
def test_encoded_intervals_that_are_none(start: int, end: int) -> None:
    with pytest.raises(PositionInvalid, match="interval"):
        GtidSet.decode(_little(1) + UUID(A).bytes + _little(1, start, end))


@given(st.text(max_size=60) | st.text(alphabet="0123456789abcdef-:,{} tx", max_size=90))
def test_any_text_is_a_set_or_refused(text: str) -> None:
    for candidate in (text, f"{A}:{text}"):
        try:
            gtids = GtidSet.parse(candidate)
        except PositionInvalid:
            continue
        assert GtidSet.parse(str(gtids)) == gtids
