//! A checked cursor over the bytes of one event; every parser of this crate that is not on the path of single cells
//! reads through it. A read past the end is `Malformed::Cut`, never a panic, and nothing is allocated by a length.

use crate::error::Malformed;

/// The bytes that are left.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a>(&'a [u8]);

type Read<T> = Result<T, Malformed>;

impl<'a> Cursor<'a> {
    /// A cursor at the first byte.
    pub fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.0.len()
    }

    /// Whether all was read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let Some((taken, rest)) = self.0.split_at_checked(count) else {
            return Err(self.too_short(count));
        };
        self.0 = rest;
        Ok(taken)
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let Some((taken, rest)) = self.0.split_first_chunk::<N>() else {
            return Err(self.too_short(N));
        };
        self.0 = rest;
        Ok(*taken)
    }

    #[cold]
    fn too_short(&self, wanted: usize) -> Malformed {
        Malformed::cut(format!("{wanted} bytes wanted, {} left", self.0.len()))
    }

    /// One byte.
    pub fn u8(&mut self) -> Read<u8> {
        Ok(self.array::<1>()?[0])
    }

    /// Little endian, 2 bytes.
    pub fn u16(&mut self) -> Read<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    /// Little endian, 4 bytes.
    pub fn u32(&mut self) -> Read<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Little endian, 8 bytes.
    pub fn u64(&mut self) -> Read<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// Little endian with a sign, 8 bytes.
    pub fn i64(&mut self) -> Read<i64> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    /// Little endian, `width` bytes (at most 8).
    pub fn uint(&mut self, width: usize) -> Read<u64> {
        Ok(little_endian(self.take(width)?))
    }

    /// A length-encoded integer (1, 3, 4 or 9 bytes).
    pub fn lenenc(&mut self) -> Read<u64> {
        match self.u8()? {
            0xFC => self.uint(2),
            0xFD => self.uint(3),
            0xFE => self.uint(8),
            first @ (0xFB | 0xFF) => Err(Malformed::cut(format!("0x{first:02x} starts no length"))),
            small => Ok(u64::from(small)),
        }
    }

    /// A length-encoded integer that counts bytes or items.
    pub fn lenenc_size(&mut self) -> Read<usize> {
        size(self.lenenc()?)
    }

    /// Bytes behind their length-encoded length.
    pub fn lenenc_bytes(&mut self) -> Read<&'a [u8]> {
        let count = self.lenenc_size()?;
        self.take(count)
    }

    /// Bytes behind a one-byte length.
    pub fn u8_bytes(&mut self) -> Read<&'a [u8]> {
        let count = self.u8()?;
        self.take(usize::from(count))
    }

    /// An integer of MySQL's own serialization format: the low one-bits of the first byte count the bytes that follow.
    pub fn varlen(&mut self) -> Read<u64> {
        let first = self.u8()?;
        let more = first.trailing_ones() as usize;
        if more == 8 {
            return self.u64();
        }
        let high = self.uint(more)?;
        // `more` ones and one zero are the marker; the value begins above them and goes on in the following bytes.
        let low = u64::from(first).checked_shr(more as u32 + 1).unwrap_or(0);
        Ok(low | high << (7 - more))
    }

    /// The same with a sign, which is the lowest bit.
    pub fn varlen_signed(&mut self) -> Read<i64> {
        let coded = self.varlen()?;
        Ok((coded >> 1) as i64 ^ -((coded & 1) as i64))
    }
}

/// At most 8 little-endian bytes.
#[inline]
pub fn little_endian(data: &[u8]) -> u64 {
    // The usual widths are one load each.
    match *data {
        [only] => u64::from(only),
        [low, high] => u64::from(u16::from_le_bytes([low, high])),
        [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => data.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)),
    }
}

/// At most 8 big-endian bytes.
#[inline]
pub fn big_endian(data: &[u8]) -> u64 {
    match *data {
        [only] => u64::from(only),
        [high, low] => u64::from(u16::from_be_bytes([high, low])),
        [a, b, c, d] => u64::from(u32::from_be_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => u64::from_be_bytes([a, b, c, d, e, f, g, h]),
        _ => data.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)),
    }
}

/// A number off the wire as a length.
pub fn size(number: u64) -> Result<usize, Malformed> {
    usize::try_from(number).map_err(|_| Malformed::cut(format!("a length of {number}")))
}

/// UTF-8 text of an event: names and statements.
pub fn utf8(data: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(data).map_err(|_| Malformed::invalid("utf-8"))
}
