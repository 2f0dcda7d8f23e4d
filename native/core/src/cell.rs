//! One reader for each column: how many bytes its cells have, and what they mean; compiled once per table version.

use crate::charset::Charset;
use crate::collations;
use crate::cursor::{big_endian, little_endian};
use crate::decimal::DecimalFormat;
use crate::error::Malformed;
use crate::field_type as ft;
use crate::json;
use crate::row::{Cell, Scratch};
use crate::table::{Column, MapColumn, SqlType};
use crate::temporal::{self, Fraction};

/// The event ends inside a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut;

/// How many bytes a cell has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Always that many.
    Fixed(u8),
    /// As many as the little-endian number of that many bytes in front of it says.
    Counted(u8),
}

impl Layout {
    /// Start and end of the cell's bytes, when its field begins at `at`.
    #[inline]
    pub fn locate(self, data: &[u8], at: usize) -> Result<(usize, usize), Cut> {
        let (start, end) = match self {
            Self::Fixed(size) => (at, at + usize::from(size)),
            Self::Counted(1) => (at + 1, at + 1 + usize::from(*data.get(at).ok_or(Cut)?)),
            Self::Counted(width) => {
                let start = at + usize::from(width);
                (start, start + little_endian(data.get(at..start).ok_or(Cut)?) as usize)
            }
        };
        if end > data.len() { Err(Cut) } else { Ok((start, end)) }
    }
}

/// What the bytes mean.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// Little endian, two's complement, 1 to 8 bytes.
    Signed,
    /// Little endian, 1 to 8 bytes.
    Unsigned,
    /// IEEE 754, little endian.
    Float,
    /// IEEE 754, little endian.
    Double,
    /// Years since 1900; 0 is the year 0000.
    Year,
    /// See `temporal::Date`.
    Date,
    /// See `temporal::DateTime`.
    DateTime(Fraction),
    /// See `temporal::Time`.
    Time(Fraction),
    /// Seconds since the epoch, big endian, and the fraction.
    Timestamp(Fraction),
    /// Of a column made before MySQL 5.6.
    DateTimeOld,
    /// Of a column made before MySQL 5.6.
    TimeOld,
    /// Of a column made before MySQL 5.6.
    TimestampOld,
    /// MySQL's packed decimal.
    Decimal(DecimalFormat),
    /// The index of a label; index 0 is the empty string that MySQL stores for an invalid value.
    Enum(Box<[String]>),
    /// A bit for each label.
    Set(Box<[String]>),
    /// Text in this character set.
    Text(Charset),
    /// MySQL's binary JSON.
    Json,
    /// The bytes themselves.
    Bytes,
    /// The bytes, whose trailing zeros the binlog drops, at this length.
    Padded(usize),
}

/// Reads the cells of one column.
#[derive(Clone, Debug)]
pub struct CellReader {
    /// How many bytes a cell has.
    pub layout: Layout,
    /// What they mean.
    pub meaning: Meaning,
    /// The column's SQL type.
    pub sql_type: SqlType,
}

impl CellReader {
    /// The table map says how many bytes, the table what they mean. `Malformed` for a type or a character set that
    /// nobody knows.
    pub fn new(mapped: &MapColumn, column: &Column) -> Result<Self, Malformed> {
        let (layout, meaning) = compile(mapped, column)?;
        Ok(Self { layout, meaning, sql_type: column.sql_type })
    }

    /// Whether cells are binary JSON, so that an update may store differences.
    pub fn is_json(&self) -> bool {
        matches!(self.meaning, Meaning::Json)
    }

    /// Decodes the stored bytes of one cell; exactly as many as `layout` found.
    #[inline]
    pub fn read<'s>(&'s self, data: &'s [u8], scratch: &'s mut Scratch) -> Result<Cell<'s>, Malformed> {
        match &self.meaning {
            Meaning::Signed => Ok(Cell::Int(signed(data))),
            Meaning::Unsigned => Ok(Cell::UInt(little_endian(data))),
            Meaning::Float => Ok(Cell::Float(f32::from_bits(little_endian(data) as u32))),
            Meaning::Double => Ok(Cell::Double(f64::from_bits(little_endian(data)))),
            Meaning::Text(charset) => charset.decode(data, &mut scratch.text).map(Cell::Text),
            Meaning::Padded(size) if data.len() < *size => {
                scratch.bytes.clear();
                scratch.bytes.extend_from_slice(data);
                scratch.bytes.resize(*size, 0);
                Ok(Cell::Bytes(&scratch.bytes))
            }
            Meaning::Bytes | Meaning::Padded(_) => Ok(Cell::Bytes(data)),
            Meaning::Enum(labels) => label(labels, little_endian(data)).map(Cell::Text),
            printed => {
                scratch.text.clear();
                print(printed, data, &mut scratch.text)?;
                Ok(Cell::Text(&scratch.text))
            }
        }
    }
}

fn signed(data: &[u8]) -> i64 {
    let unused = 64_u32.saturating_sub(data.len() as u32 * 8);
    ((little_endian(data) << unused.min(63)) as i64) >> unused.min(63)
}

fn label(labels: &[String], index: u64) -> Result<&str, Malformed> {
    if index == 0 {
        return Ok("");
    }
    let found = usize::try_from(index - 1).ok().and_then(|index| labels.get(index));
    found
        .map(String::as_str)
        .ok_or_else(|| Malformed::invalid(format!("ENUM index {index} of {} labels", labels.len())))
}

fn set_labels(labels: &[String], bits: u64, out: &mut String) -> Result<(), Malformed> {
    let used = u64::BITS - bits.leading_zeros();
    if used as usize > labels.len() {
        return Err(Malformed::invalid(format!("SET bit {} of {} labels", used - 1, labels.len())));
    }
    for (index, label) in labels.iter().enumerate().take(used as usize) {
        if bits >> index & 1 == 1 {
            if !out.is_empty() {
                out.push(',');
            }
            out.push_str(label);
        }
    }
    Ok(())
}

fn print(meaning: &Meaning, data: &[u8], out: &mut String) -> Result<(), Malformed> {
    match meaning {
        Meaning::Decimal(format) => format.print(data, out)?,
        Meaning::Json => json::print_document(data, out)?,
        Meaning::Date => temporal::Date::unpack(little_endian(data) as u32).print(out),
        Meaning::DateTime(fraction) => temporal::DateTime::read(data, *fraction)?.print(fraction.digits(), out),
        Meaning::Time(fraction) => temporal::Time::read(data, *fraction).print(fraction.digits(), out),
        Meaning::Timestamp(fraction) => temporal::Timestamp::read(data, *fraction).print(fraction.digits(), out),
        Meaning::TimestampOld => temporal::Timestamp { seconds: little_endian(data) as u32, micros: 0 }.print(0, out),
        Meaning::DateTimeOld => temporal::print_old_datetime(little_endian(data), out),
        Meaning::TimeOld => temporal::print_old_time(signed(data), out),
        Meaning::Year => temporal::print_year(big_endian(data) as u8, out),
        Meaning::Set(labels) => set_labels(labels, little_endian(data), out)?,
        // `CellReader::read` keeps all others.
        _ => return Err(Malformed::unknown("this type has no text")),
    }
    Ok(())
}

fn compile(mapped: &MapColumn, column: &Column) -> Result<(Layout, Meaning), Malformed> {
    let metadata = mapped.metadata;
    let integer = || if column.unsigned { Meaning::Unsigned } else { Meaning::Signed };
    let fraction = || Fraction::new(metadata);
    Ok(match mapped.code {
        ft::TINY => (Layout::Fixed(1), integer()),
        ft::SHORT => (Layout::Fixed(2), integer()),
        ft::INT24 => (Layout::Fixed(3), integer()),
        ft::LONG => (Layout::Fixed(4), integer()),
        ft::LONGLONG => (Layout::Fixed(8), integer()),
        ft::FLOAT => (Layout::Fixed(4), Meaning::Float),
        ft::DOUBLE => (Layout::Fixed(8), Meaning::Double),
        ft::YEAR => (Layout::Fixed(1), Meaning::Year),
        ft::DATE | ft::NEWDATE => (Layout::Fixed(3), Meaning::Date),
        ft::DATETIME => (Layout::Fixed(5 + fraction()?.bytes()), Meaning::DateTime(fraction()?)),
        ft::TIME => (Layout::Fixed(3 + fraction()?.bytes()), Meaning::Time(fraction()?)),
        ft::TIMESTAMP => (Layout::Fixed(4 + fraction()?.bytes()), Meaning::Timestamp(fraction()?)),
        ft::DATETIME_OLD => (Layout::Fixed(8), Meaning::DateTimeOld),
        ft::TIME_OLD => (Layout::Fixed(3), Meaning::TimeOld),
        ft::TIMESTAMP_OLD => (Layout::Fixed(4), Meaning::TimestampOld),
        ft::DECIMAL => {
            let format = DecimalFormat::new((metadata >> 8) as u8, metadata as u8)?;
            (Layout::Fixed(format.size()), Meaning::Decimal(format))
        }
        ft::BIT => {
            let size = (metadata >> 8 & 0xFF) as u8;
            let size = size.checked_add(u8::from(metadata & 0xFF != 0));
            (Layout::Fixed(size.ok_or_else(|| Malformed::unknown("a BIT of 256 bytes"))?), Meaning::Bytes)
        }
        ft::ENUM => (Layout::Fixed(number_size(metadata)?), Meaning::Enum(column.labels.clone().into())),
        ft::SET => (Layout::Fixed(number_size(metadata)?), Meaning::Set(column.labels.clone().into())),
        ft::VARCHAR | ft::VAR_STRING | ft::STRING => {
            (Layout::Counted(if metadata <= 255 { 1 } else { 2 }), contents(mapped, column)?)
        }
        ft::BLOB | ft::GEOMETRY | ft::JSON | ft::VECTOR => {
            let width = (metadata & 0xFF) as u8;
            if !(1..=4).contains(&width) {
                return Err(Malformed::unknown(format!("a column with {width} length bytes")));
            }
            (Layout::Counted(width), contents(mapped, column)?)
        }
        code => return Err(Malformed::unknown(format!("unknown column type {code}"))),
    })
}

/// Bytes of the number of an ENUM or SET.
fn number_size(metadata: u32) -> Result<u8, Malformed> {
    match metadata {
        1..=8 => Ok(metadata as u8),
        _ => Err(Malformed::unknown(format!("an ENUM or SET of {metadata} bytes"))),
    }
}

fn contents(mapped: &MapColumn, column: &Column) -> Result<Meaning, Malformed> {
    if mapped.code == ft::JSON {
        return Ok(Meaning::Json);
    }
    if column.sql_type == SqlType::Binary {
        return Ok(Meaning::Padded(mapped.metadata as usize));
    }
    match column.collation.as_deref() {
        None | Some("binary") => Ok(Meaning::Bytes),
        Some(collation) => {
            let name = collations::charset_of(collation);
            let known = Charset::by_name(name);
            known.map(Meaning::Text).ok_or_else(|| Malformed::unknown(format!("unknown character set {name}")))
        }
    }
}
