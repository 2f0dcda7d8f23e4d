"""Which numbers of a JSON document only a DECIMAL prints. That servers take them is shown in tests/integration."""

import pytest

from connector.model.errors import MessageInvalid
from connector.model.table import Column, SqlType
from sinks.mysql.json_literals import decimals
from sinks.mysql.literals import literal_of


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ("1.5", ()),
        ("1.50", (("$", "1.50"),)),
        ("-0.0", ()),
        ("1e300", ()),
        ("0.30000000000000004", ()),
        ("18446744073709551615", ()),
        ("18446744073709551616", (("$", "18446744073709551616"),)),
        ("-9223372036854775809", (("$", "-9223372036854775809"),)),
        ("1234567890123456.5", (("$", "1234567890123456.5"),)),
        ('["1.10", 1.10, {"a": 2.00, "b\\"c": [null, true, 3.0]}]', (("$[1]", "1.10"), ('$[2]."a"', "2.00"))),
        ('{"b\\"c": [0.00000001]}', (('$."b\\"c"[0]', "0.00000001"),)),
    ],
)
def test_numbers_that_need_a_decimal(document: str, found: tuple[tuple[str, str], ...]) -> None:
    assert decimals(document) == found


@pytest.mark.parametrize(
    ("document", "literal"),
    [
        ("[1.5]", "'[1.5]'"),
        ("1.10", "CAST(1.10 AS JSON)"),
        ('{"a": [1.10, 2.20]}', """JSON_REPLACE('{"a": [1.10, 2.20]}','$."a"[0]',1.10,'$."a"[1]',2.20)"""),
    ],
)
def test_literals(document: str, literal: str) -> None:
    assert literal_of(Column("c", SqlType.JSON))(document) == literal


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(MessageInvalid):
        decimals("1.10 and more")
