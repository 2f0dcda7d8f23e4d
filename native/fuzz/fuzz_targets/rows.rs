//! A table map and a rows event: two bytes of the map's length, kind and version, the map, the rows. Every cell of
//! every row is decoded.
#![no_main]

use std::borrow::Cow;

use libfuzzer_sys::fuzz_target;
use rowcast_core::event::{Rows, RowsKind};
use rowcast_core::row::{ImagePolicy, RowReader, RowSpace, Scratch};
use rowcast_core::table_map;

#[path = "../../core/tests/common/tables.rs"]
mod tables;

fuzz_target!(|data: &[u8]| {
    let [low, high, kind, rest @ ..] = data else { return };
    let Some((map, body)) = rest.split_at_checked(usize::from(u16::from_le_bytes([*low, *high]))) else { return };
    let Ok(map) = table_map::parse(map) else { return };
    let table = tables::table_of(&map);
    let policy = if kind & 8 == 0 { ImagePolicy::Partial } else { ImagePolicy::Full };
    let Ok(reader) = RowReader::new(&map, &table, policy) else { return };
    let kind = [RowsKind::Insert, RowsKind::Update, RowsKind::Delete, RowsKind::PartialUpdate][usize::from(kind & 3)];
    let rows =
        Rows { kind, version: 1 + (data[2] >> 2 & 1), table_id: map.table_id, flags: 0, body: Cow::Borrowed(body) };
    let (mut space, mut scratch) = (RowSpace::new(), Scratch::new());
    let Ok(mut changes) = reader.rows(&rows, &mut space) else { return };
    while let Ok(Some(change)) = changes.next() {
        for image in change.before.iter().chain(&change.after) {
            for column in 0..image.columns() {
                _ = image.cell(column, &mut scratch);
            }
        }
    }
});
