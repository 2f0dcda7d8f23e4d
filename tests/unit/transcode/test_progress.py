"""The source transaction being sent: what is skipped after a restart, and what proves that it is the same."""

from zlib import crc32

import pytest

from connector.model.errors import ResumeMismatch
from connector.model.events import Gtid
from connector.model.position import InTransaction
from connector.transcode.progress import OpenTransaction

GTID = Gtid("3e11fa47-71ca-11e1-9e33-c80aa9429562:7", 1, 2, 3, 4)
ROWS: list[tuple[bytes | None, bytes | None]] = [(None, b"a"), (b"a", b"b"), (b"c", None), (None, b"d")]


def sent(count: int) -> InTransaction:
    """What the record says after `count` rows."""
    tx = OpenTransaction(GTID, None, tracked=True)
    for before, after in ROWS[:count]:
        assert not tx.skip(before, after)
    return tx.progress((1, 0))


def test_a_new_transaction_skips_nothing() -> None:
    assert sent(3) == InTransaction(GTID.gtid, 3, crc32(b"aabc"), (1, 0))


@pytest.mark.parametrize("count", range(1, len(ROWS) + 1))
def test_skips_exactly_what_was_sent(count: int) -> None:
    tx = OpenTransaction(GTID, sent(count), tracked=False)
    assert [tx.skip(*row) for row in ROWS] == [True] * count + [False] * (len(ROWS) - count)
    tx.check_resumed()
    assert (tx.rows, tx.rows_since_border) == (len(ROWS), len(ROWS) - count)
    assert tx.progress(()).crc == sent(len(ROWS)).crc, "the checksum goes on over the skipped rows"


def test_other_rows_are_a_mismatch() -> None:
    tx = OpenTransaction(GTID, sent(2), tracked=True)
    assert tx.skip(None, b"a")
    with pytest.raises(ResumeMismatch, match=GTID.gtid):
        tx.skip(b"a", b"B")


def test_other_order_is_a_mismatch() -> None:
    tx = OpenTransaction(GTID, sent(2), tracked=True)
    tx.skip(b"b", b"a")
    with pytest.raises(ResumeMismatch):
        tx.skip(None, b"a")


def test_fewer_rows_are_a_mismatch() -> None:
    tx = OpenTransaction(GTID, sent(3), tracked=True)
    for row in ROWS[:2]:
        tx.skip(*row)
    with pytest.raises(ResumeMismatch, match="3 rows were sent, the binlog has 2"):
        tx.check_resumed()


def test_untracked_rows_are_only_counted() -> None:
    tx = OpenTransaction(GTID, None, tracked=False)
    tx.skip(None, None)
    assert (tx.rows, tx.crc) == (1, 0)
