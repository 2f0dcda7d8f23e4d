//! MySQL's packed DECIMAL to the text MySQL prints; used for cells and for decimals inside JSON.
//!
//! Nine digits take four bytes, big endian, first the integer part, then the fraction; what is left over takes 1 to 4
//! bytes. The first bit is inverted; a negative number has all bits inverted.

use crate::cursor::big_endian;
use crate::error::Malformed;

const LEFTOVER_BYTES: [u8; 10] = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];
const POWERS: [u32; 10] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

/// A DECIMAL(precision, scale) that MySQL has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecimalFormat {
    precision: u8,
    scale: u8,
}

impl DecimalFormat {
    /// `Malformed` for a precision or scale that MySQL does not have.
    pub fn new(precision: u8, scale: u8) -> Result<Self, Malformed> {
        if !(1..=65).contains(&precision) || scale > precision.min(30) {
            return Err(Malformed::invalid(format!("no DECIMAL({precision},{scale}) in MySQL")));
        }
        Ok(Self { precision, scale })
    }

    /// Digits behind the point.
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// Stored bytes.
    pub fn size(self) -> u8 {
        let part = |digits: u8| digits / 9 * 4 + leftover_bytes(digits % 9);
        part(self.precision - self.scale) + part(self.scale)
    }

    /// Appends the text of `size` bytes. `Malformed` when a group holds more than its digits allow.
    pub fn print(self, data: &[u8], out: &mut String) -> Result<(), Malformed> {
        let (mut groups, negative) = Groups::new(data)?;
        if negative {
            out.push('-');
        }
        let whole = self.precision - self.scale;
        let start = out.len();
        let mut significant = false;
        if !whole.is_multiple_of(9) {
            significant = print_whole(groups.next(whole % 9)?, significant, out);
        }
        for _ in 0..whole / 9 {
            significant = print_whole(groups.next(9)?, significant, out);
        }
        if out.len() == start {
            out.push('0');
        }
        if self.scale > 0 {
            out.push('.');
            for _ in 0..self.scale / 9 {
                print_digits(groups.next(9)?, 9, out);
            }
            if !self.scale.is_multiple_of(9) {
                print_digits(groups.next(self.scale % 9)?, usize::from(self.scale % 9), out);
            }
        }
        Ok(())
    }
}

fn leftover_bytes(digits: u8) -> u8 {
    LEFTOVER_BYTES.get(usize::from(digits)).copied().unwrap_or(4)
}

/// The groups of a stored decimal as plain numbers.
struct Groups {
    bytes: [u8; 32],
    at: usize,
}

impl Groups {
    fn new(data: &[u8]) -> Result<(Self, bool), Malformed> {
        let mut bytes = [0; 32];
        let (Some(room), Some(first)) = (bytes.get_mut(..data.len()), data.first()) else {
            return Err(Malformed::invalid("a decimal of impossible size"));
        };
        room.copy_from_slice(data);
        let negative = first & 0x80 == 0;
        if let Some(first) = room.first_mut() {
            *first ^= 0x80;
        }
        if negative {
            for byte in room {
                *byte = !*byte;
            }
        }
        Ok((Self { bytes, at: 0 }, negative))
    }

    fn next(&mut self, digits: u8) -> Result<u32, Malformed> {
        let end = self.at + usize::from(leftover_bytes(digits));
        let group = big_endian(self.bytes.get(self.at..end).unwrap_or_default()) as u32;
        self.at = end;
        let power = POWERS.get(usize::from(digits)).copied().unwrap_or(u32::MAX);
        if group >= power {
            return Err(Malformed::invalid(format!("{group} in a decimal group below {power}")));
        }
        Ok(group)
    }
}

/// A group of the integer part: no zeros in front of the first digit. Returns whether digits follow in full.
fn print_whole(group: u32, significant: bool, out: &mut String) -> bool {
    if significant {
        print_digits(group, 9, out);
    } else if group > 0 {
        print_digits(group, group.ilog10() as usize + 1, out);
    }
    significant || group > 0
}

/// Exactly `width` digits.
fn print_digits(mut group: u32, width: usize, out: &mut String) {
    let mut digits = [b'0'; 9];
    let used = digits.get_mut(9 - width.min(9)..).unwrap_or_default();
    for place in used.iter_mut().rev() {
        *place = b'0' + (group % 10) as u8;
        group /= 10;
    }
    out.push_str(std::str::from_utf8(used).unwrap_or_default());
}
