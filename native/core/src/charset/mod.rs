//! MySQL's character sets to Unicode, exactly as MySQL converts them. A byte sequence that MySQL itself cannot convert
//! (it would print '?') is an error: no text is lost without a word.

#[rustfmt::skip]
mod multi_byte;
#[rustfmt::skip]
mod single_byte;

use std::sync::OnceLock;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use crate::error::Malformed;

static MULTI_BYTE_TABLES: &[u8] = include_bytes!("multi_byte.bin");

/// One character set.
#[derive(Clone, Copy, Debug)]
pub enum Charset {
    /// utf8mb4 and utf8mb3.
    Utf8,
    /// Big endian, no surrogate pairs.
    Ucs2,
    /// Big endian.
    Utf16,
    /// Little endian.
    Utf16le,
    /// Big endian.
    Utf32,
    /// A table.
    SingleByte(&'static SingleByte),
    /// Tables.
    MultiByte(&'static MultiByte),
}

/// A set whose characters are one byte each.
#[derive(Debug)]
pub struct SingleByte {
    name: &'static str,
    /// Whether the lower half is ASCII.
    ascii: bool,
    table: [u16; 256],
}

/// What bytes without a character have in `SingleByte::table`.
const UNDEFINED: u16 = 0xFFFE;

/// A set whose characters have one, two or more bytes; all of them contain ASCII.
#[derive(Debug)]
pub struct MultiByte {
    name: &'static str,
    start: usize,
    end: usize,
    size: usize,
    table: OnceLock<Vec<u16>>,
}

impl Charset {
    /// By MySQL's name; None for one that no MySQL up to 9.7 has. `binary` has no characters.
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "utf8mb4" | "utf8mb3" | "utf8" => Some(Self::Utf8),
            "ucs2" => Some(Self::Ucs2),
            "utf16" => Some(Self::Utf16),
            "utf16le" => Some(Self::Utf16le),
            "utf32" => Some(Self::Utf32),
            _ => {
                let single = single_byte::SETS.iter().find(|set| set.name == name).map(Self::SingleByte);
                single.or_else(|| multi_byte::SETS.iter().find(|set| set.name == name).map(Self::MultiByte))
            }
        }
    }

    /// MySQL's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Ucs2 => "ucs2",
            Self::Utf16 => "utf16",
            Self::Utf16le => "utf16le",
            Self::Utf32 => "utf32",
            Self::SingleByte(set) => set.name,
            Self::MultiByte(set) => set.name,
        }
    }

    /// Whether ASCII text is stored as it is.
    fn contains_ascii(self) -> bool {
        match self {
            Self::Utf8 | Self::MultiByte(_) => true,
            Self::SingleByte(set) => set.ascii,
            Self::Ucs2 | Self::Utf16 | Self::Utf16le | Self::Utf32 => false,
        }
    }

    /// The text of `data`: borrowed where the bytes are the text, else written into `room`.
    pub fn decode<'s>(self, data: &'s [u8], room: &'s mut String) -> Result<&'s str, Malformed> {
        if self.contains_ascii() {
            match std::str::from_utf8(data) {
                Ok(text) if matches!(self, Self::Utf8) || data.is_ascii() => return Ok(text),
                Err(error) if matches!(self, Self::Utf8) => {
                    return Err(self.invalid(data, error.valid_up_to(), error.error_len()));
                }
                _ => {}
            }
        }
        room.clear();
        let decoded = match self {
            Self::Utf8 => Ok(()),
            Self::SingleByte(set) => set.decode(data, room),
            Self::MultiByte(set) => set.decode(data, room),
            Self::Ucs2 => each(data, room, |unit: [u8; 2]| char::from_u32(u32::from(u16::from_be_bytes(unit)))),
            Self::Utf32 => each(data, room, |unit: [u8; 4]| char::from_u32(u32::from_be_bytes(unit))),
            Self::Utf16 => utf16(data, room, u16::from_be_bytes),
            Self::Utf16le => utf16(data, room, u16::from_le_bytes),
        };
        match decoded {
            Ok(()) => Ok(room),
            Err(at) => Err(self.invalid(data, at, None)),
        }
    }

    #[cold]
    fn invalid(self, data: &[u8], at: usize, length: Option<usize>) -> Malformed {
        use std::fmt::Write as _;
        let mut found = String::new();
        for byte in data.iter().skip(at).take(length.unwrap_or(4).min(8)) {
            _ = write!(found, "{byte:02x}");
        }
        Malformed::invalid(format!("bytes {found} at offset {at} are not valid {}", self.name()))
    }
}

/// Where decoding failed.
type Decoded = Result<(), usize>;

fn each<const N: usize>(data: &[u8], out: &mut String, decode: impl Fn([u8; N]) -> Option<char>) -> Decoded {
    let (units, rest) = data.as_chunks::<N>();
    for (index, unit) in units.iter().enumerate() {
        out.push(decode(*unit).ok_or(index * N)?);
    }
    if rest.is_empty() { Ok(()) } else { Err(units.len() * N) }
}

fn utf16(data: &[u8], out: &mut String, unit: impl Fn([u8; 2]) -> u16) -> Decoded {
    let (units, rest) = data.as_chunks::<2>();
    let mut at = 0;
    for decoded in char::decode_utf16(units.iter().map(|bytes| unit(*bytes))) {
        let char = decoded.map_err(|_| at)?;
        out.push(char);
        at += char.len_utf16() * 2;
    }
    if rest.is_empty() { Ok(()) } else { Err(at) }
}

impl SingleByte {
    fn decode(&self, data: &[u8], out: &mut String) -> Decoded {
        out.reserve(data.len());
        for (at, byte) in data.iter().enumerate() {
            let code = self.table.get(usize::from(*byte)).copied().unwrap_or(UNDEFINED);
            let char = char::from_u32(u32::from(code)).filter(|_| code != UNDEFINED);
            out.push(char.ok_or(at)?);
        }
        Ok(())
    }
}

impl MultiByte {
    /// See native/tools/gen_charsets.py for its layout.
    fn table(&self) -> &[u16] {
        self.table.get_or_init(|| {
            let packed = MULTI_BYTE_TABLES.get(self.start..self.end).unwrap_or_default();
            // A table of ours that cannot be unpacked would make every character undefined: an error, not a wrong one.
            let bytes = decompress_to_vec_zlib_with_limit(packed, self.size).unwrap_or_default();
            bytes.as_chunks::<2>().0.iter().map(|code| u16::from_le_bytes(*code)).collect()
        })
    }

    fn decode(&self, data: &[u8], out: &mut String) -> Decoded {
        let table = self.table();
        let mut at = 0;
        while let Some(rest) = data.get(at..) {
            let ascii = rest.iter().position(|byte| *byte >= 0x80).unwrap_or(rest.len());
            let (plain, rest) = rest.split_at(ascii);
            out.push_str(std::str::from_utf8(plain).unwrap_or_default());
            at += ascii;
            if rest.is_empty() {
                break;
            }
            let (char, length) = self.character(table, rest).ok_or(at)?;
            out.push(char);
            at += length;
        }
        Ok(())
    }

    /// The character that begins with a byte from 0x80 on, and its bytes.
    fn character(&self, table: &[u16], data: &[u8]) -> Option<(char, usize)> {
        let high = |byte: u8| usize::from(byte).checked_sub(0x80);
        let (index, length) = match (*data.first()?, self.name) {
            (0x8F, "ujis" | "eucjpms") => {
                let (second, third) = (high(*data.get(1)?)?, high(*data.get(2)?)?);
                (128 + 128 * 256 + second * 128 + third, 3)
            }
            (lead @ 0xA1..=0xDF, "sjis" | "cp932") => (high(lead)?, 1),
            (_, "gb18030") if matches!(data.get(1), Some(b'0'..=b'9')) => return Some((four_bytes(data)?, 4)),
            (lead, _) => (128 + high(lead)? * 256 + usize::from(*data.get(1)?), 2),
        };
        let code = *table.get(index)?;
        char::from_u32(u32::from(code)).filter(|_| code != 0).map(|char| (char, length))
    }
}

/// A code of gb18030: its bytes count in steps of 10, 126 and 10.
fn four_bytes(data: &[u8]) -> Option<char> {
    let [first, second, third, fourth] = *data.first_chunk::<4>()?;
    let digit = |byte: u8, from: u8, to: u8| (from..=to).contains(&byte).then(|| u32::from(byte - from));
    let number = digit(first, 0x81, 0xFE)? * 10 + digit(second, b'0', b'9')?;
    let number = (number * 126 + digit(third, 0x81, 0xFE)?) * 10 + digit(fourth, b'0', b'9')?;
    let runs = multi_byte::GB18030_FOUR_BYTES;
    let (start, count, char) = runs.get(runs.partition_point(|(start, _, _)| *start <= number).checked_sub(1)?)?;
    if number - start < *count { char::from_u32(char + (number - start)) } else { None }
}
