//! Tables from table maps; also used by the fuzz targets.

use rowcast_core::charset::Charset;
use rowcast_core::collations::charset_of_id;
use rowcast_core::field_type as ft;
use rowcast_core::table::{Column, MapColumn, SqlType, Table, TableMap};

/// The table that a map with FULL metadata describes; with MINIMAL metadata columns are c0, c1, ...
pub fn table_of(map: &TableMap) -> Table {
    let columns = map.columns.iter().enumerate().map(|(index, mapped)| column_of(mapped, index)).collect();
    let primary_key = map.primary_key.clone().unwrap_or_default();
    Table { database: map.database.clone(), name: map.table.clone(), columns, primary_key }
}

fn column_of(mapped: &MapColumn, index: usize) -> Column {
    let charset = mapped.collation_id.map(|id| charset_of_id(id).unwrap_or("utf8mb4"));
    let binary = charset == Some("binary");
    let sql_type = match mapped.code {
        ft::TINY => SqlType::TinyInt,
        ft::SHORT => SqlType::SmallInt,
        ft::INT24 => SqlType::MediumInt,
        ft::LONG => SqlType::Int,
        ft::LONGLONG => SqlType::BigInt,
        ft::FLOAT => SqlType::Float,
        ft::DOUBLE => SqlType::Double,
        ft::DECIMAL => SqlType::Decimal,
        ft::BIT => SqlType::Bit,
        ft::YEAR => SqlType::Year,
        ft::DATE | ft::NEWDATE => SqlType::Date,
        ft::TIME | ft::TIME_OLD => SqlType::Time,
        ft::DATETIME | ft::DATETIME_OLD => SqlType::DateTime,
        ft::TIMESTAMP | ft::TIMESTAMP_OLD => SqlType::Timestamp,
        ft::ENUM => SqlType::Enum,
        ft::SET => SqlType::Set,
        ft::JSON => SqlType::Json,
        ft::GEOMETRY => SqlType::Geometry,
        ft::VECTOR => SqlType::Vector,
        ft::STRING => {
            if binary {
                SqlType::Binary
            } else {
                SqlType::Char
            }
        }
        ft::BLOB => {
            if binary {
                SqlType::Blob
            } else {
                SqlType::Text
            }
        }
        _ => {
            if binary {
                SqlType::VarBinary
            } else {
                SqlType::VarChar
            }
        }
    };
    let is_text = matches!(sql_type, SqlType::Char | SqlType::VarChar | SqlType::Text | SqlType::Enum | SqlType::Set);
    let charset = charset.filter(|charset| is_text && *charset != "binary");
    let labels = mapped.labels.iter().flatten().map(|label| {
        let mut room = String::new();
        let set = Charset::by_name(charset.unwrap_or("utf8mb4")).unwrap();
        set.decode(label, &mut room).unwrap_or("?").to_owned()
    });
    Column {
        name: mapped.name.clone().unwrap_or_else(|| format!("c{index}")),
        sql_type,
        nullable: mapped.nullable,
        unsigned: mapped.unsigned.unwrap_or_default(),
        collation: charset.map(|charset| format!("{charset}_general_ci")),
        length: 0,
        scale: 0,
        labels: labels.collect(),
        generated: false,
        invisible: mapped.invisible,
    }
}
