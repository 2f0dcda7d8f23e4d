//! Bodies of MySQL's events that carry no rows; called by the event reader. Each parser gets the body without header
//! and checksum.

use std::borrow::Cow;

use crate::charset::Charset;
use crate::collations;
use crate::cursor::{Cursor, utf8};
use crate::error::Malformed;
use crate::event::{Gtid, GtidId, GtidInterval, Query, Xid};

const CHECKSUM_SINCE: [u32; 3] = [5, 6, 1];
const ORIGINAL_TIMESTAMP: u64 = 1 << 55;
const STATUS_CHARSET: u8 = 4;
/// `SET NAMES binary` (a restored dump): what the server stores names in, which is utf8.
const BINARY_COLLATION: u16 = 63;
const EVENT_HEADER: u8 = 19;

type Parsed<T> = Result<T, Malformed>;

/// ROTATE: file name and position.
pub fn rotate(body: &[u8]) -> Parsed<(&str, u64)> {
    let mut cursor = Cursor::new(body);
    let pos = cursor.u64()?;
    Ok((utf8(cursor.rest())?, pos))
}

/// What a FORMAT_DESCRIPTION event announces.
#[derive(Clone, Copy, Debug)]
pub struct FormatDescription<'a> {
    /// As the server prints it.
    pub server_version: &'a str,
    /// 0 none, 1 CRC32.
    pub checksum_algorithm: u8,
}

/// FORMAT_DESCRIPTION: everything behind the header, the checksum included, which is there whatever the algorithm.
pub fn format_description(contents: &[u8]) -> Parsed<FormatDescription<'_>> {
    let mut cursor = Cursor::new(contents);
    match cursor.u16()? {
        4 => {}
        version => return Err(Malformed::cut(format!("binlog format {version}"))),
    }
    let name = cursor.take(50)?;
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let server_version = std::str::from_utf8(name).unwrap_or_default();
    let version = version_numbers(server_version)?;
    cursor.take(4)?; // created
    match cursor.u8()? {
        EVENT_HEADER => {}
        size => return Err(Malformed::cut(format!("event headers of {size} bytes"))),
    }
    if version < CHECKSUM_SINCE {
        return Ok(FormatDescription { server_version, checksum_algorithm: 0 });
    }
    match cursor.rest() {
        [.., algorithm, _, _, _, _] => Ok(FormatDescription { server_version, checksum_algorithm: *algorithm }),
        _ => Err(Malformed::cut("no checksum algorithm")),
    }
}

/// `8.0.mysql_aurora.3.05.2` -> [8, 0, 0]: the leading numbers only.
fn version_numbers(text: &str) -> Parsed<[u32; 3]> {
    let mut numbers = [0; 3];
    for (index, (part, number)) in text.split('.').zip(&mut numbers).enumerate() {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        match part.get(..digits).unwrap_or_default().parse() {
            Ok(parsed) => *number = parsed,
            Err(_) if index == 0 => return Err(Malformed::cut("no server version")),
            Err(_) => break,
        }
        if digits < part.len() {
            break;
        }
    }
    Ok(numbers)
}

/// GTID and ANONYMOUS_GTID: identity, logical clock, and since 8.0 commit times and transaction length.
pub fn gtid(body: &[u8], anonymous: bool) -> Parsed<Gtid<'_>> {
    let mut cursor = Cursor::new(body);
    cursor.take(1)?; // flags
    let (uuid, gno) = (cursor.array()?, cursor.i64()?);
    let id = if anonymous { GtidId::Anonymous } else { GtidId::MySql { uuid, tag: "", gno } };
    let mut gtid = plain(id);
    if cursor.left() >= 17 {
        cursor.take(1)?; // clock type
        (gtid.last_committed, gtid.sequence_number) = (cursor.i64()?, cursor.i64()?);
    }
    if cursor.left() >= 7 {
        let commit = cursor.uint(7)?;
        gtid.commit_ts_us = commit & !ORIGINAL_TIMESTAMP;
        gtid.original_commit_ts_us =
            if commit & ORIGINAL_TIMESTAMP == 0 { gtid.commit_ts_us } else { cursor.uint(7)? };
        if !cursor.is_empty() {
            gtid.transaction_length = cursor.lenenc()?;
        }
    }
    Ok(gtid)
}

pub(crate) fn plain(id: GtidId<'_>) -> Gtid<'_> {
    Gtid {
        id,
        last_committed: 0,
        sequence_number: 0,
        commit_ts_us: 0,
        original_commit_ts_us: 0,
        transaction_length: 0,
        standalone: false,
    }
}

/// GTID_TAGGED, in MySQL's own serialization format: a header (version, size, last field that must be understood), then
/// fields as (number, value); fields with default values are left out.
pub fn gtid_tagged(body: &[u8]) -> Parsed<Gtid<'_>> {
    let mut cursor = Cursor::new(body);
    match cursor.varlen()? {
        1 => {}
        version => return Err(Malformed::cut(format!("serialization version {version}"))),
    }
    let size = cursor.varlen()?;
    if size > body.len() as u64 {
        return Err(Malformed::cut(format!("a message of {size} bytes in {}", body.len())));
    }
    let must_know = cursor.varlen()?;
    let mut uuid = [0; 16];
    let (mut tag, mut gno, mut original) = ("", 0, None);
    let mut gtid = plain(GtidId::Anonymous);
    while !cursor.is_empty() {
        match cursor.varlen()? {
            0 => _ = cursor.varlen()?, // flags
            1 => {
                for byte in &mut uuid {
                    *byte = u8::try_from(cursor.varlen()?).map_err(|_| Malformed::cut("a uuid byte above 255"))?;
                }
            }
            2 => gno = cursor.varlen_signed()?,
            3 => {
                let length = crate::cursor::size(cursor.varlen()?)?;
                tag = utf8(cursor.take(length)?)?;
            }
            4 => gtid.last_committed = cursor.varlen_signed()?,
            5 => gtid.sequence_number = cursor.varlen_signed()?,
            6 => gtid.commit_ts_us = cursor.varlen()?,
            7 => original = Some(cursor.varlen()?),
            8 => gtid.transaction_length = cursor.varlen()?,
            field if field > must_know => break, // of a newer server, which says that it may be left unread
            9..=11 => _ = cursor.varlen()?,      // server versions, commit group ticket
            field => return Err(Malformed::cut(format!("unknown field {field} of a tagged GTID"))),
        }
    }
    gtid.original_commit_ts_us = original.unwrap_or(gtid.commit_ts_us);
    gtid.id = GtidId::MySql { uuid, tag, gno };
    Ok(gtid)
}

/// PREVIOUS_GTIDS: all GTIDs of earlier files. Since 8.3 with tags: byte 7 of the count is the format.
pub fn previous_gtids(body: &[u8]) -> Parsed<Vec<GtidInterval<'_>>> {
    let mut cursor = Cursor::new(body);
    let head = cursor.u64()?;
    let (tagged, count) = match head >> 56 {
        0 => (false, head),
        1 => (true, head >> 8 & 0xFFFF_FFFF_FFFF),
        format => return Err(Malformed::cut(format!("format {format} of a GTID set"))),
    };
    let mut intervals = Vec::new();
    for _ in 0..count {
        let uuid = cursor.array()?;
        let tag = if tagged {
            let length = crate::cursor::size(cursor.varlen()?)?;
            utf8(cursor.take(length)?)?
        } else {
            ""
        };
        for _ in 0..cursor.u64()? {
            let (first, end) = (cursor.u64()?, cursor.u64()?);
            if first == 0 || end <= first {
                return Err(Malformed::cut(format!("a GTID interval from {first} to before {end}")));
            }
            intervals.push(GtidInterval { uuid, tag, first, last: end - 1 });
        }
    }
    Ok(intervals)
}

/// Parts of a QUERY event that come before the statement.
pub(crate) struct QueryHeader<'a> {
    pub(crate) database: &'a str,
    pub(crate) thread_id: u32,
    pub(crate) collation_id: Option<u16>,
    pub(crate) statement: &'a [u8],
}

pub(crate) fn query_header(body: &[u8]) -> Parsed<QueryHeader<'_>> {
    let mut cursor = Cursor::new(body);
    let thread_id = cursor.u32()?;
    cursor.take(4)?; // execution time
    let database_length = usize::from(cursor.u8()?);
    cursor.take(2)?; // error code
    let status_length = usize::from(cursor.u16()?);
    let status = cursor.take(status_length)?;
    let database = utf8(cursor.take(database_length)?)?;
    cursor.take(1)?; // the terminating zero
    let collation_id = client_collation(Cursor::new(status))?;
    Ok(QueryHeader { database, thread_id, collation_id, statement: cursor.rest() })
}

/// QUERY: the statement in the client's character set, which the status variables name.
pub fn query(body: &[u8]) -> Parsed<Query<'_>> {
    let header = query_header(body)?;
    let sql = statement(header.statement, header.collation_id)?;
    Ok(Query { database: header.database, sql, thread_id: header.thread_id })
}

/// Text of a statement; a character set that nobody knows counts as utf8.
pub(crate) fn statement(sql: &[u8], collation_id: Option<u16>) -> Parsed<Cow<'_, str>> {
    let charset = collation_id.filter(|id| *id != BINARY_COLLATION).and_then(collations::charset_of_id);
    match charset.and_then(Charset::by_name) {
        None | Some(Charset::Utf8) => Ok(Cow::Borrowed(utf8(sql)?)),
        Some(charset) => {
            let mut room = String::new();
            let borrowed = match charset.decode(sql, &mut room) {
                Ok(text) => std::ptr::eq(text.as_ptr(), sql.as_ptr()),
                Err(_) => return Err(Malformed::invalid(charset.name())),
            };
            if borrowed { Ok(Cow::Borrowed(utf8(sql)?)) } else { Ok(Cow::Owned(room)) }
        }
    }
}

/// `character_set_client`'s collation id; reading stops at the first variable that is not known.
fn client_collation(mut status: Cursor<'_>) -> Parsed<Option<u16>> {
    while !status.is_empty() {
        let size = match status.u8()? {
            STATUS_CHARSET => return status.u16().map(Some),
            0 | 3 => 4,                         // flags2, auto_increment
            1 | 9 => 8,                         // sql_mode, tables of a multi-table update
            7 | 8 => 2,                         // lc_time_names, database's collation
            5 | 6 => usize::from(status.u8()?), // time zone, catalog
            2 => usize::from(status.u8()?) + 1, // catalog with a terminating zero, as MySQL 5.0 wrote it
            _ => return Ok(None),
        };
        status.take(size)?;
    }
    Ok(None)
}

/// ROWS_QUERY: the statement's text; for people, so bytes that are not UTF-8 are shown as \xNN.
pub fn rows_query(body: &[u8]) -> Parsed<Cow<'_, str>> {
    let mut cursor = Cursor::new(body);
    cursor.take(1)?; // the length, modulo 256
    Ok(escaped(cursor.rest()))
}

/// Text whose bytes that are not UTF-8 are shown as \xNN.
pub(crate) fn escaped(data: &[u8]) -> Cow<'_, str> {
    use std::fmt::Write as _;
    if let Ok(text) = std::str::from_utf8(data) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(data.len());
    for chunk in data.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            _ = write!(text, "\\x{byte:02x}");
        }
    }
    Cow::Owned(text)
}

/// HEARTBEAT_V2: file name and 64-bit position, as (type, length, value) fields ended by type 0.
pub fn heartbeat_v2(body: &[u8]) -> Parsed<(&str, u64)> {
    let mut cursor = Cursor::new(body);
    let (mut file, mut pos) = (None, None);
    while !cursor.is_empty() {
        match (cursor.u8()?, &mut cursor) {
            (0, _) => break,
            (1, cursor) => file = Some(utf8(cursor.lenenc_bytes()?)?),
            (2, cursor) => pos = Some(Cursor::new(cursor.lenenc_bytes()?).lenenc()?),
            (_, cursor) => _ = cursor.lenenc_bytes()?,
        }
    }
    match (file, pos) {
        (Some(file), Some(pos)) => Ok((file, pos)),
        _ => Err(Malformed::cut("a heartbeat without file or position")),
    }
}

/// INCIDENT: number and the server's message.
pub fn incident(body: &[u8]) -> Parsed<String> {
    let mut cursor = Cursor::new(body);
    let number = cursor.u16()?;
    let message = if cursor.is_empty() { Cow::Borrowed("") } else { String::from_utf8_lossy(cursor.u8_bytes()?) };
    let message = if message.is_empty() { "no message" } else { &message };
    Ok(format!("{message} (incident {number})"))
}

/// XA_PREPARE: the name of the transaction.
pub fn xa_prepare(body: &[u8]) -> Parsed<Xid<'_>> {
    let mut cursor = Cursor::new(body);
    let one_phase = cursor.u8()? != 0;
    let format_id = i32::from_le_bytes(cursor.array()?);
    let (gtrid, bqual) = (cursor.u32()?, cursor.u32()?);
    let (gtrid, bqual) = (cursor.take(gtrid as usize)?, cursor.take(bqual as usize)?);
    Ok(Xid { one_phase, format_id, gtrid, bqual })
}
