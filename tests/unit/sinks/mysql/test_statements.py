"""SQL of single tables: keys, generated columns, tables without a key, ENUM's error value."""

from dataclasses import replace

import pytest

from connector.model.errors import TargetColumnMissing
from connector.model.table import Column, SqlType, Table
from sinks.mysql.statements import TableStatements, TargetTable
from tests.unit.sinks.streams import ITEM

ORDER = Table(
    "source",
    "or`der",
    (
        Column("Region", SqlType.CHAR, collation="latin1_swedish_ci"),
        Column("id", SqlType.BIGINT, unsigned=True),
        Column("price", SqlType.DECIMAL),
        Column("total", SqlType.DECIMAL, generated=True),
        Column("status", SqlType.ENUM, collation="utf8mb4_0900_ai_ci", labels=("new", "done")),
    ),
    (0, 1),
)
ROW = ("eu", 2**63, "1.50", "3.00", "new")


def target(table: Table, **attributes: object) -> TargetTable:
    columns = frozenset(column.name.lower() for column in table.columns)
    return TargetTable(table.name, columns, **attributes)  # type: ignore[arg-type]


def order_statements(table: Table = ORDER) -> TableStatements:
    return TableStatements("shop", table, target(table, generated=frozenset({"total"})))


def test_insert_leaves_generated_columns_to_the_target() -> None:
    statements = order_statements()
    assert statements.insert([statements.values(ROW), statements.values(("us", 1, None, None, "done"))]) == (
        "INSERT INTO `shop`.`or``der` (`Region`, `id`, `price`, `status`) VALUES"
        " ('eu',9223372036854775808,1.50,'new'),('us',1,NULL,'done')"
    )


def test_a_column_that_is_generated_at_the_source_only_is_written() -> None:
    statements = TableStatements("shop", ORDER, target(ORDER))
    assert statements.values(ROW) == "('eu',9223372036854775808,1.50,3.00,'new')"


def test_update_finds_the_row_by_its_old_key_and_sets_every_column() -> None:
    assert order_statements().update(ROW, ("us", 7, "2.00", "4.00", "done")) == (
        "UPDATE `shop`.`or``der` SET `Region`='us',`id`=7,`price`=2.00,`status`='done'"
        " WHERE `Region`='eu' AND `id`=9223372036854775808"
    )


def test_deletes_by_a_composite_key() -> None:
    statements = order_statements()
    assert statements.deletes_together
    assert statements.delete_many([statements.key(ROW), statements.key(("us", 1, None, None, None))]) == (
        "DELETE FROM `shop`.`or``der` WHERE (`Region`, `id`) IN (('eu',9223372036854775808),('us',1))"
    )


def test_deletes_by_a_single_key() -> None:
    statements = TableStatements("shop", ITEM, target(ITEM))
    keys = [statements.key((1, "a")), statements.key((2, "b"))]
    assert statements.delete_many(keys) == "DELETE FROM `shop`.`item` WHERE `id` IN (1,2)"


def test_a_table_that_references_itself_keeps_the_order_of_deletes() -> None:
    statements = TableStatements("shop", ITEM, target(ITEM, references_itself=True))
    assert not statements.deletes_together
    assert statements.delete((1, "a")) == "DELETE FROM `shop`.`item` WHERE `id`=1"


def test_without_a_key_one_row_with_exactly_these_cells_is_changed() -> None:
    statements = order_statements(replace(ORDER, primary_key=()))
    where = (
        "WHERE `Region` <=> 'eu' COLLATE utf8mb4_0900_bin AND `id` <=> 9223372036854775808 AND `price` <=> NULL"
        " AND `status` <=> 'new' COLLATE utf8mb4_0900_bin LIMIT 1"
    )
    before = ("eu", 2**63, None, None, "new")
    assert not statements.deletes_together
    assert statements.delete(before) == f"DELETE FROM `shop`.`or``der` {where}"
    assert statements.update(before, ROW).endswith(where)


def test_enums_error_value_needs_a_statement_that_is_not_strict() -> None:
    statements = order_statements()
    row = ("eu", 1, None, None, "")
    assert statements.strict(ROW)
    assert not statements.strict(row)
    assert "SET_VAR" in statements.insert([statements.values(row)], strict=False)
    assert "SET_VAR" in statements.update(ROW, row)
    assert "SET_VAR" not in statements.update(row, ROW)


def test_an_empty_label_is_a_label_like_others() -> None:
    columns = (*ORDER.columns[:4], replace(ORDER.columns[4], labels=("", "new")))
    assert order_statements(replace(ORDER, columns=columns)).strict(("eu", 1, None, None, ""))


def test_a_column_that_the_target_lacks_is_named() -> None:
    narrow = TargetTable("or`der", frozenset({"region", "id"}))
    with pytest.raises(TargetColumnMissing, match="price, total, status"):
        TableStatements("shop", ORDER, narrow)
