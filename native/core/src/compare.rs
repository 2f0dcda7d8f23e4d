//! How a cell compares with a literal, as `connector/rules/compare.py` says. Used by `evaluate`.

use std::cmp::Ordering;

use crate::error::{Code, Error, Result};
use crate::row::Cell;

/// What makes a cell and a literal comparable.
#[derive(Debug)]
pub enum Scale {
    /// Exact integers.
    Integer,
    /// Exact decimal numbers.
    Decimal,
    /// Doubles.
    Double,
    /// The number at the start of a text, as a double.
    LeadingNumber,
    /// Text whose order is the order of its bytes: dates, years.
    Text,
    /// Bytes.
    Bytes,
    /// Bits as a number.
    Bits,
    /// TIME as a signed duration.
    Duration,
    /// Text by a collation.
    Collated(Box<Collation>),
}

/// A collation that is known exactly.
#[derive(Debug)]
pub struct Collation {
    /// What text becomes.
    pub form: Form,
    /// With which byte a key goes on for ever (PAD SPACE).
    pub pad: Option<u8>,
    /// MySQL's name.
    pub name: String,
    /// The column, as errors write it.
    pub place: String,
}

/// What text becomes so that bytes compare as the text does.
#[derive(Debug)]
pub enum Form {
    /// Code points in order: UTF-8 as it is.
    Identity,
    /// MySQL's latin1.
    Latin1,
    /// ASCII only.
    Ascii,
    /// ASCII only, each character's rank; rank 0 is ignored.
    Ranks {
        /// Ranks.
        ranks: Box<[u8; 128]>,
        /// Decide between texts that are equal by ranks.
        deciding: Option<Box<[u8; 128]>>,
    },
}

/// A value on its scale.
#[derive(Clone, Debug)]
pub enum Key {
    /// Of `Integer` and `Bits`.
    Integer(i128),
    /// Of `Decimal`: the text.
    Decimal(String),
    /// Of `Double` and `LeadingNumber`.
    Double(f64),
    /// Of `Text`, `Bytes`, `Collated`.
    Bytes(Vec<u8>),
    /// Of `Duration`, microseconds.
    Duration(i64),
}

/// A column, and what its cells are compared with.
#[derive(Debug)]
pub struct Operand {
    /// The column.
    pub column: usize,
    /// How.
    pub scale: Scale,
    /// With what.
    pub key: Key,
}

impl Scale {
    /// The literal of a plan; None when it is no value of this scale.
    pub fn literal(&self, text: &str) -> Option<Key> {
        match self {
            Self::Integer | Self::Bits => text.parse().ok().map(Key::Integer),
            Self::Decimal => Some(Key::Decimal(text.to_owned())),
            Self::Double | Self::LeadingNumber => text.parse().ok().map(Key::Double),
            Self::Text => Some(Key::Bytes(text.as_bytes().to_vec())),
            Self::Bytes => {
                let digit = |byte: u8| (byte as char).to_digit(16);
                let (pairs, rest) = text.as_bytes().as_chunks::<2>();
                let bytes = pairs.iter().map(|[high, low]| Some((digit(*high)? << 4 | digit(*low)?) as u8));
                rest.is_empty().then(|| bytes.collect::<Option<_>>().map(Key::Bytes))?
            }
            Self::Duration => microseconds(text).map(Key::Duration),
            Self::Collated(collation) => {
                let mut key = Vec::new();
                collation.key(text, &mut key).then_some(Key::Bytes(key))
            }
        }
    }

    /// The order of two values of this scale.
    pub fn order(&self, one: &Key, other: &Key) -> Ordering {
        match (one, other) {
            (Key::Integer(one), Key::Integer(other)) => one.cmp(other),
            (Key::Decimal(one), Key::Decimal(other)) => decimal_order(one, other),
            (Key::Double(one), Key::Double(other)) => one.partial_cmp(other).unwrap_or(Ordering::Equal),
            (Key::Bytes(one), Key::Bytes(other)) => self.bytes_order(one, other),
            (Key::Duration(one), Key::Duration(other)) => one.cmp(other),
            _ => Ordering::Equal,
        }
    }

    fn bytes_order(&self, one: &[u8], other: &[u8]) -> Ordering {
        match self {
            Self::Collated(collation) if collation.pad.is_some() => {
                padded_order(one, other, collation.pad.unwrap_or(b' '))
            }
            _ => one.cmp(other),
        }
    }

    /// The order of a cell (not NULL) and literals; `key` is scratch space. `judge` gets a function that compares the
    /// cell with one literal.
    ///
    /// `COLLATION_UNSUPPORTED` for text whose place in the order is not known, `INTERNAL` for a cell of another type.
    pub fn judge<T>(
        &self,
        cell: Cell<'_>,
        key: &mut Vec<u8>,
        judge: impl FnOnce(&dyn Fn(&Key) -> Ordering) -> T,
    ) -> Result<T> {
        let by_integer = |number: i128| {
            move |literal: &Key| match literal {
                Key::Integer(other) => number.cmp(other),
                _ => Ordering::Equal,
            }
        };
        let by_double = |number: f64| {
            move |literal: &Key| match literal {
                Key::Double(other) => number.partial_cmp(other).unwrap_or(Ordering::Equal),
                _ => Ordering::Equal,
            }
        };
        let bytes = match (self, cell) {
            (Self::Integer, Cell::Int(number)) => return Ok(judge(&by_integer(i128::from(number)))),
            (Self::Integer, Cell::UInt(number)) => return Ok(judge(&by_integer(i128::from(number)))),
            (Self::Bits, Cell::Bytes(bits)) => {
                let number = bits.iter().fold(0i128, |number, byte| number << 8 | i128::from(*byte));
                return Ok(judge(&by_integer(number)));
            }
            (Self::Double, Cell::Float(number)) => return Ok(judge(&by_double(f64::from(number)))),
            (Self::Double, Cell::Double(number)) => return Ok(judge(&by_double(number))),
            (Self::Double, Cell::Text(text)) => match text.parse() {
                Ok(number) => return Ok(judge(&by_double(number))),
                Err(_) => return Err(wrong_type()),
            },
            (Self::LeadingNumber, Cell::Text(text)) => return Ok(judge(&by_double(leading_number(text)))),
            (Self::Decimal, Cell::Int(_) | Cell::UInt(_) | Cell::Text(_)) => {
                key.clear();
                match cell {
                    Cell::Int(number) => crate::number::signed(key, number),
                    Cell::UInt(number) => crate::number::unsigned(key, number),
                    Cell::Text(text) => key.extend_from_slice(text.as_bytes()),
                    _ => {}
                }
                let text = std::str::from_utf8(key).map_err(|_| wrong_type())?;
                return Ok(judge(&|literal: &Key| match literal {
                    Key::Decimal(other) => decimal_order(text, other),
                    _ => Ordering::Equal,
                }));
            }
            (Self::Duration, Cell::Text(text)) => {
                let duration = microseconds(text).ok_or_else(wrong_type)?;
                return Ok(judge(&|literal: &Key| match literal {
                    Key::Duration(other) => duration.cmp(other),
                    _ => Ordering::Equal,
                }));
            }
            (Self::Text, Cell::Text(text)) => text.as_bytes(),
            (Self::Bytes, Cell::Bytes(bytes)) => bytes,
            (Self::Collated(collation), Cell::Text(text)) => {
                if matches!(collation.form, Form::Identity) {
                    text.as_bytes()
                } else {
                    key.clear();
                    if !collation.key(text, key) {
                        return Err(collation.unknown());
                    }
                    key
                }
            }
            _ => return Err(wrong_type()),
        };
        Ok(judge(&|literal: &Key| match literal {
            Key::Bytes(other) => self.bytes_order(bytes, other),
            _ => Ordering::Equal,
        }))
    }
}

#[cold]
fn wrong_type() -> Error {
    Error::new(Code::Internal, "a plan compares a cell of another type than its column's")
}

impl Collation {
    /// Append what compares like the text; false for text whose place in the order is not known.
    fn key(&self, text: &str, out: &mut Vec<u8>) -> bool {
        match &self.form {
            Form::Identity => out.extend_from_slice(text.as_bytes()),
            Form::Ascii => {
                out.extend_from_slice(text.as_bytes());
                return text.is_ascii();
            }
            Form::Latin1 => return text.chars().all(|char| latin1(char).map(|byte| out.push(byte)).is_some()),
            Form::Ranks { ranks, deciding } => {
                if !text.is_ascii() {
                    return false;
                }
                let translate = |out: &mut Vec<u8>, ranks: &[u8; 128]| {
                    let rank = |byte: u8| ranks.get(usize::from(byte)).copied().filter(|rank| *rank != 0);
                    out.extend(text.bytes().filter_map(rank));
                };
                translate(out, ranks);
                if let Some(deciding) = deciding {
                    // 0 is below every rank: a text that is a prefix of another by its ranks comes first.
                    out.push(0);
                    translate(out, deciding);
                }
            }
        }
        true
    }

    #[cold]
    fn unknown(&self) -> Error {
        let reach = if matches!(self.form, Form::Latin1) { "latin1" } else { "ASCII" };
        let (place, name) = (&self.place, &self.name);
        let what = format!(
            "a value of {place} has characters beyond {reach}: their order under collation {name} is not known to rowcast"
        );
        Error::new(Code::CollationUnsupported, what).with("column", place)
    }
}

/// MySQL's latin1: Windows-1252, and the five codes that it leaves open as they are.
fn latin1(char: char) -> Option<u8> {
    const C1: [char; 32] = [
        '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
        '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}', '\u{2018}', '\u{2019}',
        '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}',
        '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
    ];
    match u32::from(char) {
        code @ (0..=0x7F | 0xA0..=0xFF) => Some(code as u8),
        _ => C1.iter().position(|known| *known == char).map(|at| 0x80 + at as u8),
    }
}

/// Lexicographic, the shorter one going on with `pad` for ever.
fn padded_order(one: &[u8], other: &[u8], pad: u8) -> Ordering {
    let common = one.len().min(other.len());
    let (start, tail) = one.split_at(common);
    let (other_start, other_tail) = other.split_at(common);
    let beyond =
        |tail: &[u8]| tail.iter().map(|byte| byte.cmp(&pad)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal);
    start.cmp(other_start).then_with(|| beyond(tail)).then_with(|| beyond(other_tail).reverse())
}

/// A TIME as a signed duration; None for what is no TIME.
fn microseconds(text: &str) -> Option<i64> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let mut parts = text.splitn(3, ':');
    let hours: i64 = parts.next()?.parse().ok()?;
    let minutes: i64 = parts.next()?.parse().ok()?;
    let (seconds, fraction) = parts.next().map(|rest| rest.split_once('.').unwrap_or((rest, "")))?;
    let seconds: i64 = seconds.parse().ok()?;
    let padded = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
    let micros = padded.fold(0i64, |number, digit| number * 10 + i64::from(digit.wrapping_sub(b'0') % 10));
    let total = (hours * 3600 + minutes * 60 + seconds) * 1_000_000 + micros;
    Some(if negative { -total } else { total })
}

/// The number that MySQL reads at the start of a text, 0 when there is none.
fn leading_number(text: &str) -> f64 {
    let bytes = text.as_bytes();
    let start = bytes.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | 0x0B | 0x0C | b'\r'));
    let Some(start) = start else { return 0.0 };
    let digits = |from: usize| bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = start + usize::from(matches!(bytes.get(start), Some(b'+' | b'-')));
    let whole = digits(at);
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if whole == 0 && fraction == 0 {
            return 0.0;
        }
        at += 1 + fraction;
    } else if whole == 0 {
        return 0.0;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent > 0 {
            at += 1 + sign + exponent;
        }
    }
    let number = text.get(start..at).and_then(|number| number.parse::<f64>().ok()).unwrap_or(0.0);
    number.clamp(-f64::MAX, f64::MAX)
}

/// The order of two decimal numbers written without exponent.
fn decimal_order(one: &str, other: &str) -> Ordering {
    let (one, other) = (Decimal::split(one), Decimal::split(other));
    match (one.negative, other.negative) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => one.magnitude(&other),
        (true, true) => other.magnitude(&one),
    }
}

struct Decimal<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    fn split(text: &'a str) -> Self {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let digits = digits.strip_prefix('+').unwrap_or(digits);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        Self { negative: negative && !(whole.is_empty() && fraction.is_empty()), whole, fraction }
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        self.whole
            .len()
            .cmp(&other.whole.len())
            .then_with(|| self.whole.cmp(other.whole))
            .then_with(|| self.fraction.cmp(other.fraction))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals() {
        for (one, other, wanted) in [
            ("1.50", "1.5", Ordering::Equal),
            ("-0.00", "0", Ordering::Equal),
            ("-2", "-10", Ordering::Greater),
            ("0.09", "0.1", Ordering::Less),
            ("100", "99.999", Ordering::Greater),
            ("-1", "0", Ordering::Less),
        ] {
            assert_eq!(decimal_order(one, other), wanted, "{one} {other}");
            assert_eq!(decimal_order(other, one), wanted.reverse(), "{other} {one}");
        }
    }

    #[test]
    fn numbers_at_the_start() {
        for (text, wanted) in [
            ("12abc", 12.0),
            (" -1.5e2x", -150.0),
            (".5", 0.5),
            ("1.", 1.0),
            ("e5", 0.0),
            ("", 0.0),
            ("1e999", f64::MAX),
            ("1e", 1.0),
        ] {
            assert_eq!(leading_number(text).to_bits(), f64::to_bits(wanted), "{text}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!(microseconds("-838:59:59.5"), Some(-3_020_399_500_000));
        assert_eq!(microseconds("00:00:01.000001"), Some(1_000_001));
        assert_eq!(microseconds("x"), None);
    }

    #[test]
    fn padding() {
        assert_eq!(padded_order(b"a", b"a  ", b' '), Ordering::Equal);
        assert_eq!(padded_order(b"a", b"a\n", b' '), Ordering::Greater);
        assert_eq!(padded_order(b"a!", b"a", b' '), Ordering::Greater);
        assert_eq!(padded_order(b"a", b"b", b' '), Ordering::Less);
    }
}
