"""Binary JSON to MySQL's own text: measured texts, number forms, escapes, and malformed documents."""

import base64
import re
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.decode.json_text import double_text, json_text, quoted
from tests.unit.decode.stream import vectors

# Made by hand with a wrong container size, which MySQL itself refuses.
IMPOSSIBLE = {"binlog_values-0086", "binlog_values-0087"}


def _documents() -> list[Any]:
    return [case for case in vectors("binlog_types")["cases"] if "jsonb_hex" in case.get("wire", {})]


@pytest.mark.parametrize("case", _documents(), ids=lambda case: case["id"])
def test_recorded_documents(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["wire"]["jsonb_hex"])
    expected = case.get("expected_text") or case.get("expected_text_compact") or case["expected"]
    if isinstance(expected, dict):
        with pytest.raises(ValueError, match=r"JSON|document"):
            json_text(data)
    elif "expected_text_compact" in case:
        assert re.sub(r'([,:]) (?=["\d\[{tfn-])', r"\1", json_text(data)) == expected
    else:
        assert json_text(data) == expected


def _plain(value: Any) -> str:
    """The vectors' trees as MySQL prints them."""
    match value:
        case {"number": number, "kind": kind}:
            return double_text(float(number)) if kind == "float" else str(number)
        case {"datetime": text} | {"date": text} | {"time": text}:
            return f'"{text}"'
        case {"blob": data}:
            return f'"base64:type252:{base64.b64encode(bytes.fromhex(data)).decode()}"'
        case dict():
            return "{" + ", ".join(f"{quoted(key)}: {_plain(member)}" for key, member in value.items()) + "}"
        case list():
            return "[" + ", ".join(_plain(member) for member in value) + "]"
        case str():
            return quoted(value)
    return {None: "null", True: "true", False: "false"}[value]


@pytest.mark.parametrize(
    "case",
    [c for c in vectors("binlog_values")["cases"] if c["op"] == "binary_json_parse" and c["id"] not in IMPOSSIBLE],
    ids=lambda case: case["id"],
)
def test_documents_of_a_binlog_reader(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["input"]["data_hex"])
    if isinstance(case["expected"], dict) and "error_contains" in case["expected"]:
        with pytest.raises(ValueError, match="temporal"):
            json_text(data)
    else:
        assert json_text(data) == _plain(case["expected"])


def test_a_container_that_claims_more_bytes_than_there_are_is_refused() -> None:
    [data] = [c["input"]["data_hex"] for c in vectors("binlog_values")["cases"] if c["id"] == "binlog_values-0086"]
    with pytest.raises(ValueError, match="says 37 bytes"):
        json_text(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (-1.5, "-1.5"),
        (1e15, "1e15"),
        (1e14, "100000000000000.0"),
        (1e16, "1e16"),
        (12345678901234567.0, "1.2345678901234568e16"),
        (1e-14, "0.00000000000001"),
        (1e-16, "1e-16"),
        (1.5e-7, "0.00000015"),
        (1.8446744073709552e19, "1.8446744073709552e19"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e308"),
        (100.25, "100.25"),
    ],
)
def test_double_forms(number: float, text: str) -> None:
    assert double_text(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_double_text_reads_back(number: float) -> None:
    assert struct.pack("<d", float(double_text(number))) == struct.pack("<d", number)


def test_escapes() -> None:
    assert quoted('"\\/\b\t\n\f\r\0\x1f\x7f\u2028🍣') == '"\\"\\\\/\\b\\t\\n\\f\\r\\u0000\\u001f\x7f\u2028🍣"'


def test_long_binary_values_have_mysqls_line_breaks() -> None:
    data = b"\x0f\x0f\x64" + b"x" * 100
    lines = [base64.b64encode(b"x" * 57).decode(), base64.b64encode(b"x" * 43).decode()]
    assert json_text(data) == f'"base64:type15:{lines[0]}\\n{lines[1]}"'


def test_no_bytes_are_json_null() -> None:
    assert json_text(b"") == "null"


def test_nesting_stops_where_mysql_stops() -> None:
    def nested(depth: int) -> bytes:
        if depth == 1:
            return struct.pack("<HH", 0, 4)
        inner = nested(depth - 1)
        return struct.pack("<HHBH", 1, 7 + len(inner), 2, 7) + inner

    assert json_text(b"\x02" + nested(100)) == "[" * 100 + "]" * 100
    with pytest.raises(ValueError, match="deeper"):
        json_text(b"\x02" + nested(101))


@given(st.sampled_from(_documents()), st.integers(0, 400), st.integers(0, 255))
def test_a_changed_or_cut_document_never_fails_otherwise(case: dict[str, Any], at: int, byte: int) -> None:
    data = bytearray.fromhex(case["wire"]["jsonb_hex"])
    for broken in (bytes(data[:at]), bytes(data[:at] + bytes([byte]) + data[at + 1 :])):
        try:
            assert isinstance(json_text(broken), str)
        except ValueError:
            continue
