//! Tables as the plans know them (`connector/model/table.py`) and as table maps describe them (`model/events.py`).

use std::sync::Arc;

/// MySQL's column types by their SQL names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names say it
pub enum SqlType {
    TinyInt,
    SmallInt,
    MediumInt,
    Int,
    BigInt,
    Float,
    Double,
    Decimal,
    Bit,
    Year,
    Date,
    Time,
    DateTime,
    Timestamp,
    Char,
    VarChar,
    TinyText,
    Text,
    MediumText,
    LongText,
    Binary,
    VarBinary,
    TinyBlob,
    Blob,
    MediumBlob,
    LongBlob,
    Enum,
    Set,
    Json,
    Geometry,
    Vector,
}

const NAMES: [(SqlType, &str); 31] = [
    (SqlType::TinyInt, "tinyint"),
    (SqlType::SmallInt, "smallint"),
    (SqlType::MediumInt, "mediumint"),
    (SqlType::Int, "int"),
    (SqlType::BigInt, "bigint"),
    (SqlType::Float, "float"),
    (SqlType::Double, "double"),
    (SqlType::Decimal, "decimal"),
    (SqlType::Bit, "bit"),
    (SqlType::Year, "year"),
    (SqlType::Date, "date"),
    (SqlType::Time, "time"),
    (SqlType::DateTime, "datetime"),
    (SqlType::Timestamp, "timestamp"),
    (SqlType::Char, "char"),
    (SqlType::VarChar, "varchar"),
    (SqlType::TinyText, "tinytext"),
    (SqlType::Text, "text"),
    (SqlType::MediumText, "mediumtext"),
    (SqlType::LongText, "longtext"),
    (SqlType::Binary, "binary"),
    (SqlType::VarBinary, "varbinary"),
    (SqlType::TinyBlob, "tinyblob"),
    (SqlType::Blob, "blob"),
    (SqlType::MediumBlob, "mediumblob"),
    (SqlType::LongBlob, "longblob"),
    (SqlType::Enum, "enum"),
    (SqlType::Set, "set"),
    (SqlType::Json, "json"),
    (SqlType::Geometry, "geometry"),
    (SqlType::Vector, "vector"),
];

impl SqlType {
    /// The type of `information_schema.columns.data_type`.
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(sql_type, _)| *sql_type)
    }

    /// Its SQL name in lower case.
    pub fn as_str(self) -> &'static str {
        NAMES.iter().find(|(known, _)| *known == self).map_or("", |(_, name)| name)
    }
}

/// One column of one table version; the fields of `model.table.Column`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name as the table defines it.
    pub name: String,
    /// SQL type.
    pub sql_type: SqlType,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Integers, FLOAT, DOUBLE and DECIMAL only.
    pub unsigned: bool,
    /// MySQL collation name of text, ENUM and SET.
    pub collation: Option<String>,
    /// Characters (text), bytes (BINARY, VARBINARY), bits (BIT), digits (DECIMAL), dimensions (VECTOR).
    pub length: u32,
    /// DECIMAL's scale; fractional digits of TIME, DATETIME and TIMESTAMP.
    pub scale: u8,
    /// ENUM and SET.
    pub labels: Vec<String>,
    /// A generated column.
    pub generated: bool,
    /// Not in `SELECT *`.
    pub invisible: bool,
}

/// One version of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Schema name.
    pub database: String,
    /// Table name.
    pub name: String,
    /// In column order.
    pub columns: Vec<Column>,
    /// Indexes into `columns`, in key order.
    pub primary_key: Vec<usize>,
}

impl Table {
    /// `database.table`, as topics, logs and errors write it.
    pub fn qualified(&self) -> String {
        format!("{}.{}", self.database, self.name)
    }
}

/// One column as a table map describes it; None where the optional metadata does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapColumn {
    /// Field type code, the real type of ENUM and SET resolved.
    pub code: u8,
    /// Depends on the type: see `table_map::parse`.
    pub metadata: u32,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Signedness of numeric columns.
    pub unsigned: Option<bool>,
    /// Name, with `binlog_row_metadata=FULL`.
    pub name: Option<String>,
    /// Collation of text, ENUM and SET.
    pub collation_id: Option<u16>,
    /// ENUM and SET, in the column's character set.
    pub labels: Option<Vec<Vec<u8>>>,
    /// Not in `SELECT *`.
    pub invisible: bool,
}

/// Binds a table id to a table version until the next map of that id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableMap {
    /// Number of the table in rows events.
    pub table_id: u64,
    /// Schema name.
    pub database: String,
    /// Table name.
    pub table: String,
    /// In column order.
    pub columns: Vec<MapColumn>,
    /// None: the metadata is not FULL.
    pub primary_key: Option<Vec<usize>>,
}

impl TableMap {
    /// Whether `binlog_row_metadata=FULL` wrote it.
    pub fn full(&self) -> bool {
        self.columns.first().is_some_and(|column| column.name.is_some())
    }
}

/// Table maps are shared between the event reader and whoever keeps a plan for them.
pub type SharedTableMap = Arc<TableMap>;
