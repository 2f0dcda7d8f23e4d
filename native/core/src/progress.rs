//! The source transaction that is being sent: how many rows, their checksum, what to skip after a restart; and what ends
//! a stream there. Used by `transcoder` only.

use std::fmt::Write;

use crate::error::{Code, Error, Result};
use crate::event::{BinlogEvent, GtidId, uuid_text};
use crate::item::InTransaction;
use crate::number;
use crate::outbox::Stamp;

/// The source transaction that is being sent, from GTID to commit.
#[derive(Debug)]
pub(crate) struct OpenTransaction {
    pub(crate) gtid: String,
    pub(crate) uuid: [u8; 16],
    pub(crate) tag: String,
    pub(crate) number: u64,
    pub(crate) last_committed: i64,
    pub(crate) sequence_number: i64,
    pub(crate) commit_ts_us: i64,
    pub(crate) resume: Option<InTransaction>,
    /// Images are encoded and summed, so the transaction may be cut.
    pub(crate) tracked: bool,
    /// A BEGIN was seen: ends with COMMIT or XID.
    pub(crate) explicit: bool,
    /// That passed the filter.
    pub(crate) rows: u64,
    pub(crate) rows_since_border: u64,
    pub(crate) crc: u32,
}

impl OpenTransaction {
    pub(crate) fn stamp<'a>(&'a self, position: &'a str) -> Stamp<'a> {
        Stamp {
            position,
            gtid: &self.gtid,
            commit_ts_us: self.commit_ts_us,
            last_committed: self.last_committed,
            sequence_number: self.sequence_number,
        }
    }

    /// Count one row; true when an earlier owner has committed it already.
    pub(crate) fn skip(&mut self, before: Option<&[u8]>, after: Option<&[u8]>) -> Result<bool> {
        self.rows += 1;
        self.rows_since_border += 1;
        if self.tracked {
            let mut crc = crc32fast::Hasher::new_with_initial(self.crc);
            crc.update(before.unwrap_or_default());
            crc.update(after.unwrap_or_default());
            self.crc = crc.finalize();
        }
        let Some(resume) = self.resume.as_ref().filter(|resume| self.rows <= resume.rows) else { return Ok(false) };
        self.rows_since_border = 0;
        if self.rows == resume.rows && self.crc != resume.crc {
            let what = "the rows already sent differ from what the binlog has now";
            return Err(Error::new(Code::ResumeMismatch, what).with("gtid", &self.gtid));
        }
        Ok(true)
    }

    /// At commit: the transaction must have had at least the rows that were sent.
    pub(crate) fn check_resumed(&self) -> Result<()> {
        match &self.resume {
            Some(resume) if self.rows < resume.rows => {
                let what = format!("{} rows were sent, the binlog has {} now", resume.rows, self.rows);
                Err(Error::new(Code::ResumeMismatch, what).with("gtid", &self.gtid))
            }
            _ => Ok(()),
        }
    }
}

/// `uuid:gno` or `uuid:tag:gno`; the same as the identity prints itself, without the formatter.
pub(crate) fn gtid_text(uuid: [u8; 16], tag: &str, gno: i64) -> String {
    let mut text = Vec::with_capacity(64);
    text.extend_from_slice(&uuid_text(uuid));
    text.push(b':');
    if !tag.is_empty() {
        text.extend_from_slice(tag.as_bytes());
        text.push(b':');
    }
    number::signed(&mut text, gno);
    String::from_utf8(text).unwrap_or_default()
}

#[cold]
pub(crate) fn outside(found: &BinlogEvent<'_>) -> Error {
    Error::new(Code::Internal, "the binlog has a change outside of a transaction").with("file", found.file)
}

#[cold]
pub(crate) fn located(error: Error, found: &BinlogEvent<'_>) -> Error {
    error.with("file", found.file).with("pos", found.start)
}

/// GTIDs that this version makes no positions of.
#[cold]
pub(crate) fn not_followed(id: &GtidId<'_>) -> Error {
    if matches!(id, GtidId::MariaDb { .. }) {
        return Error::new(Code::BinlogEventUnsupported, "transactions of MariaDB are not followed yet")
            .hint("The source is MariaDB, which rowcast does not read yet.");
    }
    let what = "the source writes transactions without GTIDs: gtid_mode is not ON";
    let hint = "Set gtid_mode=ON and enforce_gtid_consistency=ON at the source; gtid_mode is changed in steps.";
    Error::new(Code::SourceSettingUnsupported, what).hint(hint).with("setting", "gtid_mode")
}

/// The start of a statement, quoted as the Python path quotes it.
pub(crate) fn python_repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::from(quote);
    for char in text.chars() {
        match char {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\\' => quoted.push_str("\\\\"),
            _ if char == quote => quoted.extend(['\\', quote]),
            // Writing to a String does not fail.
            _ if char.is_ascii_control() => drop(write!(quoted, "\\x{:02x}", u32::from(char))),
            _ => quoted.push(char),
        }
    }
    quoted.push(quote);
    quoted
}
