//! The replication stream, chunk by chunk, to typed events (pull: push a chunk, take events until None).
//!
//! Checks every event's length and checksum, follows the position in 64 bits, and refuses what it cannot decode: no
//! event is skipped unless its type has no consequence for rows, or the server marked it as ignorable.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::control;
use crate::cursor::{Cursor, little_endian};
use crate::error::{Code, Error, Malformed, Result};
use crate::event::{BinlogEvent, Event, EventHeader, Rows, RowsKind};
use crate::event_type as types;
use crate::framing::{Found, PacketReader};
use crate::mariadb;
use crate::payload::Payload;
use crate::table::SharedTableMap;
use crate::table_map;

const HEADER_BYTES: usize = EventHeader::SIZE;
const CHECKSUM_BYTES: usize = 4;
/// A rows event without table and rows that only ends a statement.
const DUMMY_TABLE_ID: u64 = 0xFF_FFFF;
const TABLE_MAPS_KEPT: usize = 1024;

/// Bytes in, events out.
#[derive(Debug, Default)]
pub struct EventReader {
    packets: PacketReader,
    payload: Option<Payload>,
    state: State,
}

/// What the reader knows beside the bytes.
#[derive(Debug, Default)]
struct State {
    file: String,
    /// Where the last event began, and where the next one begins.
    start: u64,
    pos: u64,
    /// Unknown until the first FORMAT_DESCRIPTION.
    checksum: Option<Checksum>,
    /// By table id: the body that was parsed, and what it says.
    table_maps: HashMap<u64, (Box<[u8]>, SharedTableMap)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Checksum {
    None,
    Crc32,
}

/// Where the bytes of the next event are.
enum Source {
    Packets(Found),
    Payload(usize),
}

impl EventReader {
    /// A reader at the beginning of a dump.
    pub fn new() -> Self {
        Self::default()
    }

    /// Add bytes as the socket returned them; borders may be anywhere.
    pub fn push(&mut self, chunk: &[u8]) {
        self.packets.push(chunk);
    }

    /// File in which the next event begins.
    pub fn file(&self) -> &str {
        &self.state.file
    }

    /// Where the next event begins; inside a compressed transaction where the event after all of it begins.
    pub fn pos(&self) -> u64 {
        self.state.pos
    }

    /// Bytes that were pushed and not taken.
    pub fn held(&self) -> usize {
        self.packets.held()
    }

    /// The next event, None when more bytes are needed.
    ///
    /// `BINLOG_CORRUPT`, `BINLOG_EVENT_UNSUPPORTED`, `BINLOG_INCIDENT`, `VALUE_UNDECODABLE` (text that is not valid in
    /// its character set), and what the server sent instead of an event (see framing). After an error the reader is of
    /// no use any more.
    pub fn next_event(&mut self) -> Result<Option<BinlogEvent<'_>>> {
        let Some(source) = self.source()? else { return Ok(None) };
        let Self { packets, payload, state } = self;
        let (header, event) = match source {
            Source::Payload(size) => {
                let event = payload.as_ref().map(|payload| payload.event(size)).unwrap_or_default();
                let (header, body) = state.inner(event)?;
                (header, state.parse(&header, body)?)
            }
            Source::Packets(found) => {
                let (header, body) = state.outer(packets.bytes(found))?;
                if header.kind == types::TRANSACTION_PAYLOAD {
                    let opened = Payload::new(body).map_err(|why| state.malformed(&why, &header))?;
                    let uncompressed_size = opened.uncompressed_size();
                    *payload = Some(opened);
                    state.advance(&header, &Event::Ignored);
                    (header, Event::TransactionPayload { uncompressed_size })
                } else {
                    let event = state.parse(&header, body)?;
                    state.advance(&header, &event);
                    (header, event)
                }
            }
        };
        Ok(Some(state.located(header, event)))
    }

    fn source(&mut self) -> Result<Option<Source>> {
        if let Some(payload) = &mut self.payload {
            match payload.advance() {
                Ok(Some(size)) => return Ok(Some(Source::Payload(size))),
                Ok(None) => self.payload = None,
                Err(why) => {
                    let what = format!("a compressed transaction cannot be read: {}", why.message());
                    let error = Error::new(Code::BinlogCorrupt, what).with("file", &self.state.file);
                    return Err(error.with("pos", self.state.start));
                }
            }
        }
        Ok(self.packets.next_event()?.map(Source::Packets))
    }
}

impl State {
    fn located<'a>(&'a self, header: EventHeader, event: Event<'a>) -> BinlogEvent<'a> {
        BinlogEvent { header, file: &self.file, start: self.start, end: self.pos, event }
    }

    #[inline]
    fn header(&self, event: &[u8]) -> Result<EventHeader> {
        let Some(header) = EventHeader::parse(event) else {
            let what = format!("an event of {} bytes has no header", event.len());
            return Err(self.at(Error::new(Code::BinlogCorrupt, what)));
        };
        if header.size as usize != event.len() {
            let what = format!("an event says {} bytes, {} came", header.size, event.len());
            return Err(self.corrupt(what, &header));
        }
        Ok(header)
    }

    /// An event inside a compressed transaction: without a checksum.
    fn inner<'e>(&self, event: &'e [u8]) -> Result<(EventHeader, &'e [u8])> {
        let header = self.header(event)?;
        match header.kind {
            types::TRANSACTION_PAYLOAD | types::FORMAT_DESCRIPTION | types::ROTATE | types::HEARTBEAT => {
                Err(self.corrupt("an event that cannot be inside a compressed transaction".into(), &header))
            }
            _ => Ok((header, event.get(HEADER_BYTES..).unwrap_or_default())),
        }
    }

    /// An event of the stream without header and checksum, the checksum verified. A FORMAT_DESCRIPTION keeps its own.
    fn outer<'e>(&self, event: &'e [u8]) -> Result<(EventHeader, &'e [u8])> {
        let header = self.header(event)?;
        let contents = event.get(HEADER_BYTES..).unwrap_or_default();
        let checksum = match (header.kind, self.checksum) {
            (types::FORMAT_DESCRIPTION, _) => self.announced(contents, &header)?,
            (_, Some(Checksum::Crc32)) => Checksum::Crc32,
            // The first ROTATE comes before any file's setting and follows the session's, which we are not told.
            _ if is_artificial(&header) && sum_matches(event) => Checksum::Crc32,
            (_, Some(Checksum::None)) => Checksum::None,
            _ if is_artificial(&header) => Checksum::None,
            (kind, None) => {
                let what = format!("{} came before the format description", types::name(kind));
                return Err(self.corrupt(what, &header));
            }
        };
        if checksum == Checksum::None {
            return Ok((header, contents));
        }
        if !sum_matches(event) {
            return Err(self.corrupt("wrong checksum".into(), &header));
        }
        let covered = if header.kind == types::FORMAT_DESCRIPTION { 0 } else { CHECKSUM_BYTES };
        Ok((header, contents.get(..contents.len().saturating_sub(covered)).unwrap_or_default()))
    }

    fn announced(&self, contents: &[u8], header: &EventHeader) -> Result<Checksum> {
        let description = control::format_description(contents)
            .map_err(|why| self.corrupt(format!("unreadable format description: {}", why.message()), header))?;
        match description.checksum_algorithm {
            0 => Ok(Checksum::None),
            1 => Ok(Checksum::Crc32),
            algorithm => {
                let what = format!("binlog checksum algorithm {algorithm} is not supported");
                Err(self.located_error(Error::new(Code::BinlogEventUnsupported, what), header))
            }
        }
    }

    fn parse<'e>(&mut self, header: &EventHeader, body: &'e [u8]) -> Result<Event<'e>> {
        let parsed = match header.kind {
            // The hot ones first.
            types::TABLE_MAP => return self.table_map(header, body),
            types::WRITE_ROWS => rows(body, RowsKind::Insert, 2),
            types::UPDATE_ROWS => rows(body, RowsKind::Update, 2),
            types::DELETE_ROWS => rows(body, RowsKind::Delete, 2),
            types::PARTIAL_UPDATE_ROWS => rows(body, RowsKind::PartialUpdate, 2),
            types::WRITE_ROWS_V1 => rows(body, RowsKind::Insert, 1),
            types::UPDATE_ROWS_V1 => rows(body, RowsKind::Update, 1),
            types::DELETE_ROWS_V1 => rows(body, RowsKind::Delete, 1),
            types::XID => Cursor::new(body).u64().map(|xid| Event::Commit { xid }),
            types::QUERY => control::query(body).map(Event::Query),
            types::GTID => control::gtid(body, false).map(Event::Gtid),
            types::ANONYMOUS_GTID => control::gtid(body, true).map(Event::Gtid),
            types::GTID_TAGGED => control::gtid_tagged(body).map(Event::Gtid),
            types::ROWS_QUERY => control::rows_query(body).map(Event::RowsQuery),
            types::XA_PREPARE => control::xa_prepare(body).map(Event::XaPrepare),
            types::PREVIOUS_GTIDS => control::previous_gtids(body).map(Event::PreviousGtids),
            types::ROTATE => control::rotate(body).map(|(file, pos)| Event::Rotate { file, pos }),
            types::FORMAT_DESCRIPTION => self.format_description(header, body)?,
            types::HEARTBEAT_V2 => control::heartbeat_v2(body).map(|(file, pos)| Event::Heartbeat { file, pos }),
            types::HEARTBEAT => self.heartbeat(header, body),
            types::INCIDENT => match control::incident(body) {
                Ok(message) => {
                    let what = format!("the source logged an incident: {message}");
                    return Err(self.located_error(Error::new(Code::BinlogIncident, what), header));
                }
                Err(why) => Err(why),
            },
            types::MARIADB_GTID => mariadb::gtid(body, header.server_id).map(Event::Gtid),
            types::MARIADB_GTID_LIST => mariadb::gtid_list(body).map(|_| Event::Ignored),
            types::MARIADB_ANNOTATE_ROWS => Ok(Event::RowsQuery(mariadb::annotate_rows(body))),
            types::MARIADB_QUERY_COMPRESSED => mariadb::query_compressed(body).map(Event::Query),
            types::MARIADB_WRITE_ROWS_COMPRESSED_V1 => inflated_rows(body, RowsKind::Insert, 1),
            types::MARIADB_UPDATE_ROWS_COMPRESSED_V1 => inflated_rows(body, RowsKind::Update, 1),
            types::MARIADB_DELETE_ROWS_COMPRESSED_V1 => inflated_rows(body, RowsKind::Delete, 1),
            types::MARIADB_WRITE_ROWS_COMPRESSED => inflated_rows(body, RowsKind::Insert, 2),
            types::MARIADB_UPDATE_ROWS_COMPRESSED => inflated_rows(body, RowsKind::Update, 2),
            types::MARIADB_DELETE_ROWS_COMPRESSED => inflated_rows(body, RowsKind::Delete, 2),
            kind if types::is_ignored(kind) || header.flags & types::IGNORABLE_FLAG != 0 => Ok(Event::Ignored),
            kind => {
                let what = format!("binlog event type {} is not supported", types::name(kind));
                let error = Error::new(Code::BinlogEventUnsupported, what);
                let error = if let Some(hint) = types::hint(kind) { error.hint(hint) } else { error };
                return Err(self.located_error(error, header));
            }
        };
        parsed.map_err(|why| self.malformed(&why, header))
    }

    fn format_description<'e>(
        &mut self,
        header: &EventHeader,
        body: &'e [u8],
    ) -> Result<std::result::Result<Event<'e>, Malformed>> {
        self.checksum = Some(self.announced(body, header)?);
        self.table_maps.clear(); // a new file, maybe of a restarted server
        Ok(control::format_description(body)
            .map(|description| Event::FormatDescription { server_version: description.server_version }))
    }

    fn heartbeat<'e>(&self, header: &EventHeader, body: &'e [u8]) -> std::result::Result<Event<'e>, Malformed> {
        let file = crate::cursor::utf8(body)?;
        let pos =
            if file == self.file { self.pos + Self::ahead_of(header, self.pos) } else { u64::from(header.end_pos) };
        Ok(Event::Heartbeat { file, pos })
    }

    /// How far the header's 32-bit position is ahead.
    fn ahead_of(header: &EventHeader, pos: u64) -> u64 {
        u64::from(header.end_pos.wrapping_sub(pos as u32))
    }

    fn table_map<'e>(&mut self, header: &EventHeader, body: &'e [u8]) -> Result<Event<'e>> {
        let table_id = little_endian(body.get(..6).unwrap_or_default());
        if let Some((known, parsed)) = self.table_maps.get(&table_id)
            && **known == *body
        {
            return Ok(Event::TableMap(Arc::clone(parsed)));
        }
        let parsed = table_map::parse(body).map_err(|why| self.malformed(&why, header))?;
        let parsed = Arc::new(parsed);
        if self.table_maps.len() >= TABLE_MAPS_KEPT {
            self.table_maps.clear();
        }
        self.table_maps.insert(table_id, (body.into(), Arc::clone(&parsed)));
        Ok(Event::TableMap(parsed))
    }

    /// Positions are kept as previous + size: the header's own is 32 bits wide and wraps in files over 4 GiB.
    fn advance(&mut self, header: &EventHeader, event: &Event<'_>) {
        self.start = self.pos;
        match event {
            Event::Rotate { file, pos } => {
                (*file).clone_into(&mut self.file);
                self.pos = *pos;
            }
            // The server skipped what we have already: it tells where it stands now.
            Event::Heartbeat { file, pos } if *file == self.file => self.pos = self.pos.max(*pos),
            Event::Heartbeat { .. } => {}
            _ if header.end_pos != 0 && header.flags & types::ARTIFICIAL == 0 => {
                let end = self.pos.saturating_add(u64::from(header.size));
                // Sizes on the wire and in the file differ when checksums do; a backward step is a header that cannot
                // be believed.
                let ahead = Self::ahead_of(header, end);
                self.pos = if ahead < 1 << 31 { end.saturating_add(ahead) } else { end };
                self.start = self.pos.saturating_sub(u64::from(header.size));
            }
            _ => {}
        }
    }

    #[cold]
    fn at(&self, error: Error) -> Error {
        let error = if self.file.is_empty() { error } else { error.with("file", &self.file) };
        error.with("pos", self.pos)
    }

    #[cold]
    fn located_error(&self, error: Error, header: &EventHeader) -> Error {
        self.at(error).with("event", types::name(header.kind))
    }

    #[cold]
    fn corrupt(&self, what: String, header: &EventHeader) -> Error {
        self.located_error(Error::new(Code::BinlogCorrupt, what), header)
    }

    #[cold]
    fn malformed(&self, why: &Malformed, header: &EventHeader) -> Error {
        let error = match why {
            Malformed::Cut(what) => {
                Error::new(Code::BinlogCorrupt, format!("the event's contents are malformed: {what}"))
            }
            Malformed::Invalid(charset) => {
                Error::new(Code::ValueUndecodable, format!("text in a binlog event is not valid {charset}"))
            }
            Malformed::Unknown(what) => Error::new(Code::BinlogEventUnsupported, format!("{what} is not supported")),
        };
        self.located_error(error, header)
    }
}

fn is_artificial(header: &EventHeader) -> bool {
    match header.kind {
        types::HEARTBEAT | types::HEARTBEAT_V2 => true,
        types::ROTATE => header.end_pos == 0 || header.flags & types::ARTIFICIAL != 0,
        _ => false,
    }
}

fn rows(body: &[u8], kind: RowsKind, version: u8) -> std::result::Result<Event<'_>, Malformed> {
    let mut cursor = Cursor::new(body);
    let (table_id, flags) = (cursor.uint(6)?, cursor.u16()?);
    if table_id == DUMMY_TABLE_ID {
        return Ok(Event::Ignored);
    }
    Ok(Event::Rows(Rows { kind, version, table_id, flags, body: Cow::Borrowed(body) }))
}

/// A rows event that MariaDB compressed by itself.
fn inflated_rows(body: &[u8], kind: RowsKind, version: u8) -> std::result::Result<Event<'_>, Malformed> {
    match rows(body, kind, version)? {
        Event::Rows(rows) => {
            let body = Cow::Owned(mariadb::rows_compressed(body, kind, version)?);
            Ok(Event::Rows(Rows { body, ..rows }))
        }
        other => Ok(other),
    }
}

/// Whether the last four bytes are the CRC32 of the others.
fn sum_matches(event: &[u8]) -> bool {
    let Some((covered, sum)) = event.split_last_chunk::<CHECKSUM_BYTES>() else { return false };
    if covered.len() < HEADER_BYTES {
        return false;
    }
    let sum = u32::from_le_bytes(*sum);
    // The flag of a file that is being written was set after the checksum was made.
    match covered.split_at_checked(17) {
        Some((head, [flags, rest @ ..]))
            if head.get(4) == Some(&types::FORMAT_DESCRIPTION) && flags & types::IN_USE as u8 != 0 =>
        {
            let mut hasher = crc32fast::Hasher::new();
            hasher.update(head);
            hasher.update(&[flags ^ types::IN_USE as u8]);
            hasher.update(rest);
            hasher.finalize() == sum
        }
        _ => crc32fast::hash(covered) == sum,
    }
}
