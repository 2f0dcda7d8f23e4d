"""Table maps: optional metadata of several servers, tables made from them, and what counts as another version."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.decode import field_types as ft
from connector.decode.bytestream import Truncated
from connector.decode.table_map import UnknownFieldType, parse_table_map
from connector.decode.tables import mismatches, table_from_map
from connector.model.errors import SchemaMismatch, ValueUndecodable
from connector.model.events import MapColumn, TableMap
from connector.model.table import Column, SqlType, Table
from tests.unit.decode.stream import read_all, recorded_stream, vectors

UTF8 = "utf8mb4_0900_ai_ci"


def table_map(
    codes: bytes, metadata: bytes = b"", fields: dict[int, bytes] | None = None, *, nullable: int = 0
) -> bytes:
    """The body of a TABLE_MAP of `shop.t`."""
    count = len(codes)
    body = (5).to_bytes(6, "little") + b"\1\0" + b"\4shop\0" + b"\1t\0" + bytes([count]) + codes
    body += bytes([len(metadata)]) + metadata + nullable.to_bytes((count + 7) // 8, "little")
    for number, value in (fields or {}).items():
        body += bytes([number, len(value)]) + value
    return body


def names(*columns: str) -> bytes:
    return b"".join(bytes([len(column.encode())]) + column.encode() for column in columns)


def recorded_map(name: str) -> TableMap:
    """The first map of a table in the recorded stream."""
    return next(
        event for _, event in read_all(recorded_stream()) if isinstance(event, TableMap) and event.table == name
    )


def recorded_map_body(name: str) -> bytes:
    """The bytes of the first map of a table in the recorded stream."""
    stream = recorded_stream()
    marker = b"\x06corpus\0" + bytes([len(name)]) + name.encode() + b"\0"
    start = stream.index(marker) - 8
    size = int.from_bytes(stream[start - 10 : start - 6], "little")
    return stream[start : start - 19 + size - 4]


# ---- recorded maps ---------------------------------------------------------------------------------------------------
def _map_cases(*expected: str) -> list[Any]:
    cases = [case for case in vectors("binlog_types")["cases"] if "table_map_body_hex" in case.get("wire", {})]
    return [case for case in cases if any(name in case.get("expected", {}) for name in expected)]


@pytest.mark.parametrize(
    "case", _map_cases("nullable", "primary_key", "visible_columns", "names"), ids=lambda case: case["id"]
)
def test_optional_metadata_of_several_servers(case: dict[str, Any]) -> None:
    found = parse_table_map(bytes.fromhex(case["wire"]["table_map_body_hex"]))
    expected = case["expected"]
    if "nullable" in expected:
        assert [column.nullable for column in found.columns] == expected["nullable"]
    if "primary_key" in expected:
        assert found.primary_key == (None if expected["primary_key"] is None else tuple(expected["primary_key"]))
    if expected.get("visible_columns") is not None:
        visible = [index for index, column in enumerate(found.columns) if not column.invisible]
        assert visible == expected["visible_columns"]
    if "names" in expected:
        found_names = [column.name for column in found.columns] if found.full else None
        assert found_names == expected["names"]


def test_a_table_made_from_a_recorded_map() -> None:
    def text(name: str, kind: SqlType, collation: str, length: int = 0) -> Column:
        return Column(name, kind, collation=collation, length=length)

    assert table_from_map(recorded_map("texts")) == Table(
        "corpus",
        "texts",
        (
            Column("id", SqlType.VARCHAR, False, collation=UTF8, length=20),
            text("l1", SqlType.VARCHAR, "latin1_swedish_ci", 100),
            text("u8", SqlType.VARCHAR, UTF8, 100),
            text("u3", SqlType.CHAR, "utf8mb3_general_ci", 40),
            text("sj", SqlType.VARCHAR, "sjis_japanese_ci", 50),
            text("eu", SqlType.VARCHAR, "eucjpms_japanese_ci", 50),
            text("u16", SqlType.VARCHAR, "utf16_general_ci", 50),
            text("u16l", SqlType.TEXT, "utf16le_general_ci"),
            text("u32", SqlType.CHAR, "utf32_general_ci", 20),
            text("gb", SqlType.VARCHAR, "gb18030_chinese_ci", 60),
            text("c1", SqlType.VARCHAR, "cp1251_general_ci", 20),
            text("big", SqlType.VARCHAR, "big5_chinese_ci", 20),
            text("tt", SqlType.TINYTEXT, UTF8),
            text("mt", SqlType.MEDIUMTEXT, UTF8),
            Column("e", SqlType.ENUM, collation="latin1_swedish_ci", labels=("klein", "groß", "")),
            Column("e2", SqlType.ENUM, collation="utf16_general_ci", labels=("a", "b")),
            Column("st", SqlType.SET, collation=UTF8, labels=("x", "y", "ü")),
        ),
        (0,),
    )


def test_numbers_keep_sign_precision_and_bits() -> None:
    columns = {column.name: column for column in table_from_map(recorded_map("numbers")).columns}
    assert columns["id"] == Column("id", SqlType.INT, False, unsigned=True)
    assert columns["mu"] == Column("mu", SqlType.MEDIUMINT, unsigned=True)
    assert columns["d"] == Column("d", SqlType.DECIMAL, length=30, scale=10)
    assert columns["du"] == Column("du", SqlType.DECIMAL, unsigned=True, length=5, scale=5)
    assert columns["f"] == Column("f", SqlType.DOUBLE)
    assert columns["bi"] == Column("bi", SqlType.BIT, length=11)
    assert columns["y"] == Column("y", SqlType.YEAR)  # its bit in the signedness bitmap is no sign


def test_bytes_and_vectors() -> None:
    columns = table_from_map(recorded_map("bytes")).columns
    assert [(column.type, column.length) for column in columns] == [
        (SqlType.BINARY, 4),
        (SqlType.BINARY, 10),
        (SqlType.VARBINARY, 300),
        (SqlType.TINYBLOB, 0),
        (SqlType.BLOB, 0),
        (SqlType.MEDIUMBLOB, 0),
        (SqlType.LONGBLOB, 0),
        (SqlType.GEOMETRY, 0),
        (SqlType.VECTOR, 4),
    ]
    assert {column.collation for column in columns} == {None}


def test_fractions_and_invisible_columns() -> None:
    times = {column.name: column.scale for column in table_from_map(recorded_map("times")).columns}
    assert (times["t0"], times["t6"], times["dt1"], times["ts4"]) == (0, 6, 1, 4)
    documents = table_from_map(recorded_map("documents"))
    assert [column.invisible for column in documents.columns] == [False, False, False, True]


# ---- parsing ---------------------------------------------------------------------------------------------------------
def test_unknown_fields_are_skipped_by_their_length() -> None:
    body = table_map(b"\x03", fields={99: b"from the future", 4: names("id"), 200: b""})
    assert parse_table_map(body).columns[0].name == "id"


def test_a_vector_takes_a_place_among_the_character_columns() -> None:
    # MySQL 9 lists a VECTOR's binary collation before the VARCHAR's.
    fields = {3: b"\x3f\x08", 4: names("v", "s"), 13: b"\x07"}
    found = parse_table_map(table_map(bytes([ft.VECTOR, ft.VARCHAR]), b"\x04\x0a\x00", fields))
    assert [column.collation_id for column in found.columns] == [None, 8]
    assert table_from_map(found).columns[0] == Column("v", SqlType.VECTOR, False, length=7)


def test_default_charset_with_exceptions() -> None:
    fields = {2: b"\x08\x01\x3f", 4: names("a", "n", "b", "c")}
    found = parse_table_map(table_map(b"\x0f\x03\x0f\x0f", b"\x0a\0\x0a\0\x0a\0", fields))
    assert [column.collation_id for column in found.columns] == [8, None, 63, 8]


def test_signs_belong_to_numeric_columns_only() -> None:
    fields = {1: b"\xa0", 4: names("a", "s", "y", "d")}
    found = parse_table_map(table_map(bytes([ft.TINY, ft.VARCHAR, ft.YEAR, ft.DOUBLE]), b"\x0a\x00\x08", fields))
    assert [column.unsigned for column in found.columns] == [True, None, False, True]


def test_a_long_char_hides_length_bits_in_its_type() -> None:
    # CHAR(255) of utf8mb4: 1020 bytes = 0x3fc; bits 8 and 9 are stored inverted in bits 4 and 5 of the type byte.
    found = parse_table_map(table_map(b"\xfe", bytes([0xFE ^ 0x30, 0xFC]), {2: b"\xfc\xff\x00", 4: names("c")}))
    assert (found.columns[0].type, found.columns[0].metadata) == (ft.STRING, 1020)
    assert table_from_map(found).columns[0] == Column("c", SqlType.CHAR, False, collation=UTF8, length=255)


def test_full_metadata_without_a_key_is_a_table_without_primary_key() -> None:
    assert parse_table_map(table_map(b"\x03", fields={4: names("id")})).primary_key == ()
    assert parse_table_map(table_map(b"\x03")).primary_key is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        table_map(b""),
        table_map(b"\x0f", b"\x0a"),
        table_map(b"\x03" * 9)[:-1],
        table_map(b"\x03", fields={4: b"\x09id"}),
        table_map(b"\x03", fields={8: b"\x05", 4: names("id")}),
        table_map(b"\x03", fields={1: b""}),
        table_map(b"\x0f", b"\x0a\x00", {2: b"\x08\x05\x3f"}),
        table_map(b"\x0f", b"\x0a\x00", {2: b"\x08\x05"}),
        table_map(b"\x0f\x0f", b"\x0a\x00\x0a\x00", {3: b"\x08"}),
        table_map(b"\xfe", b"\xf7\x01", {6: b"\x02\x01a"}),
        table_map(b"\x03", fields={4: b"\xff"}),
        table_map(b"\x03") + b"\x04",
        table_map(b"\xfc", b"\x05"),
    ],
)
def test_impossible_maps_are_cut_or_contradictory(body: bytes) -> None:
    with pytest.raises(Truncated):
        parse_table_map(body)


def test_a_type_whose_metadata_cannot_be_measured() -> None:
    with pytest.raises(UnknownFieldType, match="20"):
        parse_table_map(table_map(b"\x14"))
    with pytest.raises(UnknownFieldType, match="250"):
        parse_table_map(table_map(b"\xfe", b"\xfa\x05"))


@given(st.sampled_from(["numbers", "texts", "bytes"]), st.integers(0, 600), st.integers(1, 255))
def test_a_changed_byte_gives_a_table_or_a_typed_error(name: str, at: int, bits: int) -> None:
    body = bytearray(recorded_map_body(name))
    body[at % len(body)] ^= bits
    with suppress(Truncated, UnknownFieldType, UnicodeDecodeError, SchemaMismatch, ValueUndecodable):
        table_from_map(parse_table_map(bytes(body)))


# ---- tables ----------------------------------------------------------------------------------------------------------
def test_minimal_metadata_makes_no_table() -> None:
    with pytest.raises(SchemaMismatch, match="not FULL"):
        table_from_map(parse_table_map(table_map(b"\x03")))


def test_an_unknown_collation_makes_no_table() -> None:
    with pytest.raises(SchemaMismatch, match="collation id 100"):
        table_from_map(parse_table_map(table_map(b"\x0f", b"\x0a\x00", {2: b"\x64", 4: names("c")})))


def test_a_label_that_is_not_valid_in_its_charset_names_the_column() -> None:
    fields = {4: names("e"), 6: b"\x01\x01\xff", 10: b"\xfc\xff\x00"}
    with pytest.raises(ValueUndecodable, match=r"shop\.t\.e"):
        table_from_map(parse_table_map(table_map(b"\xfe", b"\xf7\x01", fields)))


@pytest.mark.parametrize("name", ["numbers", "times", "texts", "bytes", "documents", "no_key"])
def test_a_map_fits_the_table_made_from_it(name: str) -> None:
    found = recorded_map(name)
    table = table_from_map(found)
    assert mismatches(found, table) == []
    minimal = replace(
        found,
        primary_key=None,
        columns=tuple(
            replace(
                column,
                name=None,
                labels=None,
                invisible=False,
                collation_id=None if column.type in (ft.ENUM, ft.SET) else column.collation_id,
            )
            for column in found.columns
        ),
    )
    assert mismatches(minimal, table) == []
    bare = replace(
        minimal, columns=tuple(replace(column, unsigned=None, collation_id=None) for column in minimal.columns)
    )
    assert mismatches(bare, table) == []


def _changed(table: Table, index: int, **changes: Any) -> Table:
    columns = list(table.columns)
    columns[index] = replace(columns[index], **changes)
    return replace(table, columns=tuple(columns))


@pytest.mark.parametrize(
    ("name", "index", "changes", "sentence"),
    [
        ("numbers", 0, {"name": "number"}, "calls it id"),
        ("numbers", 0, {"unsigned": False}, "unsigned is True in the binlog"),
        ("numbers", 0, {"nullable": True}, "nullable"),
        ("numbers", 0, {"type": SqlType.BIGINT}, "the binlog has int, the table bigint"),
        ("numbers", 8, {"scale": 9}, "scale is 10"),
        ("numbers", 8, {"length": 31}, "length is 30"),
        ("numbers", 12, {"length": 12}, "length is 11"),
        ("times", 3, {"scale": 3}, "scale is 6"),
        ("texts", 2, {"length": 99}, "length is 100"),
        ("texts", 2, {"collation": "utf8mb4_bin"}, "collation is utf8mb4_0900_ai_ci"),
        ("texts", 7, {"type": SqlType.MEDIUMTEXT}, "the binlog has text"),
        ("texts", 7, {"type": SqlType.BLOB, "collation": None}, "the binlog has text"),
        ("texts", 14, {"labels": ("groß", "klein", "")}, "labels differ"),
        ("texts", 14, {"type": SqlType.SET}, "the binlog has enum"),
        ("bytes", 0, {"type": SqlType.VARBINARY}, "the binlog has binary"),
        ("bytes", 8, {"length": 3}, "length is 4"),
        ("documents", 3, {"invisible": False}, "invisible is True"),
    ],
)
def test_every_difference_is_said(name: str, index: int, changes: dict[str, Any], sentence: str) -> None:
    found = recorded_map(name)
    [said] = mismatches(found, _changed(table_from_map(found), index, **changes))
    assert sentence in said
    assert f"column {index + 1} " in said


def test_other_columns_and_another_key_are_said() -> None:
    found = recorded_map("numbers")
    table = table_from_map(found)
    assert mismatches(found, replace(table, columns=table.columns[:-1])) == [
        "the binlog has 14 columns, the table 13",
    ]
    assert mismatches(found, replace(table, primary_key=(1, 0))) == [
        "the binlog's primary key is (id), the table's (t, id)",
    ]


def test_generated_columns_and_old_names_of_utf8mb3_are_no_difference() -> None:
    found = recorded_map("documents")
    assert mismatches(found, _changed(table_from_map(found), 2, generated=True)) == []
    found = recorded_map("texts")
    assert mismatches(found, _changed(table_from_map(found), 3, collation="utf8_general_ci")) == []
    assert mismatches(found, _changed(table_from_map(found), 3, name="U3")) == []


def test_labels_that_information_schema_cannot_show() -> None:
    column = MapColumn(ft.ENUM, 1, True, None, "e", 255, ("🍣".encode(), b"b"))
    found = TableMap(1, "d", "t", (column,), ())
    table = Table("d", "t", (Column("e", SqlType.ENUM, collation=UTF8, labels=("?", "b")),))
    assert table_from_map(found).columns[0].labels == ("🍣", "b")
    assert mismatches(found, table) == []


@pytest.mark.parametrize(
    ("column", "table_column"),
    [
        (MapColumn(ft.VARCHAR, 40, True, None, None, None, None), Column("c", SqlType.INT)),
        (
            MapColumn(ft.VARCHAR, 40, True, None, None, None, None),
            Column("c", SqlType.VARCHAR, collation=UTF8, length=9),
        ),
        (MapColumn(ft.BLOB, 2, True, None, None, None, None), Column("c", SqlType.TINYTEXT, collation=UTF8)),
        (MapColumn(ft.STRING, 4, True, None, None, None, None), Column("c", SqlType.VARBINARY, length=4)),
        (MapColumn(ft.ENUM, 1, True, None, None, None, None), Column("c", SqlType.SET, collation=UTF8, labels=("a",))),
        (MapColumn(ft.ENUM, 1, False, None, None, None, None), Column("c", SqlType.ENUM, labels=("a",))),
    ],
)
def test_differences_without_any_metadata(column: MapColumn, table_column: Column) -> None:
    assert len(mismatches(TableMap(1, "d", "t", (column,), None), Table("d", "t", (table_column,)))) == 1
