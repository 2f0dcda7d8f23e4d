//! Numbers as decimal text, appended to a buffer. Used by every writer of this crate.

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

/// The shortest digits that are this finite double; between two that are equally near, the even one, as Python and
/// orjson choose. Without an exponent when the first digit's place is from `lowest` to 15; else with one of at least
/// `places` digits and its sign.
pub fn double(out: &mut Vec<u8>, number: f64, lowest: i32, places: usize) {
    let text = scientific(number);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    out.extend_from_slice(sign.as_bytes());
    if !(lowest..16).contains(&exponent) {
        out.extend_from_slice(mantissa.as_bytes());
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        let start = out.len();
        unsigned(out, u64::from(exponent.unsigned_abs()));
        if out.len() - start < places {
            out.insert(start, b'0');
        }
        return;
    }
    let digits = || mantissa.bytes().filter(u8::is_ascii_digit);
    if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', exponent.unsigned_abs() as usize - 1));
        out.extend(digits());
        return;
    }
    let whole = exponent as usize + 1;
    out.extend(digits().chain(std::iter::repeat(b'0')).take(whole));
    out.push(b'.');
    let start = out.len();
    out.extend(digits().skip(whole));
    if out.len() == start {
        out.push(b'0');
    }
}

/// The shortest digits with an exponent.
fn scientific(number: f64) -> String {
    let text = format!("{number:e}");
    if !may_tie(number) {
        return text;
    }
    // The formatter rounds up between two that are equally near; with a precision it rounds to the even one.
    let digits = text.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count();
    let rounded = format!("{number:.*e}", digits.saturating_sub(1));
    let same = rounded.parse::<f64>().is_ok_and(|parsed| parsed.to_bits() == number.to_bits());
    if same { rounded } else { text }
}

/// Whether the exact value may be one digit longer than the shortest text: only with few binary places can it be.
fn may_tie(number: f64) -> bool {
    const FRACTION_BITS: u32 = 52;
    let bits = number.to_bits();
    let biased = (bits >> FRACTION_BITS & 0x7FF) as i32;
    let odd_part = (bits & ((1 << FRACTION_BITS) - 1) | 1 << FRACTION_BITS).trailing_zeros() as i32;
    // A value of n binary places has n decimal ones; eighteen digits are the most that a shortest text and one make.
    biased - 1075 + odd_part >= -64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double_text(number: f64, lowest: i32, places: usize) -> String {
        let mut out = Vec::new();
        double(&mut out, number, lowest, places);
        String::from_utf8(out).unwrap_or_default()
    }

    #[test]
    fn doubles() {
        for (number, python, orjson) in [
            (0.0, "0.0", "0.0"),
            (-0.0, "-0.0", "-0.0"),
            (1.0, "1.0", "1.0"),
            (-1.5, "-1.5", "-1.5"),
            (1e-4, "0.0001", "0.0001"),
            (1.5e-5, "1.5e-05", "0.000015"),
            (9.99e-6, "9.99e-06", "9.99e-6"),
            (1e15, "1000000000000000.0", "1000000000000000.0"),
            (1e16, "1e+16", "1e+16"),
            (1.5e300, "1.5e+300", "1.5e+300"),
            (5_560_074.0 / 65_536.0, "84.83999633789062", "84.83999633789062"),
            (5e-324, "5e-324", "5e-324"),
        ] {
            assert_eq!(double_text(number, -4, 2), python);
            assert_eq!(double_text(number, -5, 1), orjson);
        }
    }

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
