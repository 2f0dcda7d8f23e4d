"""Which changes share a statement, and that nothing changes places."""

import re
import time

import pytest

from connector.model.errors import MessageInvalid, TransactionTooLarge
from connector.model.message import FOREIGN_KEY_CHECKS_OFF, Body, CopyCompleted, Heartbeat, Transaction
from connector.model.table import Column, Row, SqlType, Table
from sinks.mysql.batching import KEYS_PER_DELETE, Statement, StatementBatcher
from sinks.mysql.statements import TableStatements, TargetTable
from tests.unit.sinks.streams import ITEM, PickleDecoder, change, copy, insert

OTHER = Table("shop", "other", ITEM.columns, (0,))
PACKET = 1 << 26


def batcher(
    packet: int = PACKET, *, statement_bytes: int = 1 << 20, references_itself: bool = False
) -> StatementBatcher:
    decoder = PickleDecoder(ITEM, OTHER)
    made = {
        number: TableStatements(
            "t", table, TargetTable(table.name, frozenset({"id", "name"}), references_itself=references_itself)
        )
        for number, table in decoder.tables.items()
    }
    return StatementBatcher(made.__getitem__, decoder.row, packet, statement_bytes)


def shapes(statements: list[Statement]) -> list[tuple[str, str, int]]:
    return [(statement.kind, statement.table, statement.rows) for statement in statements]


def rendered(*bodies: Body, packet: int = PACKET, statement_bytes: int = 1 << 20) -> list[Statement]:
    return list(batcher(packet, statement_bytes=statement_bytes).statements(bodies))


def test_consecutive_changes_of_one_kind_and_table_share_a_statement() -> None:
    statements = rendered(
        insert((1, "a"), (2, "b")),
        insert((3, "c")),  # another source transaction
        insert((1, "a"), table=2),
        insert((4, "d")),
        Transaction((change((4, "d"), None), change((3, "c"), None))),
    )
    assert shapes(statements) == [
        ("insert", "t.item", 3),
        ("insert", "t.other", 1),
        ("insert", "t.item", 1),
        ("delete", "t.item", 2),
    ]
    assert statements[0].sql == b"INSERT INTO `t`.`item` (`id`, `name`) VALUES (1,'a'),(2,'b'),(3,'c')"
    assert statements[3].sql == b"DELETE FROM `t`.`item` WHERE `id` IN (4,3)"


def test_updates_stand_alone_and_keep_their_place() -> None:
    statements = rendered(
        Transaction(
            (
                change(None, (1, "a")),
                change((1, "a"), (1, "b")),
                change((1, "b"), (2, "b")),
                change(None, (1, "c")),
                change((2, "b"), None),
            )
        )
    )
    assert [kind for kind, _, _ in shapes(statements)] == ["insert", "update", "update", "insert", "delete"]


def test_a_table_that_references_itself_is_deleted_from_row_by_row() -> None:
    body = Transaction((change((2, "b"), None), change((1, "a"), None)))
    assert [each.rows for each in batcher(references_itself=True).statements([body])] == [1, 1]


def test_foreign_key_checks_are_part_of_the_run() -> None:
    off = change(None, (2, "b"), flags=FOREIGN_KEY_CHECKS_OFF | 1)
    statements = rendered(Transaction((change(None, (1, "a")), off, change(None, (3, "c")))), copy((4, "d")))
    assert [each.foreign_key_checks for each in statements] == [True, False, True, False]


def test_copied_rows_of_several_messages_share_a_statement() -> None:
    assert shapes(rendered(copy((1, "a"), (2, "b")), copy((3, "c"), completed=True), CopyCompleted(), Heartbeat())) == [
        ("insert", "t.item", 3)
    ]


def test_statements_are_limited_in_size() -> None:
    rows: list[Row] = [(number, "x" * 90) for number in range(100)]
    statements = rendered(insert(*rows), statement_bytes=1000)
    assert sum(each.rows for each in statements) == 100
    assert all(len(each.sql) < 1100 for each in statements)
    assert len(statements) >= 10


def test_statements_fit_a_small_packet_whatever_the_characters() -> None:
    rows: list[Row] = [(number, "𝄞" * 20) for number in range(200)]
    assert all(len(each.sql) < 2048 for each in rendered(insert(*rows), packet=2048))


def test_the_number_of_keys_of_a_delete_is_limited() -> None:
    body = Transaction(tuple(change((number, "a"), None) for number in range(KEYS_PER_DELETE + 1)))
    assert [each.rows for each in rendered(body)] == [KEYS_PER_DELETE, 1]


def test_a_row_larger_than_the_packet_is_named() -> None:
    with pytest.raises(TransactionTooLarge) as raised:
        rendered(insert((1, "x" * 5000)), packet=4096)
    assert raised.value.context["table"] == "t.item"
    assert raised.value.context["max_allowed_packet"] == 4096


def test_a_change_without_images_is_an_error() -> None:
    with pytest.raises(MessageInvalid):
        rendered(Transaction((change(None, None),)))


def test_statements_are_made_one_by_one() -> None:
    seen: list[int] = []

    def bodies() -> object:
        for number in range(3):
            seen.append(number)
            yield Transaction((change((number, "a"), (number, "b")),))

    statements = batcher().statements(bodies())  # type: ignore[arg-type]
    next(statements)
    assert seen == [0]


def test_rendering_is_fast_enough_for_the_python_path() -> None:
    table = Table(
        "shop",
        "wide",
        (
            Column("id", SqlType.BIGINT),
            Column("name", SqlType.VARCHAR, collation="utf8mb4_0900_ai_ci"),
            Column("price", SqlType.DECIMAL),
            Column("at", SqlType.DATETIME),
            Column("data", SqlType.VARBINARY),
        ),
        (0,),
    )
    row: Row = (123456789, "a name of ordinary length", "1234.50", "2024-02-29 12:34:56.000000", b"\x00\x01\x02\x03")
    names = frozenset(column.name for column in table.columns)
    statements = TableStatements("t", table, TargetTable("wide", names))
    body = Transaction((change(None, row),) * 20_000)
    quick = StatementBatcher(lambda _: statements, lambda _, image: row, PACKET)
    started = time.process_time()
    rows = sum(statement.rows for statement in quick.statements([body]))
    rate = rows / (time.process_time() - started)
    assert rows == 20_000
    assert rate > 50_000, f"{rate:,.0f} rows/s"


def test_text_cannot_end_its_literal() -> None:
    (statement,) = rendered(insert((1, "'); drop table x; -- "), (2, "\\'); drop table y; -- ")))
    pattern = rb"INSERT INTO [^(]+[^)]+\) VALUES \(1,'''\); drop.*'\),\(2,_utf8mb4 x'[0-9a-f]+'\)"
    assert re.fullmatch(pattern, statement.sql)
