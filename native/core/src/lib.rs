//! Bytes of the MySQL replication stream to events and rows, without I/O.
//!
//! The Python room `connector/decode` is the specification: same values, same errors. See native/README.md.
#![forbid(unsafe_code)]

pub mod avro;
pub mod bound;
pub mod cell;
pub mod charset;
#[rustfmt::skip]
mod collation_ids;
pub mod collations;
pub mod compare;
pub mod control;
pub mod cursor;
pub mod decimal;
pub mod envelope;
pub mod error;
pub mod evaluate;
pub mod event;
pub mod event_type;
pub mod field_type;
pub mod form;
pub mod framing;
pub mod gtid_set;
pub mod item;
pub mod json;
pub mod json_writer;
pub mod mariadb;
pub mod message;
pub mod number;
pub mod outbox;
pub mod payload;
pub mod plan;
mod progress;
pub mod reader;
pub mod record;
pub mod row;
pub mod sql;
pub mod statement;
pub mod table;
pub mod table_map;
pub mod temporal;
pub mod transcoder;
pub mod vindex;

pub use error::{Code, Error, Result};
