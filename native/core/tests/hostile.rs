//! Broken input never panics, never hangs and never allocates more than a small multiple of what came. One test, alone
//! in its process: it counts the allocations of all of it.
#![allow(
    missing_docs,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::{
    Random, Tables, format_description, make_event, recorded_stream, rotate_body, stream_of, unbase64, vectors,
};
use rowcast_core::event::Event;
use rowcast_core::reader::EventReader;
use rowcast_core::row::{ImagePolicy, RowReader, RowSpace, Scratch};
use rowcast_core::table_map;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is handed on to the system's allocator; only sizes are counted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(LIVE.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that `work` had allocated at one time, beyond what was there before.
fn allocated(work: impl FnOnce()) -> usize {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    work();
    PEAK.load(Relaxed) - before
}

/// Whole events of a recorded stream without packets and checksums, those of compressed transactions included.
fn events() -> Vec<(u8, Vec<u8>)> {
    let mut found = Vec::new();
    for stream in [recorded_stream(), unbase64(vectors("native_dump")["stream"].as_str().unwrap())] {
        let mut at = 0;
        while at < stream.len() {
            let size = usize::from(stream[at]) | usize::from(stream[at + 1]) << 8 | usize::from(stream[at + 2]) << 16;
            let event = &stream[at + 5..at + 4 + size];
            found.push((event[4], event[19..event.len() - 4].to_vec()));
            at += 4 + size;
        }
    }
    let vectors = vectors("binlog_types");
    for case in vectors["events"].as_object().unwrap().values() {
        for event in case.as_array().unwrap() {
            let kind = match event[0].as_str().unwrap() {
                "TABLE_MAP" => 19,
                "WRITE_ROWS_V2" => 30,
                "UPDATE_ROWS_V2" => 31,
                "DELETE_ROWS_V2" => 32,
                "PARTIAL_UPDATE_ROWS" => 39,
                _ => 40,
            };
            found.push((kind, common::unhex(event[1].as_str().unwrap())));
        }
    }
    found
}

/// Reads everything there is, decodes every cell.
fn consume(stream: &[u8], tables: &mut Tables) {
    let mut reader = EventReader::new();
    let (mut space, mut scratch) = (RowSpace::new(), Scratch::new());
    reader.push(stream);
    while let Ok(Some(found)) = reader.next_event() {
        match &found.event {
            Event::TableMap(map) => tables.add(map),
            Event::Rows(rows) => {
                let Some((map, table)) = tables.get(rows.table_id) else { continue };
                let Ok(compiled) = RowReader::new(map, table, ImagePolicy::Partial) else { continue };
                let Ok(mut changes) = compiled.rows(rows, &mut space) else { continue };
                while let Ok(Some(change)) = changes.next() {
                    for image in change.before.iter().chain(&change.after) {
                        for column in 0..image.columns() {
                            _ = image.cell(column, &mut scratch);
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

fn session(kind: u8, body: &[u8]) -> Vec<u8> {
    stream_of(&[
        make_event(4, &rotate_body("b.1", 4), 0, 0x20, false),
        format_description("9.7.4", 0),
        make_event(kind, body, 0, 0, false),
    ])
}

#[test]
fn broken_input_is_survived_within_its_own_size() {
    let events = events();
    assert!(events.len() > 900);
    let mut random = Random(7);
    let mut tables = Tables::default();
    let mut most = 0.0_f64;
    for (index, (kind, body)) in events.iter().enumerate() {
        consume(&session(*kind, body), &mut tables);
        // Compressed transactions inflate: their bound is one inner event, which has its own tests.
        let inflating = *kind == 40;
        let rounds = if body.len() > 20_000 { 3 } else { 40 };
        for round in 0..rounds {
            let mut bad = body.clone();
            if round % 4 == 0 {
                bad.truncate(random.below(body.len() + 1));
            }
            for _ in 0..random.below(4) {
                if !bad.is_empty() {
                    let at = random.below(bad.len());
                    bad[at] = match random.below(3) {
                        0 => 0xFF,
                        1 => bad[at] ^ 1 << random.below(8),
                        _ => random.below(256) as u8,
                    };
                }
            }
            let stream = session(*kind, &bad);
            // A changed table map stays out of the tables of the rows that follow.
            let mut own = Tables::default();
            let tables = if *kind == 19 { &mut own } else { &mut tables };
            let peak = allocated(|| consume(&stream, tables));
            if !inflating {
                let factor = peak.saturating_sub(256 * 1024) as f64 / stream.len() as f64;
                most = most.max(factor);
                assert!(factor < 200.0, "event {index} of type {kind}: {peak} bytes for {}", stream.len());
            }
        }
    }

    // Rows of one table under the map of another.
    // One of the recorded files has no checksums: its maps have lost four bytes above.
    let maps: Vec<&Vec<u8>> = events
        .iter()
        .filter(|(kind, body)| *kind == 19 && table_map::parse(body).is_ok())
        .map(|(_, body)| body)
        .collect();
    let rows: Vec<&(u8, Vec<u8>)> = events.iter().filter(|(kind, _)| matches!(kind, 30..=32 | 39)).collect();
    for _ in 0..3000 {
        let map = maps[random.below(maps.len())];
        let (kind, body) = rows[random.below(rows.len())];
        let mut tables = Tables::default();
        let parsed = table_map::parse(map).unwrap();
        tables.add(&parsed);
        let mut body = body.clone();
        body[..6].copy_from_slice(&map[..6]);
        // The column count of the map, so that the rows are walked.
        let at = 8 + usize::from(body[8]) + usize::from(body[9]) * 256;
        body[at] = parsed.columns.len().min(250) as u8;
        let stream = session(*kind, &body);
        let peak = allocated(|| consume(&stream, &mut tables));
        assert!(peak < 512 * 1024 + 200 * stream.len(), "{peak} bytes for {}", stream.len());
    }

    // Whole streams, cut anywhere and with changed bytes in packet headers, event headers and bodies.
    let stream = recorded_stream();
    for _ in 0..150 {
        let mut bad = stream[..1 + random.below(stream.len())].to_vec();
        let at = random.below(bad.len());
        bad[at] ^= 1 << random.below(8);
        let peak = allocated(|| consume(&bad, &mut Tables::default()));
        assert!(peak < 2_000_000 + 4 * bad.len(), "{peak} bytes for {}", bad.len());
    }

    // A little data that inflates to a lot: one inner event at a time is kept.
    let mut inner = make_event(29, &[b'x'; 100_000], 0, 0, false);
    for _ in 0..10 {
        inner = [&inner[..], &inner[..]].concat(); // 100 MB
    }
    let compressed = zstd::bulk::compress(&inner, 3).unwrap();
    let lenenc = |number: usize| [&[0xFE][..], &(number as u64).to_le_bytes()].concat();
    let field = |kind: u8, number: usize| [&[kind, 9][..], &lenenc(number)].concat();
    let body = [&field(1, compressed.len())[..], &field(3, inner.len()), &[0], &compressed].concat();
    drop(inner);
    let stream = session(40, &body);
    let peak = allocated(|| consume(&stream, &mut Tables::default()));
    assert!(peak < 2_000_000, "{peak} bytes");
    let lying = [&field(1, compressed.len())[..], &field(3, 50_000_000), &[0], &compressed].concat();
    let mut reader = EventReader::new();
    reader.push(&session(40, &lying));
    let error = loop {
        match reader.next_event() {
            Ok(found) => assert!(found.is_some()),
            Err(error) => break error,
        }
    };
    assert!(error.what().contains("longer than it says"), "{error}");
}
