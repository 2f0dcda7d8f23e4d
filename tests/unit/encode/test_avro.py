"""Numbers and generated writers against fastavro."""

import io
import struct
from typing import Any

import fastavro
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.encode.avro import Field, Kind, encode_bytes, encode_long, encode_string, record_writer


def written(schema: Any, value: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return out.getvalue()


@given(st.integers(-(2**63), 2**63 - 1))
@example(-(2**63))
@example(2**63 - 1)
def test_long(number: int) -> None:
    assert encode_long(number) == written("long", number)


@pytest.mark.parametrize("bits", range(63))
def test_long_at_the_borders_of_its_lengths(bits: int) -> None:
    for number in (2**bits - 1, 2**bits, -(2**bits), -(2**bits) - 1):
        assert encode_long(number) == written("long", number)


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**80])
def test_long_does_not_cut_numbers(number: int) -> None:
    with pytest.raises(OverflowError):
        encode_long(number)


@pytest.mark.parametrize("size", [0, 1, 63, 64, 8191, 8192, 70000])
def test_lengths(size: int) -> None:
    assert encode_bytes(b"x" * size) == written("bytes", b"x" * size)
    assert encode_string("é" * size) == written("string", "é" * size)


CELLS: dict[Kind, tuple[str, list[Any]]] = {
    "long": ("long", [0, 1, -1, 8191, 8192, 2**63 - 1, -(2**63)]),
    "float": ("float", [0.0, -0.0, 0.10000000149011612]),
    "double": ("double", [0.0, 0.1, 5e-324]),
    "string": ("string", ["", "größe 😀", "x" * 9000]),
    "bytes": ("bytes", [b"", b"\x00\xff", b"x" * 9000]),
    "boolean": ("boolean", [True, False]),
}


@pytest.mark.parametrize("kind", CELLS)
def test_record_writer(kind: Kind) -> None:
    avro, cells = CELLS[kind]
    required = {"type": "record", "name": "r", "fields": [{"name": "a", "type": avro}]}
    nullable = {"type": "record", "name": "r", "fields": [{"name": "a", "type": ["null", avro]}]}
    for cell in cells:
        assert record_writer([Field(kind, nullable=False)])((cell,)) == written(required, {"a": cell})
        assert record_writer([Field(kind, nullable=True)])((cell,)) == written(nullable, {"a": cell})
    assert record_writer([Field(kind, nullable=True)])((None,)) == b"\x00"


@pytest.mark.parametrize("number", [0, 8192, 2**63 - 1, 2**63, 2**64 - 1])
def test_wrapped_long_is_twos_complement(number: int) -> None:
    (signed,) = struct.unpack("<q", struct.pack("<Q", number))
    assert record_writer([Field("wrapped_long", nullable=False)])((number,)) == encode_long(signed)
    assert record_writer([Field("wrapped_long", nullable=True)])((number,)) == b"\x02" + encode_long(signed)


def test_convert_may_make_a_value_null() -> None:
    write = record_writer([Field("long", nullable=True, convert=lambda text: int(text) or None)])
    assert write(("7",)) == b"\x02\x0e"
    assert write(("0",)) == b"\x00"
    assert write((None,)) == b"\x00"


def test_avro_cells_are_taken_as_they_are() -> None:
    assert record_writer([Field("avro", nullable=True)])((b"xyz",)) == b"\x02xyz"
    assert record_writer([Field("avro", nullable=False)])((b"xyz",)) == b"xyz"


def test_a_row_of_the_wrong_width_is_refused() -> None:
    write = record_writer([Field("long", nullable=False)] * 2)
    with pytest.raises(ValueError, match="unpack"):
        write((1, 2, 3))
