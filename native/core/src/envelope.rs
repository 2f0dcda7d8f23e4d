//! Change events of table topics: Debezium's envelope in Avro or JSON, its keys, tombstones and key changes, byte for
//! byte as `connector/encode/envelope.py` writes them. Schemas and what they put around a payload come from Python.

use std::ops::Range;

use crate::avro::{self, NULL, Row, SOME};
use crate::error::Result;
use crate::form::{ColumnForm, FormSpace};
use crate::json_writer as json;
use crate::number;
use crate::outbox::Outbox;
use crate::plan::Plan;
use crate::record::Record;
use crate::row::Scratch;

const NEW_KEY: &str = "__debezium.newkey";
const OLD_KEY: &str = "__debezium.oldkey";

/// How payloads are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Behind Confluent's prefix.
    Avro,
    /// With or without a schema around it.
    Json,
}

/// What all table topics of a stream have in common.
#[derive(Clone, Debug)]
pub struct EnvelopeOptions {
    /// `source.name`.
    pub prefix: String,
    /// `source.version`.
    pub connector_version: String,
    /// A record without value behind every delete.
    pub tombstones: bool,
    /// Of keys.
    pub key_format: Format,
    /// Of values.
    pub value_format: Format,
    /// Topic of heartbeats.
    pub heartbeat_topic: String,
    /// Key of heartbeats.
    pub heartbeat_key: Vec<u8>,
    /// What comes before the time in a heartbeat's value, and behind it.
    pub heartbeat_around: (Vec<u8>, Vec<u8>),
}

impl EnvelopeOptions {
    /// The heartbeat of this moment.
    pub fn heartbeat(&self, outbox: &mut Outbox) {
        let topic = outbox.topic(&self.heartbeat_topic);
        let now_ms = outbox.now_us.div_euclid(1000);
        let key = outbox.write(|out| out.extend_from_slice(&self.heartbeat_key));
        let value = outbox.write(|out| {
            out.extend_from_slice(&self.heartbeat_around.0);
            match self.value_format {
                Format::Avro => avro::long(out, now_ms),
                Format::Json => number::signed(out, now_ms),
            }
            out.extend_from_slice(&self.heartbeat_around.1);
        });
        outbox.record(Record { topic, partition: 0, key: Some(key), value: Some(value), header: None });
    }
}

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Inserted.
    Create,
    /// Updated.
    Update,
    /// Deleted.
    Delete,
    /// Copied.
    Read,
}

impl Operation {
    const fn letter(self) -> &'static str {
        match self {
            Self::Create => "c",
            Self::Update => "u",
            Self::Delete => "d",
            Self::Read => "r",
        }
    }
}

/// Where the rows of one event came from; a snapshot has neither GTID nor thread.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// Commit time, microseconds since the epoch.
    pub ts_us: i64,
    /// Rows of the copy phase.
    pub snapshot: bool,
    /// Server that wrote the event first.
    pub server_id: u32,
    /// The transaction.
    pub gtid: Option<&'a str>,
    /// Binlog coordinates of the event.
    pub file: &'a str,
    /// Binlog coordinates of the event.
    pub pos: u64,
    /// Connection that made the change.
    pub thread: Option<u32>,
}

/// Memory of the encoder, and the `source` struct of the event at hand: written once for all its rows.
#[derive(Debug, Default)]
pub struct EnvelopeSpace {
    before_row: Vec<u8>,
    after_row: Vec<u8>,
    cell: Scratch,
    form: FormSpace,
}

/// What surrounds a payload.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// Before it: Confluent's prefix, or a JSON schema.
    pub start: Vec<u8>,
    /// Behind it.
    pub end: Vec<u8>,
}

/// Turns row changes of one table version into the records of its table topic.
#[derive(Debug)]
pub struct TableEncoder {
    topic: String,
    database: String,
    table: String,
    options: EnvelopeOptions,
    key_around: Around,
    value_around: Around,
    /// Source column and form of every output column.
    columns: Vec<(usize, ColumnForm)>,
    /// Of the primary key; empty when there is none.
    key: Vec<(usize, ColumnForm)>,
}

impl TableEncoder {
    /// `value_around` encloses the payload without its first brace and member name.
    pub fn new(plan: &Plan, options: &EnvelopeOptions, topic: &str, key_around: Around, value_around: Around) -> Self {
        let qualified = plan.source.qualified();
        let form = |column: &usize| {
            plan.source.columns.get(*column).map(|known| (*column, ColumnForm::new(known, &qualified)))
        };
        Self {
            topic: topic.to_owned(),
            database: plan.source.database.clone(),
            table: plan.source.name.clone(),
            options: options.clone(),
            key_around,
            value_around,
            columns: plan.projection.iter().filter_map(form).collect(),
            key: plan.output_key.iter().filter_map(|output| form(plan.projection.get(*output)?)).collect(),
        }
    }

    /// An event begins: the rows that follow come from there.
    pub fn origin(&self, origin: &Origin<'_>, space: &mut EnvelopeSpace) {
        space.before_row.clear();
        space.after_row.clear();
        let (before, after) = (&mut space.before_row, &mut space.after_row);
        match self.options.value_format {
            Format::Avro => self.avro_source(origin, before, after),
            Format::Json => self.json_source(origin, before, after),
        }
    }

    fn avro_source(&self, origin: &Origin<'_>, before: &mut Vec<u8>, after: &mut Vec<u8>) {
        avro::bytes(before, self.options.connector_version.as_bytes());
        avro::bytes(before, b"mysql");
        avro::bytes(before, self.options.prefix.as_bytes());
        avro::long(before, origin.ts_us.div_euclid(1000));
        // `snapshot` has a default, so its union is [string, null]; Debezium leaves it null in streamed rows.
        if origin.snapshot {
            before.push(0);
            avro::bytes(before, b"true");
        } else {
            before.push(2);
        }
        avro::bytes(before, self.database.as_bytes());
        before.push(NULL); // sequence
        avro::some_long(before, origin.ts_us);
        avro::some_long(before, origin.ts_us.wrapping_mul(1000));
        avro::some_bytes(before, self.table.as_bytes());
        avro::long(before, i64::from(origin.server_id));
        match origin.gtid {
            None => before.push(NULL),
            Some(gtid) => avro::some_bytes(before, gtid.as_bytes()),
        }
        avro::bytes(before, origin.file.as_bytes());
        avro::long(before, origin.pos as i64);
        match origin.thread {
            None => after.push(NULL),
            Some(thread) => avro::some_long(after, i64::from(thread)),
        }
        after.push(NULL); // query
    }

    fn json_source(&self, origin: &Origin<'_>, before: &mut Vec<u8>, after: &mut Vec<u8>) {
        let optional = |out: &mut Vec<u8>, text: Option<&str>| match text {
            None => out.extend_from_slice(b"null"),
            Some(text) => json::string(out, text),
        };
        before.extend_from_slice(b"{\"version\":");
        json::string(before, &self.options.connector_version);
        before.extend_from_slice(b",\"connector\":\"mysql\",\"name\":");
        json::string(before, &self.options.prefix);
        before.extend_from_slice(b",\"ts_ms\":");
        number::signed(before, origin.ts_us.div_euclid(1000));
        before.extend_from_slice(if origin.snapshot { b",\"snapshot\":\"true\"" } else { b",\"snapshot\":\"false\"" });
        before.extend_from_slice(b",\"db\":");
        json::string(before, &self.database);
        before.extend_from_slice(b",\"sequence\":null,\"ts_us\":");
        number::signed(before, origin.ts_us);
        before.extend_from_slice(b",\"ts_ns\":");
        number::signed(before, origin.ts_us.wrapping_mul(1000));
        before.extend_from_slice(b",\"table\":");
        json::string(before, &self.table);
        before.extend_from_slice(b",\"server_id\":");
        number::unsigned(before, u64::from(origin.server_id));
        before.extend_from_slice(b",\"gtid\":");
        optional(before, origin.gtid);
        before.extend_from_slice(b",\"file\":");
        json::string(before, origin.file);
        before.extend_from_slice(b",\"pos\":");
        number::unsigned(before, origin.pos);
        before.extend_from_slice(b",\"row\":");
        after.extend_from_slice(b",\"thread\":");
        match origin.thread {
            None => after.extend_from_slice(b"null"),
            Some(thread) => number::unsigned(after, u64::from(thread)),
        }
        after.extend_from_slice(b",\"query\":null}");
    }

    /// The records of one changed row, in the order in which they must be sent: an update that changes the primary key
    /// becomes delete, tombstone and create. `index` = the row's number in its event.
    ///
    /// `VALUE_UNREPRESENTABLE`, `INTERNAL`, and errors of decoding a cell.
    pub fn records<R: Row>(
        &self,
        before: Option<&R>,
        after: Option<&R>,
        operation: Operation,
        index: u32,
        space: &mut EnvelopeSpace,
        outbox: &mut Outbox,
    ) -> Result<()> {
        let topic = outbox.topic(&self.topic);
        let old_key = self.key(before, space, outbox)?;
        let new_key = self.key(after, space, outbox)?;
        let moved = match (&old_key, &new_key) {
            (Some(old), Some(new)) => outbox.slice(old) != outbox.slice(new),
            _ => false,
        };
        let tombstones = self.options.tombstones && !self.key.is_empty();
        let send = |outbox: &mut Outbox, key: &Option<Range<usize>>, value, header| {
            outbox.record(Record { topic, partition: -1, key: key.clone(), value, header });
        };
        if !moved {
            let value = self.value(before, after, operation, index, space, outbox)?;
            let key = if after.is_none() { &old_key } else { &new_key };
            send(outbox, key, Some(value), None);
            if after.is_none() && tombstones {
                send(outbox, key, None, None);
            }
            return Ok(());
        }
        let to = self.key_object(after, space, outbox)?.map(|range| (NEW_KEY, range));
        let from = self.key_object(before, space, outbox)?.map(|range| (OLD_KEY, range));
        let delete = self.value(before, None, Operation::Delete, index, space, outbox)?;
        let create = self.value(None, after, Operation::Create, index, space, outbox)?;
        send(outbox, &old_key, Some(delete), to.clone());
        if tombstones {
            send(outbox, &old_key, None, to);
        }
        send(outbox, &new_key, Some(create), from);
        Ok(())
    }

    fn key<R: Row>(
        &self,
        row: Option<&R>,
        space: &mut EnvelopeSpace,
        outbox: &mut Outbox,
    ) -> Result<Option<Range<usize>>> {
        let Some(row) = row.filter(|_| !self.key.is_empty()) else { return Ok(None) };
        let range = outbox.try_write(|out| {
            out.extend_from_slice(&self.key_around.start);
            match self.options.key_format {
                Format::Avro => avro_row(&self.key, row, space, out)?,
                Format::Json => json_row(&self.key, row, space, out)?,
            }
            out.extend_from_slice(&self.key_around.end);
            Ok(())
        })?;
        Ok(Some(range))
    }

    /// The key as a plain JSON object, for headers.
    fn key_object<R: Row>(
        &self,
        row: Option<&R>,
        space: &mut EnvelopeSpace,
        outbox: &mut Outbox,
    ) -> Result<Option<Range<usize>>> {
        row.map(|row| outbox.try_write(|out| json_row(&self.key, row, space, out))).transpose()
    }

    fn value<R: Row>(
        &self,
        before: Option<&R>,
        after: Option<&R>,
        operation: Operation,
        index: u32,
        space: &mut EnvelopeSpace,
        outbox: &mut Outbox,
    ) -> Result<Range<usize>> {
        let now_us = outbox.now_us;
        outbox.try_write(|out| {
            out.extend_from_slice(&self.value_around.start);
            match self.options.value_format {
                Format::Avro => {
                    for row in [before, after] {
                        match row {
                            None => out.push(NULL),
                            Some(row) => {
                                out.push(SOME);
                                avro_row(&self.columns, row, space, out)?;
                            }
                        }
                    }
                    out.extend_from_slice(&space.before_row);
                    avro::long(out, i64::from(index));
                    out.extend_from_slice(&space.after_row);
                    out.push(NULL); // transaction
                    avro::bytes(out, operation.letter().as_bytes());
                    for time in [now_us.div_euclid(1000), now_us, now_us.wrapping_mul(1000)] {
                        avro::some_long(out, time);
                    }
                }
                Format::Json => {
                    optional_json_row(&self.columns, before, space, out)?;
                    out.extend_from_slice(b",\"after\":");
                    optional_json_row(&self.columns, after, space, out)?;
                    out.extend_from_slice(b",\"source\":");
                    out.extend_from_slice(&space.before_row);
                    number::unsigned(out, u64::from(index));
                    out.extend_from_slice(&space.after_row);
                    out.extend_from_slice(b",\"transaction\":null,\"op\":\"");
                    out.extend_from_slice(operation.letter().as_bytes());
                    out.extend_from_slice(b"\",\"ts_ms\":");
                    number::signed(out, now_us.div_euclid(1000));
                    out.extend_from_slice(b",\"ts_us\":");
                    number::signed(out, now_us);
                    out.extend_from_slice(b",\"ts_ns\":");
                    number::signed(out, now_us.wrapping_mul(1000));
                }
            }
            out.extend_from_slice(&self.value_around.end);
            Ok(())
        })
    }
}

fn avro_row(
    columns: &[(usize, ColumnForm)],
    row: &impl Row,
    space: &mut EnvelopeSpace,
    out: &mut Vec<u8>,
) -> Result<()> {
    for (column, form) in columns {
        form.avro(row.cell(*column, &mut space.cell)?, &mut space.form, out)?;
    }
    Ok(())
}

fn optional_json_row<R: Row>(
    columns: &[(usize, ColumnForm)],
    row: Option<&R>,
    space: &mut EnvelopeSpace,
    out: &mut Vec<u8>,
) -> Result<()> {
    if let Some(row) = row {
        return json_row(columns, row, space, out);
    }
    out.extend_from_slice(b"null");
    Ok(())
}

fn json_row(
    columns: &[(usize, ColumnForm)],
    row: &impl Row,
    space: &mut EnvelopeSpace,
    out: &mut Vec<u8>,
) -> Result<()> {
    out.push(b'{');
    for (index, (column, form)) in columns.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(form.member());
        form.json(row.cell(*column, &mut space.cell)?, &mut space.form, out)?;
    }
    out.push(b'}');
    Ok(())
}
