//! Collations: from an id or a name to the character set, which is all that decoding needs.

use crate::collation_ids::RUNS;

/// The character set of a collation id; None for one that no MySQL up to 9.7 has. `binary` is 63.
pub fn charset_of_id(id: u16) -> Option<&'static str> {
    RUNS.iter().find(|(first, last, _)| (*first..=*last).contains(&id)).map(|(_, _, charset)| *charset)
}

/// `utf8mb4_0900_ai_ci` -> `utf8mb4`; the old name of utf8mb3 becomes the new one.
pub fn charset_of(collation: &str) -> &str {
    match collation.split('_').next() {
        Some("utf8") | None => "utf8mb3",
        Some(charset) => charset,
    }
}
