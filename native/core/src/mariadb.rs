//! Bodies of MariaDB's own events: GTIDs, annotations and compressed events.

use std::borrow::Cow;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use crate::control::{escaped, plain, query_header, statement};
use crate::cursor::{Cursor, big_endian};
use crate::error::Malformed;
use crate::event::{Gtid, GtidId, Query, RowsKind};

/// GTID flag: the next event is the whole transaction.
const STANDALONE: u8 = 1;
/// What zlib can make of one byte at most.
const ZLIB_RATIO: u64 = 1032;

type Parsed<T> = Result<T, Malformed>;

/// GTID: sequence number, domain, flags; the server is in the event's header.
pub fn gtid(body: &[u8], server_id: u32) -> Parsed<Gtid<'_>> {
    let mut cursor = Cursor::new(body);
    let (sequence, domain, flags) = (cursor.u64()?, cursor.u32()?, cursor.u8()?);
    let gtid = plain(GtidId::MariaDb { domain, server_id, sequence });
    Ok(Gtid { standalone: flags & STANDALONE != 0, ..gtid })
}

/// GTID_LIST: the last GTID of every domain and server so far. The upper four bits of the count are flags.
pub fn gtid_list(body: &[u8]) -> Parsed<Vec<GtidId<'static>>> {
    let mut cursor = Cursor::new(body);
    let count = cursor.u32()? & 0x0FFF_FFFF;
    let mut list = Vec::new();
    for _ in 0..count {
        let (domain, server_id, sequence) = (cursor.u32()?, cursor.u32()?, cursor.u64()?);
        list.push(GtidId::MariaDb { domain, server_id, sequence });
    }
    Ok(list)
}

/// ANNOTATE_ROWS: the statement's text; for people.
pub fn annotate_rows(body: &[u8]) -> Cow<'_, str> {
    escaped(body)
}

/// QUERY_COMPRESSED: a QUERY event whose statement is compressed.
pub fn query_compressed(body: &[u8]) -> Parsed<Query<'_>> {
    let header = query_header(body)?;
    let inflated = inflate(header.statement)?;
    let sql = statement(&inflated, header.collation_id)?.into_owned();
    Ok(Query { database: header.database, sql: Cow::Owned(sql), thread_id: header.thread_id })
}

/// A compressed rows event as the event it was made of: what follows the bitmaps of present columns is compressed.
pub fn rows_compressed(body: &[u8], kind: RowsKind, version: u8) -> Parsed<Vec<u8>> {
    let mut cursor = Cursor::new(body);
    cursor.take(8)?; // table id, flags
    if version == 2 {
        let extra = usize::from(cursor.u16()?).checked_sub(2);
        cursor.take(extra.ok_or_else(|| Malformed::cut("negative length of the extra data"))?)?;
    }
    let bitmap = cursor.lenenc_size()?.div_ceil(8);
    cursor.take(bitmap)?;
    if kind == RowsKind::Update {
        cursor.take(bitmap)?;
    }
    let compressed = cursor.rest();
    let mut whole = body.get(..body.len() - compressed.len()).unwrap_or_default().to_vec();
    whole.extend_from_slice(&inflate(compressed)?);
    Ok(whole)
}

/// One byte (0x80 | algorithm << 4 | bytes of the length), the length big endian, a zlib stream.
fn inflate(data: &[u8]) -> Parsed<Vec<u8>> {
    let mut cursor = Cursor::new(data);
    let head = cursor.u8()?;
    if head & 0xF0 != 0x80 {
        return Err(Malformed::unknown(format!("compression algorithm 0x{head:02x}")));
    }
    let size = big_endian(cursor.take(usize::from(head & 0x07))?);
    let compressed = cursor.rest();
    if size > compressed.len() as u64 * ZLIB_RATIO {
        return Err(Malformed::cut(format!("{} bytes cannot become {size}", compressed.len())));
    }
    let inflated = decompress_to_vec_zlib_with_limit(compressed, size as usize);
    let inflated = inflated.map_err(|error| Malformed::cut(format!("compressed data is broken: {error}")))?;
    if inflated.len() as u64 == size { Ok(inflated) } else { Err(Malformed::cut("compressed data is too short")) }
}
