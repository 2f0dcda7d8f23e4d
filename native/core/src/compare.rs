//! How a cell compares with a literal, as `connector/rules/compare.py` says. Used by `evaluate`.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

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

/// Sort keys of text beyond ASCII, made by Python: (collation, column, text), or what is wrong with the text.
#[derive(Clone)]
pub struct SortKeys(pub Arc<KeyFunction>);

/// See `SortKeys`.
pub type KeyFunction = dyn Fn(&str, &str, &str) -> std::result::Result<Vec<u8>, String> + Send + Sync;

impl fmt::Debug for SortKeys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SortKeys")
    }
}

/// How text becomes bytes that compare as MySQL's collation compares the text (`connector/rules/collation/keys.py`).
#[derive(Debug)]
pub struct Collation {
    /// What each ASCII character becomes on each level; None is ignored there.
    pub levels: Vec<Vec<Option<u8>>>,
    /// Under PAD SPACE: what a space becomes.
    pub pad: Option<u8>,
    /// The order is that of code points: text beyond ASCII becomes its UTF-8.
    pub by_code_point: bool,
    /// MySQL's name.
    pub name: String,
    /// The column, as errors write it.
    pub place: String,
    /// For text beyond ASCII.
    pub keys: SortKeys,
}

/// What ends a run of spaces: something less than a space, or the end.
const LESS: u8 = 1;
const END: u8 = 2;

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
            Self::Bytes | Self::Collated(_) => hexadecimal(text).map(Key::Bytes),
            Self::Duration => microseconds(text).map(Key::Duration),
        }
    }

    /// The order of two values of this scale.
    pub fn order(&self, one: &Key, other: &Key) -> Ordering {
        match (one, other) {
            (Key::Integer(one), Key::Integer(other)) => one.cmp(other),
            (Key::Decimal(one), Key::Decimal(other)) => decimal_order(one, other),
            (Key::Double(one), Key::Double(other)) => one.partial_cmp(other).unwrap_or(Ordering::Equal),
            (Key::Bytes(one), Key::Bytes(other)) => one.cmp(other),
            (Key::Duration(one), Key::Duration(other)) => one.cmp(other),
            _ => Ordering::Equal,
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
                key.clear();
                collation.key(text, key)?;
                key
            }
            _ => return Err(wrong_type()),
        };
        Ok(judge(&|literal: &Key| match literal {
            Key::Bytes(other) => bytes.cmp(other.as_slice()),
            _ => Ordering::Equal,
        }))
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| (byte as char).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some((digit(*high)? << 4 | digit(*low)?) as u8));
    if rest.is_empty() { bytes.collect() } else { None }
}

#[cold]
fn wrong_type() -> Error {
    Error::new(Code::Internal, "a plan compares a cell of another type than its column's")
}

impl Collation {
    /// Append the sort key of a text. `COLLATION_UNSUPPORTED` for text whose place in the order is not known.
    fn key(&self, text: &str, out: &mut Vec<u8>) -> Result<()> {
        if self.by_code_point {
            out.extend_from_slice(text.as_bytes());
        } else if text.is_ascii() {
            for (number, units) in self.levels.iter().enumerate() {
                if number > 0 {
                    out.push(0); // below every unit: what is shorter on a level comes first
                }
                out.extend(text.bytes().filter_map(|byte| units.get(usize::from(byte)).copied().flatten()));
            }
        } else {
            let key = (self.keys.0)(&self.name, &self.place, text).map_err(|what| self.unknown(what))?;
            out.extend_from_slice(&key);
            return Ok(());
        }
        if let Some(space) = self.pad {
            mark_spaces(out, space);
        }
        Ok(())
    }

    #[cold]
    fn unknown(&self, what: String) -> Error {
        Error::new(Code::CollationUnsupported, what).with("column", &self.place)
    }
}

/// A key cannot go on with spaces for ever: trailing ones are cut and a space with a mark stands at the end. Spaces
/// before a lesser unit have a mark too. Python's keys have the same form, and literals come with theirs.
fn mark_spaces(key: &mut Vec<u8>, space: u8) {
    let end = key.iter().rposition(|unit| *unit != space).map_or(0, |last| last + 1);
    key.truncate(end);
    if key.contains(&space) && key.iter().any(|unit| *unit < space) {
        let plain = std::mem::take(key);
        for (at, unit) in plain.iter().enumerate() {
            key.push(*unit);
            if *unit == space
                && plain.iter().skip(at + 1).find(|next| **next != space).is_some_and(|next| *next < space)
            {
                key.push(LESS);
            }
        }
    }
    key.extend_from_slice(&[space, END]);
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
    fn spaces_are_marked() {
        for (text, wanted) in [
            ("a", &b"a \x02"[..]),
            ("a  ", b"a \x02"),
            ("  ", b" \x02"),
            ("a b", b"a b \x02"),
            ("a  \tb", b"a \x01 \x01\tb \x02"),
        ] {
            let mut key = text.as_bytes().to_vec();
            mark_spaces(&mut key, b' ');
            assert_eq!(key, wanted, "{text}");
        }
    }
}
