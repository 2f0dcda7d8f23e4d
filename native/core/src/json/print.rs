//! Values to MySQL's own JSON text.

use std::fmt::Write as _;

use super::value::{Budget, Container, MAX_DEPTH, Value, document};
use crate::decimal::DecimalFormat;
use crate::error::Malformed;
use crate::field_type as ft;
use crate::temporal::{print_json_date, print_json_datetime, print_json_time};

/// MySQL's base64 encoder breaks lines after 57 bytes (76 characters).
const BASE64_LINE: usize = 57;

type Printed = Result<(), Malformed>;

/// Appends the text of one stored document. Malformed bytes are an error, never a partial document (`out` then ends
/// in rubbish: throw it away).
pub fn print_document(data: &[u8], out: &mut String) -> Result<(), Malformed> {
    let mut budget = Budget::new(data.len());
    let value = document(data, &mut budget)?;
    print_value(value, 1, &mut budget, out)
}

fn print_value(value: Value<'_>, depth: usize, budget: &mut Budget, out: &mut String) -> Printed {
    match value {
        Value::Object(container) => print_container(container, true, depth, budget, out),
        Value::Array(container) => print_container(container, false, depth, budget, out),
        scalar => print_scalar(scalar, out),
    }
}

fn print_container(
    container: Container<'_>,
    is_object: bool,
    depth: usize,
    budget: &mut Budget,
    out: &mut String,
) -> Printed {
    check_depth(depth)?;
    out.push(if is_object { '{' } else { '[' });
    for index in 0..container.len() {
        if index > 0 {
            out.push_str(", ");
        }
        if is_object {
            print_string(container.key(index, budget)?, out);
            out.push_str(": ");
        }
        print_value(container.member(index, budget)?, depth + 1, budget, out)?;
    }
    out.push(if is_object { '}' } else { ']' });
    Ok(())
}

pub(super) fn check_depth(depth: usize) -> Printed {
    if depth > MAX_DEPTH {
        return Err(Malformed::invalid(format!("JSON is nested deeper than {MAX_DEPTH}")));
    }
    Ok(())
}

/// Everything that is no container.
pub(super) fn print_scalar(value: Value<'_>, out: &mut String) -> Printed {
    match value {
        Value::Literal(text) => out.push_str(text),
        // Writing to a String cannot fail.
        Value::Int(number) => _ = write!(out, "{number}"),
        Value::UInt(number) => _ = write!(out, "{number}"),
        Value::Double(number) => print_double(number, out),
        Value::Text(text) => print_string(text, out),
        Value::Opaque(field_type, data) => return print_opaque(field_type, data, out),
        Value::Object(_) | Value::Array(_) => return Err(Malformed::invalid("a container is no scalar")),
    }
    Ok(())
}

/// A string as MySQL escapes it: control characters, quotes and backslashes only.
pub(super) fn print_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = tail.chars();
        match chars.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\u{8}') => out.push_str("\\b"),
            Some('\t') => out.push_str("\\t"),
            Some('\n') => out.push_str("\\n"),
            Some('\u{c}') => out.push_str("\\f"),
            Some('\r') => out.push_str("\\r"),
            Some(control) => _ = write!(out, "\\u{:04x}", u32::from(control)),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// A JSON DOUBLE: shortest digits, fixed between 1e-15 and 1e15, whole numbers with '.0'. Finite numbers only.
pub fn print_double(number: f64, out: &mut String) {
    if number.is_sign_negative() {
        out.push('-');
    }
    if number == 0.0 {
        out.push_str("0.0");
        return;
    }
    let shortest = format!("{:e}", number.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let (first, others) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // The decimal point stands behind so many digits.
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let count = (first.len() + others.len()) as i32;
    let zeros = |count: i32, out: &mut String| (0..count).for_each(|_| out.push('0'));
    if !((-14..=15).contains(&point) || (point == 16 && count == 17)) {
        out.push_str(mantissa);
        _ = write!(out, "e{}", point - 1);
    } else if point <= 0 {
        out.push_str("0.");
        zeros(-point, out);
        out.push_str(first);
        out.push_str(others);
    } else if point >= count {
        out.push_str(first);
        out.push_str(others);
        zeros(point - count, out);
        out.push_str(".0");
    } else {
        let (whole, fraction) = others.split_at(point as usize - 1);
        for part in [first, whole, ".", fraction] {
            out.push_str(part);
        }
    }
}

fn print_opaque(field_type: u8, data: &[u8], out: &mut String) -> Printed {
    match field_type {
        ft::DECIMAL => print_opaque_decimal(data, out),
        ft::DATE | ft::TIME_OLD | ft::DATETIME_OLD | ft::TIMESTAMP_OLD => {
            let Ok(packed) = <[u8; 8]>::try_from(data) else {
                return Err(Malformed::invalid(format!("a temporal JSON value of {} bytes", data.len())));
            };
            let packed = i64::from_le_bytes(packed);
            out.push('"');
            match field_type {
                ft::DATE => print_json_date(packed, out)?,
                ft::TIME_OLD => print_json_time(packed, out),
                _ => print_json_datetime(packed, out)?,
            }
            out.push('"');
            Ok(())
        }
        _ => {
            _ = write!(out, "\"base64:type{field_type}:");
            for (index, line) in data.chunks(BASE64_LINE).enumerate() {
                if index > 0 {
                    out.push_str("\\n");
                }
                print_base64(line, out);
            }
            out.push('"');
            Ok(())
        }
    }
}

fn print_opaque_decimal(data: &[u8], out: &mut String) -> Printed {
    let [precision, scale, digits @ ..] = data else {
        return Err(Malformed::invalid("a JSON decimal without precision and scale"));
    };
    let format = DecimalFormat::new(*precision, *scale)?;
    let Some(digits) = digits.get(..usize::from(format.size())) else {
        return Err(Malformed::invalid("a JSON decimal shorter than its precision"));
    };
    format.print(digits, out)
}

fn print_base64(data: &[u8], out: &mut String) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for group in data.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let index = bits >> (18 - 6 * place) & 63;
            let digit = ALPHABET.get(index as usize).copied().unwrap_or(b'=');
            out.push(if place as usize <= group.len() { char::from(digit) } else { '=' });
        }
    }
}
