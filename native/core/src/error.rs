//! Every error of this crate: a code of `connector/model/errors.py`, what happened, and where.
//!
//! The shim looks the Python class up by `Code::as_str`; hint and disposition belong to that class.

use std::borrow::Cow;
use std::fmt;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Which class of `connector/model/errors.py` an error becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// Bytes that the server cannot have meant: lengths, checksums, order.
    BinlogCorrupt,
    /// An event type, a column type or an algorithm that is not decoded.
    BinlogEventUnsupported,
    /// The source logged an incident: its binlog has a gap.
    BinlogIncident,
    /// The server ended the stream.
    SourceConnectionLost,
    /// The server sent an ERR packet; context `errno`, `sqlstate`: `server_errors.py` finds the class.
    ServerError,
    /// A setting of the source under which its binlog cannot be followed.
    SourceSettingUnsupported,
    /// Columns are missing in a row image.
    RowImagePartial,
    /// A rows event without a table map.
    TableMapUnknown,
    /// The table is not the version that the table map describes.
    SchemaMismatch,
    /// A cell's bytes are no value of its type.
    ValueUndecodable,
    /// A row's values have no keyspace id.
    VindexUnmappable,
    /// Text whose place in its collation's order is not known.
    CollationUnsupported,
    /// Row changes are in the binlog as text.
    BinlogStatement,
    /// A value that its topic's format cannot hold.
    ValueUnrepresentable,
    /// The stored position does not fit the configuration or the binlog.
    ResumeMismatch,
    /// A row image that is not what its schema says.
    MessageInvalid,
    /// An answer, not a failure: only the Python path can do it.
    NotNative,
    /// A defect of rowcast.
    Internal,
}

impl Code {
    /// The code as the Python classes have it. `SERVER_ERROR` is no class: see `Code::ServerError`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BinlogCorrupt => "BINLOG_CORRUPT",
            Self::BinlogEventUnsupported => "BINLOG_EVENT_UNSUPPORTED",
            Self::BinlogIncident => "BINLOG_INCIDENT",
            Self::SourceConnectionLost => "SOURCE_CONNECTION_LOST",
            Self::ServerError => "SERVER_ERROR",
            Self::SourceSettingUnsupported => "SOURCE_SETTING_UNSUPPORTED",
            Self::RowImagePartial => "ROW_IMAGE_PARTIAL",
            Self::TableMapUnknown => "TABLE_MAP_UNKNOWN",
            Self::SchemaMismatch => "SCHEMA_MISMATCH",
            Self::ValueUndecodable => "VALUE_UNDECODABLE",
            Self::VindexUnmappable => "VINDEX_UNMAPPABLE",
            Self::CollationUnsupported => "COLLATION_UNSUPPORTED",
            Self::BinlogStatement => "BINLOG_STATEMENT",
            Self::ValueUnrepresentable => "VALUE_UNREPRESENTABLE",
            Self::ResumeMismatch => "RESUME_MISMATCH",
            Self::MessageInvalid => "MESSAGE_INVALID",
            Self::NotNative => "NOT_NATIVE",
            Self::Internal => "INTERNAL",
        }
    }
}

/// One error. One pointer wide, so that results stay small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    code: Code,
    what: Cow<'static, str>,
    hint: Option<&'static str>,
    context: Vec<(&'static str, String)>,
}

impl Error {
    /// An error without context; `what` never holds values of rows or secrets.
    #[cold]
    pub fn new(code: Code, what: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner { code, what: what.into(), hint: None, context: Vec::new() }))
    }

    /// Add where it happened. The first value of a name stays: inner functions know better.
    #[cold]
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        if !self.0.context.iter().any(|(known, _)| *known == name) {
            self.0.context.push((name, value.to_string()));
        }
        self
    }

    /// Replace the class's hint by one that fits this case.
    #[must_use]
    pub fn hint(mut self, hint: &'static str) -> Self {
        self.0.hint = Some(hint);
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What happened, one sentence.
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// The specific hint, if there is one.
    pub fn specific_hint(&self) -> Option<&'static str> {
        self.0.hint
    }

    /// Where it happened: file, pos, event, table, column, ...
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.0.context
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.0.code.as_str(), self.0.what)?;
        for (index, (name, value)) in self.0.context.iter().enumerate() {
            write!(out, "{}{name}={value}", if index == 0 { " (" } else { ", " })?;
        }
        if self.0.context.is_empty() { Ok(()) } else { out.write_str(")") }
    }
}

impl std::error::Error for Error {}

/// Why the bytes of one event, table map or cell make no sense; the caller adds where and makes an `Error` of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The bytes end before the value does, or a length in them is impossible.
    Cut(Cow<'static, str>),
    /// The bytes are there, and are no value of the type.
    Invalid(Cow<'static, str>),
    /// A type or algorithm nobody here knows.
    Unknown(Cow<'static, str>),
}

impl Malformed {
    /// `Cut` with a message.
    #[cold]
    pub fn cut(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Cut(what.into())
    }

    /// `Invalid` with a message.
    #[cold]
    pub fn invalid(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid(what.into())
    }

    /// `Unknown` with a message.
    #[cold]
    pub fn unknown(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Unknown(what.into())
    }

    /// The message.
    pub fn message(&self) -> &str {
        match self {
            Self::Cut(what) | Self::Invalid(what) | Self::Unknown(what) => what,
        }
    }
}
