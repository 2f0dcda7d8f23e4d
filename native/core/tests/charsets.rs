//! Every character set against what a server said about every byte.
#![allow(
    missing_docs,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{unhex, vectors};
use rowcast_core::charset::Charset;
use rowcast_core::collations::{charset_of, charset_of_id};
use serde_json::Value;

fn decoded(charset: &str, data: &[u8]) -> Option<String> {
    let mut room = String::new();
    Charset::by_name(charset).unwrap().decode(data, &mut room).ok().map(str::to_owned)
}

/// What MySQL shows for bytes that it cannot convert.
fn lost(char: &Value) -> bool {
    char.as_str().is_none_or(|char| char == "?" || char == "\u{fffd}")
}

#[test]
fn single_byte_tables() {
    let vectors = vectors("charsets");
    let mut sets = 0;
    for (charset, known) in vectors["charsets"].as_object().unwrap() {
        let Some(table) = known["table"].as_str() else { continue };
        sets += 1;
        let undefined: Vec<u8> =
            known["undefined"].as_array().unwrap().iter().flat_map(|byte| unhex(byte.as_str().unwrap())).collect();
        for (byte, char) in table.chars().enumerate() {
            let expected = (char != '\u{fffd}' && !undefined.contains(&(byte as u8))).then(|| char.to_string());
            assert_eq!(decoded(charset, &[byte as u8]), expected, "{charset} {byte:02x}");
        }
    }
    assert_eq!(sets, 25);
}

#[test]
fn multi_byte_tables() {
    let vectors = vectors("charsets");
    let mut sets = 0;
    for (charset, known) in vectors["charsets"].as_object().unwrap() {
        let Some(valid) = known["valid_2byte"].as_u64() else { continue };
        sets += 1;
        let mut lost_codes = 0;
        for (field, is_pair) in [("differs_2byte", true), ("differs_3byte", false)] {
            for (code, chars) in known[field].as_object().into_iter().flatten() {
                let expected = (!lost(&chars[0])).then(|| chars[0].as_str().unwrap().to_owned());
                lost_codes += u64::from(is_pair && expected.is_none());
                assert_eq!(decoded(charset, &unhex(code)), expected, "{charset} {code}");
            }
        }
        let found = (0x8000..=0xFFFF_u16)
            .filter(|code| decoded(charset, &code.to_be_bytes()).is_some_and(|text| text.chars().count() == 1))
            .count();
        assert_eq!(found as u64, valid - lost_codes, "{charset}");
    }
    assert_eq!(sets, 9);
}

#[test]
fn text_of() {
    for (charset, data, text) in [
        ("utf8mb4", "f09f8da3", Some("🍣")),
        ("utf8", "c3a9", Some("é")),
        ("utf8mb3", "e697a5", Some("日")),
        ("ucs2", "65e500e9", Some("日é")),
        ("utf16", "d83cdf63", Some("🍣")),
        ("utf16le", "3cd863df", Some("🍣")),
        ("utf32", "0001f363", Some("🍣")),
        ("latin1", "818d8f909d80", Some("\u{81}\u{8d}\u{8f}\u{90}\u{9d}€")),
        ("sjis", "b1835c815f", Some("ｱソ\\")),
        ("cp932", "878a", Some("㈱")),
        ("ujis", "8ea1b4c18fb0a1", Some("｡漢丂")),
        ("eucjpms", "ada1adb5f5a1", Some("①Ⅰ\u{e000}")),
        ("euckr", "b0a1a2e68141", Some("가€갂")),
        ("gb18030", "8135f437a8bc9030813041", Some("\u{e7c7}ḿ\u{10000}A")),
        ("gbk", "80", None),
        ("big5", "a15a", None),
        ("big5", "a140f9d5f9d6", Some("\u{3000}龘碁")),
        ("ucs2", "d83cdf63", None),
        ("utf16", "d83c", None),
        ("utf16", "0041ff", None),
        ("utf32", "00110000", None),
        ("utf8mb4", "eda080", None),
        ("cp1251", "98", None),
        ("swe7", "5b5c5d", Some("ÄÖÅ")),
        ("gb18030", "e3329a36", None),
        ("gb18030", "e3329a35", Some("\u{10ffff}")),
    ] {
        assert_eq!(decoded(charset, &unhex(data)).as_deref(), text, "{charset} {data}");
    }
}

#[test]
fn text_is_borrowed_where_its_bytes_are_the_text() {
    for charset in ["utf8mb4", "latin1", "gbk", "sjis"] {
        let data = b"plain";
        let mut room = String::new();
        let text = Charset::by_name(charset).unwrap().decode(data, &mut room).unwrap();
        assert!(std::ptr::eq(text.as_ptr(), data.as_ptr()), "{charset}");
    }
}

#[test]
fn cut_and_mixed_text_never_fails_otherwise() {
    let all: Vec<u8> = (0..=255).collect();
    for charset in vectors("charsets")["charsets"].as_object().unwrap().keys().filter(|name| *name != "binary") {
        for data in [b"\x8f", &b"\xff\xfe"[..], b"abc\x81", b"\xb0", &all, b"\x8f\xa2", b"\x81\x30\x81"] {
            decoded(charset, data);
        }
        assert_eq!(decoded(charset, b"").as_deref(), Some(""));
    }
}

#[test]
fn an_invalid_byte_is_named() {
    let mut room = String::new();
    let error = Charset::by_name("utf8mb4").unwrap().decode(b"ab\xff", &mut room).unwrap_err();
    assert_eq!(error.message(), "bytes ff at offset 2 are not valid utf-8");
}

#[test]
fn collations() {
    assert_eq!(
        (charset_of_id(8), charset_of_id(63), charset_of_id(255)),
        (Some("latin1"), Some("binary"), Some("utf8mb4"))
    );
    assert_eq!((charset_of_id(33), charset_of_id(0), charset_of_id(9999)), (Some("utf8mb3"), None, None));
    assert_eq!(
        (charset_of("utf8_bin"), charset_of("utf8mb4_0900_ai_ci"), charset_of("binary")),
        ("utf8mb3", "utf8mb4", "binary")
    );
}
