"""Cells in the forms of Debezium."""

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.encode import columns
from connector.model.errors import ValueUnrepresentable
from connector.model.table import Column, SqlType, Table
from tests.unit.encode.tables import FLOATS


@pytest.mark.parametrize("kind", SqlType)
@pytest.mark.parametrize("nullable", [True, False])
def test_every_type_has_a_form_that_is_optional_like_its_column(kind: SqlType, nullable: bool) -> None:
    column = Column("c", kind, nullable=nullable, length=1)
    assert columns.column_form(Table("d", "t", (column,)), column).schema.optional is nullable


@given(FLOATS)
def test_the_shortest_float_is_the_same_float32(number: float) -> None:
    short = columns.shortest_float(number)
    assert struct.pack("<f", short) == struct.pack("<f", number)


@pytest.mark.parametrize("text", ["0.1", "3.4028235e+38", "1e-45", "16777216.0", "1.1754944e-38", "-0.0", "1234.567"])
def test_floats_have_as_few_digits_as_they_need(text: str) -> None:
    (number,) = struct.unpack("<f", struct.pack("<f", float(text)))
    # The smallest float32 is printed with two digits, as Java does.
    assert repr(columns.shortest_float(number)) == ("1.4e-45" if text == "1e-45" else text)


@given(st.integers(-(10**65), 10**65))
@example(0)
@example(127)
@example(128)
@example(-128)
@example(-129)
def test_minimal_bytes(number: int) -> None:
    raw = columns.minimal_bytes(number)
    assert int.from_bytes(raw, "big", signed=True) == number
    if len(raw) > 1:
        with pytest.raises(OverflowError):
            number.to_bytes(len(raw) - 1, "big", signed=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.00", 0), ("-0.05", -5), ("12.30", 1230), ("00012", 12), ("-128", -128), ("99999999999999999999", 10**20 - 1)],
)
def test_decimals(text: str, expected: int) -> None:
    assert columns.unscaled_text(text) == columns.minimal_bytes(expected)


def test_json_loses_blanks_between_tokens_only() -> None:
    assert columns.compact_json('{"a b": [1, 2.50, "x, \\" y: "], "": {"c": null}}') == (
        '{"a b":[1,2.50,"x, \\" y: "],"":{"c":null}}'
    )
    assert columns.compact_json('"a b"') == '"a b"'


def test_geometry_srid() -> None:
    assert columns.geometry_object(b"\xe6\x10\x00\x00wkb") == {"wkb": "d2ti", "srid": 4326}
    assert columns.geometry_object(b"\x00\x00\x00\x00wkb") == {"wkb": "d2ti", "srid": None}


def test_an_empty_vector() -> None:
    assert columns.vector_list(b"") == []
    assert columns.vector_avro(b"") == b"\x00"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (SqlType.DATE, "2023-02-30"),
        (SqlType.DATETIME, "0000-03-21 10:00:00"),
        (SqlType.TIMESTAMP, "0000-00-00 00:00:00"),
    ],
)
def test_no_day_of_the_calendar(kind: SqlType, text: str) -> None:
    nullable, required = Column("c", kind), Column("c", kind, nullable=False)
    convert = columns.column_form(Table("d", "t", (nullable,)), nullable).to_json
    refuse = columns.column_form(Table("d", "t", (required,)), required).to_json
    assert convert is not None
    assert refuse is not None
    assert convert(text) is None
    with pytest.raises(ValueUnrepresentable) as caught:
        refuse(text)
    assert caught.value.context == {"table": "d.t", "column": "c", "value": text}


def test_text_that_is_no_date_is_never_null() -> None:
    column = Column("c", SqlType.DATE)
    convert = columns.column_form(Table("d", "t", (column,)), column).to_json
    assert convert is not None
    with pytest.raises(ValueUnrepresentable):
        convert("yesterday")
