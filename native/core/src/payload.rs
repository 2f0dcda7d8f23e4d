//! TRANSACTION_PAYLOAD: a compressed transaction, inflated event by event.
//!
//! Kept are the compressed bytes, the decompressor's window and one inner event, whatever all of it inflates to.

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use crate::cursor::{Cursor, little_endian};
use crate::error::Malformed;
use crate::event::EventHeader;
use crate::framing::MAX_EVENT_BYTES;

const END: u64 = 0;
const SIZE: u64 = 1;
const COMPRESSION: u64 = 2;
const UNCOMPRESSED_SIZE: u64 = 3;
const ZSTD: u64 = 0;
const NONE: u64 = 255;
const EVENT_HEADER: usize = EventHeader::SIZE;
/// 128 MiB, the window of MySQL's highest compression level; zstd's own limit as well.
const MAX_WINDOW_LOG: u32 = 27;
/// How much is inflated at a time.
const STEP: usize = 64 * 1024;

type Parsed<T> = Result<T, Malformed>;

/// A transaction that is being inflated.
pub struct Payload {
    compressed: Vec<u8>,
    taken: usize,
    decoder: Option<Decoder<'static>>,
    /// Inflated bytes that were not handed out from `read` on.
    inflated: Vec<u8>,
    read: usize,
    uncompressed_size: u64,
    produced: u64,
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Payload")
            .field("compressed", &self.compressed.len())
            .field("produced", &self.produced)
            .field("uncompressed_size", &self.uncompressed_size)
            .finish_non_exhaustive()
    }
}

impl Payload {
    /// The body of a TRANSACTION_PAYLOAD event.
    pub fn new(body: &[u8]) -> Parsed<Self> {
        let mut cursor = Cursor::new(body);
        let (mut size, mut algorithm, mut uncompressed_size) = (None, ZSTD, None);
        loop {
            let field = cursor.lenenc()?;
            if field == END {
                break;
            }
            let mut value = Cursor::new(cursor.lenenc_bytes()?);
            match field {
                SIZE => size = Some(value.lenenc()?),
                COMPRESSION => algorithm = value.lenenc()?,
                UNCOMPRESSED_SIZE => uncompressed_size = Some(value.lenenc()?),
                _ => {} // of a newer server; fields that matter would have another event type
            }
        }
        let compressed = cursor.rest();
        if size.is_some_and(|size| size != compressed.len() as u64) {
            return Err(Malformed::cut(format!("a payload of {} bytes says another size", compressed.len())));
        }
        let decoder = match algorithm {
            ZSTD => Some(decoder().map_err(|error| broken(&error))?),
            NONE => None,
            other => return Err(Malformed::unknown(format!("compression algorithm {other}"))),
        };
        let uncompressed_size = match (uncompressed_size, algorithm) {
            (Some(size), _) => size,
            (None, NONE) => compressed.len() as u64,
            (None, _) => return Err(Malformed::cut("a payload without its uncompressed size")),
        };
        Ok(Self {
            compressed: compressed.to_vec(),
            taken: 0,
            decoder,
            inflated: Vec::new(),
            read: 0,
            uncompressed_size,
            produced: 0,
        })
    }

    /// Bytes that all events have, as the server says.
    pub fn uncompressed_size(&self) -> u64 {
        self.uncompressed_size
    }

    /// Inflates the next event; None after the last. Its bytes, header included and without a checksum, are `event()`.
    pub fn advance(&mut self) -> Parsed<Option<usize>> {
        if !self.inflate(EVENT_HEADER)? {
            return if self.inflated.len() == self.read && self.produced == self.uncompressed_size {
                Ok(None)
            } else {
                Err(Malformed::cut("the payload ends inside an event, or is longer than it says"))
            };
        }
        let size = self.inflated.get(self.read + 9..self.read + 13).unwrap_or_default();
        let size = little_endian(size) as usize;
        if !(EVENT_HEADER..=MAX_EVENT_BYTES).contains(&size) {
            return Err(Malformed::cut(format!("an event of {size} bytes in a payload")));
        }
        if !self.inflate(size)? {
            return Err(Malformed::cut("the payload ends inside an event"));
        }
        self.read += size;
        Ok(Some(size))
    }

    /// The last `size` bytes that `advance` found.
    pub fn event(&self, size: usize) -> &[u8] {
        self.read.checked_sub(size).and_then(|start| self.inflated.get(start..self.read)).unwrap_or_default()
    }

    /// Whether so many bytes from `read` on are there; inflates what is missing.
    fn inflate(&mut self, wanted: usize) -> Parsed<bool> {
        if self.inflated.len() - self.read >= wanted {
            return Ok(true);
        }
        self.inflated.drain(..self.read);
        self.read = 0;
        while self.inflated.len() < wanted {
            let before = (self.inflated.len(), self.taken);
            self.step()?;
            let grown = (self.inflated.len() - before.0) as u64;
            self.produced += grown;
            if self.produced > self.uncompressed_size {
                return Err(Malformed::cut("the payload is longer than it says"));
            }
            if (self.inflated.len(), self.taken) == before {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Inflates at most `STEP` bytes.
    fn step(&mut self) -> Parsed<()> {
        let rest = self.compressed.get(self.taken..).unwrap_or_default();
        let Some(decoder) = &mut self.decoder else {
            let part = rest.get(..rest.len().min(STEP)).unwrap_or_default();
            self.inflated.extend_from_slice(part);
            self.taken += part.len();
            return Ok(());
        };
        let start = self.inflated.len();
        self.inflated.resize(start + STEP, 0);
        let mut input = InBuffer::around(rest);
        let mut output = OutBuffer::around(self.inflated.get_mut(start..).unwrap_or_default());
        let result = decoder.run(&mut input, &mut output);
        let (read, written) = (input.pos(), output.pos());
        self.inflated.truncate(start + written);
        self.taken += read;
        result.map(|_| ()).map_err(|error| broken(&error))
    }
}

fn decoder() -> std::io::Result<Decoder<'static>> {
    let mut decoder = Decoder::new()?;
    decoder.set_parameter(DParameter::WindowLogMax(MAX_WINDOW_LOG))?;
    Ok(decoder)
}

fn broken(error: &std::io::Error) -> Malformed {
    Malformed::cut(format!("compressed data is broken: {error}"))
}
