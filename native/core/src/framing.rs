//! MySQL packets over arbitrary chunk borders to binlog events; the event reader feeds it.
//!
//! A packet is a 3-byte length, a sequence number and the payload; a payload of 16 MiB - 1 goes on in the next packet.
//! The first payload byte says what it is: 00 an event, FF an error, FE the end.

use crate::error::{Code, Error, Result};

const CONTINUED: usize = 0xFF_FFFF;
const HEADER: usize = 4;
/// The server caps a replica's packets at 1 GiB (`replica_max_allowed_packet`) plus what an event's header needs.
pub const MAX_EVENT_BYTES: usize = (1 << 30) + (1 << 16);
/// A buffer that held more is given back when it is empty.
const KEPT_BYTES: usize = 1 << 20;

/// Push chunks in, take events out. Holds what was pushed but not taken, and the finished packets of a long event.
#[derive(Debug, Default)]
pub struct PacketReader {
    buffer: Vec<u8>,
    /// Where the next packet header begins.
    read: usize,
    /// Finished packets of an event that is longer than one packet, joined.
    joined: Vec<u8>,
    /// The event in `joined` was handed out.
    joined_taken: bool,
    /// The sequence number that must come next; unknown before the first packet.
    expected: Option<u8>,
}

/// Where an event lies; see `PacketReader::bytes`.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    joined: bool,
    start: usize,
    end: usize,
}

impl PacketReader {
    /// Add what the socket returned.
    pub fn push(&mut self, chunk: &[u8]) {
        if self.read == self.buffer.len() {
            self.buffer.clear();
            if self.buffer.capacity() > KEPT_BYTES {
                self.buffer = Vec::new();
            }
            self.read = 0;
        } else if self.read > self.buffer.len() / 2 {
            // Fewer bytes move than were read since the last move: every byte moves a bounded number of times.
            self.buffer.drain(..self.read);
            self.read = 0;
        }
        self.buffer.extend_from_slice(chunk);
    }

    /// Bytes that are held.
    pub fn held(&self) -> usize {
        self.buffer.len() - self.read + self.joined.len()
    }

    /// The next whole event without the status byte, None when more bytes are needed.
    ///
    /// What the server sent instead of an event is an error: `SERVER_ERROR` of an ERR packet, `SOURCE_CONNECTION_LOST`
    /// for EOF; `BINLOG_CORRUPT` when packets are out of order, empty or longer than the server may send.
    pub fn next_event(&mut self) -> Result<Option<Found>> {
        if self.joined_taken {
            self.joined_taken = false;
            self.joined.clear();
            if self.joined.capacity() > KEPT_BYTES {
                self.joined = Vec::new();
            }
        }
        loop {
            let rest = self.buffer.get(self.read..).unwrap_or_default();
            let Some(([low, middle, high, number], rest)) = rest.split_first_chunk::<HEADER>() else {
                return Ok(None);
            };
            let length = usize::from(*low) | usize::from(*middle) << 8 | usize::from(*high) << 16;
            if self.joined.len() + length > MAX_EVENT_BYTES {
                let what = "the server sends an event larger than 1 GiB";
                return Err(Error::new(Code::BinlogCorrupt, what).with("bytes", self.joined.len() + length));
            }
            let Some(payload) = rest.get(..length) else {
                return Ok(None);
            };
            if let Some(expected) = self.expected
                && expected != *number
            {
                let error = Error::new(Code::BinlogCorrupt, "packets are out of order");
                return Err(error.with("expected", expected).with("found", number));
            }
            self.expected = Some(number.wrapping_add(1));
            let start = self.read + HEADER;
            self.read = start + length;
            if length < CONTINUED && self.joined.is_empty() {
                return match payload.first() {
                    Some(0) => Ok(Some(Found { joined: false, start: start + 1, end: start + length })),
                    _ => Err(not_an_event(payload)),
                };
            }
            self.joined.extend_from_slice(payload);
            if length < CONTINUED {
                self.joined_taken = true;
                return match self.joined.first() {
                    Some(0) => Ok(Some(Found { joined: true, start: 1, end: self.joined.len() })),
                    _ => Err(not_an_event(&self.joined)),
                };
            }
            // Room for whole chunks again: the packet was copied.
            if self.read == self.buffer.len() {
                self.buffer.clear();
                self.read = 0;
            }
        }
    }

    /// The bytes of an event, until the next `push` or `next_event`.
    pub fn bytes(&self, found: Found) -> &[u8] {
        let whole = if found.joined { &self.joined } else { &self.buffer };
        whole.get(found.start..found.end).unwrap_or_default()
    }
}

fn not_an_event(payload: &[u8]) -> Error {
    match payload {
        [] => Error::new(Code::BinlogCorrupt, "the server sent an empty packet instead of an event"),
        [0xFE, ..] => Error::new(Code::SourceConnectionLost, "the server ended the binlog stream"),
        [0xFF, low, high, message @ ..] => server_error(u16::from_le_bytes([*low, *high]), message),
        [first, ..] => {
            let what = "the server sent a packet that is neither an event nor an error";
            Error::new(Code::BinlogCorrupt, what).with("first_byte", format_args!("0x{first:02x}"))
        }
    }
}

fn server_error(errno: u16, message: &[u8]) -> Error {
    let (sqlstate, message) = match message {
        [b'#', rest @ ..] => rest.split_at(rest.len().min(5)),
        message => (&[][..], message),
    };
    let error = Error::new(Code::ServerError, String::from_utf8_lossy(message).into_owned()).with("errno", errno);
    if sqlstate.is_empty() { error } else { error.with("sqlstate", String::from_utf8_lossy(sqlstate)) }
}
