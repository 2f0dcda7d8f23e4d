//! Integers as decimal text, appended to a buffer. Used by every writer of this crate.

const PAIRS: &[u8; 200] = b"00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/// Decimal digits of a number without sign.
pub fn unsigned(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    while number >= 100 {
        let pair = (number % 100) as usize * 2;
        number /= 100;
        at -= 2;
        if let (Some(places), Some(text)) = (digits.get_mut(at..at + 2), PAIRS.get(pair..pair + 2)) {
            places.copy_from_slice(text);
        }
    }
    if number >= 10 {
        let pair = number as usize * 2;
        at -= 2;
        if let (Some(places), Some(text)) = (digits.get_mut(at..at + 2), PAIRS.get(pair..pair + 2)) {
            places.copy_from_slice(text);
        }
    } else {
        at -= 1;
        if let Some(place) = digits.get_mut(at) {
            *place = b'0' + number as u8;
        }
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

/// Decimal digits with a sign where there is one.
pub fn signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    unsigned(out, number.unsigned_abs());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_formatter_prints() {
        for number in [0, 1, 9, 10, 99, 100, 101, 12_345, i64::MAX, i64::MIN, -1, -10] {
            let mut out = Vec::new();
            signed(&mut out, number);
            assert_eq!(out, number.to_string().into_bytes());
        }
        let mut out = Vec::new();
        unsigned(&mut out, u64::MAX);
        assert_eq!(out, b"18446744073709551615");
    }
}
