//! JSON as the Python path writes it (orjson's output): strings, numbers, base64. Appends to a buffer.

use crate::number;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// A string with its quotes; escapes what JSON demands and nothing else.
pub fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\') {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((byte, after)) = special.split_first() else { break };
        escape(out, *byte);
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

#[cold]
fn escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' => b'"',
        b'\\' => b'\\',
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0C => b'f',
        b'\r' => b'r',
        _ => {
            let digit = |half: u8| HEX.get(usize::from(half)).copied().unwrap_or(b'0');
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// A double as orjson prints it.
pub fn double(out: &mut Vec<u8>, number: f64) {
    if number.is_finite() {
        number::double(out, number, -5, 1);
    } else {
        out.extend_from_slice(b"null");
    }
}

/// The double with the fewest digits that is this float, as Java prints it: 0.1 and not 0.10000000149011612.
pub fn float_as_double(value: f32) -> f64 {
    // Six digits are exact for every float of full precision; denormals have less of it and need as few as two.
    let fewest = if value.abs() >= f32::MIN_POSITIVE { 6 } else { 2 };
    for digits in fewest..9usize {
        let short: f64 = format!("{value:.*e}", digits - 1).parse().unwrap_or(f64::from(value));
        if (short as f32).to_bits() == value.to_bits() {
            return short;
        }
    }
    format!("{value:.8e}").parse().unwrap_or(f64::from(value))
}

/// Bytes as a base64 string with its quotes.
pub fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32| ALPHABET.get((bits & 63) as usize).copied().unwrap_or(b'=');
    out.push(b'"');
    let (triples, rest) = bytes.as_chunks::<3>();
    for [first, second, third] in triples {
        let bits = u32::from(*first) << 16 | u32::from(*second) << 8 | u32::from(*third);
        out.extend_from_slice(&[digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits)]);
    }
    match rest {
        [first] => {
            let bits = u32::from(*first) << 16;
            out.extend_from_slice(&[digit(bits >> 18), digit(bits >> 12), b'=', b'=']);
        }
        [first, second] => {
            let bits = u32::from(*first) << 16 | u32::from(*second) << 8;
            out.extend_from_slice(&[digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), b'=']);
        }
        _ => {}
    }
    out.push(b'"');
}

/// JSON text without blanks between tokens; strings and numbers stay letter by letter as they are.
pub fn compact<'a>(text: &'a str, space: &'a mut String) -> &'a str {
    if !text.contains(' ') {
        return text;
    }
    space.clear();
    let mut inside = false;
    let mut escaped = false;
    space.extend(text.chars().filter(|char| {
        if inside {
            if escaped {
                escaped = false;
            } else {
                escaped = *char == '\\';
                inside = *char != '"';
            }
            return true;
        }
        inside = *char == '"';
        !char.is_whitespace()
    }));
    space
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    #[test]
    fn strings() {
        assert_eq!(written(|out| string(out, "a\"b\\c\n\u{1}\u{7f}é")), "\"a\\\"b\\\\c\\n\\u0001\u{7f}é\"");
    }

    #[test]
    fn numbers() {
        for (number, wanted) in [(1.0, "1.0"), (0.1, "0.1"), (-0.0, "-0.0"), (1e16, "1e+16"), (1.5e-7, "1.5e-7")] {
            assert_eq!(written(|out| double(out, number)), wanted);
        }
        assert_eq!(float_as_double(0.1).to_string(), "0.1");
        assert_eq!(float_as_double(f32::from_bits(1)).to_bits(), 1.4e-45_f64.to_bits());
    }

    #[test]
    fn bytes() {
        for (text, wanted) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(written(|out| base64(out, text.as_bytes())), format!("\"{wanted}\""));
        }
    }

    #[test]
    fn compacted() {
        let mut space = String::new();
        assert_eq!(compact(r#"{"a b": [1, "x\" y"], "c": 2}"#, &mut space), r#"{"a b":[1,"x\" y"],"c":2}"#);
    }
}
