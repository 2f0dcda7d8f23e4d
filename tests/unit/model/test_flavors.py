"""Positions of other flavours, and how flavours go together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.errors import PositionInvalid
from connector.model.file_position import FilePosition, binlog_order
from connector.model.flavors import at_least, decode_position, format_position, union, with_gtid
from connector.model.gtid import GtidSet
from connector.model.mariadb_gtid import MariadbGtid, MariadbGtidSet
from connector.model.position import Checkpoint, InTransaction, encode_position, parse_position

A = "00010203-0405-0607-0809-0a0b0c0d0e0f"
TEXTS = [f"MySQL56/{A}:1-5", "MariaDB/0-1-7,2-1-3", "FilePos/binlog.000002:1307", "MySQL56/", "MariaDB/"]

GTIDS = st.builds(MariadbGtid, st.integers(0, 3), st.integers(1, 2), st.integers(1, 9))
POSITIONS = st.lists(GTIDS, max_size=6).map(MariadbGtidSet)


@pytest.mark.parametrize("text", TEXTS)
def test_text_round_trip(text: str) -> None:
    position = decode_position(text)
    assert position is not None
    assert format_position(position) == encode_position(position) == text
    assert decode_position(str(position), position.flavor) == (position if str(position) else None)


def test_no_position() -> None:
    assert decode_position("") is None
    assert format_position(None) == ""
    assert parse_position("") == GtidSet()


@pytest.mark.parametrize(
    "text", ["mysql56/x", "Nope/x", "/x", "x", " MySQL56/", "MySQL56", "FilePos/", "FilePos/a:b:1"]
)
def test_refused(text: str) -> None:
    with pytest.raises(PositionInvalid):
        decode_position(text)


@pytest.mark.parametrize("text", ["MariaDB/0-1-7", "FilePos/f:1", "FilePos/:1"])
def test_streams_go_on_from_mysql_positions_only(text: str) -> None:
    with pytest.raises(PositionInvalid, match="cannot be used here") as caught:
        parse_position(text)
    assert "MySQL56/<GTID set>" in (caught.value.specific_hint or "")


@pytest.mark.parametrize("one", TEXTS)
@pytest.mark.parametrize("other", TEXTS)
def test_flavors_do_not_mix(one: str, other: str) -> None:
    a, b = decode_position(one), decode_position(other)
    assert a is not None
    assert b is not None
    if a.flavor == b.flavor:
        both = union(a, b)
        assert at_least(both, a)
        assert at_least(both, b)
        return
    assert a != b
    assert not at_least(a, b)
    with pytest.raises(PositionInvalid, match="cannot be added"):
        union(a, b)
    gtid = b.last_gtid()
    if gtid:
        with pytest.raises(PositionInvalid, match="cannot be added"):
            with_gtid(a, f"{b.flavor}/{gtid}")


def test_none_is_before_everything() -> None:
    position = decode_position(TEXTS[0])
    assert at_least(position, None)
    assert at_least(None, None)
    assert not at_least(None, position)
    assert union(None, position) == union(position, None) == position
    assert union(None, None) is None


# ---- MariaDB --------------------------------------------------------------------------------------------------------
@given(POSITIONS, POSITIONS)
def test_mariadb_laws(a: MariadbGtidSet, b: MariadbGtidSet) -> None:
    both = a.union(b)
    assert both.contains(a)
    assert both.contains(b)
    assert a.contains(b) == (not b.subtract(a))
    assert a.subtract(b).union(b).contains(a)
    assert MariadbGtidSet.parse(str(a)) == a == a.copy()
    assert a.intersects(b) == b.intersects(a)
    assert a.count() == len(str(a).split(",")) if a else a.last_gtid() is None


@given(POSITIONS, GTIDS)
def test_mariadb_advance(position: MariadbGtidSet, gtid: MariadbGtid) -> None:
    before = position.copy()
    position.add(str(gtid))
    assert position.contains(before)
    assert position.contains_gtid(str(gtid))


@pytest.mark.parametrize(
    "text", ["", "1-2", "1-2-3-4", "a-1-1", "1-1-", "4294967296-1-1", "0-4294967296-1", f"0-1-{2**64}"]
)
def test_what_is_no_mariadb_gtid(text: str) -> None:
    with pytest.raises(PositionInvalid):
        MariadbGtid.parse(text)


# ---- files ----------------------------------------------------------------------------------------------------------
def test_binlog_files_are_ordered_by_their_number() -> None:
    shuffled = [
        "binlog.1000000",
        "mysql-bin.000001",
        "binlog.000002",
        "binlog.999999",
        "binlog.10000000",
        "binlog.000001",
    ]
    numbers = [name.partition(".")[2] for name in sorted(shuffled, key=binlog_order)]
    assert numbers == ["000001", "000002", "999999", "1000000", "10000000", "000001"]
    assert FilePosition.parse("binlog.1000000:4").contains(FilePosition.parse("binlog.999999:1000"))
    assert not FilePosition.parse("binlog.999999:1000").contains(FilePosition.parse("binlog.1000000:4"))


NAMES = st.sampled_from(["a.000001", "a.2", "a.10", "a", "a.b", "b.000001", "a.000002", "a.b.000001", ""])
FILES = st.builds(lambda name, offset: FilePosition.parse(f"{name}:{offset}"), NAMES, st.integers(0, 3))


@given(FILES, FILES, FILES)
def test_file_positions_are_totally_ordered(a: FilePosition, b: FilePosition, c: FilePosition) -> None:
    assert a.contains(b) or b.contains(a)
    assert (a.contains(b) and b.contains(a)) == (a == b)
    assert not (a.contains(b) and b.contains(c)) or a.contains(c)
    assert a.union(b) == b.union(a)
    assert a.copy() == a


@pytest.mark.parametrize("text", ["", "f", "f:", "f:a", "f:-1", "f:+1", "f:1:2", f"f:{2**64}", "f:١"])
def test_what_is_no_file_position(text: str) -> None:
    with pytest.raises(PositionInvalid):
        FilePosition.parse(text)


# ---- the position record --------------------------------------------------------------------------------------------
@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 9)), max_size=5), st.integers(0, 2**40), st.booleans())
def test_checkpoint_round_trip(runs: list[tuple[int, int]], seq: int, cut: bool) -> None:
    gtids = GtidSet()
    for start, more in runs:
        gtids.add_interval(f"{A}:tag" if more == 3 else A, start, start + more)
    checkpoint = Checkpoint(
        position=encode_position(gtids),
        gtid=gtids.last_gtid() or "",
        file="binlog.1000000",
        pos=seq,
        seq=seq,
        seqs=(seq, 0),
        in_tx=InTransaction(f"{A}:51", 7, 9, (1, 2)) if cut else None,
    )
    assert Checkpoint.from_json(checkpoint.to_json()) == checkpoint
