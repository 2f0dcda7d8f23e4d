//! MySQL's binary JSON to the text that `CAST(column AS CHAR)` prints, byte for byte: order, spacing, escapes, number
//! forms; and the differences that PARTIAL_UPDATE_ROWS events carry.

mod diff;
mod print;
mod value;

pub use diff::JsonDiffs;
pub use print::{print_document, print_double};
