"""Cells as SQL text. That a real server stores exactly these values is shown in tests/integration/sinks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.errors import MessageInvalid
from connector.model.table import Column, SqlType, Value
from sinks.mysql.literals import exact_match, floating, literal_of, text


def column(kind: SqlType, **attributes: object) -> Column:
    return Column("c", kind, **attributes)  # type: ignore[arg-type]


TEXT = column(SqlType.VARCHAR, collation="utf8mb4_0900_ai_ci")


@pytest.mark.parametrize(
    ("kind", "value", "literal"),
    [
        (SqlType.INT, -5, "-5"),
        (SqlType.BIGINT, 2**64 - 1, "18446744073709551615"),
        (SqlType.DOUBLE, 0.1, "0.1e0"),
        (SqlType.DOUBLE, -0.0, "-0.0e0"),
        (SqlType.DOUBLE, 1e16, "1e+16"),
        (SqlType.FLOAT, 0.10000000149011612, "0.10000000149011612e0"),
        (SqlType.DECIMAL, "-12.50", "-12.50"),
        (SqlType.DATE, "0000-00-00", "'0000-00-00'"),
        (SqlType.TIME, "-838:59:59.000000", "'-838:59:59.000000'"),
        (SqlType.YEAR, "0000", "'0000'"),
        (SqlType.VARCHAR, "it's", "'it''s'"),
        (SqlType.VARCHAR, "", "''"),
        (SqlType.VARCHAR, 'tab\tnul\0quote"', "'tab\tnul\0quote\"'"),
        (SqlType.VARCHAR, "\\", "_utf8mb4 x'5c'"),
        (SqlType.VARCHAR, "\\'ä", "_utf8mb4 x'5c27c3a4'"),
        (SqlType.JSON, '{"a": 1}', "'{\"a\": 1}'"),
        (SqlType.VARBINARY, b"\x00'\\", "_binary x'00275c'"),
        (SqlType.BLOB, b"", "_binary x''"),
        (SqlType.GEOMETRY, b"\x01", "_binary x'01'"),
        (SqlType.BIT, b"\x01\xff", "511"),
        (SqlType.BIT, b"\xff" * 8, "18446744073709551615"),
    ],
)
def test_literals(kind: SqlType, value: Value, literal: str) -> None:
    assert literal_of(column(kind))(value) == literal


@pytest.mark.parametrize("kind", list(SqlType))
def test_null(kind: SqlType) -> None:
    assert literal_of(column(kind))(None) == "NULL"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (SqlType.INT, "1; drop table x"),
        (SqlType.INT, 1.5),
        (SqlType.DOUBLE, 1),
        (SqlType.DOUBLE, float("nan")),
        (SqlType.DOUBLE, float("-inf")),
        (SqlType.DECIMAL, "1 or 1=1"),
        (SqlType.DECIMAL, "1e5"),
        (SqlType.DECIMAL, "١"),
        (SqlType.VARCHAR, b"bytes"),
        (SqlType.BLOB, "text"),
        (SqlType.BIT, 5),
    ],
)
def test_a_cell_of_another_type_is_an_error(kind: SqlType, value: Value) -> None:
    with pytest.raises(MessageInvalid):
        literal_of(column(kind))(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_keep_every_bit(value: float) -> None:
    literal = floating(value)
    assert float(literal) == value
    assert "e" in literal


@given(st.text())
def test_text_ends_where_it_should_whatever_the_escaping_mode(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        return  # lone surrogates cannot come out of a decoder
    literal = text(value)
    if literal.startswith("_utf8mb4 x'"):
        assert bytes.fromhex(literal[len("_utf8mb4 x'") : -1]).decode() == value
    else:
        assert "\\" not in literal
        assert literal[1:-1].replace("''", "'") == value
        assert literal[1:-1].count("'") % 2 == 0


@pytest.mark.parametrize(
    ("of", "value", "condition"),
    [
        (column(SqlType.INT), 1, "`c` <=> 1"),
        (column(SqlType.INT), None, "`c` <=> NULL"),
        (TEXT, "a", "`c` <=> 'a' COLLATE utf8mb4_0900_bin"),
        (TEXT, None, "`c` <=> NULL"),
        (column(SqlType.JSON), "{}", "`c` = CAST('{}' AS JSON)"),
        (column(SqlType.JSON), None, "`c` IS NULL"),
        (column(SqlType.VECTOR), b"\x01", "HEX(`c`) <=> HEX(_binary x'01')"),
    ],
)
def test_conditions_for_rows_without_a_key(of: Column, value: Value, condition: str) -> None:
    assert exact_match(of, "`c`")(value) == condition
