"""Pure parts of introspection, snapshot and preflight: labels, the SELECT of a table, findings back to errors."""

import pytest

from connector.model.errors import PositionPurged, TableKeyMissing
from connector.model.finding import Finding
from connector.model.table import Column, SqlType, Table
from connector.mysql.introspect import parse_labels
from connector.mysql.preflight import raise_first_error
from connector.mysql.snapshot import select_statement


@pytest.mark.parametrize(
    ("column_type", "labels"),
    [
        ("enum('a','b')", ("a", "b")),
        ("set('x,y','''','it''s')", ("x,y", "'", "it's")),
        (r"enum('a\\b','\\','n\nl','\0','(',')')", ("a\\b", "\\", "n\nl", "\0", "(", ")")),
        ("enum('','  lead','é\"`')", ("", "  lead", 'é"`')),
        (r"enum('\\''')", ("\\'",)),
    ],
)
def test_labels(column_type: str, labels: tuple[str, ...]) -> None:
    assert parse_labels(column_type) == labels


def test_select_reads_exact_values_in_key_order() -> None:
    columns = (
        Column("b", SqlType.INT),
        Column("a`x", SqlType.BIGINT),
        Column("f", SqlType.FLOAT),
        Column("d", SqlType.DECIMAL, length=10, scale=2),
        Column("v", SqlType.VECTOR, length=3),
    )
    assert select_statement(Table("shop", "t", columns, primary_key=(1, 0))) == (
        "SELECT `b`, `a``x`, CAST(`f` AS DOUBLE), CAST(`d` AS DECIMAL(10,2)), CAST(`v` AS BINARY) "
        "FROM `shop`.`t` FORCE INDEX (PRIMARY) ORDER BY `a``x`, `b`"
    )


def test_select_without_a_key() -> None:
    assert select_statement(Table("shop", "t", (Column("b", SqlType.INT),))) == "SELECT `b` FROM `shop`.`t`"


def test_first_error_is_raised_as_its_class() -> None:
    warning = Finding(TableKeyMissing.code, "warning", "no key", "hint", "shop")
    error = Finding.of(PositionPurged("gone", hint="look there", missing="u:1"), "shop")
    with pytest.raises(PositionPurged, match=r"^gone \(missing=u:1\)$") as caught:
        raise_first_error([warning, error, Finding.of(TableKeyMissing("later"), "shop")])
    assert caught.value.remedy == "look there"


def test_warnings_alone_raise_nothing() -> None:
    raise_first_error([Finding(TableKeyMissing.code, "warning", "no key", "hint", "shop")])
