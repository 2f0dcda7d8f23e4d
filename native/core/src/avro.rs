//! Avro's binary encoding, and row images: rows of one table version under the lossless profile
//! (`connector/encode/rows.py` has the schema of what is written here).

use crate::error::{Code, Error, Result};
use crate::row::{Cell, Scratch};
use crate::table::{Column, SqlType, Table};

/// First branch of a union of null and one type.
pub const NULL: u8 = 0;
/// Second branch.
pub const SOME: u8 = 2;

/// Confluent's prefix of a value: 0 and the schema id, big endian.
pub fn framed(out: &mut Vec<u8>, schema_id: u32) {
    out.push(0);
    out.extend_from_slice(&schema_id.to_be_bytes());
}

/// Avro int or long: zigzag, then seven bits a byte.
pub fn long(out: &mut Vec<u8>, number: i64) {
    let mut zigzag = (number << 1 ^ number >> 63) as u64;
    while zigzag >= 0x80 {
        out.push(zigzag as u8 | 0x80);
        zigzag >>= 7;
    }
    out.push(zigzag as u8);
}

/// A length or count.
pub fn size(out: &mut Vec<u8>, count: usize) {
    long(out, count as i64);
}

/// Avro bytes or string: length, then the bytes.
pub fn bytes(out: &mut Vec<u8>, value: &[u8]) {
    size(out, value.len());
    out.extend_from_slice(value);
}

/// Avro boolean.
pub fn boolean(out: &mut Vec<u8>, value: bool) {
    out.push(u8::from(value));
}

/// Cells of one row, wherever they come from. A cell is decoded when it is asked for.
pub trait Row {
    /// The value of one cell; it borrows from the row where it can, else from `scratch`.
    fn cell<'s>(&'s self, column: usize, scratch: &'s mut Scratch) -> Result<Cell<'s>>;
}

impl Row for crate::row::RowImage<'_> {
    fn cell<'s>(&'s self, column: usize, scratch: &'s mut Scratch) -> Result<Cell<'s>> {
        crate::row::RowImage::cell(self, column, scratch)
    }
}

/// A row whose cells are values already: rows of the copy phase, and of Avro images read back.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a>(pub &'a [Cell<'a>]);

impl Row for Values<'_> {
    fn cell<'s>(&'s self, column: usize, _: &'s mut Scratch) -> Result<Cell<'s>> {
        Ok(self.0.get(column).copied().unwrap_or(Cell::Absent))
    }
}

/// What the lossless profile makes of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Integers.
    Long,
    /// FLOAT.
    Float,
    /// DOUBLE.
    Double,
    /// Everything that has a text.
    String,
    /// Bytes.
    Bytes,
}

/// The kind of a column type.
pub const fn kind(sql_type: SqlType) -> Kind {
    match sql_type {
        SqlType::TinyInt | SqlType::SmallInt | SqlType::MediumInt | SqlType::Int | SqlType::BigInt => Kind::Long,
        SqlType::Float => Kind::Float,
        SqlType::Double => Kind::Double,
        SqlType::Bit
        | SqlType::Binary
        | SqlType::VarBinary
        | SqlType::TinyBlob
        | SqlType::Blob
        | SqlType::MediumBlob
        | SqlType::LongBlob
        | SqlType::Geometry
        | SqlType::Vector => Kind::Bytes,
        _ => Kind::String,
    }
}

/// Writes rows of one table version, some of their columns, as Avro records whose fields are all nullable.
#[derive(Debug)]
pub struct ImageWriter {
    qualified: String,
    fields: Vec<(usize, Kind)>,
}

impl ImageWriter {
    /// `projection`: the column of each field. `INTERNAL` for a column that is not there.
    pub fn new(table: &Table, projection: &[usize]) -> Result<Self> {
        let qualified = table.qualified();
        let field = |index: &usize| {
            let column: &Column = table.columns.get(*index).ok_or_else(|| {
                Error::new(Code::Internal, "a plan selects a column that is not there").with("table", &qualified)
            })?;
            Ok((*index, kind(column.sql_type)))
        };
        let fields = projection.iter().map(field).collect::<Result<_>>()?;
        Ok(Self { qualified, fields })
    }

    /// Append the image of one row. Errors of decoding, and `INTERNAL` for a cell of another type than its column's.
    pub fn write(&self, row: &impl Row, scratch: &mut Scratch, out: &mut Vec<u8>) -> Result<()> {
        for (column, kind) in &self.fields {
            match (kind, row.cell(*column, scratch)?) {
                (_, Cell::Null) => out.push(NULL),
                (Kind::Long, Cell::Int(number)) => some_long(out, number),
                (Kind::Long, Cell::UInt(number)) => some_long(out, number as i64),
                (Kind::Float, Cell::Float(number)) => {
                    out.push(SOME);
                    out.extend_from_slice(&number.to_le_bytes());
                }
                // A copied FLOAT comes as the double that is exactly it.
                (Kind::Float, Cell::Double(number)) => {
                    out.push(SOME);
                    out.extend_from_slice(&(number as f32).to_le_bytes());
                }
                (Kind::Double, Cell::Double(number)) => {
                    out.push(SOME);
                    out.extend_from_slice(&number.to_le_bytes());
                }
                (Kind::String, Cell::Text(text)) => some_bytes(out, text.as_bytes()),
                (Kind::Bytes, Cell::Bytes(value)) => some_bytes(out, value),
                _ => return Err(wrong_cell(&self.qualified)),
            }
        }
        Ok(())
    }
}

/// A cell is not of its column's type.
#[cold]
pub fn wrong_cell(qualified: &str) -> Error {
    Error::new(Code::Internal, "a row does not have the cells that its table describes")
        .with("table", qualified)
        .with("reason", "TypeError")
}

/// A long in a union of null and long.
pub fn some_long(out: &mut Vec<u8>, number: i64) {
    out.push(SOME);
    long(out, number);
}

/// Bytes in a union of null and bytes.
pub fn some_bytes(out: &mut Vec<u8>, value: &[u8]) {
    out.push(SOME);
    bytes(out, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longs_of_the_specification() {
        for (number, wanted) in [
            (0i64, vec![0u8]),
            (-1, vec![1]),
            (1, vec![2]),
            (-64, vec![0x7F]),
            (64, vec![0x80, 1]),
            (i64::MAX, vec![0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
            (i64::MIN, vec![0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
        ] {
            let mut out = Vec::new();
            long(&mut out, number);
            assert_eq!(out, wanted, "{number}");
        }
    }
}
