//! Cells as Debezium's MySQL connector represents them in change events, in Avro and in JSON
//! (`connector/encode/columns.py`, and docs/decisions for where values differ from Debezium's on purpose).

use crate::avro::{self, NULL, SOME};
use crate::error::{Code, Error, Result};
use crate::json_writer as json;
use crate::number;
use crate::row::Cell;
use crate::table::{Column, SqlType};

/// Bytes of the SRID before the WKB in MySQL's geometry values.
const SRID_BYTES: usize = 4;

/// How one column travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Integer,
    /// BIGINT UNSIGNED: a decimal without fraction.
    Unsigned,
    Float,
    Double,
    Decimal,
    Boolean,
    Bits,
    Year,
    Date,
    Time,
    Millis,
    Micros,
    Zoned,
    Text,
    Json,
    Bytes,
    Geometry,
    Vector,
}

/// One column of a table topic.
#[derive(Debug)]
pub struct ColumnForm {
    form: Form,
    nullable: bool,
    sql_type: SqlType,
    name: String,
    qualified: String,
    /// The name as the key of a JSON object, with what stands before it.
    member: Vec<u8>,
}

/// Memory for values that change their form on the way, reused.
#[derive(Debug, Default)]
pub struct FormSpace {
    text: String,
    bytes: Vec<u8>,
}

impl ColumnForm {
    /// The form of a column of the table `qualified`.
    pub fn new(column: &Column, qualified: &str) -> Self {
        let form = match column.sql_type {
            SqlType::BigInt if column.unsigned => Form::Unsigned,
            SqlType::TinyInt | SqlType::SmallInt | SqlType::MediumInt | SqlType::Int | SqlType::BigInt => Form::Integer,
            SqlType::Float => Form::Float,
            SqlType::Double => Form::Double,
            SqlType::Decimal => Form::Decimal,
            SqlType::Bit if column.length == 1 => Form::Boolean,
            SqlType::Bit => Form::Bits,
            SqlType::Year => Form::Year,
            SqlType::Date => Form::Date,
            SqlType::Time => Form::Time,
            SqlType::DateTime if column.scale > 3 => Form::Micros,
            SqlType::DateTime => Form::Millis,
            SqlType::Timestamp => Form::Zoned,
            SqlType::Json => Form::Json,
            SqlType::Geometry => Form::Geometry,
            SqlType::Vector => Form::Vector,
            SqlType::Binary
            | SqlType::VarBinary
            | SqlType::TinyBlob
            | SqlType::Blob
            | SqlType::MediumBlob
            | SqlType::LongBlob => Form::Bytes,
            _ => Form::Text,
        };
        let mut member = Vec::new();
        json::string(&mut member, &column.name);
        member.push(b':');
        Self {
            form,
            nullable: column.nullable,
            sql_type: column.sql_type,
            name: column.name.clone(),
            qualified: qualified.to_owned(),
            member,
        }
    }

    /// `"name":`
    pub fn member(&self) -> &[u8] {
        &self.member
    }

    /// Append the cell as an Avro field. `VALUE_UNREPRESENTABLE` for what is no day of the calendar in a NOT NULL
    /// column, `INTERNAL` for a cell of another type.
    pub fn avro(&self, cell: Cell<'_>, space: &mut FormSpace, out: &mut Vec<u8>) -> Result<()> {
        if cell == Cell::Null {
            return if self.nullable {
                out.push(NULL);
                Ok(())
            } else {
                Err(self.wrong())
            };
        }
        let start = out.len();
        if self.nullable {
            out.push(SOME);
        }
        match (self.form, cell) {
            (Form::Float, Cell::Float(number)) => out.extend_from_slice(&number.to_le_bytes()),
            (Form::Float, Cell::Double(number)) => out.extend_from_slice(&(number as f32).to_le_bytes()),
            (Form::Double, Cell::Double(number)) => out.extend_from_slice(&number.to_le_bytes()),
            (Form::Boolean, Cell::Bytes(bits)) => avro::boolean(out, bits.iter().any(|byte| *byte != 0)),
            (Form::Text, Cell::Text(text)) => avro::bytes(out, text.as_bytes()),
            (Form::Json, Cell::Text(text)) => avro::bytes(out, json::compact(text, &mut space.text).as_bytes()),
            (Form::Bytes, Cell::Bytes(bytes)) => avro::bytes(out, bytes),
            (Form::Zoned, Cell::Text(text)) => match zoned(text) {
                Some(parts) => {
                    let length = parts.iter().map(|part| part.len()).sum();
                    avro::size(out, length);
                    for part in parts {
                        out.extend_from_slice(part.as_bytes());
                    }
                }
                None => self.no_day(text, start, out)?,
            },
            (Form::Unsigned | Form::Decimal | Form::Bits, cell) => {
                self.octets(cell, &mut space.bytes)?;
                avro::bytes(out, &space.bytes);
            }
            (Form::Geometry, Cell::Bytes(value)) => {
                let (srid, wkb) = geometry(value);
                avro::bytes(out, wkb);
                match srid {
                    0 => out.push(NULL),
                    _ => avro::some_long(out, i64::from(srid)),
                }
            }
            (Form::Vector, Cell::Bytes(value)) => {
                if !value.is_empty() {
                    avro::size(out, value.len() / 4);
                    out.extend_from_slice(value);
                }
                out.push(0);
            }
            (_, cell) => match self.number(cell)? {
                Ok(number) => avro::long(out, number),
                Err(text) => self.no_day(text, start, out)?,
            },
        }
        Ok(())
    }

    /// Append the cell as a JSON value. Errors as `avro`, NULL aside.
    pub fn json(&self, cell: Cell<'_>, space: &mut FormSpace, out: &mut Vec<u8>) -> Result<()> {
        match (self.form, cell) {
            (_, Cell::Null) => out.extend_from_slice(b"null"),
            (Form::Float, Cell::Float(number)) => json::double(out, json::float_as_double(number)),
            (Form::Float, Cell::Double(number)) => json::double(out, json::float_as_double(number as f32)),
            (Form::Double, Cell::Double(number)) => json::double(out, number),
            (Form::Boolean, Cell::Bytes(bits)) => {
                out.extend_from_slice(if bits.iter().any(|byte| *byte != 0) { b"true" } else { b"false" });
            }
            (Form::Text, Cell::Text(text)) => json::string(out, text),
            (Form::Json, Cell::Text(text)) => json::string(out, json::compact(text, &mut space.text)),
            (Form::Bytes, Cell::Bytes(bytes)) => json::base64(out, bytes),
            (Form::Zoned, Cell::Text(text)) => match zoned(text) {
                Some(parts) => {
                    out.push(b'"');
                    for part in parts {
                        out.extend_from_slice(part.as_bytes());
                    }
                    out.push(b'"');
                }
                None => self.no_day_json(text, out)?,
            },
            (Form::Unsigned | Form::Decimal | Form::Bits, cell) => {
                self.octets(cell, &mut space.bytes)?;
                json::base64(out, &space.bytes);
            }
            (Form::Geometry, Cell::Bytes(value)) => {
                let (srid, wkb) = geometry(value);
                out.extend_from_slice(b"{\"wkb\":");
                json::base64(out, wkb);
                out.extend_from_slice(b",\"srid\":");
                match srid {
                    0 => out.extend_from_slice(b"null"),
                    _ => number::unsigned(out, u64::from(srid)),
                }
                out.push(b'}');
            }
            (Form::Vector, Cell::Bytes(value)) => {
                out.push(b'[');
                for (index, word) in value.as_chunks::<4>().0.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    json::double(out, json::float_as_double(f32::from_le_bytes(*word)));
                }
                out.push(b']');
            }
            (_, cell) => match self.number(cell)? {
                Ok(number) => number::signed(out, number),
                Err(text) => self.no_day_json(text, out)?,
            },
        }
        Ok(())
    }

    /// The forms that are integers; Err holds a date or time that is no day of the calendar.
    fn number<'c>(&self, cell: Cell<'c>) -> Result<std::result::Result<i64, &'c str>> {
        let (Form::Integer, Cell::Int(number)) = (self.form, cell) else {
            if let (Form::Integer, Cell::UInt(number)) = (self.form, cell) {
                return Ok(Ok(number as i64));
            }
            let Cell::Text(text) = cell else { return Err(self.wrong()) };
            let number = match self.form {
                Form::Year => text.parse().ok(),
                Form::Date => days(text),
                Form::Time => time_micros(text),
                Form::Millis => datetime_micros(text).map(|micros| micros.div_euclid(1000)),
                Form::Micros => datetime_micros(text),
                _ => return Err(self.wrong()),
            };
            return Ok(number.ok_or(text));
        };
        Ok(Ok(number))
    }

    /// The forms that are numbers in bytes.
    fn octets(&self, cell: Cell<'_>, out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        match (self.form, cell) {
            (Form::Bits, Cell::Bytes(bits)) => out.extend(bits.iter().rev()),
            (Form::Decimal, Cell::Text(text)) => unscaled(text, out),
            (Form::Unsigned, Cell::UInt(number)) => minimal(&number.to_be_bytes(), false, out),
            (Form::Unsigned, Cell::Int(number)) => minimal(&number.unsigned_abs().to_be_bytes(), number < 0, out),
            _ => return Err(self.wrong()),
        }
        Ok(())
    }

    fn no_day(&self, text: &str, start: usize, out: &mut Vec<u8>) -> Result<()> {
        self.null_or_error(text)?;
        out.truncate(start);
        out.push(NULL);
        Ok(())
    }

    fn no_day_json(&self, text: &str, out: &mut Vec<u8>) -> Result<()> {
        self.null_or_error(text)?;
        out.extend_from_slice(b"null");
        Ok(())
    }

    /// Zero and partial dates are null where null is allowed.
    #[cold]
    fn null_or_error(&self, text: &str) -> Result<()> {
        if self.nullable {
            return Ok(());
        }
        let what = format!("a {} value is no day of the calendar and its column is NOT NULL", self.sql_type.as_str());
        Err(Error::new(Code::ValueUnrepresentable, what)
            .with("table", &self.qualified)
            .with("column", &self.name)
            .with("value", text))
    }

    #[cold]
    fn wrong(&self) -> Error {
        avro::wrong_cell(&self.qualified)
    }
}

/// TIMESTAMP in UTC to ISO 8601; None for the zero timestamp.
fn zoned(text: &str) -> Option<[&str; 4]> {
    if text.starts_with("0000") {
        return None;
    }
    Some([text.get(..10)?, "T", text.get(11..)?, "Z"])
}

fn geometry(value: &[u8]) -> (u32, &[u8]) {
    match value.split_at_checked(SRID_BYTES) {
        Some((srid, wkb)) => (srid.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)), wkb),
        None => (0, &[]),
    }
}

/// Digits of a fixed number of places.
fn digits(text: &str, start: usize, end: usize) -> Option<i64> {
    let digits = text.as_bytes().get(start..end)?;
    let digit = |number: i64, byte: &u8| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0'));
    digits.iter().try_fold(0, digit)
}

/// Days since 1970-01-01; None for zero, partial and invalid dates.
fn days(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return None;
    }
    let (year, month, day) = (digits(text, 0, 4)?, digits(text, 5, 7)?, digits(text, 8, 10)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if year == 0 || !(1..=last).contains(&day) {
        return None;
    }
    // Years that begin in March end with the leap day.
    let (shifted, from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (century, of_century) = (shifted / 400, shifted % 400);
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    Some(century * 146_097 + of_century * 365 + of_century / 4 - of_century / 100 + day_of_year - 719_468)
}

/// Microseconds since 1970-01-01 as if the text were UTC; None as `days`.
fn datetime_micros(text: &str) -> Option<i64> {
    let date = days(text.get(..10)?)?;
    let (hour, minute, second) = (digits(text, 11, 13)?, digits(text, 14, 16)?, digits(text, 17, 19)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = fraction_micros(text.get(19..)?)?;
    Some((((date * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + fraction)
}

/// '.25' -> 250000.
fn fraction_micros(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('.').unwrap_or(text).as_bytes();
    let mut padded = digits.iter().copied().chain(std::iter::repeat(b'0')).take(6);
    padded.try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
}

/// TIME (-838:59:59 to 838:59:59) in microseconds.
fn time_micros(text: &str) -> Option<i64> {
    let (negative, positive) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let mut parts = positive.splitn(3, ':');
    let hours: i64 = parts.next()?.parse().ok()?;
    let minutes: i64 = parts.next()?.parse().ok()?;
    let seconds = parts.next()?;
    let (whole, fraction) = seconds.split_at_checked(2)?;
    let whole: i64 = whole.parse().ok()?;
    let micros = ((hours * 60 + minutes) * 60 + whole) * 1_000_000 + fraction_micros(fraction)?;
    Some(if negative { -micros } else { micros })
}

/// A DECIMAL as MySQL prints it to its unscaled value in two's complement, as short as can be.
fn unscaled(text: &str, out: &mut Vec<u8>) {
    let negative = text.starts_with('-');
    // 65 digits are less than 2^216.
    let mut limbs = [0u32; 8];
    for digit in text.bytes().filter(u8::is_ascii_digit) {
        let mut carry = u64::from(digit - b'0');
        for limb in limbs.iter_mut().rev() {
            let wide = u64::from(*limb) * 10 + carry;
            *limb = wide as u32;
            carry = wide >> 32;
        }
    }
    let mut bytes = [0u8; 32];
    for (place, limb) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(limbs) {
        *place = limb.to_be_bytes();
    }
    minimal(&bytes, negative, out);
}

/// A magnitude, big endian, as two's complement without superfluous bytes; 0 is one byte.
fn minimal(magnitude: &[u8], negative: bool, out: &mut Vec<u8>) {
    let start = out.len();
    out.push(0); // room for the sign
    out.extend_from_slice(magnitude);
    let Some(number) = out.get_mut(start..) else { return };
    if negative {
        let mut carry = true;
        for byte in number.iter_mut().rev() {
            let (sum, over) = (!*byte).overflowing_add(u8::from(carry));
            *byte = sum;
            carry = over;
        }
    }
    let sign = |byte: u8| byte & 0x80;
    let superfluous = number
        .windows(2)
        .take_while(|pair| matches!(pair, [first @ (0 | 0xFF), second] if sign(*first) == sign(*second)))
        .count();
    out.drain(start..start + superfluous);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar() {
        assert_eq!(days("1970-01-01"), Some(0));
        assert_eq!(days("1969-12-31"), Some(-1));
        assert_eq!(days("2000-02-29"), Some(11_016));
        assert_eq!(days("0001-01-01"), Some(-719_162));
        assert_eq!(days("9999-12-31"), Some(2_932_896));
        for no_day in ["0000-00-00", "2023-02-29", "2023-00-10", "2023-13-01", "1900-02-29"] {
            assert_eq!(days(no_day), None, "{no_day}");
        }
        assert_eq!(datetime_micros("1970-01-02 00:00:01.25"), Some(86_401_250_000));
        assert_eq!(time_micros("-838:59:59.000001"), Some(-3_020_399_000_001));
    }

    #[test]
    fn unscaled_decimals() {
        for (text, wanted) in [
            ("0", vec![0u8]),
            ("-0.00", vec![0]),
            ("1.27", vec![127]),
            ("1.28", vec![0, 128]),
            ("-1.28", vec![0x80]),
            ("-1.29", vec![0xFF, 0x7F]),
            ("-256", vec![0xFF, 0x00]),
            ("18446744073709551615", vec![0, 255, 255, 255, 255, 255, 255, 255, 255]),
        ] {
            let mut out = Vec::new();
            unscaled(text, &mut out);
            assert_eq!(out, wanted, "{text}");
        }
    }
}
