//! Binary JSON: two bytes of the document's length, the document, differences. The text is at most a small multiple.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rowcast_core::json::{JsonDiffs, print_document};

fuzz_target!(|data: &[u8]| {
    let [low, high, rest @ ..] = data else { return };
    let Some((document, diffs)) = rest.split_at_checked(usize::from(u16::from_le_bytes([*low, *high]))) else { return };
    let mut out = String::new();
    if print_document(document, &mut out).is_ok() {
        assert!(out.len() <= 16 * document.len() + 64, "{} of {}", out.len(), document.len());
    }
    out.clear();
    _ = JsonDiffs::new(diffs).apply(document, &mut out);
    assert!(out.len() <= 16 * data.len() + 64);
});
