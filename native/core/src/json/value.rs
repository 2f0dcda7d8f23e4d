//! Binary JSON as it is stored: values and containers, read in place. Offsets are followed, so documents with holes
//! (updated in place) read right. Every slice is checked against the container it lies in.

use crate::error::Malformed;

const SMALL_OBJECT: u8 = 0;
const LARGE_OBJECT: u8 = 1;
const SMALL_ARRAY: u8 = 2;
const LARGE_ARRAY: u8 = 3;
const LITERAL: u8 = 4;
const INT16: u8 = 5;
const UINT16: u8 = 6;
const INT32: u8 = 7;
const UINT32: u8 = 8;
const INT64: u8 = 9;
const UINT64: u8 = 10;
const DOUBLE: u8 = 11;
const STRING: u8 = 12;
const OPAQUE: u8 = 15;

/// MySQL's `JSON_DOCUMENT_MAX_DEPTH`.
pub(super) const MAX_DEPTH: usize = 100;

type Parsed<T> = Result<T, Malformed>;

/// One value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    /// Members by name.
    Object(Container<'a>),
    /// Members by number.
    Array(Container<'a>),
    /// null, true, false.
    Literal(&'static str),
    /// All signed widths.
    Int(i64),
    /// All unsigned widths.
    UInt(u64),
    /// A number with a point or an exponent.
    Double(f64),
    /// A string.
    Text(&'a str),
    /// A value of another SQL type: field type code and bytes.
    Opaque(u8, &'a [u8]),
}

/// An object or array; `bytes` are exactly its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Container<'a> {
    bytes: &'a [u8],
    count: usize,
    large: bool,
    is_object: bool,
}

/// How much of a document may still be read. Values that MySQL writes never overlap, so what is read in total is at
/// most the document; without this limit, containers that share their members grow exponentially.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Budget {
    /// For a document of that many bytes.
    pub(super) fn new(document: usize) -> Self {
        Self(document)
    }

    fn spend(&mut self, bytes: usize) -> Parsed<()> {
        match self.0.checked_sub(bytes) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(Malformed::invalid("values of a JSON document overlap")),
        }
    }
}

/// A stored document; no bytes at all are JSON null, as MySQL reads them.
pub(super) fn document<'a>(data: &'a [u8], budget: &mut Budget) -> Parsed<Value<'a>> {
    match data.split_first() {
        None => Ok(Value::Literal("null")),
        Some((kind, value)) => stored(*kind, value, budget),
    }
}

/// The value of type `kind` that begins at the first byte; `data` ends where its container does.
fn stored<'a>(kind: u8, data: &'a [u8], budget: &mut Budget) -> Parsed<Value<'a>> {
    if let Some(size) = number_size(kind) {
        return number(kind, head(data, size)?);
    }
    match kind {
        SMALL_OBJECT | LARGE_OBJECT | SMALL_ARRAY | LARGE_ARRAY => {
            let container = Container::parse(kind, data)?;
            budget.spend(container.entries_end())?;
            Ok(if container.is_object { Value::Object(container) } else { Value::Array(container) })
        }
        STRING => {
            let bytes = counted(data)?;
            budget.spend(bytes.len())?;
            utf8(bytes).map(Value::Text)
        }
        LITERAL => literal(*data.first().ok_or_else(short)?),
        OPAQUE => {
            let (field_type, rest) = data.split_first().ok_or_else(short)?;
            let bytes = counted(rest)?;
            budget.spend(bytes.len())?;
            Ok(Value::Opaque(*field_type, bytes))
        }
        _ => Err(Malformed::invalid(format!("unknown JSON value type {kind}"))),
    }
}

impl<'a> Container<'a> {
    fn parse(kind: u8, data: &'a [u8]) -> Parsed<Self> {
        let large = matches!(kind, LARGE_OBJECT | LARGE_ARRAY);
        let is_object = matches!(kind, SMALL_OBJECT | LARGE_OBJECT);
        let width = if large { 4 } else { 2 };
        let count = offset(head(data, width)?);
        let size = offset(head(data.get(width..).unwrap_or_default(), width)?);
        let Some(bytes) = data.get(..size) else {
            return Err(Malformed::invalid(format!("a JSON container says {size} bytes, {} are there", data.len())));
        };
        let container = Self { bytes, count, large, is_object };
        if container.entries_end() > size {
            return Err(Malformed::invalid(format!("a JSON container of {size} bytes cannot hold {count} members")));
        }
        Ok(container)
    }

    fn width(&self) -> usize {
        if self.large { 4 } else { 2 }
    }

    fn key_entry(&self) -> usize {
        if self.is_object { self.width() + 2 } else { 0 }
    }

    fn values_at(&self) -> usize {
        2 * self.width() + self.count * self.key_entry()
    }

    /// Header, key entries and value entries.
    fn entries_end(&self) -> usize {
        self.values_at() + self.count * (self.width() + 1)
    }

    /// Members.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The name of a member of an object.
    pub(super) fn key(&self, index: usize, budget: &mut Budget) -> Parsed<&'a str> {
        let width = self.width();
        let entry = self.bytes.get(2 * width + index * self.key_entry()..).unwrap_or_default();
        let start = offset(head(entry, width)?);
        let length = offset(head(entry.get(width..).unwrap_or_default(), 2)?);
        budget.spend(length)?;
        utf8(self.bytes.get(start..).and_then(|key| key.get(..length)).ok_or_else(outside)?)
    }

    /// A member: small values lie in the entry itself, others at an offset from the container's start.
    pub(super) fn member(&self, index: usize, budget: &mut Budget) -> Parsed<Value<'a>> {
        let width = self.width();
        let entry = self.bytes.get(self.values_at() + index * (width + 1)..).unwrap_or_default();
        let (kind, inline) = entry.split_first().ok_or_else(short)?;
        let inline = head(inline, width)?;
        match (*kind, number_size(*kind)) {
            (LITERAL, _) => literal(*inline.first().ok_or_else(short)?),
            (kind, Some(size)) if size <= width && kind != DOUBLE => number(kind, head(inline, size)?),
            (kind, _) => match self.bytes.get(offset(inline)..) {
                Some(data) if !data.is_empty() => stored(kind, data, budget),
                _ => Err(Malformed::invalid("a JSON value lies outside of its container")),
            },
        }
    }
}

fn number_size(kind: u8) -> Option<usize> {
    match kind {
        INT16 | UINT16 => Some(2),
        INT32 | UINT32 => Some(4),
        INT64 | UINT64 | DOUBLE => Some(8),
        _ => None,
    }
}

fn number<'a>(kind: u8, data: &[u8]) -> Parsed<Value<'a>> {
    let bits = crate::cursor::little_endian(data);
    Ok(match kind {
        INT16 => Value::Int(i64::from(bits as i16)),
        INT32 => Value::Int(i64::from(bits as i32)),
        INT64 => Value::Int(bits as i64),
        DOUBLE if !f64::from_bits(bits).is_finite() => return Err(Malformed::invalid("a JSON number is not finite")),
        DOUBLE => Value::Double(f64::from_bits(bits)),
        _ => Value::UInt(bits),
    })
}

fn literal<'a>(code: u8) -> Parsed<Value<'a>> {
    match code {
        0 => Ok(Value::Literal("null")),
        1 => Ok(Value::Literal("true")),
        2 => Ok(Value::Literal("false")),
        _ => Err(Malformed::invalid(format!("unknown JSON literal {code}"))),
    }
}

/// Bytes behind a length of seven bits a byte, low bits first, at most five bytes.
fn counted(data: &[u8]) -> Parsed<&[u8]> {
    let mut length = 0;
    for (index, byte) in data.iter().enumerate().take(5) {
        length |= u64::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            let rest = data.get(index + 1..).unwrap_or_default();
            let bytes = usize::try_from(length).ok().and_then(|length| rest.get(..length));
            return bytes.ok_or_else(|| {
                Malformed::invalid(format!("a JSON value says {length} bytes, {} are there", rest.len()))
            });
        }
    }
    Err(if data.len() < 5 { short() } else { Malformed::invalid("a JSON length is longer than five bytes") })
}

fn offset(data: &[u8]) -> usize {
    crate::cursor::little_endian(data) as usize
}

fn head(data: &[u8], size: usize) -> Parsed<&[u8]> {
    data.get(..size).ok_or_else(short)
}

fn utf8(data: &[u8]) -> Parsed<&str> {
    std::str::from_utf8(data).map_err(|_| Malformed::invalid("a JSON string is not valid utf-8"))
}

#[cold]
fn short() -> Malformed {
    Malformed::invalid("the document is shorter than it says")
}

#[cold]
fn outside() -> Malformed {
    Malformed::invalid("a JSON value lies outside of its container")
}
