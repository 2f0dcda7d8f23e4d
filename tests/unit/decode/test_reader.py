"""The event stream: a recorded dump whole and in pieces, checksums, positions, and every refusal."""

import re
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.decode import event_types as types
from connector.decode.reader import EventReader
from connector.model.errors import (
    BinlogCorrupt,
    BinlogEventUnsupported,
    BinlogIncident,
    RowcastError,
    SourceSettingUnsupported,
    ValueUndecodable,
)
from connector.model.events import (
    Commit,
    Gtid,
    Ignored,
    Query,
    Rotate,
    Rows,
    RowsQuery,
    ServerHeartbeat,
    TableMap,
)
from tests.unit.decode.stream import (
    drain,
    format_description,
    make_event,
    opening,
    packets,
    read_all,
    recorded_stream,
    rotate_body,
    stream_of,
    vectors,
)

HEARTBEAT_FIELDS = b"\x01\x0dbinlog.000001\x02"


def opened(*events: bytes) -> EventReader:
    """A reader that took the opening of a dump; `events` are pushed behind it."""
    reader = EventReader()
    reader.push(stream_of([*opening(), *events]))
    assert reader.next_event() is not None
    assert reader.next_event() is not None
    return reader


def refused(*events: bytes) -> RowcastError:
    reader = opened(*events)
    with pytest.raises(RowcastError) as caught:
        drain(reader)
    return caught.value


def query_body(sql: bytes, status: bytes = b"", database: bytes = b"shop") -> bytes:
    return struct.pack("<IIBHH", 42, 0, len(database), 0, len(status)) + status + database + b"\0" + sql


# ---- a real stream ---------------------------------------------------------------------------------------------------
def test_a_recorded_dump_is_read_to_its_end() -> None:
    events = read_all(recorded_stream())
    kinds = {type(event) for _, event in events}
    assert kinds == {Rotate, Ignored, Gtid, Query, Commit, TableMap, Rows, RowsQuery, ServerHeartbeat}
    assert next(event.sql for _, event in events if isinstance(event, Query)) == "create database corpus"
    assert {header.type for header, event in events if isinstance(event, Ignored)} == {15, 35}


def test_positions_follow_the_recorded_headers_through_every_file() -> None:
    reader = EventReader()
    reader.push(recorded_stream())
    files = []
    while (found := reader.next_event()) is not None:
        header, event = found
        if isinstance(event, Rotate):
            assert (reader.file, reader.pos) == (event.file, 4)
            files.append(event.file)
        elif header.end_pos:
            assert reader.pos == header.end_pos
    assert len(set(files)) == 4  # two rotations because the checksum was changed


def test_one_byte_at_a_time_is_the_same_as_whole() -> None:
    data = recorded_stream()[:60_000]
    reader = EventReader()
    found = []
    for at in range(len(data)):
        reader.push(data[at : at + 1])
        found += drain(reader)
    assert found == read_all(data)
    assert len(found) > 50


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 40_000), min_size=1, max_size=30))
def test_any_chunks_are_the_same_as_whole(sizes: list[int]) -> None:
    data = recorded_stream()
    reader = EventReader()
    found, at, turn = [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        reader.push(memoryview(data)[at : at + size])
        found += drain(reader)
        at, turn = at + size, turn + 1
    assert found == read_all(data)


def test_the_same_table_map_is_parsed_once() -> None:
    maps = [event for _, event in read_all(recorded_stream()) if isinstance(event, TableMap) and event.table == "times"]
    assert len(maps) == 2
    assert maps[0] is maps[1]


# ---- checksums and lengths -------------------------------------------------------------------------------------------
def test_a_wrong_checksum_names_file_position_and_type() -> None:
    event = bytearray(make_event(types.XID, bytes(8), end_pos=1000))
    event[20] ^= 1
    error = refused(make_event(types.XID, bytes(8), end_pos=900), bytes(event))
    assert isinstance(error, BinlogCorrupt)
    assert "checksum" in error.what
    assert error.context == {"file": "binlog.000001", "pos": 900, "event": "XID (16)"}


@pytest.mark.parametrize("at", range(31))
def test_a_flipped_bit_anywhere_in_an_event_is_noticed(at: int) -> None:
    event = bytearray(make_event(types.XID, bytes(8), end_pos=1000))
    event[at] ^= 0x10
    assert isinstance(refused(bytes(event)), BinlogCorrupt)


def test_a_format_description_without_checksums_stops_checking() -> None:
    reader = opened(
        format_description(algorithm=0),
        make_event(types.XID, struct.pack("<Q", 77), crc=False),
        make_event(types.ROTATE, rotate_body("binlog.000002"), flags=types.ARTIFICIAL),
        make_event(types.ROTATE, rotate_body("binlog.000003"), crc=False),
    )
    events = [event for _, event in drain(reader)]
    assert events[1:] == [Commit(77), Rotate("binlog.000002", 4), Rotate("binlog.000003", 4)]


def test_a_file_still_being_written_has_a_valid_format_description() -> None:
    event = bytearray(format_description())
    event[17] |= types.IN_USE  # set after the checksum was made
    assert drain(opened(bytes(event)))[0][1] == Ignored(types.FORMAT_DESCRIPTION)


@pytest.mark.parametrize("version", ["8.0.mysql_aurora.3.05.2", "8.0.36rc1", "5.7.44.debug", "5.6.1", "9", "10.11.6-x"])
def test_vendors_versions_are_understood(version: str) -> None:
    assert drain(opened(format_description(version)))[0][1] == Ignored(types.FORMAT_DESCRIPTION)


def test_a_server_older_than_checksums_has_none() -> None:
    body = struct.pack("<H50sIB", 4, b"5.5.62-log", 0, 19) + bytes(27)
    reader = opened(make_event(types.FORMAT_DESCRIPTION, body, crc=False), make_event(types.XID, bytes(8), crc=False))
    assert drain(reader)[1][1] == Commit(0)


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (format_description(algorithm=9), BinlogEventUnsupported),
        (format_description(binlog_version=3), BinlogCorrupt),
        (format_description("beta"), BinlogCorrupt),
        (make_event(types.FORMAT_DESCRIPTION, b"\x04\x00short"), BinlogCorrupt),
        (b"\0" * 18, BinlogCorrupt),
        (make_event(types.XID, b"123"), BinlogCorrupt),
        (make_event(types.XID, bytes(8)) + b"x", BinlogCorrupt),
        (make_event(types.WRITE_ROWS, b"1234567"), BinlogCorrupt),
        (make_event(types.TABLE_MAP, b"1234567890"), BinlogCorrupt),
        (make_event(types.GTID, bytes(20)), BinlogCorrupt),
        (make_event(types.QUERY, struct.pack("<IIBHH", 1, 0, 200, 0, 5) + b"short"), BinlogCorrupt),
        (make_event(types.HEARTBEAT_V2, b"\x03\x0dbinlog.000001\x02\x01\x9e\x00"), BinlogCorrupt),
        (make_event(types.HEARTBEAT_V2, b"\x01\xfe"), BinlogCorrupt),
    ],
)
def test_malformed_events_are_typed_errors(event: bytes, error: type[RowcastError]) -> None:
    assert type(refused(event)) is error


def test_an_event_before_the_format_description_is_corruption() -> None:
    with pytest.raises(BinlogCorrupt, match="before the format description"):
        read_all(stream_of([make_event(types.XID, bytes(8), end_pos=5)]))


# ---- positions -------------------------------------------------------------------------------------------------------
def test_positions_go_on_beyond_four_gibibytes() -> None:
    start = (1 << 32) - 40
    size = 19 + 8 + 4
    events = [make_event(types.ROTATE, rotate_body("binlog.000001", start), flags=types.ARTIFICIAL)]
    events += [make_event(types.XID, bytes(8), end_pos=start + (turn + 1) * size) for turn in range(3)]
    reader = opened(*events)
    seen = []
    while reader.next_event() is not None:
        seen.append(reader.pos)
    assert seen == [start, start + size, start + 2 * size, start + 3 * size]


def test_sizes_that_differ_from_the_file_follow_the_header() -> None:
    reader = opened(make_event(types.XID, bytes(8), end_pos=4 + 31 + 4))  # four bytes more in the file
    drain(reader)
    assert reader.pos == 39


def test_a_header_that_goes_back_is_not_believed() -> None:
    reader = opened(make_event(types.XID, bytes(8), end_pos=1000), make_event(types.XID, bytes(8), end_pos=900))
    drain(reader)
    assert reader.pos == 1031


def test_artificial_events_do_not_move_the_position() -> None:
    reader = opened(make_event(types.XID, bytes(8), end_pos=500), format_description())
    drain(reader)
    assert (reader.file, reader.pos) == ("binlog.000001", 500)


def test_heartbeats_tell_where_the_server_stands() -> None:
    far = 5_000_000_000
    reader = opened(
        make_event(types.HEARTBEAT, b"binlog.000001", end_pos=700),
        make_event(types.HEARTBEAT_V2, HEARTBEAT_FIELDS + b"\x09\xfe" + struct.pack("<Q", far) + b"\x00"),
        make_event(types.HEARTBEAT_V2, HEARTBEAT_FIELDS + b"\x01\x05\x07\x02ab\x00"),
        make_event(types.HEARTBEAT, b"binlog.000001", end_pos=far + 100),
    )
    assert [event for _, event in drain(reader)] == [
        ServerHeartbeat("binlog.000001", 700),
        ServerHeartbeat("binlog.000001", far),
        ServerHeartbeat("binlog.000001", 5),
        ServerHeartbeat("binlog.000001", far + 100),
    ]
    assert reader.pos == far + 100


def test_heartbeats_may_have_checksums_where_the_file_has_none() -> None:
    reader = opened(
        format_description(algorithm=0),
        make_event(types.HEARTBEAT, b"binlog.000001", end_pos=700, crc=False),
        make_event(types.HEARTBEAT, b"binlog.000001", end_pos=800),
    )
    assert [event for _, event in drain(reader)][1:] == [
        ServerHeartbeat("binlog.000001", 700),
        ServerHeartbeat("binlog.000001", 800),
    ]


# ---- single events ---------------------------------------------------------------------------------------------------
def _cases(prefix: str) -> list[Any]:
    return [case for case in vectors("binlog_types")["cases"] if prefix in case.get("wire", {})]


@pytest.mark.parametrize("case", _cases("gtid_event_body_hex"), ids=lambda case: case["id"])
def test_gtid_events_of_several_servers(case: dict[str, Any]) -> None:
    body = bytes.fromhex(case["wire"]["gtid_event_body_hex"])
    [(_, event)] = drain(opened(make_event(types.GTID, body)))
    expected = case["expected"]
    assert isinstance(event, Gtid)
    assert event.gtid == expected["gtid"]
    assert event.commit_ts_us == expected["immediate_commit_timestamp_us"]
    assert event.transaction_length == expected.get("transaction_length", 0)
    assert event.last_committed == expected["last_committed"]
    assert event.sequence_number == expected["sequence_number"]


@pytest.mark.parametrize(
    ("sql", "status", "text"),
    [
        (b"BEGIN", b"", "BEGIN"),
        ("comment 'é'".encode(), b"", "comment 'é'"),
        (b"comment '\xe9\x81'", b"\0abcd\x01abcdefgh\x06\x03std\x04\x08\x00\x08\x00\x08\x00", "comment 'é\x81'"),
        (b"comment '\x83e'", b"\x03abcd\x04\x0d\x00\x0d\x00\x0d\x00\x05\x06SYSTEM", "comment 'テ'"),
        ("comment 'ж'".encode(), b"\x04\x3f\x00\x3f\x00\x3f\x00", "comment 'ж'"),
        ("after 'ж'".encode(), b"\x82unknown\x04\x08\x00", "after 'ж'"),
        ("id 'ж'".encode(), b"\x04\xff\xff\xff\x00\xff\x00", "id 'ж'"),
    ],
)
def test_statements_are_read_in_the_clients_character_set(sql: bytes, status: bytes, text: str) -> None:
    [(_, event)] = drain(opened(make_event(types.QUERY, query_body(sql, status))))
    assert event == Query("shop", text, 42)


def test_a_statement_that_is_not_valid_in_its_character_set_stops() -> None:
    error = refused(make_event(types.QUERY, query_body(b"comment '\xe9'")))
    assert isinstance(error, ValueUndecodable)
    assert error.context["file"] == "binlog.000001"


@pytest.mark.parametrize(("type_", "kind", "version"), [(t, *v) for t, v in types.ROWS.items()])
def test_rows_events_are_handed_out_undecoded(type_: int, kind: str, version: int) -> None:
    body = struct.pack("<IHH", 300, 0, 0x11) + b"rows"
    [(_, event)] = drain(opened(make_event(type_, body)))
    assert isinstance(event, Rows)
    assert (event.kind, event.version, event.table_id, event.flags) == (kind, version, 300, 0x11)
    assert bytes(event.body) == body


def test_a_rows_event_without_table_only_ends_a_statement() -> None:
    body = struct.pack("<IHH", 0xFFFFFF, 0, 1) + b"\x02\x00\x00"
    assert drain(opened(make_event(types.WRITE_ROWS, body)))[0][1] == Ignored(types.WRITE_ROWS)


def test_rows_query_shows_bytes_that_are_not_utf8() -> None:
    [(_, event)] = drain(opened(make_event(types.ROWS_QUERY, b"\x0finsert 'caf\xe9'")))
    assert event == RowsQuery("insert 'caf\\xe9'")


@pytest.mark.parametrize("type_", sorted(types.IGNORED))
def test_events_without_consequence_are_ignored(type_: int) -> None:
    assert drain(opened(make_event(type_, b"whatever")))[0][1] == Ignored(type_)


# ---- refusals --------------------------------------------------------------------------------------------------------
KNOWN = {
    types.QUERY,
    types.ROTATE,
    types.FORMAT_DESCRIPTION,
    types.XID,
    types.TABLE_MAP,
    types.INCIDENT,
    types.HEARTBEAT,
    types.HEARTBEAT_V2,
    types.ROWS_QUERY,
    types.GTID,
    types.ANONYMOUS_GTID,
    *types.ROWS,
    *types.IGNORED,
}


@pytest.mark.parametrize("type_", sorted(set(range(256)) - KNOWN))
def test_every_other_event_type_is_refused_by_name(type_: int) -> None:
    error = refused(make_event(type_, b"some body", end_pos=4711))
    assert isinstance(error, BinlogEventUnsupported)
    assert error.context["file"] == "binlog.000001"
    assert error.context["pos"] == 4
    assert re.search(rf"\w+ \({type_}\)", error.what)


@pytest.mark.parametrize(
    ("type_", "name", "hint"),
    [
        (types.TRANSACTION_PAYLOAD, "TRANSACTION_PAYLOAD", "binlog_transaction_compression=OFF"),
        (types.PARTIAL_UPDATE_ROWS, "PARTIAL_UPDATE_ROWS", "binlog_row_value_options"),
        (types.GTID_TAGGED, "GTID_TAGGED", "tags"),
        (types.XA_PREPARE, "XA_PREPARE", "XA"),
        (5, "INTVAR", "binlog_format"),
        (13, "RAND", "binlog_format"),
        (14, "USER_VAR", "binlog_format"),
        (162, "MARIADB", "MariaDB"),
        (200, "UNKNOWN", "never skips"),
    ],
)
def test_a_refusal_says_how_to_get_rid_of_the_event(type_: int, name: str, hint: str) -> None:
    error = refused(make_event(type_, b""))
    assert name in error.what
    assert hint in error.remedy


@pytest.mark.parametrize("type_", [types.TRANSACTION_PAYLOAD, 99])
def test_what_the_server_marks_as_ignorable_is_ignored(type_: int) -> None:
    event = make_event(type_, b"", flags=types.IGNORABLE_FLAG)
    assert drain(opened(event))[0][1] == Ignored(type_)


def test_an_incident_stops_with_the_servers_message() -> None:
    error = refused(make_event(types.INCIDENT, b"\x01\x00\x0blost events"))
    assert isinstance(error, BinlogIncident)
    assert "lost events" in error.what


def test_anonymous_transactions_need_gtid_mode() -> None:
    error = refused(make_event(types.ANONYMOUS_GTID, bytes(42)))
    assert isinstance(error, SourceSettingUnsupported)
    assert error.context["setting"] == "gtid_mode"


def test_a_column_type_nobody_knows_is_refused() -> None:
    body = bytes(8) + b"\x01d\x00\x01t\x00" + b"\x01\xf1" + b"\x00" + b"\x00"
    error = refused(make_event(types.TABLE_MAP, body))
    assert isinstance(error, BinlogEventUnsupported)
    assert "column type 241" in error.what


def test_an_error_packet_after_events_comes_after_them() -> None:
    reader = EventReader()
    events = [b"\0" + event for event in opening()]
    reader.push(packets([*events, b"\xff\xd4\x04#HY000could not find first log file"]))
    assert reader.next_event() is not None
    assert reader.next_event() is not None
    with pytest.raises(RowcastError, match="could not find"):
        reader.next_event()
