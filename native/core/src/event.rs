//! What the reader makes of binlog bytes. Shapes follow MySQL's own event names; everything borrows from the reader's
//! buffer, so an event is used before the next one is taken.

use std::borrow::Cow;
use std::fmt;

use crate::table::SharedTableMap;

/// The common header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventHeader {
    /// Seconds since the epoch.
    pub timestamp: u32,
    /// Event type code.
    pub kind: u8,
    /// Server that wrote the event first.
    pub server_id: u32,
    /// Whole event in bytes, header and checksum included.
    pub size: u32,
    /// The low 32 bits of the position after the event; 0 for artificial events.
    pub end_pos: u32,
    /// See `event_type`.
    pub flags: u16,
}

impl EventHeader {
    /// Bytes of a header.
    pub const SIZE: usize = 19;

    /// The header of an event; None when the event is shorter than one.
    #[inline]
    pub fn parse(event: &[u8]) -> Option<Self> {
        let [t0, t1, t2, t3, kind, i0, i1, i2, i3, s0, s1, s2, s3, p0, p1, p2, p3, f0, f1] = *event.first_chunk()?;
        Some(Self {
            timestamp: u32::from_le_bytes([t0, t1, t2, t3]),
            kind,
            server_id: u32::from_le_bytes([i0, i1, i2, i3]),
            size: u32::from_le_bytes([s0, s1, s2, s3]),
            end_pos: u32::from_le_bytes([p0, p1, p2, p3]),
            flags: u16::from_le_bytes([f0, f1]),
        })
    }
}

/// One event and where it lies.
#[derive(Clone, Debug, PartialEq)]
pub struct BinlogEvent<'a> {
    /// Its header; inside a compressed transaction the inner one.
    pub header: EventHeader,
    /// File it lies in.
    pub file: &'a str,
    /// Where it begins, 64 bits wide; inside a compressed transaction where that begins.
    pub start: u64,
    /// Where the next event begins; inside a compressed transaction where the event after all of it begins.
    pub end: u64,
    /// Its contents.
    pub event: Event<'a>,
}

/// Contents of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// The stream goes on in this file, at this position.
    Rotate {
        /// File name.
        file: &'a str,
        /// Position in it.
        pos: u64,
    },
    /// A file begins; what was known of table ids is void.
    FormatDescription {
        /// As the server prints it.
        server_version: &'a str,
    },
    /// A transaction begins.
    Gtid(Gtid<'a>),
    /// A statement: BEGIN, COMMIT, XA ..., DDL.
    Query(Query<'a>),
    /// The transaction is complete.
    Commit {
        /// The storage engine's transaction number.
        xid: u64,
    },
    /// The transaction is prepared; a later one commits it or rolls it back.
    XaPrepare(Xid<'a>),
    /// A table id and the version it stands for; the same pointer while the version stays.
    TableMap(SharedTableMap),
    /// Changed rows.
    Rows(Rows<'a>),
    /// The statement's text; for people.
    RowsQuery(Cow<'a, str>),
    /// The source is idle; where the end of its binlog is.
    Heartbeat {
        /// File name.
        file: &'a str,
        /// Position in it.
        pos: u64,
    },
    /// GTIDs of all earlier files.
    PreviousGtids(Vec<GtidInterval<'a>>),
    /// A compressed transaction begins; its events follow as if they were not compressed.
    TransactionPayload {
        /// Bytes that its events will have, as the server says.
        uncompressed_size: u64,
    },
    /// An event without consequence for rows.
    Ignored,
}

/// Who numbered a transaction, and the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GtidId<'a> {
    /// uuid:gno or uuid:tag:gno.
    MySql {
        /// The server.
        uuid: [u8; 16],
        /// Empty without a tag.
        tag: &'a str,
        /// From 1.
        gno: i64,
    },
    /// domain-server-sequence.
    MariaDb {
        /// Replication domain.
        domain: u32,
        /// Server that wrote it first.
        server_id: u32,
        /// From 1.
        sequence: u64,
    },
    /// A transaction of a server whose `gtid_mode` is not ON.
    Anonymous,
}

impl fmt::Display for GtidId<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MySql { uuid, tag, gno } => {
                write_uuid(out, *uuid)?;
                if tag.is_empty() { write!(out, ":{gno}") } else { write!(out, ":{tag}:{gno}") }
            }
            Self::MariaDb { domain, server_id, sequence } => write!(out, "{domain}-{server_id}-{sequence}"),
            Self::Anonymous => out.write_str("ANONYMOUS"),
        }
    }
}

fn write_uuid(out: &mut fmt::Formatter<'_>, uuid: [u8; 16]) -> fmt::Result {
    let text = uuid_text(uuid);
    out.write_str(std::str::from_utf8(&text).unwrap_or_default())
}

/// 36 characters, lower case.
pub fn uuid_text(uuid: [u8; 16]) -> [u8; 36] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or(b'0');
    let mut text = [b'-'; 36];
    let mut places = text.iter_mut();
    for (index, byte) in uuid.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            places.next();
        }
        for half in [byte >> 4, byte & 15] {
            if let Some(place) = places.next() {
                *place = digit(half);
            }
        }
    }
    text
}

/// Start of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gtid<'a> {
    /// Its name.
    pub id: GtidId<'a>,
    /// Logical clock: commit parent.
    pub last_committed: i64,
    /// Logical clock.
    pub sequence_number: i64,
    /// Commit time at the server read from, microseconds since the epoch; 0 when unknown.
    pub commit_ts_us: u64,
    /// Commit time at the server where the transaction began; equal to the other when that is the same server.
    pub original_commit_ts_us: u64,
    /// Bytes of the whole transaction, 0 when unknown.
    pub transaction_length: u64,
    /// MariaDB: the next event is the whole transaction (DDL), no COMMIT follows.
    pub standalone: bool,
}

/// A run of GTIDs, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GtidInterval<'a> {
    /// The server.
    pub uuid: [u8; 16],
    /// Empty without a tag.
    pub tag: &'a str,
    /// First number.
    pub first: u64,
    /// Last number.
    pub last: u64,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query<'a> {
    /// The session's default database.
    pub database: &'a str,
    /// The text, from the client's character set.
    pub sql: Cow<'a, str>,
    /// Connection that sent it.
    pub thread_id: u32,
}

/// Name of an XA transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Xid<'a> {
    /// XA COMMIT ... ONE PHASE: the transaction ends here.
    pub one_phase: bool,
    /// Format id.
    pub format_id: i32,
    /// Global transaction id: any bytes.
    pub gtrid: &'a [u8],
    /// Branch qualifier: any bytes.
    pub bqual: &'a [u8],
}

impl fmt::Display for Xid<'_> {
    /// As the server writes it in statements: X'..',X'..',format.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = |out: &mut fmt::Formatter<'_>, bytes: &[u8]| {
            out.write_str("X'")?;
            bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))?;
            out.write_str("'")
        };
        hex(out, self.gtrid)?;
        out.write_str(",")?;
        hex(out, self.bqual)?;
        write!(out, ",{}", self.format_id)
    }
}

/// What a rows event does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsKind {
    /// One image a row.
    Insert,
    /// Two images a row.
    Update,
    /// One image a row.
    Delete,
    /// Two images a row; JSON columns of the second may be differences.
    PartialUpdate,
}

/// A rows event; its rows are visited with `row::RowReader`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<'a> {
    /// What it does.
    pub kind: RowsKind,
    /// Layout of the post-header: 1 or 2.
    pub version: u8,
    /// Which table map describes the rows.
    pub table_id: u64,
    /// Bit 0: end of statement; bit 1: `foreign_key_checks=0`; others are to be ignored.
    pub flags: u16,
    /// Post-header and rows, checksum removed; owned when it was compressed by itself (MariaDB).
    pub body: Cow<'a, [u8]>,
}
