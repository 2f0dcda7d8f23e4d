//! TABLE_MAP events to `TableMap`: types, metadata and the optional metadata (MINIMAL or FULL).
//!
//! The optional metadata is a list of (type, length, value). A type that is not known is skipped by its length, so newer
//! servers stay readable.

use crate::cursor::{Cursor, utf8};
use crate::error::Malformed;
use crate::field_type as ft;
use crate::table::{MapColumn, TableMap};

const SIGNEDNESS: u8 = 1;
const DEFAULT_CHARSET: u8 = 2;
const COLUMN_CHARSET: u8 = 3;
const COLUMN_NAME: u8 = 4;
const SET_LABELS: u8 = 5;
const ENUM_LABELS: u8 = 6;
const SIMPLE_PRIMARY_KEY: u8 = 8;
const PRIMARY_KEY_WITH_PREFIX: u8 = 9;
const LABEL_DEFAULT_CHARSET: u8 = 10;
const LABEL_COLUMN_CHARSET: u8 = 11;
const VISIBILITY: u8 = 12;
const VECTOR_DIMENSIONS: u8 = 13;

type Parsed<T> = Result<T, Malformed>;

/// The body of a TABLE_MAP event (checksum removed). `Malformed::Unknown` for a column type whose metadata cannot be
/// measured: every later column would be misread.
///
/// `MapColumn::metadata` is: bytes of the longest value (VARCHAR, STRING), bytes of the number (ENUM, SET), length
/// bytes (BLOB, JSON, GEOMETRY), precision << 8 | scale (DECIMAL), whole bytes << 8 | bits (BIT), fractional digits
/// (temporal), dimensions << 8 | length bytes (VECTOR; 0 dimensions = not said).
pub fn parse(body: &[u8]) -> Parsed<TableMap> {
    let mut cursor = Cursor::new(body);
    let table_id = cursor.uint(6)?;
    cursor.take(2)?; // flags
    let database = terminated(&mut cursor)?;
    let table = terminated(&mut cursor)?;
    let count = cursor.lenenc_size()?;
    if count == 0 {
        return Err(Malformed::cut("a table without columns"));
    }
    let codes = cursor.take(count)?;
    let mut columns = types(Cursor::new(cursor.lenenc_bytes()?), codes)?;
    let nullable = cursor.take(count.div_ceil(8))?;
    for (index, column) in columns.iter_mut().enumerate() {
        column.nullable = nullable.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1);
    }
    let primary_key = Fields::read(cursor)?.apply(&mut columns)?;
    Ok(TableMap { table_id, database, table, columns, primary_key })
}

fn terminated(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let text = utf8(cursor.u8_bytes()?)?;
    cursor.take(1)?; // the terminating zero
    Ok(text.to_owned())
}

fn types(mut metadata: Cursor<'_>, codes: &[u8]) -> Parsed<Vec<MapColumn>> {
    let mut columns = Vec::with_capacity(codes.len());
    for code in codes {
        let (code, metadata) = column_type(*code, &mut metadata)?;
        columns.push(MapColumn {
            code,
            metadata,
            nullable: false,
            unsigned: if code == ft::YEAR { Some(false) } else { None },
            name: None,
            collation_id: None,
            labels: None,
            invisible: false,
        });
    }
    Ok(columns)
}

/// The real type and the metadata of a column.
fn column_type(code: u8, metadata: &mut Cursor<'_>) -> Parsed<(u8, u32)> {
    Ok(match code {
        ft::TINY
        | ft::SHORT
        | ft::LONG
        | ft::LONGLONG
        | ft::INT24
        | ft::DATE
        | ft::NEWDATE
        | ft::YEAR
        | ft::TIMESTAMP_OLD
        | ft::TIME_OLD
        | ft::DATETIME_OLD => (code, 0),
        ft::BLOB | ft::GEOMETRY | ft::JSON | ft::VECTOR => match metadata.u8()? {
            width @ 1..=4 => (code, u32::from(width)),
            width => return Err(Malformed::cut(format!("a column with {width} length bytes"))),
        },
        ft::FLOAT | ft::DOUBLE | ft::TIMESTAMP | ft::DATETIME | ft::TIME => (code, u32::from(metadata.u8()?)),
        ft::VARCHAR | ft::VAR_STRING | ft::BIT => (code, u32::from(metadata.u16()?)),
        ft::DECIMAL => (code, u32::from(u16::from_be_bytes(metadata.array()?))),
        ft::STRING | ft::ENUM | ft::SET => string_type(metadata.u8()?, metadata.u8()?)?,
        _ => return Err(Malformed::unknown(format!("column type {code}"))),
    })
}

/// CHAR, BINARY, ENUM and SET share a code; the real type is in the first byte, whose bits 4 and 5 may hold length bits
/// 8 and 9.
fn string_type(first: u8, second: u8) -> Parsed<(u8, u32)> {
    let (code, size) = (first | 0x30, u32::from(second) | u32::from((first & 0x30) ^ 0x30) << 4);
    match code {
        ft::STRING | ft::ENUM | ft::SET => Ok((code, size)),
        _ => Err(Malformed::unknown(format!("column type {code}"))),
    }
}

/// The optional metadata by type.
#[derive(Default)]
struct Fields<'a>([Option<&'a [u8]>; 14]);

impl<'a> Fields<'a> {
    fn read(mut cursor: Cursor<'a>) -> Parsed<Self> {
        let mut fields = Self::default();
        while !cursor.is_empty() {
            let (kind, value) = (cursor.u8()?, cursor.lenenc_bytes()?);
            if let Some(field) = fields.0.get_mut(usize::from(kind)) {
                *field = Some(value);
            }
        }
        Ok(fields)
    }

    fn get(&self, kind: u8) -> Option<&'a [u8]> {
        self.0.get(usize::from(kind)).copied().flatten()
    }

    /// Writes what the fields say into the columns; returns the primary key, None when they do not say.
    fn apply(&self, columns: &mut [MapColumn]) -> Parsed<Option<Vec<usize>>> {
        if let Some(signs) = self.get(SIGNEDNESS) {
            let numeric = columns.iter_mut().filter(|column| ft::has_sign(column.code));
            for (index, column) in numeric.enumerate() {
                let unsigned = highest_first(signs, index)?;
                column.unsigned = Some(unsigned && column.code != ft::YEAR);
            }
        }
        self.collations(columns, ft::is_character, DEFAULT_CHARSET, COLUMN_CHARSET)?;
        for column in columns.iter_mut().filter(|column| column.code == ft::VECTOR) {
            column.collation_id = None;
        }
        self.collations(columns, ft::is_labelled, LABEL_DEFAULT_CHARSET, LABEL_COLUMN_CHARSET)?;
        self.labels(columns, ft::SET, SET_LABELS)?;
        self.labels(columns, ft::ENUM, ENUM_LABELS)?;
        if let Some(data) = self.get(VECTOR_DIMENSIONS) {
            let mut cursor = Cursor::new(data);
            for column in columns.iter_mut().filter(|column| column.code == ft::VECTOR) {
                let dimensions = u32::try_from(cursor.lenenc()?).ok().filter(|dimensions| *dimensions < 1 << 24);
                column.metadata |= dimensions.ok_or_else(|| Malformed::cut("impossible dimensions"))? << 8;
            }
        }
        if let Some(data) = self.get(COLUMN_NAME) {
            let mut cursor = Cursor::new(data);
            for column in columns.iter_mut() {
                column.name = Some(utf8(cursor.lenenc_bytes()?)?.to_owned());
            }
        }
        if let Some(data) = self.get(VISIBILITY) {
            for (index, column) in columns.iter_mut().enumerate() {
                column.invisible = !highest_first(data, index)?;
            }
        }
        self.primary_key(columns.len())
    }

    /// Collation ids: either a list of all, or a default and the exceptions.
    fn collations(
        &self,
        columns: &mut [MapColumn],
        wanted: fn(u8) -> bool,
        default_field: u8,
        column_field: u8,
    ) -> Parsed<()> {
        let mut wanted: Vec<&mut MapColumn> = columns.iter_mut().filter(|column| wanted(column.code)).collect();
        if let Some(data) = self.get(column_field) {
            let mut cursor = Cursor::new(data);
            for column in wanted {
                column.collation_id = Some(collation(cursor.lenenc()?)?);
            }
            return Ok(());
        }
        let Some(data) = self.get(default_field).filter(|data| !data.is_empty()) else { return Ok(()) };
        let mut cursor = Cursor::new(data);
        let default = collation(cursor.lenenc()?)?;
        for column in &mut wanted {
            column.collation_id = Some(default);
        }
        while !cursor.is_empty() {
            let (index, id) = (cursor.lenenc_size()?, cursor.lenenc()?);
            let column = wanted.get_mut(index);
            let column = column.ok_or_else(|| Malformed::cut("a collation for a column that is not there"))?;
            column.collation_id = Some(collation(id)?);
        }
        Ok(())
    }

    fn labels(&self, columns: &mut [MapColumn], code: u8, field: u8) -> Parsed<()> {
        let Some(data) = self.get(field) else { return Ok(()) };
        let mut cursor = Cursor::new(data);
        for column in columns.iter_mut().filter(|column| column.code == code) {
            let count = cursor.lenenc()?;
            // Every label has a length byte: the count is not believed before they have come.
            let mut labels = Vec::new();
            for _ in 0..count {
                labels.push(cursor.lenenc_bytes()?.to_vec());
            }
            column.labels = Some(labels);
        }
        Ok(())
    }

    /// Column indexes in key order; whole columns and prefixes count alike.
    fn primary_key(&self, count: usize) -> Parsed<Option<Vec<usize>>> {
        let (data, with_prefix) = match (self.get(SIMPLE_PRIMARY_KEY), self.get(PRIMARY_KEY_WITH_PREFIX)) {
            (Some(data), _) => (data, false),
            (None, Some(data)) => (data, true),
            (None, None) => return Ok(self.get(COLUMN_NAME).map(|_| Vec::new())),
        };
        let mut cursor = Cursor::new(data);
        let mut key = Vec::new();
        while !cursor.is_empty() {
            let index = cursor.lenenc_size()?;
            if index >= count {
                return Err(Malformed::cut("a primary key column that is not there"));
            }
            key.push(index);
            if with_prefix {
                cursor.lenenc()?;
            }
        }
        Ok(Some(key))
    }
}

fn collation(id: u64) -> Parsed<u16> {
    u16::try_from(id).map_err(|_| Malformed::cut(format!("collation id {id}")))
}

/// Bit `index` of a bitmap whose first bit is the highest of the first byte.
fn highest_first(bitmap: &[u8], index: usize) -> Parsed<bool> {
    let byte = bitmap.get(index / 8).ok_or_else(|| Malformed::cut("a bitmap of columns is too short"))?;
    Ok(byte >> (7 - index % 8) & 1 == 1)
}
