//! Single cells and JSON documents: recorded bytes of several readers' test suites, and what Vitess and MySQL make of
//! them.
#![allow(
    missing_docs,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use common::{Owned, owned, unhex, vector_bytes, vectors};
use rowcast_core::cell::{CellReader, Layout};
use rowcast_core::decimal::DecimalFormat;
use rowcast_core::error::Malformed;
use rowcast_core::field_type as ft;
use rowcast_core::json::{JsonDiffs, print_document, print_double};
use rowcast_core::row::Scratch;
use rowcast_core::table::{Column, MapColumn, SqlType};
use serde_json::Value;

fn mapped(code: u8, metadata: u32) -> MapColumn {
    MapColumn {
        code,
        metadata,
        nullable: true,
        unsigned: None,
        name: None,
        collation_id: None,
        labels: None,
        invisible: false,
    }
}

fn column(sql_type: SqlType) -> Column {
    Column {
        name: "c".into(),
        sql_type,
        nullable: true,
        unsigned: false,
        collation: None,
        length: 0,
        scale: 0,
        labels: Vec::new(),
        generated: false,
        invisible: false,
    }
}

/// The value, and the bytes of the whole field.
fn read(mapped: &MapColumn, column: &Column, data: &[u8]) -> Result<(Owned, usize), Malformed> {
    let reader = CellReader::new(mapped, column)?;
    let (start, end) = reader.layout.locate(data, 0).map_err(|_| Malformed::cut("cut"))?;
    let mut scratch = Scratch::new();
    let value = reader.read(&data[start..end], &mut scratch).map(owned)?;
    Ok((value, end))
}

fn json(data: &[u8]) -> Result<String, Malformed> {
    let mut out = String::new();
    print_document(data, &mut out).map(|()| out)
}

/// The text that Vitess shows, with its number forms.
fn text(value: &Owned) -> String {
    match value {
        Owned::Int(number) => number.to_string(),
        Owned::UInt(number) => number.to_string(),
        Owned::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    }
}

fn field_types(code: u8) -> Option<SqlType> {
    Some(match code {
        ft::TINY => SqlType::TinyInt,
        ft::SHORT => SqlType::SmallInt,
        ft::INT24 => SqlType::MediumInt,
        ft::LONG => SqlType::Int,
        ft::LONGLONG => SqlType::BigInt,
        ft::FLOAT => SqlType::Float,
        ft::DOUBLE => SqlType::Double,
        ft::DECIMAL => SqlType::Decimal,
        ft::YEAR => SqlType::Year,
        ft::BIT => SqlType::Bit,
        ft::DATE | ft::NEWDATE => SqlType::Date,
        ft::TIME | ft::TIME_OLD => SqlType::Time,
        ft::DATETIME | ft::DATETIME_OLD => SqlType::DateTime,
        ft::TIMESTAMP | ft::TIMESTAMP_OLD => SqlType::Timestamp,
        ft::VARCHAR | ft::VAR_STRING => SqlType::VarBinary,
        ft::BLOB => SqlType::Blob,
        ft::GEOMETRY => SqlType::Geometry,
        ft::VECTOR => SqlType::Vector,
        ft::JSON => SqlType::Json,
        ft::ENUM => SqlType::Enum,
        ft::SET => SqlType::Set,
        _ => return None,
    })
}

/// What the table map parser would make of a type that Vitess's tests give raw; None where nobody writes such a column.
fn vitess_column(input: &Value) -> Option<(MapColumn, Column)> {
    let code = input["type_code"].as_u64().unwrap() as u8;
    let metadata = input["metadata"].as_u64().unwrap() as u32;
    let metadata = if matches!(code, ft::ENUM | ft::SET) { metadata & 0xFF } else { metadata };
    let mut column = column(field_types(code)?);
    column.unsigned = input["schema_type"].as_str().is_some_and(|name| name.starts_with('U'));
    let labels = match code {
        ft::SET => 64,
        ft::ENUM => 65_535,
        _ => 0,
    };
    column.labels = (1..=labels).map(|label: u32| label.to_string()).collect();
    Some((mapped(code, metadata), column))
}

/// None when the case is of another reader's world; else what differs.
fn vitess_case(case: &Value) -> Option<Result<(), String>> {
    let (mapped, column) = vitess_column(&case["input"])?;
    if mapped.code == ft::JSON {
        return None; // Vitess makes an SQL expression of it; its JSON text is in the binary_json cases
    }
    let data = unhex(case["input"]["data_hex"].as_str().unwrap());
    let expected = &case["expected"];
    let found = read(&mapped, &column, &data);
    let wanted = expected["value"].as_str().unwrap_or_default();
    let same = match (&found, mapped.code) {
        (Err(_), _) => expected.get("error").is_some(),
        // A crash or a refusal of Vitess's: any answer but a panic will do.
        _ if expected.get("error").is_some() => true,
        (Ok((_, end)), _) if expected["length"].as_u64() != Some(*end as u64) => false,
        (Ok((Owned::Float(bits), _)), _) => wanted.parse::<f32>().unwrap().to_bits() == *bits,
        (Ok((Owned::Double(bits), _)), _) => wanted.parse::<f64>().unwrap().to_bits() == *bits,
        (Ok((Owned::Bytes(bytes), _)), _) => match expected["value_hex"].as_str() {
            Some(hex) => *bytes == unhex(hex),
            None => bytes == wanted.as_bytes(),
        },
        // Vitess shows a bit mask, as a number or as bytes.
        (Ok((Owned::Text(labels), end)), ft::SET) => {
            let bits = labels.split(',').filter(|label| !label.is_empty());
            let mask = bits.map(|label| 1_u64 << (label.parse::<u32>().unwrap() - 1)).sum::<u64>();
            let bytes = expected["value_hex"].as_str().map_or(wanted.as_bytes().to_vec(), unhex);
            mask.to_string() == wanted || mask.to_le_bytes()[..*end] == bytes
        }
        (Ok((value, _)), ft::DECIMAL) => text(value) == mysql_decimal(wanted),
        (Ok((Owned::Text(label), _)), ft::ENUM) => (if label.is_empty() { "0" } else { label }) == wanted,
        (Ok((value, _)), _) => text(value) == wanted,
    };
    Some(if same { Ok(()) } else { Err(format!("{}: {found:?}, expected {expected}", case["id"])) })
}

/// Vitess leaves out the zero in front of the point, and keeps others.
fn mysql_decimal(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let digits = digits.trim_start_matches('0');
    let zero = if digits.is_empty() || digits.starts_with('.') { "0" } else { "" };
    format!("{sign}{zero}{digits}")
}

fn check(cases: impl Iterator<Item = Value>, at_least: usize, known: &[&str]) {
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for case in cases.filter(|case| case["op"] == "cell_value") {
        if let Some(result) = vitess_case(&case) {
            checked += 1;
            wrong.extend(result.err().filter(|_| !known.contains(&case["id"].as_str().unwrap())));
        }
    }
    assert!(wrong.is_empty(), "{} wrong of {checked}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked >= at_least, "{checked}");
}

#[test]
fn cells_of_vitess_tests() {
    let vectors = vectors("binlog_values");
    check(vectors["cases"].as_array().unwrap().iter().cloned(), 45, &[]);
}

fn oracle() -> Vec<Value> {
    let text = String::from_utf8(vector_bytes("cell_values.jsonl.gz")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn cells_as_vitess_decodes_them() {
    // Random bytes under random metadata are only to be survived: MySQL writes none of them.
    let (random, plain): (Vec<Value>, Vec<Value>) =
        oracle().into_iter().partition(|case| case["id"].as_str().unwrap().contains("-random-"));
    for case in random.iter().filter(|case| case["op"] == "cell_value") {
        _ = vitess_case(case);
    }
    // A negative hour of one digit has no zero there.
    check(plain.into_iter(), 1200, &["ocv-time_old-00030"]);
}

/// Made by cutting and changing bytes: Vitess shows a part of them, MySQL would not.
const BROKEN: [&str; 8] = ["00014", "00081", "00163", "00167", "00190", "00231", "00528", "00588"];
/// Vitess keeps only the hour of the day.
const LONG_TIMES: [&str; 2] = ["00392", "00583"];

/// Vitess sorts members by itself, and has its own names for values of other types.
fn same_members(ours: &str, theirs: &str) -> bool {
    let sorted = |text: &str| {
        let mut chars: Vec<char> = text.chars().collect();
        chars.sort_unstable();
        chars
    };
    sorted(ours) == sorted(theirs) || sorted(ours) == sorted(&theirs.replace("-.", "-0.").replace("[.", "[0."))
}

#[test]
fn binary_json_as_vitess_prints_it() {
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for case in oracle().iter().filter(|case| case["op"] == "binary_json") {
        let id = case["id"].as_str().unwrap();
        let number = id.rsplit('-').next().unwrap();
        let found = json(&unhex(case["input"]["data_hex"].as_str().unwrap()));
        let Some(expected) = case["expected"]["text"].as_str() else { continue };
        if BROKEN.contains(&number) || LONG_TIMES.contains(&number) {
            assert_ne!(found.as_deref().unwrap_or_default(), expected);
            continue;
        }
        match found {
            Ok(text) if text.contains("base64:") => {}
            Ok(text) if same_members(&text, expected) || text == format!("0{expected}") => compared += 1,
            found => wrong.push(format!("{id}: {found:?}, expected {expected:?}")),
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 300, "{compared}");
}

#[test]
fn json_doubles_as_mysql_prints_them() {
    let vectors = vectors("binlog_types");
    let mut checked = 0;
    for case in vectors["cases"].as_array().unwrap().iter().filter(|case| case["kind"] == "json_double_text") {
        let wire = unhex(case["wire"]["jsonb_hex"].as_str().unwrap());
        assert_eq!(json(&wire).unwrap(), case["expected_text"].as_str().unwrap(), "{}", case["id"]);
        checked += 1;
    }
    assert!(checked > 60);
    let printed = |number| {
        let mut out = String::new();
        print_double(number, &mut out);
        out
    };
    assert_eq!(printed(-0.0), "-0.0");
    assert_eq!(printed(1e15), "1e15");
    assert_eq!(printed(5e-324), "5e-324");
    assert_eq!(printed(f64::MAX), "1.7976931348623157e308");
}

/// `DECIMAL(5,2)`, `TIME(3)`, `INT UNSIGNED` as a column.
fn sql_column(text: &str) -> Option<(MapColumn, Column)> {
    let (name, unsigned) = text.strip_suffix(" UNSIGNED").map_or((text, false), |name| (name, true));
    let (name, arguments) = name.split_once('(').unwrap_or((name, ""));
    let mut numbers = arguments.trim_end_matches(')').split(',').map(|number| number.parse().unwrap_or(0_u32));
    let (first, second) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let (code, sql_type, metadata) = match name {
        "DECIMAL" => (ft::DECIMAL, SqlType::Decimal, first << 8 | second),
        "DATETIME" => (ft::DATETIME, SqlType::DateTime, first),
        "TIME" => (ft::TIME, SqlType::Time, first),
        "TIMESTAMP" => (ft::TIMESTAMP, SqlType::Timestamp, first),
        "TINYINT" => (ft::TINY, SqlType::TinyInt, 0),
        "SMALLINT" => (ft::SHORT, SqlType::SmallInt, 0),
        "MEDIUMINT" => (ft::INT24, SqlType::MediumInt, 0),
        "INT" => (ft::LONG, SqlType::Int, 0),
        "BIGINT" => (ft::LONGLONG, SqlType::BigInt, 0),
        _ => return None,
    };
    Some((mapped(code, metadata), Column { unsigned, ..column(sql_type) }))
}

#[test]
fn cells_by_sql_type() {
    let vectors = vectors("binlog_types");
    let mut checked = 0;
    for case in vectors["cases"].as_array().unwrap() {
        let (Some(hex), Some(kind)) = (case.pointer("/wire/hex"), case["type"].as_str()) else { continue };
        let Some((mapped, column)) = sql_column(kind) else { continue };
        let data = unhex(hex.as_str().unwrap());
        let (value, end) = read(&mapped, &column, &data).unwrap();
        let expected = case["expected"].to_string();
        assert_eq!((text(&value), end), (expected.trim_matches('"').to_owned(), data.len()), "{}", case["id"]);
        checked += 1;
    }
    assert!(checked > 120, "{checked}");
}

/// Without the blanks behind commas and colons that MySQL prints.
fn compact(text: &str) -> String {
    let mut out = String::new();
    let (mut quoted, mut escaped) = (false, false);
    for char in text.chars() {
        if quoted || char != ' ' {
            out.push(char);
        }
        quoted ^= char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
    }
    out
}

#[test]
fn json_documents_of_peers() {
    let vectors = vectors("binlog_types");
    let mut checked = 0;
    for case in vectors["cases"].as_array().unwrap() {
        let Some(hex) = case.pointer("/wire/jsonb_hex") else { continue };
        let found = json(&unhex(hex.as_str().unwrap()));
        checked += 1;
        if let Some(expected) = case["expected_text"].as_str() {
            assert_eq!(found.unwrap(), expected, "{}", case["id"]);
        } else if let Some(expected) = case["expected_text_compact"].as_str() {
            assert_eq!(compact(&found.unwrap()), expected, "{}", case["id"]);
        } else {
            match &case["expected"] {
                Value::String(expected) => assert_eq!(found.unwrap(), *expected, "{}", case["id"]),
                _ => assert!(found.is_err(), "{}", case["id"]),
            }
        }
    }
    assert!(checked > 100, "{checked}");
}

fn labelled(sql_type: SqlType, labels: &[&str]) -> Column {
    Column { labels: labels.iter().map(|label| (*label).to_owned()).collect(), ..column(sql_type) }
}

fn with_collation(sql_type: SqlType, collation: &str) -> Column {
    Column { collation: Some(collation.into()), ..column(sql_type) }
}

#[test]
fn values_at_the_edges() {
    let text = |text: &str| Owned::Text(text.into());
    let utf8 = || with_collation(SqlType::Char, "utf8mb4_0900_ai_ci");
    for (mapped, column, data, value) in [
        (mapped(ft::YEAR, 0), column(SqlType::Year), "00", text("0000")),
        (mapped(ft::YEAR, 0), column(SqlType::Year), "ff", text("2155")),
        (mapped(ft::TIMESTAMP, 0), column(SqlType::Timestamp), "00000000", text("0000-00-00 00:00:00")),
        (mapped(ft::TIMESTAMP, 3), column(SqlType::Timestamp), "000000000000", text("0000-00-00 00:00:00.000")),
        (mapped(ft::TIMESTAMP, 6), column(SqlType::Timestamp), "00000000000001", text("1970-01-01 00:00:00.000001")),
        (mapped(ft::TIMESTAMP, 0), column(SqlType::Timestamp), "ffffffff", text("2106-02-07 06:28:15")),
        (mapped(ft::TIMESTAMP, 0), column(SqlType::Timestamp), "65e064ff", text("2024-02-29 11:05:35")),
        (mapped(ft::DATE, 0), column(SqlType::Date), "000000", text("0000-00-00")),
        (mapped(ft::TIME, 6), column(SqlType::Time), "7fffffffffff", text("-00:00:00.000001")),
        (mapped(ft::DATETIME_OLD, 0), column(SqlType::DateTime), "0f1eb7814a120000", text("2011-12-13 14:15:19")),
        (mapped(ft::TIME_OLD, 0), column(SqlType::Time), "5ca4fd", text("-15:45:32")),
        (mapped(ft::STRING, 4), column(SqlType::Binary), "01aa", Owned::Bytes(vec![0xAA, 0, 0, 0])),
        (mapped(ft::VARCHAR, 4), column(SqlType::VarBinary), "01aa", Owned::Bytes(vec![0xAA])),
        (mapped(ft::STRING, 1020), utf8(), "0300616263", text("abc")),
        (mapped(ft::BLOB, 2), column(SqlType::Blob), "0000", Owned::Bytes(vec![])),
        (mapped(ft::VECTOR, 0x304), column(SqlType::Vector), "040000000000803f", Owned::Bytes(vec![0, 0, 0x80, 0x3F])),
        (mapped(ft::SET, 1), labelled(SqlType::Set, &["x", "y", "z"]), "05", text("x,z")),
        (mapped(ft::SET, 8), labelled(SqlType::Set, &["x"]), "0000000000000000", text("")),
        (mapped(ft::ENUM, 2), labelled(SqlType::Enum, &["x", "y"]), "0200", text("y")),
        (mapped(ft::ENUM, 1), labelled(SqlType::Enum, &["x", "y"]), "00", text("")),
        (mapped(ft::BIT, 0x0101), column(SqlType::Bit), "0155", Owned::Bytes(vec![1, 0x55])),
        (mapped(ft::INT24, 0), column(SqlType::MediumInt), "ffffff", Owned::Int(-1)),
        (mapped(ft::LONGLONG, 0), column(SqlType::BigInt), "0000000000000080", Owned::Int(i64::MIN)),
    ] {
        let data = unhex(data);
        assert_eq!(read(&mapped, &column, &data).unwrap(), (value, data.len()), "{mapped:?}");
    }
    let all: Vec<String> = (0..64).map(|index| format!("m{index}")).collect();
    let set = labelled(SqlType::Set, &all.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(read(&mapped(ft::SET, 8), &set, &[0xFF; 8]).unwrap().0, text(&all.join(",")));
}

#[test]
fn bytes_that_are_no_value_are_invalid() {
    for (mapped, column, data) in [
        (mapped(ft::ENUM, 1), labelled(SqlType::Enum, &["x"]), "02"),
        (mapped(ft::SET, 1), labelled(SqlType::Set, &["x"]), "02"),
        (mapped(ft::DATETIME, 0), column(SqlType::DateTime), "0000000000"),
        (mapped(ft::DECIMAL, 0x0400), column(SqlType::Decimal), "ffff"),
        (mapped(ft::VARCHAR, 9), with_collation(SqlType::VarChar, "utf8mb4_bin"), "01ff"),
        (mapped(ft::JSON, 4), column(SqlType::Json), "0100000001"),
    ] {
        let found = read(&mapped, &column, &unhex(data));
        assert!(matches!(found, Err(Malformed::Invalid(_))), "{mapped:?} {found:?}");
    }
}

#[test]
fn columns_that_cannot_be_read_are_known_before_the_first_row() {
    for (code, metadata, column) in [
        (0, 0, column(SqlType::Decimal)),
        (ft::TIME, 7, column(SqlType::Time)),
        (ft::BLOB, 5, column(SqlType::Blob)),
        (ft::ENUM, 9, column(SqlType::Enum)),
        (ft::DECIMAL, 0x4200, column(SqlType::Decimal)),
        (ft::VARCHAR, 5, with_collation(SqlType::VarChar, "klingon_ci")),
    ] {
        assert!(CellReader::new(&mapped(code, metadata), &column).is_err(), "{code}");
    }
}

#[test]
fn decimals_of_all_precisions() {
    for (precision, scale, size) in [(1, 0, 1), (9, 0, 4), (10, 2, 5), (30, 10, 14), (65, 30, 30), (5, 5, 3)] {
        assert_eq!(DecimalFormat::new(precision, scale).unwrap().size(), size);
    }
    for (precision, scale) in [(0, 0), (66, 0), (10, 31), (5, 6)] {
        assert!(DecimalFormat::new(precision, scale).is_err());
    }
    for precision in 1..=65_u8 {
        for scale in 0..=precision.min(30) {
            let format = DecimalFormat::new(precision, scale).unwrap();
            // Zero, and its neighbours with the last digit 1.
            let mut data = vec![0; usize::from(format.size())];
            data[0] = 0x80;
            let zero = if scale == 0 { "0".to_owned() } else { format!("0.{}", "0".repeat(scale.into())) };
            let mut out = String::new();
            format.print(&data, &mut out).unwrap();
            assert_eq!(out, zero);
            *data.last_mut().unwrap() ^= 1;
            let one = format!("{}1", &zero[..zero.len() - 1]);
            out.clear();
            format.print(&data, &mut out).unwrap();
            assert_eq!(out, one);
            data.iter_mut().for_each(|byte| *byte = !*byte);
            out.clear();
            format.print(&data, &mut out).unwrap();
            assert_eq!(out, format!("-{one}"));
        }
    }
}

#[test]
fn numbers_for_encoders() {
    use rowcast_core::temporal::{Date, DateTime, Fraction, Time};
    let date = |year, month, day| Date { year, month, day };
    assert_eq!(date(1970, 1, 1).days(), Some(0));
    assert_eq!(date(2000, 2, 29).days(), Some(11_016));
    assert_eq!(date(1, 1, 1).days(), Some(-719_162));
    assert_eq!(date(9999, 12, 31).days(), Some(2_932_896));
    for impossible in [date(0, 0, 0), date(2016, 10, 0), date(2019, 2, 29), date(1900, 2, 29), date(0, 1, 1)] {
        assert_eq!(impossible.days(), None, "{impossible:?}");
    }
    let fraction = Fraction::new(1).unwrap();
    assert_eq!(Time::read(&unhex("7fffffff"), fraction).total_micros(), -10_000);
    assert_eq!(DateTime::read(&unhex("8000000001"), Fraction::new(0).unwrap()).unwrap().second, 1);
    assert_eq!(Layout::Counted(4).locate(&[255, 255, 255, 255, 1], 0), Err(rowcast_core::cell::Cut));
}

// ---- JSON by hand ---------------------------------------------------------------------------------------------------

#[test]
fn documents_whose_values_overlap_are_refused() {
    // An array of two members that are the same array, and so on: 2^30 values in a few bytes.
    let mut nested = vec![0, 0, 4, 0]; // the innermost: no members
    for _ in 0..30 {
        let size = 4 + 2 * 3 + nested.len();
        let mut outer = vec![2, 0];
        outer.extend_from_slice(&(size as u16).to_le_bytes());
        for _ in 0..2 {
            outer.extend_from_slice(&[2, 10, 0]);
        }
        outer.extend_from_slice(&nested);
        nested = outer;
    }
    nested.insert(0, 2);
    assert!(json(&nested).unwrap_err().message().contains("overlap"));
    // A container that contains itself.
    assert!(json(&[2, 1, 0, 7, 0, 2, 0, 0]).is_err());
}

#[test]
fn nesting_ends_at_100() {
    let document = |depth: usize| {
        let mut inner = vec![0, 0, 4, 0];
        for _ in 1..depth {
            let size = 7 + inner.len();
            inner = [&[1, 0][..], &(size as u16).to_le_bytes(), &[2, 7, 0], &inner].concat();
        }
        inner.insert(0, 2);
        inner
    };
    assert_eq!(json(&document(100)).unwrap(), format!("{}{}", "[".repeat(100), "]".repeat(100)));
    assert!(json(&document(101)).unwrap_err().message().contains("deeper"));
}

#[test]
fn differences_that_do_not_fit_are_refused() {
    let base = unhex("0001000f000b0001000c0c006102315d"); // {"a": "1]"}
    assert_eq!(json(&base).unwrap(), r#"{"a": "1]"}"#);
    let apply = |diffs: &[u8]| {
        let mut out = String::new();
        JsonDiffs::new(diffs).apply(&base, &mut out).map(|()| out)
    };
    let diff = |operation: u8, path: &str, value: &[u8]| {
        let mut data = vec![operation, path.len() as u8];
        data.extend_from_slice(path.as_bytes());
        if operation != 2 {
            data.push(value.len() as u8);
            data.extend_from_slice(value);
        }
        data
    };
    assert_eq!(apply(&[]).unwrap(), r#"{"a": "1]"}"#);
    assert_eq!(apply(&diff(0, "$", &[4, 1])).unwrap(), "true");
    assert_eq!(apply(&diff(1, r#"$."b\n\u00e9""#, &[4, 1])).unwrap(), "{\"a\": \"1]\", \"b\\n\u{e9}\": true}");
    assert_eq!(apply(&diff(2, "$.a", &[])).unwrap(), "{}");
    for bad in [
        diff(0, "$.b", &[4, 1]),
        diff(1, "$.a", &[4, 1]),
        diff(1, "$[0]", &[4, 1]),
        diff(2, "$.a[0]", &[]),
        diff(2, "$", &[]),
        diff(0, "a", &[4, 1]),
        diff(0, "$.\"a", &[4, 1]),
        diff(7, "$.a", &[4, 1]),
        vec![0, 3, b'$'],
    ] {
        assert!(apply(&bad).is_err(), "{bad:?}");
    }
}
