//! MySQL's field type codes as table maps and binary JSON use them.
#![allow(missing_docs)] // the names are MySQL's own

pub const TINY: u8 = 1;
pub const SHORT: u8 = 2;
pub const LONG: u8 = 3;
pub const FLOAT: u8 = 4;
pub const DOUBLE: u8 = 5;
pub const TIMESTAMP_OLD: u8 = 7;
pub const LONGLONG: u8 = 8;
pub const INT24: u8 = 9;
pub const DATE: u8 = 10;
pub const TIME_OLD: u8 = 11;
pub const DATETIME_OLD: u8 = 12;
pub const YEAR: u8 = 13;
pub const NEWDATE: u8 = 14;
pub const VARCHAR: u8 = 15;
pub const BIT: u8 = 16;
pub const TIMESTAMP: u8 = 17;
pub const DATETIME: u8 = 18;
pub const TIME: u8 = 19;
pub const VECTOR: u8 = 242;
pub const JSON: u8 = 245;
pub const DECIMAL: u8 = 246;
pub const ENUM: u8 = 247;
pub const SET: u8 = 248;
pub const BLOB: u8 = 252;
pub const VAR_STRING: u8 = 253;
pub const STRING: u8 = 254;
pub const GEOMETRY: u8 = 255;

/// Columns that own a bit in the signedness bitmap of a table map. YEAR has one although it has no sign.
pub fn has_sign(code: u8) -> bool {
    matches!(code, TINY | SHORT | INT24 | LONG | LONGLONG | FLOAT | DOUBLE | DECIMAL | YEAR)
}

/// Columns whose collation the charset fields of a table map list. VECTOR counts as a BLOB there.
pub fn is_character(code: u8) -> bool {
    matches!(code, VARCHAR | VAR_STRING | STRING | BLOB | VECTOR)
}

/// Columns whose labels have a collation of their own fields.
pub fn is_labelled(code: u8) -> bool {
    matches!(code, ENUM | SET)
}
