//! Every recorded case of MySQL 9.7.4: the events it wrote for the statements of other readers' test suites, against
//! what those suites and the server say the values are.
#![allow(
    missing_docs,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod common;

use std::borrow::Cow;

use common::{Owned, OwnedRow, hex, rows_of, table_of, unbase64, unhex, vectors};
use rowcast_core::event::{Rows, RowsKind};
use rowcast_core::row::ImagePolicy;
use rowcast_core::table::{SqlType, Table, TableMap};
use rowcast_core::table_map;
use serde_json::Value;

/// A peer's own wrong expectation.
const PEER_DEFECTS: [(&str, &str); 1] = [("mx-020", "datecol")];

/// Written with binlog_row_image=MINIMAL and PARTIAL_JSON.
const WITHOUT_DOCUMENT: [&str; 2] = ["gm-sql-003", "gm-sql-004"];

type Changes = Vec<(Table, Option<OwnedRow>, Option<OwnedRow>)>;

fn changes(events: &Value) -> rowcast_core::Result<Changes> {
    let mut known: Option<(TableMap, Table)> = None;
    let mut found = Vec::new();
    for event in events.as_array().unwrap() {
        let (name, body) = (event[0].as_str().unwrap(), unhex(event[1].as_str().unwrap()));
        let kind = match name {
            "TABLE_MAP" => {
                let map = table_map::parse(&body).unwrap();
                let table = table_of(&map);
                known = Some((map, table));
                continue;
            }
            "WRITE_ROWS_V2" => RowsKind::Insert,
            "UPDATE_ROWS_V2" => RowsKind::Update,
            "DELETE_ROWS_V2" => RowsKind::Delete,
            "PARTIAL_UPDATE_ROWS" => RowsKind::PartialUpdate,
            _ => continue,
        };
        let (map, table) = known.as_ref().unwrap();
        let rows = Rows { kind, version: 2, table_id: map.table_id, flags: 0, body: Cow::Borrowed(&body) };
        for (before, after) in rows_of(map, table, &rows, ImagePolicy::Partial)? {
            found.push((table.clone(), before, after));
        }
    }
    Ok(found)
}

fn expected_rows(case: &Value) -> Vec<Value> {
    if case["kind"] == "sql" {
        let rows = case["expected"].as_array().unwrap().iter();
        return rows
            .filter(|row| row["op"] != "truncate")
            .map(|row| if row.get("op").is_some() { row.get("row").unwrap_or(row).clone() } else { row.clone() })
            .collect();
    }
    let steps = case["steps"].as_array().unwrap().iter();
    let events = steps.flat_map(|step| step["expect"].as_array().cloned().unwrap_or_default());
    events.map(|event| event.get("row").or_else(|| event.get("data")).cloned().unwrap_or_default()).collect()
}

fn number(text: &str, expected: &Value) -> bool {
    expected.to_string().trim_matches('"') == text
}

fn agrees(value: &Owned, expected: &Value, sql_type: SqlType) -> bool {
    for name in ["server_text", "json_text"] {
        if let Some(text) = expected.get(name) {
            return *value == text.as_str().map_or(Owned::Null, |text| Owned::Text(text.into()));
        }
    }
    if let Some(text) = expected.get("json_text_compact") {
        let Owned::Text(value) = value else { return false };
        return value.replace(": ", ":").replace(", ", ",") == text.as_str().unwrap();
    }
    if let Some(data) = expected.pointer("/wkb/hex") {
        return matches!(value, Owned::Bytes(value) if hex(&value[4..]) == data.as_str().unwrap());
    }
    if let Some(data) = expected.get("hex").or_else(|| expected.pointer("/raw/hex")) {
        return matches!(value, Owned::Bytes(value) if hex(value) == data.as_str().unwrap());
    }
    match value {
        Owned::Null => expected.is_null(),
        Owned::Absent => false,
        Owned::Float(bits) => expected.as_f64().is_some_and(|number| (number as f32).to_bits() == *bits),
        Owned::Double(bits) => expected.as_f64().is_some_and(|number| number == f64::from_bits(*bits)),
        Owned::Bytes(value) => match expected {
            // Maxwell's text, without the padding of BINARY.
            Value::String(text) => value.starts_with(&unbase64(text)),
            _ => {
                let number = value.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
                sql_type != SqlType::Bit || expected.as_u64() == Some(number)
            }
        },
        // A peer's tree of a JSON document; other cases have its text.
        Owned::Text(_) if expected.is_object() || expected.is_array() => {
            sql_type == SqlType::Json || {
                let labels: Vec<&str> = expected.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                *value == Owned::Text(labels.join(","))
            }
        }
        Owned::Text(text) if sql_type == SqlType::Year => text.parse::<i64>().ok() == expected.as_i64(),
        Owned::Text(text) => expected.as_str().map_or_else(|| number(text, expected), |wanted| wanted == text),
        Owned::Int(value) => number(&value.to_string(), expected),
        Owned::UInt(value) => number(&value.to_string(), expected),
    }
}

#[test]
fn recorded_cases_have_the_expected_values() {
    let vectors = vectors("binlog_types");
    let events = vectors["events"].as_object().unwrap();
    let (mut wrong, mut compared, mut rows) = (Vec::new(), 0, 0);
    for case in vectors["cases"].as_array().unwrap() {
        let id = case["id"].as_str().unwrap();
        let Some(events) = events.get(id).filter(|_| !WITHOUT_DOCUMENT.contains(&id)) else { continue };
        let found = changes(events).unwrap();
        rows += found.len();
        for ((table, before, after), expected) in found.iter().zip(expected_rows(case)) {
            let values = after.as_ref().or(before.as_ref()).unwrap();
            for (name, wanted) in expected.as_object().into_iter().flatten() {
                let index = table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
                let Some(index) = index else { continue };
                if values[index] == Owned::Absent || PEER_DEFECTS.contains(&(id, name)) {
                    continue;
                }
                compared += 1;
                if !agrees(&values[index], wanted, table.columns[index].sql_type) {
                    wrong.push(format!("{id}.{name}: {:?}, expected {wanted}", values[index]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(rows > 285 && compared >= 620, "{rows} rows, {compared} values");
}

#[test]
fn json_differences_are_applied_to_the_document_of_the_before_image() {
    let updates = changes(&vectors("binlog_types")["events"]["man-054"]).unwrap();
    let (_, before, after) = updates.last().unwrap();
    let text = |row: &Option<OwnedRow>| row.as_ref().unwrap()[1].clone();
    assert_eq!(text(before), Owned::Text(r#"{"a": "aaaaaaaaaa", "b": "bbbbbbbbbb", "c": [1, 2, 3]}"#.into()));
    assert_eq!(text(after), Owned::Text(r#"{"a": "x", "b": "y", "c": [1, 3]}"#.into()));
}

#[test]
fn json_differences_without_their_document_are_refused() {
    for id in WITHOUT_DOCUMENT {
        let error = changes(&vectors("binlog_types")["events"][id]).unwrap_err();
        assert_eq!(error.code(), rowcast_core::Code::RowImagePartial, "{error}");
    }
}
