//! Recorded dump sessions: what SELECT showed, however the bytes are cut; and streams by hand.
#![allow(
    missing_docs,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::collections::HashMap;

use common::{
    Owned, OwnedRow, Random, Tables, format_description, hex, make_event, opening, packets, recorded_stream,
    rotate_body, rows_of, stream_of, table_of, transcript, unbase64, vectors,
};
use rowcast_core::event::{Event, GtidId};
use rowcast_core::reader::EventReader;
use rowcast_core::row::ImagePolicy;
use rowcast_core::table::{Table, TableMap};
use rowcast_core::{Code, Error};

fn native_stream() -> Vec<u8> {
    unbase64(vectors("native_dump")["stream"].as_str().unwrap())
}

fn whole(stream: &[u8]) -> Vec<String> {
    let mut reader = EventReader::new();
    reader.push(stream);
    let mut lines = Vec::new();
    transcript(&mut reader, &mut Tables::default(), &mut lines).unwrap();
    assert_eq!(reader.held(), 0);
    lines
}

fn cut(stream: &[u8], mut next: impl FnMut() -> usize) -> Vec<String> {
    let (mut reader, mut tables, mut lines) = (EventReader::new(), Tables::default(), Vec::new());
    let mut rest = stream;
    while !rest.is_empty() {
        let (chunk, tail) = rest.split_at(next().min(rest.len()));
        rest = tail;
        reader.push(chunk);
        transcript(&mut reader, &mut tables, &mut lines).unwrap();
    }
    lines
}

#[test]
fn a_stream_reads_the_same_however_it_is_cut() {
    for stream in [recorded_stream(), native_stream()] {
        let expected = whole(&stream);
        assert!(expected.len() > 300);
        assert_eq!(cut(&stream, || 1), expected);
        let mut random = Random(42);
        for limit in [3, 40, 700, 5000, 70_000] {
            assert_eq!(cut(&stream, || 1 + random.below(limit)), expected);
        }
    }
}

/// Rows of all tables after all changes.
fn replayed(stream: &[u8]) -> HashMap<String, Vec<OwnedRow>> {
    let mut reader = EventReader::new();
    reader.push(stream);
    let mut maps: HashMap<u64, TableMap> = HashMap::new();
    let mut tables: HashMap<String, Table> = HashMap::new();
    let mut found: HashMap<String, Vec<OwnedRow>> = HashMap::new();
    while let Some(next) = reader.next_event().unwrap() {
        match &next.event {
            Event::TableMap(map) => {
                if map.full() {
                    tables.insert(map.table.clone(), table_of(map));
                }
                maps.insert(map.table_id, (**map).clone());
            }
            Event::Query(query) if query.sql.starts_with("alter table no_key add column c") => {
                for row in found.entry("no_key".into()).or_default() {
                    row.insert(1, Owned::Text("2020-01-01 00:00:00".into()));
                }
            }
            Event::Rows(rows) => {
                let map = &maps[&rows.table_id];
                let known = found.entry(map.table.clone()).or_default();
                for (before, after) in rows_of(map, &tables[&map.table], rows, ImagePolicy::Partial).unwrap() {
                    if let Some(before) = before.filter(|before| !before.contains(&Owned::Absent)) {
                        let index = known.iter().position(|row| *row == before).unwrap();
                        known.remove(index);
                    }
                    known.extend(after.filter(|after| !after.contains(&Owned::Absent)));
                }
            }
            _ => {}
        }
    }
    found
}

/// A value as the recorded SELECT has it.
fn shown(value: &Owned) -> Option<String> {
    Some(match value {
        Owned::Null | Owned::Absent => return None,
        Owned::Int(number) => number.to_string(),
        Owned::UInt(number) => number.to_string(),
        Owned::Text(text) => text.clone(),
        Owned::Bytes(bytes) => format!("hex:{}", hex(bytes)),
        // SELECT shows a FLOAT with six digits; the recorded ones are exact in them.
        Owned::Float(bits) => plain(f64::from(f32::from_bits(*bits))),
        Owned::Double(bits) => plain(f64::from_bits(*bits)),
    })
}

fn plain(number: f64) -> String {
    if number != 0.0 && (number.abs() >= 1e16 || number.abs() < 1e-4) {
        format!("{number:e}")
    } else {
        format!("{number}")
    }
}

#[test]
fn replaying_the_recorded_stream_gives_what_select_showed() {
    let found = replayed(&recorded_stream());
    let vectors = vectors("binlog_dump");
    let selected = vectors["tables"].as_object().unwrap();
    assert_eq!(found.len(), selected.len());
    for (name, table) in selected {
        let mut shown_rows: Vec<Vec<Option<String>>> =
            found[name].iter().map(|row| row.iter().map(shown).collect()).collect();
        let mut expected: Vec<Vec<Option<String>>> = table["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row.as_array().unwrap().iter().map(|value| value.as_str().map(str::to_owned)).collect())
            .collect();
        shown_rows.sort();
        expected.sort();
        assert_eq!(shown_rows, expected, "{name}");
    }
}

#[test]
fn partial_json_and_compressed_transactions_give_what_select_showed() {
    let found = replayed(&native_stream());
    let vectors = vectors("native_dump");
    let text = |value: &serde_json::Value| Owned::Text(value.as_str().unwrap().into());
    for expected in vectors["docs"].as_array().unwrap() {
        let id = expected[0].as_i64().unwrap();
        let row = found["docs"].iter().find(|row| row[0] == Owned::Int(id)).unwrap();
        let document = if id == 1 { &vectors["doc1"] } else { &expected[2] };
        assert_eq!(&row[1..4], &[text(&expected[1]), text(document), text(&expected[3])], "{id}");
    }
    assert_eq!(found["docs"].len(), vectors["docs"].as_array().unwrap().len());
    // One row by a prepared XA transaction and one by a committed one came after the SELECT.
    let numbers: Vec<u64> = found["wide"]
        .iter()
        .filter(|row| !matches!(&row[1], Owned::Text(text) if text.starts_with("xa")))
        .map(|row| if let Owned::UInt(number) = row[2] { number } else { panic!("{row:?}") })
        .collect();
    let expected: Vec<&str> = vectors["wide"].as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect();
    let sum: u128 = numbers.iter().map(|number| u128::from(*number)).sum();
    let maximum = numbers.iter().max().unwrap();
    assert_eq!(vec![numbers.len().to_string(), sum.to_string(), maximum.to_string()], expected);
}

#[test]
fn all_gtids_of_a_stream_are_what_the_server_has_executed() {
    let vectors = vectors("native_dump");
    let stream = native_stream();
    let mut reader = EventReader::new();
    reader.push(&stream);
    let mut last: HashMap<String, i64> = HashMap::new();
    let mut uuid = String::new();
    while let Some(found) = reader.next_event().unwrap() {
        if let Event::Gtid(gtid) = &found.event {
            let GtidId::MySql { tag, gno, .. } = gtid.id else { panic!("{gtid:?}") };
            let text = gtid.id.to_string();
            uuid = text.split(':').next().unwrap().to_owned();
            let known = last.entry(tag.to_owned()).or_default();
            assert_eq!(gno, *known + 1, "{text}");
            *known = gno;
            assert!(gtid.commit_ts_us > 1_700_000_000_000_000 && gtid.commit_ts_us == gtid.original_commit_ts_us);
            assert!(gtid.transaction_length > 0 && gtid.sequence_number > gtid.last_committed);
        }
    }
    let mut tags: Vec<_> = last.into_iter().collect();
    tags.sort();
    let interval = |gno: i64| if gno == 1 { "1".into() } else { format!("1-{gno}") };
    let sets: Vec<String> = tags
        .iter()
        .map(|(tag, gno)| if tag.is_empty() { interval(*gno) } else { format!("{tag}:{}", interval(*gno)) })
        .collect();
    assert_eq!(format!("{uuid}:{}", sets.join(":")), vectors["gtids"].as_str().unwrap());
}

#[test]
fn events_of_a_compressed_transaction_lie_where_it_lies() {
    let stream = native_stream();
    let mut reader = EventReader::new();
    reader.push(&stream);
    let mut outer = None;
    let (mut inside, mut commits) = (0, 0);
    while let Some(found) = reader.next_event().unwrap() {
        match (&found.event, outer) {
            (Event::TransactionPayload { .. }, _) => outer = Some((found.start, found.end)),
            (event, Some(place)) => {
                assert_eq!((found.start, found.end), place);
                inside += 1;
                if matches!(event, Event::Commit { .. }) {
                    commits += 1;
                    outer = None;
                }
            }
            _ => {}
        }
    }
    assert!(inside > 100 && commits == 3, "{inside} {commits}");
}

#[test]
fn xa_statements_and_client_character_sets_are_understood() {
    let lines = whole(&native_stream()).join("\n");
    for part in [
        "XaPrepare(Xid { one_phase: false, format_id: 7, gtrid: [0, 255], bqual: [] })",
        "XaPrepare(Xid { one_phase: true, format_id: 1, gtrid: [111, 110, 101], bqual: [] })",
        "ALTER TABLE lat COMMENT='caf\u{e9}'",
        "RowsQuery(\"DELETE FROM img WHERE id=2\")",
        "(Some([Int(1), Absent, Absent, Absent]), Some([Absent, Text(\"y\"), Absent, Absent]))",
        "(Some([Int(1), Text(\"y\"), Absent, Int(5)]), Some([Int(1), Text(\"y\"), Absent, Int(6)]))",
        "name: Some(\"my_row_id\"), collation_id: None, labels: None, invisible: true",
        "Bytes([0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64])",
    ] {
        assert!(lines.contains(part), "{part}");
    }
}

#[test]
fn a_missing_column_is_refused_unless_it_is_allowed() {
    let stream = native_stream();
    let mut reader = EventReader::new();
    reader.push(&stream);
    let mut tables = Tables::default();
    let mut refused = 0;
    while let Some(found) = reader.next_event().unwrap() {
        match &found.event {
            Event::TableMap(map) => tables.add(map),
            Event::Rows(rows) => {
                let (map, table) = tables.get(rows.table_id).unwrap();
                if let Err(error) = rows_of(map, table, rows, ImagePolicy::Full) {
                    assert_eq!((error.code(), error.context()[0].1.as_str()), (Code::RowImagePartial, "native.img"));
                    refused += 1;
                }
            }
            _ => {}
        }
    }
    assert_eq!(refused, 4);
}

// ---- by hand --------------------------------------------------------------------------------------------------------

fn read(stream: &[u8]) -> (Vec<String>, Result<(), Error>) {
    let mut reader = EventReader::new();
    reader.push(stream);
    let mut lines = Vec::new();
    let result = transcript(&mut reader, &mut Tables::default(), &mut lines);
    (lines, result)
}

fn refused(stream: &[u8]) -> Error {
    read(stream).1.unwrap_err()
}

fn with(event: Vec<u8>) -> Vec<u8> {
    let mut events = opening();
    events.push(event);
    stream_of(&events)
}

#[test]
fn packets_of_16_mib_go_on_in_the_next() {
    for size in [0xFF_FFFF - 1 - 23, 0xFF_FFFF - 23, 0xFF_FFFF, 40_000_000] {
        let mut body = vec![0];
        body.resize(size, b'x');
        let mut events = opening();
        events.push(make_event(29, &body, 0, 0, true));
        events.push(make_event(16, &[9, 0, 0, 0, 0, 0, 0, 0], 0, 0, true));
        let stream = stream_of(&events);
        let mut reader = EventReader::new();
        let mut seen = Vec::new();
        for chunk in stream.chunks(1_000_003) {
            reader.push(chunk);
            while let Some(found) = reader.next_event().unwrap() {
                seen.push(match found.event {
                    Event::RowsQuery(text) => text.len(),
                    Event::Commit { xid } => xid as usize,
                    _ => 0,
                });
            }
        }
        assert_eq!(seen, [0, 0, size - 1, 9]);
    }
}

#[test]
fn what_the_server_sends_instead_of_an_event_is_an_error() {
    let error = refused(&packets(&[b"\xff\xd4\x04#HY000Could not find first log".to_vec()]));
    assert_eq!((error.code(), error.what()), (Code::ServerError, "Could not find first log"));
    assert_eq!(error.context(), [("errno", "1236".to_string()), ("sqlstate", "HY000".to_string())]);
    assert_eq!(refused(&packets(&[b"\xfe".to_vec()])).code(), Code::SourceConnectionLost);
    assert_eq!(refused(&packets(&[vec![]])).code(), Code::BinlogCorrupt);
    assert_eq!(refused(&packets(&[b"\x07".to_vec()])).code(), Code::BinlogCorrupt);
    let mut stream = stream_of(&opening());
    stream[3] = 9;
    assert!(refused(&stream).what().contains("out of order"));
}

#[test]
fn every_wrong_byte_of_a_checked_event_is_found() {
    let good = make_event(16, &[1; 8], 0, 0, true);
    assert!(read(&with(good.clone())).1.is_ok());
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        assert_eq!(refused(&with(bad)).code(), Code::BinlogCorrupt, "{at}");
    }
}

#[test]
fn each_file_says_whether_it_has_checksums() {
    let events = vec![
        make_event(4, &rotate_body("a.1", 4), 0, 0x20, true),
        format_description("8.0.mysql_aurora.3.05.2", 0),
        make_event(16, &[1; 8], 0, 0, false),
        make_event(4, &rotate_body("a.2", 4), 0, 0x20, false),
        format_description("10.11.6-MariaDB-log", 1),
        make_event(16, &[2; 8], 0, 0, true),
    ];
    let (lines, result) = read(&stream_of(&events));
    result.unwrap();
    assert!(lines.last().unwrap().contains("xid: 144680345676153346"), "{lines:?}");
    assert_eq!(refused(&stream_of(&[make_event(16, &[1; 8], 0, 0, true)])).code(), Code::BinlogCorrupt);
    let unknown = refused(&stream_of(&[format_description("9.9.9", 7)]));
    assert_eq!(unknown.code(), Code::BinlogEventUnsupported);
}

#[test]
fn an_unknown_event_is_an_error_unless_the_server_marked_it() {
    let error = refused(&with(make_event(99, b"xyz", 300, 0, true)));
    assert_eq!(error.code(), Code::BinlogEventUnsupported);
    assert!(error.to_string().contains("UNKNOWN (99)") && error.to_string().contains("file=binlog.000001, pos=4"));
    let (lines, result) = read(&with(make_event(99, b"xyz", 300, 0x80, true)));
    result.unwrap();
    assert_eq!(lines.last().unwrap(), "Ignored");
    for kind in [5, 13, 14, 18, 20] {
        assert_eq!(refused(&with(make_event(kind, b"xyz", 300, 0, true))).code(), Code::BinlogEventUnsupported);
    }
    let incident = refused(&with(make_event(26, b"\x01\x00\x04lost", 300, 0, true)));
    assert_eq!(
        (incident.code(), incident.what()),
        (Code::BinlogIncident, "the source logged an incident: lost (incident 1)")
    );
}

#[test]
fn positions_do_not_wrap_at_4_gib() {
    let mut events = opening();
    events.push(make_event(4, &rotate_body("binlog.000001", 4_294_967_000), 0, 0x20, true));
    let xid = |end: u64| make_event(16, &[1; 8], end as u32, 0, true);
    events.push(xid(4_294_967_000 + 31));
    events.push(xid(4_294_967_296 + 100));
    events.push(make_event(27, b"binlog.000001", 131, 0, true));
    let mut reader = EventReader::new();
    reader.push(&stream_of(&events));
    let mut places = Vec::new();
    while let Some(found) = reader.next_event().unwrap() {
        places.push((found.start, found.end));
    }
    assert_eq!(&places[3..5], &[(4_294_967_000, 4_294_967_031), (4_294_967_365, 4_294_967_396)]);
    assert_eq!(reader.pos(), 4_294_967_296 + 131);
}

#[test]
fn a_table_map_is_parsed_once_and_again_in_a_new_file() {
    let stream = native_stream();
    let mut reader = EventReader::new();
    reader.push(&stream);
    let mut seen: HashMap<(String, u64), std::sync::Arc<TableMap>> = HashMap::new();
    let mut same = 0;
    while let Some(found) = reader.next_event().unwrap() {
        let file = found.file.to_owned();
        if let Event::TableMap(map) = found.event {
            match seen.get(&(file.clone(), map.table_id)) {
                Some(known) => {
                    assert!(std::sync::Arc::ptr_eq(known, &map));
                    same += 1;
                }
                None => _ = seen.insert((file, map.table_id), map),
            }
        }
    }
    assert!(same > 20);
}

// ---- MariaDB --------------------------------------------------------------------------------------------------------

fn mariadb(kind: u8, body: &[u8]) -> Vec<u8> {
    stream_of(&[
        make_event(4, &rotate_body("m.000001", 4), 0, 0x20, true),
        format_description("10.11.6-MariaDB-log", 1),
        make_event(kind, body, 0, 0, true),
    ])
}

#[test]
fn mariadb_events_are_decoded() {
    let last = |kind, body: &[u8]| {
        let (lines, result) = read(&mariadb(kind, body));
        result.map(|()| lines.last().unwrap().clone())
    };
    let gtid = [&100_u64.to_le_bytes()[..], &3_u32.to_le_bytes(), &[1], &[0; 6]].concat();
    let text = last(162, &gtid).unwrap();
    assert!(text.contains("MariaDb { domain: 3, server_id: 7, sequence: 100 }") && text.contains("standalone: true"));
    assert_eq!(GtidId::MariaDb { domain: 3, server_id: 7, sequence: 100 }.to_string(), "3-7-100");
    let list = [&0x1000_0001_u32.to_le_bytes()[..], &[0; 16]].concat();
    assert_eq!(last(163, &list).unwrap(), "Ignored");
    assert_eq!(last(163, &[255, 255, 255, 15]).unwrap_err().code(), Code::BinlogCorrupt);
    assert_eq!(last(160, b"insert into t").unwrap(), "RowsQuery(\"insert into t\")");
    assert_eq!(last(161, b"\0\0\0\0").unwrap(), "Ignored");

    let query = |statement: &[u8]| [&[7, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0], &b"db\0"[..], statement].concat();
    let compressed = |data: &[u8]| {
        let zlib = miniz_oxide::deflate::compress_to_vec_zlib(data, 6);
        [&[0x82][..], &(data.len() as u16).to_be_bytes(), &zlib].concat()
    };
    let ddl = "create table t (a int) comment 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'";
    assert!(last(165, &query(&compressed(ddl.as_bytes()))).unwrap().contains(ddl));
    for broken in [&[0x92, 0, 1, 0][..], &[0x82, 255, 255, 1, 2], &[0x81, 5, 0x78, 0x9c, 1], &[]] {
        assert!(last(165, &query(broken)).is_err());
    }
    let post_header = [5, 0, 0, 0, 0, 0, 1, 0, 3, 0xff];
    let rows = b"\0row one\0row two\0row three";
    for (kind, plain, twice) in [(166, 23, false), (167, 24, true), (168, 25, false)] {
        let head = [&post_header[..], if twice { &[0xff] } else { &[] }].concat();
        let whole = last(plain, &[&head[..], rows].concat()).unwrap();
        assert_eq!(last(kind, &[&head[..], &compressed(rows)].concat()).unwrap(), whole);
    }
}
