//! Messages of stream topics, byte for byte as `connector/encode/stream.py` writes them (`schemas/stream.avsc`).

use crate::avro;

/// Branches of `body` in the order of stream.avsc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum Branch {
    /// A source transaction's rows, or one part of them.
    Transaction = 0,
    /// Rows of the copy phase.
    Copy = 1,
    /// A DDL statement.
    Ddl = 2,
    /// Nothing happened, or nothing for this shard.
    Heartbeat = 4,
    /// All tables are copied.
    CopyCompleted = 6,
}

/// What every message begins with.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Registry id of stream.avsc.
    pub schema_id: u32,
    /// The partition's own counter.
    pub seq: i64,
    /// Number of the part.
    pub part: i64,
    /// The last part.
    pub last: bool,
    /// Executed set, flavour-encoded.
    pub position: &'a str,
    /// The transaction.
    pub gtid: &'a str,
    /// Commit time at the source, microseconds since the epoch.
    pub commit_ts_us: i64,
    /// Time of sending, microseconds since the epoch.
    pub sent_ts_us: i64,
    /// Logical clock.
    pub commit_parent: i64,
    /// Logical clock.
    pub sequence_number: i64,
    /// CRC-32 of the images in order, 0 without images.
    pub crc32: u32,
    /// What follows.
    pub branch: Branch,
}

impl Head<'_> {
    /// Append everything up to the body's fields.
    pub fn write(&self, out: &mut Vec<u8>) {
        avro::framed(out, self.schema_id);
        avro::long(out, self.seq);
        avro::long(out, self.part);
        avro::boolean(out, self.last);
        avro::bytes(out, self.position.as_bytes());
        avro::bytes(out, self.gtid.as_bytes());
        avro::long(out, self.commit_ts_us);
        avro::long(out, self.sent_ts_us);
        avro::long(out, self.commit_parent);
        avro::long(out, self.sequence_number);
        avro::long(out, i64::from(self.crc32));
        avro::long(out, self.branch as i64);
    }
}

/// Items of an array that are encoded already, in one block.
pub fn array(out: &mut Vec<u8>, count: usize, items: &[u8]) {
    if count > 0 {
        avro::size(out, count);
        out.extend_from_slice(items);
    }
    out.push(0);
}

/// One row change. `table` = registry id of its row schema.
pub fn change(out: &mut Vec<u8>, table: u32, flags: u16, before: Option<&[u8]>, after: Option<&[u8]>) {
    avro::long(out, i64::from(table));
    avro::long(out, i64::from(flags));
    for image in [before, after] {
        match image {
            None => out.push(avro::NULL),
            Some(image) => avro::some_bytes(out, image),
        }
    }
    out.extend_from_slice(&[avro::NULL, avro::NULL]); // columns, json_diff: images are whole
}
