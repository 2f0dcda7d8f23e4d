//! Row images as SQL text, as `sinks/mysql/statements.py` and `sinks/mysql/literals.py` render rows: items of an
//! INSERT's VALUES and of a DELETE's IN, assignments and conditions of an UPDATE.

use crate::error::{Code, Error, Result};
use crate::number;

/// How a field of the image is written in Avro (`schemas/lossless.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// A long.
    Long,
    /// A long that stands for the unsigned number of the same 64 bits.
    Wrapped,
    /// Four bytes.
    Float,
    /// Eight bytes.
    Double,
    /// UTF-8.
    String,
    /// Bytes.
    Bytes,
}

/// How a cell is written in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal {
    /// Digits.
    Integer,
    /// Shortest digits with an exponent.
    Floating,
    /// Its digits as they are.
    Decimal,
    /// Quoted, or in hexadecimal when there is a backslash.
    Text,
    /// As text, unless it may hold a DECIMAL: then only Python knows how.
    Json,
    /// Hexadecimal without a character set.
    Binary,
    /// BIT, as the number it is.
    Bits,
}

/// A field of an image.
#[derive(Clone, Copy, Debug)]
enum Field<'a> {
    Null,
    Long(i64),
    Wrapped(u64),
    Double(f64),
    Bytes(&'a [u8]),
}

/// Renders rows of one source table version for one target table.
#[derive(Debug)]
pub struct RowTexts {
    columns: Vec<(Wire, Literal)>,
    /// Columns that are written, each with what an assignment begins with.
    written: Vec<(usize, String)>,
    /// Columns of the primary key, each with what a condition begins with.
    key: Vec<(usize, String)>,
    /// Columns whose empty text is ENUM's error value.
    enums: Vec<usize>,
}

impl RowTexts {
    /// `INTERNAL` for a column that is not there, or one whose form on the wire has no such literal.
    pub fn new(
        columns: Vec<(Wire, Literal)>,
        written: Vec<(usize, String)>,
        key: Vec<(usize, String)>,
        enums: Vec<usize>,
    ) -> Result<Self> {
        let fits = |(wire, literal): &(Wire, Literal)| match literal {
            Literal::Integer => matches!(wire, Wire::Long | Wire::Wrapped),
            Literal::Floating => matches!(wire, Wire::Float | Wire::Double),
            Literal::Decimal | Literal::Text | Literal::Json => *wire == Wire::String,
            Literal::Binary | Literal::Bits => *wire == Wire::Bytes,
        };
        let mut named = written.iter().chain(&key).map(|(index, _)| index).chain(&enums);
        if !columns.iter().all(fits) || named.any(|index| *index >= columns.len()) {
            return Err(Error::new(Code::Internal, "a target's columns do not fit the row images"));
        }
        Ok(Self { columns, written, key, enums })
    }

    /// One row of an INSERT's VALUES, and whether it can be written in a strict session. None: only Python can.
    pub fn values(&self, image: &[u8], out: &mut Vec<u8>) -> Result<Option<bool>> {
        let fields = self.fields(image)?;
        out.push(b'(');
        let done = self.list(&self.written, &fields, out)?;
        out.push(b')');
        Ok(done.then(|| self.strict(&fields)))
    }

    /// The row's key as one item of a DELETE's IN list. None: only Python can.
    pub fn key(&self, image: &[u8], out: &mut Vec<u8>) -> Result<Option<()>> {
        let fields = self.fields(image)?;
        let several = self.key.len() > 1;
        if several {
            out.push(b'(');
        }
        let done = self.list(&self.key, &fields, out)?;
        if several {
            out.push(b')');
        }
        Ok(done.then_some(()))
    }

    /// Assignments of an UPDATE, and whether they can be made in a strict session. None: only Python can.
    pub fn assignments(&self, image: &[u8], out: &mut Vec<u8>) -> Result<Option<bool>> {
        let fields = self.fields(image)?;
        let done = self.pairs(&self.written, b",", &fields, out)?;
        Ok(done.then(|| self.strict(&fields)))
    }

    /// The condition that finds the row by its key. None: only Python can.
    pub fn condition(&self, image: &[u8], out: &mut Vec<u8>) -> Result<Option<()>> {
        let fields = self.fields(image)?;
        Ok(self.pairs(&self.key, b" AND ", &fields, out)?.then_some(()))
    }

    fn strict(&self, fields: &[Field<'_>]) -> bool {
        !self.enums.iter().any(|index| matches!(fields.get(*index), Some(Field::Bytes([]))))
    }

    fn list(&self, columns: &[(usize, String)], fields: &[Field<'_>], out: &mut Vec<u8>) -> Result<bool> {
        for (position, (index, _)) in columns.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            if !self.literal(*index, fields, out)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn pairs(
        &self,
        columns: &[(usize, String)],
        between: &[u8],
        fields: &[Field<'_>],
        out: &mut Vec<u8>,
    ) -> Result<bool> {
        for (position, (index, name)) in columns.iter().enumerate() {
            if position > 0 {
                out.extend_from_slice(between);
            }
            out.extend_from_slice(name.as_bytes());
            if !self.literal(*index, fields, out)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// False: only Python can.
    fn literal(&self, index: usize, fields: &[Field<'_>], out: &mut Vec<u8>) -> Result<bool> {
        let (Some((_, literal)), Some(field)) = (self.columns.get(index), fields.get(index)) else {
            return Err(Error::new(Code::Internal, "a row image has fewer columns than its table"));
        };
        match (literal, field) {
            (_, Field::Null) => out.extend_from_slice(b"NULL"),
            (_, Field::Long(number)) => number::signed(out, *number),
            (_, Field::Wrapped(number)) => number::unsigned(out, *number),
            (_, Field::Double(number)) => floating(*number, out)?,
            (Literal::Decimal, Field::Bytes(text)) => {
                if !is_decimal(text) {
                    return Err(wrong("a decimal number", "str"));
                }
                out.extend_from_slice(text);
            }
            (Literal::Json, Field::Bytes(document)) => {
                if may_hold_decimals(document) {
                    return Ok(false);
                }
                text(document, out)?;
            }
            (Literal::Bits, Field::Bytes(bits)) if bits.len() <= 8 => {
                number::unsigned(out, bits.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)));
            }
            (Literal::Binary, Field::Bytes(bytes)) => hexadecimal(b"_binary x'", bytes, out),
            (_, Field::Bytes(bytes)) => text(bytes, out)?,
        }
        Ok(true)
    }

    /// `MESSAGE_INVALID` for bytes that are not an image of this table.
    fn fields<'a>(&self, image: &'a [u8]) -> Result<Vec<Field<'a>>> {
        let mut rest = image;
        let mut fields = Vec::with_capacity(self.columns.len());
        for (wire, _) in &self.columns {
            let Some((branch, after)) = rest.split_first() else { return Err(damaged()) };
            rest = after;
            fields.push(match branch {
                0 => Field::Null,
                2 => field(*wire, &mut rest)?,
                _ => return Err(invalid("a row image has a field that is neither null nor a value")),
            });
        }
        if rest.is_empty() { Ok(fields) } else { Err(invalid("a row image ends in the wrong place")) }
    }
}

fn field<'a>(wire: Wire, rest: &mut &'a [u8]) -> Result<Field<'a>> {
    Ok(match wire {
        Wire::Long => Field::Long(long(rest)?),
        Wire::Wrapped => Field::Wrapped(long(rest)? as u64),
        Wire::Float => Field::Double(f64::from(f32::from_le_bytes(array(rest)?))),
        Wire::Double => Field::Double(f64::from_le_bytes(array(rest)?)),
        Wire::String | Wire::Bytes => {
            let size = usize::try_from(long(rest)?).ok();
            let Some((found, after)) = size.and_then(|size| rest.split_at_checked(size)) else {
                return Err(invalid("a length is negative or goes beyond the end"));
            };
            *rest = after;
            Field::Bytes(found)
        }
    })
}

fn array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N]> {
    let Some((found, after)) = rest.split_first_chunk::<N>() else { return Err(damaged()) };
    *rest = after;
    Ok(*found)
}

fn long(rest: &mut &[u8]) -> Result<i64> {
    let mut zigzag = 0u64;
    for shift in (0..=63).step_by(7) {
        let Some((byte, after)) = rest.split_first() else { return Err(damaged()) };
        *rest = after;
        zigzag |= u64::from(byte & 0x7F) << shift;
        if *byte < 0x80 {
            return Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64));
        }
    }
    Err(invalid("a number is longer than 64 bits"))
}

#[cold]
fn invalid(what: &'static str) -> Error {
    Error::new(Code::MessageInvalid, what)
}

#[cold]
fn damaged() -> Error {
    invalid("a row image is shorter than its schema says")
}

#[cold]
fn wrong(expected: &str, cell_type: &str) -> Error {
    Error::new(Code::MessageInvalid, format!("a cell is not {expected}")).with("cell_type", cell_type)
}

fn is_decimal(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let mut parts = digits.splitn(2, |byte| *byte == b'.');
    parts.all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit))
}

/// Whether `json_literals.decimals` has to look: a number with a fraction, or of many digits. Strings count as well.
fn may_hold_decimals(document: &[u8]) -> bool {
    let mut digits = 0;
    for byte in document {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'.' if digits > 0 => return true,
            _ => digits = 0,
        }
        if digits >= 16 {
            return true;
        }
    }
    false
}

fn text(bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
    if std::str::from_utf8(bytes).is_err() {
        return Err(damaged());
    }
    if bytes.contains(&b'\\') {
        hexadecimal(b"_utf8mb4 x'", bytes, out);
        return Ok(());
    }
    out.push(b'\'');
    for (position, part) in bytes.split(|byte| *byte == b'\'').enumerate() {
        if position > 0 {
            out.extend_from_slice(b"''");
        }
        out.extend_from_slice(part);
    }
    out.push(b'\'');
    Ok(())
}

fn hexadecimal(start: &[u8], bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or(b'0');
    out.extend_from_slice(start);
    out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
    out.push(b'\'');
}

/// The shortest text that is this double, with an exponent: without one MySQL would read a DECIMAL literal.
fn floating(number: f64, out: &mut Vec<u8>) -> Result<()> {
    if !number.is_finite() {
        return Err(wrong("a finite number", "float"));
    }
    let start = out.len();
    number::double(out, number, -4, 2);
    if !out.iter().skip(start).any(|byte| *byte == b'e') {
        out.extend_from_slice(b"e0");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float_text(number: f64) -> String {
        let mut out = Vec::new();
        let _ = floating(number, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    #[test]
    fn doubles_as_python_prints_them() {
        for (number, wanted) in [
            (0.0, "0.0e0"),
            (-0.0, "-0.0e0"),
            (1.0, "1.0e0"),
            (0.0001, "0.0001e0"),
            (0.00001, "1e-05"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (f64::from(0.1f32), "0.10000000149011612e0"),
        ] {
            assert_eq!(float_text(number), wanted);
        }
    }

    #[test]
    fn documents_that_python_has_to_see() {
        for (document, wanted) in
            [("{\"a\": 1}", false), ("[1.5]", true), ("1234567890123456", true), ("\"a.b\"", false), ("null", false)]
        {
            assert_eq!(may_hold_decimals(document.as_bytes()), wanted, "{document}");
        }
    }

    #[test]
    fn damaged_images() {
        let columns = vec![(Wire::Long, Literal::Integer), (Wire::String, Literal::Text)];
        let Ok(texts) = RowTexts::new(columns, vec![(0, "`a`=".into()), (1, "`b`=".into())], vec![], vec![]) else {
            unreachable!("the columns fit")
        };
        for image in [&b""[..], b"\x02", b"\x04\x02\x00", b"\x02\x02\x02\x05a", b"\x02\x02\x02\x02a!", b"\x02\x02"] {
            let found = texts.values(image, &mut Vec::new()).map_err(|error| error.code());
            assert_eq!(found, Err(Code::MessageInvalid), "{image:?}");
        }
        let mut out = Vec::new();
        assert_eq!(texts.values(b"\x02\x03\x02\x06a'b", &mut out), Ok(Some(true)));
        assert_eq!(out, b"(-2,'a''b')");
    }
}
