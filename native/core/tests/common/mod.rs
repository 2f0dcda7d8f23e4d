//! Vectors of the repository's tests/vectors, and events made by hand.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod tables;

use std::path::Path;

use rowcast_core::event::{Event, Rows};
use rowcast_core::reader::EventReader;
use rowcast_core::row::{Cell, ImagePolicy, RowImage, RowReader, RowSpace, Scratch};
use rowcast_core::table::{Table, TableMap};
use rowcast_core::{Error, Result};
use serde_json::Value;
pub use tables::table_of;

/// A gzip-compressed JSON file of tests/vectors.
pub fn vectors(name: &str) -> Value {
    serde_json::from_slice(&vector_bytes(&format!("{name}.json.gz"))).unwrap()
}

/// The inflated contents of a file of tests/vectors.
pub fn vector_bytes(file: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(file);
    let packed = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut start = 10;
    if packed[3] & 8 != 0 {
        start += packed[start..].iter().position(|byte| *byte == 0).unwrap() + 1;
    }
    miniz_oxide::inflate::decompress_to_vec(&packed[start..packed.len() - 8]).unwrap()
}

pub fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

pub fn hex(data: &[u8]) -> String {
    data.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn unbase64(text: &str) -> Vec<u8> {
    let mut bits = 0_u32;
    let mut count = 0;
    let mut out = Vec::new();
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    out
}

/// A cell that outlives its row.
#[derive(Clone, Debug, PartialEq)]
pub enum Owned {
    Null,
    Int(i64),
    UInt(u64),
    Float(u32),
    Double(u64),
    Text(String),
    Bytes(Vec<u8>),
    Absent,
}

pub fn owned(cell: Cell<'_>) -> Owned {
    match cell {
        Cell::Null => Owned::Null,
        Cell::Int(number) => Owned::Int(number),
        Cell::UInt(number) => Owned::UInt(number),
        Cell::Float(number) => Owned::Float(number.to_bits()),
        Cell::Double(number) => Owned::Double(number.to_bits()),
        Cell::Text(text) => Owned::Text(text.to_owned()),
        Cell::Bytes(bytes) => Owned::Bytes(bytes.to_vec()),
        Cell::Absent => Owned::Absent,
    }
}

pub type OwnedRow = Vec<Owned>;

pub fn row(image: &RowImage<'_>) -> Result<OwnedRow> {
    let mut scratch = Scratch::new();
    (0..image.columns()).map(|column| image.cell(column, &mut scratch).map(owned)).collect()
}

/// (before, after) of every row of an event.
pub fn rows_of(
    map: &TableMap,
    table: &Table,
    event: &Rows<'_>,
    policy: ImagePolicy,
) -> Result<Vec<(Option<OwnedRow>, Option<OwnedRow>)>> {
    let reader = RowReader::new(map, table, policy)?;
    let mut space = RowSpace::new();
    let mut changes = reader.rows(event, &mut space)?;
    let mut found = Vec::new();
    while let Some(change) = changes.next()? {
        found.push((
            change.before.map(|image| row(&image)).transpose()?,
            change.after.map(|image| row(&image)).transpose()?,
        ));
    }
    Ok(found)
}

// ---- streams --------------------------------------------------------------------------------------------------------

/// A whole event: header, body, CRC32.
pub fn make_event(kind: u8, body: &[u8], end_pos: u32, flags: u16, crc: bool) -> Vec<u8> {
    let size = 19 + body.len() + if crc { 4 } else { 0 };
    let mut event = Vec::new();
    event.extend_from_slice(&1_700_000_000_u32.to_le_bytes());
    event.push(kind);
    event.extend_from_slice(&7_u32.to_le_bytes());
    event.extend_from_slice(&(size as u32).to_le_bytes());
    event.extend_from_slice(&end_pos.to_le_bytes());
    event.extend_from_slice(&flags.to_le_bytes());
    event.extend_from_slice(body);
    if crc {
        event.extend_from_slice(&crc32fast::hash(&event).to_le_bytes());
    }
    event
}

pub fn format_description(version: &str, algorithm: u8) -> Vec<u8> {
    let mut body = vec![4, 0];
    let mut name = version.as_bytes().to_vec();
    name.resize(50, 0);
    body.extend_from_slice(&name);
    body.extend_from_slice(&[0; 4]);
    body.push(19);
    body.extend_from_slice(&[0; 41]);
    body.push(algorithm);
    make_event(15, &body, 0, 0, true)
}

pub fn rotate_body(file: &str, pos: u64) -> Vec<u8> {
    [&pos.to_le_bytes()[..], file.as_bytes()].concat()
}

/// What every dump begins with.
pub fn opening() -> Vec<Vec<u8>> {
    vec![make_event(4, &rotate_body("binlog.000001", 4), 0, 0x20, true), format_description("9.7.4", 1)]
}

/// Payloads as MySQL packets, the long ones in several.
pub fn packets(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut number = 1_u8;
    for payload in payloads {
        let mut rest = &payload[..];
        loop {
            let part = &rest[..rest.len().min(0xFF_FFFF)];
            out.extend_from_slice(&(part.len() as u32).to_le_bytes()[..3]);
            out.push(number);
            out.extend_from_slice(part);
            number = number.wrapping_add(1);
            rest = &rest[part.len()..];
            if part.len() < 0xFF_FFFF {
                break;
            }
        }
    }
    out
}

/// Events as the server sends them.
pub fn stream_of(events: &[Vec<u8>]) -> Vec<u8> {
    let payloads: Vec<Vec<u8>> = events.iter().map(|event| [&[0], &event[..]].concat()).collect();
    packets(&payloads)
}

/// One line per event, and per row of rows events; what a reader of the stream sees.
pub fn transcript(
    reader: &mut EventReader,
    tables: &mut Tables,
    out: &mut Vec<String>,
) -> std::result::Result<(), Error> {
    while let Some(found) = reader.next_event()? {
        out.push(format!("{}@{}..{} type {}", found.file, found.start, found.end, found.header.kind));
        match &found.event {
            Event::TableMap(map) => {
                out.push(format!("map {map:?}"));
                tables.add(map);
            }
            Event::Rows(rows) => {
                let Some((map, table)) = tables.get(rows.table_id) else {
                    out.push(format!("{rows:?}"));
                    continue;
                };
                for change in rows_of(map, table, rows, ImagePolicy::Partial)? {
                    out.push(format!("{change:?}"));
                }
            }
            event => out.push(format!("{event:?}")),
        }
    }
    Ok(())
}

#[derive(Default)]
pub struct Tables(std::collections::HashMap<u64, (TableMap, Table)>);

impl Tables {
    pub fn add(&mut self, map: &TableMap) {
        self.0.insert(map.table_id, (map.clone(), table_of(map)));
    }

    pub fn get(&self, table_id: u64) -> Option<&(TableMap, Table)> {
        self.0.get(&table_id)
    }
}

/// The recorded dump session.
pub fn recorded_stream() -> Vec<u8> {
    unbase64(vectors("binlog_dump")["stream"].as_str().unwrap())
}

/// xorshift: the same numbers in every run.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}
