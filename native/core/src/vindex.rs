//! Vindexes: functions from a column's value to a keyspace id, as `connector/vindex` has them. Used by `evaluate`.
//!
//! `hash` is DES under the null key, whose round keys are all zero: only the permutations and the S-boxes are left.

use crate::number::{signed, unsigned};
use crate::row::Cell;

/// The vindex types that rowcast has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vindex {
    /// The value's bytes as they are.
    Binary,
    /// DES of a 64-bit integer.
    Hash,
    /// xxHash64 of the value's text, little endian.
    Xxhash,
}

/// A keyspace id: eight bytes, or the value itself.
#[derive(Clone, Copy, Debug)]
pub enum KeyspaceId<'a> {
    /// Of the hashes.
    Eight([u8; 8]),
    /// Of `binary`.
    Bytes(&'a [u8]),
}

impl KeyspaceId<'_> {
    /// The bytes that compare with the limits of key ranges.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Eight(bytes) => bytes,
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl Vindex {
    /// The type of this name (case-sensitive, as in Vitess).
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "binary" => Some(Self::Binary),
            "hash" => Some(Self::Hash),
            "xxhash" => Some(Self::Xxhash),
            _ => None,
        }
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Hash => "hash",
            Self::Xxhash => "xxhash",
        }
    }

    /// The keyspace id of a value; what is wrong with it where the vindex has none. `text` is scratch space.
    pub fn map<'a>(self, value: Cell<'a>, text: &'a mut Vec<u8>) -> Result<KeyspaceId<'a>, &'static str> {
        if self == Self::Hash {
            return hash_number(value).map(|number| KeyspaceId::Eight(encipher(number).to_be_bytes()));
        }
        let bytes: &[u8] = match value {
            Cell::Null | Cell::Absent => &[],
            Cell::Bytes(bytes) => bytes,
            Cell::Text(chars) => chars.as_bytes(),
            Cell::Int(number) => {
                text.clear();
                signed(text, number);
                text
            }
            Cell::UInt(number) => {
                text.clear();
                unsigned(text, number);
                text
            }
            Cell::Float(_) | Cell::Double(_) => return Err("a floating point number has no keyspace id"),
        };
        if self == Self::Xxhash {
            return Ok(KeyspaceId::Eight(xxhash64(bytes).to_le_bytes()));
        }
        if bytes.is_empty() {
            return Err("binary has no keyspace id for NULL or an empty value");
        }
        Ok(KeyspaceId::Bytes(bytes))
    }
}

fn hash_number(value: Cell<'_>) -> Result<u64, &'static str> {
    match value {
        Cell::Int(number) => Ok(number as u64),
        Cell::UInt(number) => Ok(number),
        Cell::Null | Cell::Absent => Err("hash has no keyspace id for NULL"),
        Cell::Bytes(bytes) => unsigned_text(bytes),
        Cell::Text(chars) => unsigned_text(chars.as_bytes()),
        Cell::Float(_) | Cell::Double(_) => Err(NOT_UNSIGNED),
    }
}

const NOT_UNSIGNED: &str = "hash has no keyspace id for a value that is not an unsigned integer";
const LONGEST_TEXT: usize = 64;

/// An unsigned number with blanks around it.
fn unsigned_text(bytes: &[u8]) -> Result<u64, &'static str> {
    if bytes.len() > LONGEST_TEXT {
        return Err(NOT_UNSIGNED);
    }
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = bytes.iter().position(|byte| !is_blank(byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    let inner = bytes.get(start..end).unwrap_or(&[]);
    if inner.is_empty() || !inner.iter().all(u8::is_ascii_digit) {
        return Err(NOT_UNSIGNED);
    }
    inner
        .iter()
        .try_fold(0u64, |number, digit| number.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
        .ok_or("hash has no keyspace id for a number outside 0..2^64-1")
}

// ---- DES -------------------------------------------------------------------------------------------------------------
const ROUNDS: usize = 16;
/// Which transposed byte (bit number of the input's bytes, 0 = highest) each byte of the permuted block is.
const INITIAL_ROWS: [u32; 8] = [1, 3, 5, 7, 0, 2, 4, 6];
/// FIPS 46-3, four rows of sixteen for each box.
#[rustfmt::skip]
const S_BOXES: [[u8; 64]; 8] = [
    [14,4,13,1,2,15,11,8,3,10,6,12,5,9,0,7, 0,15,7,4,14,2,13,1,10,6,12,11,9,5,3,8,
     4,1,14,8,13,6,2,11,15,12,9,7,3,10,5,0, 15,12,8,2,4,9,1,7,5,11,3,14,10,0,6,13],
    [15,1,8,14,6,11,3,4,9,7,2,13,12,0,5,10, 3,13,4,7,15,2,8,14,12,0,1,10,6,9,11,5,
     0,14,7,11,10,4,13,1,5,8,12,6,9,3,2,15, 13,8,10,1,3,15,4,2,11,6,7,12,0,5,14,9],
    [10,0,9,14,6,3,15,5,1,13,12,7,11,4,2,8, 13,7,0,9,3,4,6,10,2,8,5,14,12,11,15,1,
     13,6,4,9,8,15,3,0,11,1,2,12,5,10,14,7, 1,10,13,0,6,9,8,7,4,15,14,3,11,5,2,12],
    [7,13,14,3,0,6,9,10,1,2,8,5,11,12,4,15, 13,8,11,5,6,15,0,3,4,7,2,12,1,10,14,9,
     10,6,9,0,12,11,7,13,15,1,3,14,5,2,8,4, 3,15,0,6,10,1,13,8,9,4,5,11,12,7,2,14],
    [2,12,4,1,7,10,11,6,8,5,3,15,13,0,14,9, 14,11,2,12,4,7,13,1,5,0,15,10,3,9,8,6,
     4,2,1,11,10,13,7,8,15,9,12,5,6,3,0,14, 11,8,12,7,1,14,2,13,6,15,0,9,10,4,5,3],
    [12,1,10,15,9,2,6,8,0,13,3,4,14,7,5,11, 10,15,4,2,7,12,9,5,6,1,13,14,0,11,3,8,
     9,14,15,5,2,8,12,3,7,0,4,10,1,13,11,6, 4,3,2,12,9,5,15,10,11,14,1,7,6,0,8,13],
    [4,11,2,14,15,0,8,13,3,12,9,7,5,10,6,1, 13,0,11,7,4,9,1,10,14,3,5,12,2,15,8,6,
     1,4,11,13,12,3,7,14,10,15,6,8,0,5,9,2, 6,11,13,8,1,4,10,7,9,5,0,15,14,2,3,12],
    [13,2,8,4,6,15,11,1,10,9,3,14,5,0,12,7, 1,15,13,8,10,3,7,4,12,5,6,11,0,14,9,2,
     7,11,4,1,9,12,14,2,0,6,10,13,15,3,5,8, 2,1,14,7,4,10,8,13,15,12,9,0,3,5,6,11],
];
#[rustfmt::skip]
const PERMUTATION: [u8; 32] = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
    2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
];
/// The boxes with the permutation behind them: six bits in, their share of the round's 32 bits out.
const BOXES: [[u32; 64]; 8] = boxes();
/// Two neighbours at a time. Their inputs share two bits, and no key makes the shared bits differ: ten bits in.
static PAIRS: [[u32; 1024]; 4] = pairs();

#[allow(clippy::indexing_slicing)] // evaluated by the compiler, which refuses an index out of bounds
const fn boxes() -> [[u32; 64]; 8] {
    let mut result = [[0u32; 64]; 8];
    let mut number = 0;
    while number < 8 {
        let mut input = 0;
        while input < 64 {
            let row = (input >> 4 & 2) | (input & 1);
            let column = input >> 1 & 15;
            let before = (S_BOXES[number][row * 16 + column] as u32) << (28 - 4 * number);
            let mut bit = 0;
            let mut after = 0u32;
            while bit < 32 {
                after |= (before >> (32 - PERMUTATION[bit] as u32) & 1) << (31 - bit);
                bit += 1;
            }
            result[number][input] = after;
            input += 1;
        }
        number += 1;
    }
    result
}

#[allow(clippy::indexing_slicing)] // as above
const fn pairs() -> [[u32; 1024]; 4] {
    let mut result = [[0u32; 1024]; 4];
    let mut number = 0;
    while number < 4 {
        let mut input = 0;
        while input < 1024 {
            result[number][input] = BOXES[2 * number][input >> 4] ^ BOXES[2 * number + 1][input & 63];
            input += 1;
        }
        number += 1;
    }
    result
}

/// Rows and columns of an 8 x 8 bit matrix exchanged, a byte a row.
const fn transposed(mut bits: u64) -> u64 {
    let mut moved = (bits ^ bits >> 7) & 0x00AA_00AA_00AA_00AA;
    bits ^= moved ^ moved << 7;
    moved = (bits ^ bits >> 14) & 0x0000_CCCC_0000_CCCC;
    bits ^= moved ^ moved << 14;
    moved = (bits ^ bits >> 28) & 0x0000_0000_F0F0_F0F0;
    bits ^ moved ^ moved << 28
}

/// DES of one block under the null key.
pub fn encipher(block: u64) -> u64 {
    let rows = transposed(block.swap_bytes());
    let permuted = INITIAL_ROWS.iter().fold(0u64, |out, row| out << 8 | (rows >> (56 - 8 * row) & 0xFF));
    let (mut left, mut right) = ((permuted >> 32) as u32, permuted as u32);
    for _ in 0..ROUNDS {
        let mut mixed = left;
        for (number, table) in PAIRS.iter().enumerate() {
            let input = right.rotate_left(9 + 8 * number as u32) & 1023;
            mixed ^= table.get(input as usize).copied().unwrap_or(0);
        }
        (left, right) = (right, mixed);
    }
    let swapped = u64::from(right) << 32 | u64::from(left);
    let mut rows = 0u64;
    for (at, row) in INITIAL_ROWS.iter().enumerate() {
        rows |= (swapped >> (56 - 8 * at as u32) & 0xFF) << (56 - 8 * row);
    }
    transposed(rows).swap_bytes()
}

// ---- xxHash64 --------------------------------------------------------------------------------------------------------
const PRIME_1: u64 = 0x9E37_79B1_85EB_CA87;
const PRIME_2: u64 = 0xC2B2_AE3D_27D4_EB4F;
const PRIME_3: u64 = 0x1656_67B1_9E37_79F9;
const PRIME_4: u64 = 0x85EB_CA77_C2B2_AE63;
const PRIME_5: u64 = 0x27D4_EB2F_1656_67C5;

const fn round(lane: u64, input: u64) -> u64 {
    lane.wrapping_add(input.wrapping_mul(PRIME_2)).rotate_left(31).wrapping_mul(PRIME_1)
}

/// xxHash64 with seed 0.
pub fn xxhash64(data: &[u8]) -> u64 {
    let (stripes, mut rest) = data.as_chunks::<32>();
    let mut hash = if stripes.is_empty() {
        PRIME_5
    } else {
        let mut lanes = [PRIME_1.wrapping_add(PRIME_2), PRIME_2, 0, 0u64.wrapping_sub(PRIME_1)];
        for stripe in stripes {
            let (words, _) = stripe.as_chunks::<8>();
            for (lane, word) in lanes.iter_mut().zip(words) {
                *lane = round(*lane, u64::from_le_bytes(*word));
            }
        }
        let [first, second, third, fourth] = lanes;
        let merged = first
            .rotate_left(1)
            .wrapping_add(second.rotate_left(7))
            .wrapping_add(third.rotate_left(12))
            .wrapping_add(fourth.rotate_left(18));
        lanes.iter().fold(merged, |hash, lane| (hash ^ round(0, *lane)).wrapping_mul(PRIME_1).wrapping_add(PRIME_4))
    };
    hash = hash.wrapping_add(data.len() as u64);
    while let Some((word, left)) = rest.split_first_chunk::<8>() {
        hash = (hash ^ round(0, u64::from_le_bytes(*word))).rotate_left(27).wrapping_mul(PRIME_1).wrapping_add(PRIME_4);
        rest = left;
    }
    if let Some((word, left)) = rest.split_first_chunk::<4>() {
        hash ^= u64::from(u32::from_le_bytes(*word)).wrapping_mul(PRIME_1);
        hash = hash.rotate_left(23).wrapping_mul(PRIME_2).wrapping_add(PRIME_3);
        rest = left;
    }
    for byte in rest {
        hash = (hash ^ u64::from(*byte).wrapping_mul(PRIME_5)).rotate_left(11).wrapping_mul(PRIME_1);
    }
    hash = (hash ^ hash >> 33).wrapping_mul(PRIME_2);
    hash = (hash ^ hash >> 29).wrapping_mul(PRIME_3);
    hash ^ hash >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn des_of_vitess_examples() {
        assert_eq!(encipher(1).to_be_bytes(), [0x16, 0x6b, 0x40, 0xb4, 0x4a, 0xba, 0x4b, 0xd6]);
        assert_eq!(encipher(0), 0x8ca6_4de9_c1b1_23a7);
        assert_eq!(encipher(2), 0x06e7_ea22_ce92_708f);
    }

    #[test]
    fn xxhash_of_known_texts() {
        assert_eq!(xxhash64(b""), 0xef46_db37_51d8_e999);
        assert_eq!(xxhash64(b"a"), 0xd24e_c4f1_a98c_6e5b);
        assert_eq!(xxhash64(b"abc"), 0x44bc_2cf5_ad77_0999);
        let long: Vec<u8> = (0..101).collect();
        assert_eq!(xxhash64(&long), 0xe990_3849_5f85_381e);
    }

    #[test]
    fn texts_that_spell_numbers() {
        assert_eq!(unsigned_text(b" \t12 "), Ok(12));
        assert_eq!(unsigned_text(b"18446744073709551615"), Ok(u64::MAX));
        assert!(unsigned_text(b"18446744073709551616").is_err());
        assert!(unsigned_text(b"-1").is_err());
        assert!(unsigned_text(b"").is_err());
        assert!(unsigned_text(b"1 2").is_err());
    }
}
