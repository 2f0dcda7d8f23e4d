//! The body of a TRANSACTION_PAYLOAD event, and MariaDB's compressed events (first byte: which).
#![no_main]

use libfuzzer_sys::fuzz_target;
use rowcast_core::event::RowsKind;
use rowcast_core::mariadb::{query_compressed, rows_compressed};
use rowcast_core::payload::Payload;

fuzz_target!(|data: &[u8]| {
    let Some((kind, body)) = data.split_first() else { return };
    match kind & 3 {
        0 => _ = query_compressed(body),
        1 => _ = rows_compressed(body, RowsKind::Insert, 1 + (kind >> 2 & 1)),
        2 => _ = rows_compressed(body, RowsKind::Update, 1 + (kind >> 2 & 1)),
        _ => {
            let Ok(mut payload) = Payload::new(body) else { return };
            while let Ok(Some(size)) = payload.advance() {
                assert_eq!(payload.event(size).len(), size);
            }
        }
    }
});
