//! The executed set as text: `position::encode_position` of every transaction, so adding one GTID must not print the
//! whole set again. Used by the transcoder; algebra over sets stays in `connector/model/gtid.py`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;

use crate::error::{Code, Error, Result};
use crate::event::uuid_text;

/// A set of MySQL's GTIDs and its canonical text.
#[derive(Clone, Debug, Default)]
pub struct GtidSet {
    /// uuid or uuid:tag -> sorted disjoint inclusive intervals.
    sids: BTreeMap<String, Vec<(u64, u64)>>,
    text: String,
    last: Option<Last>,
}

/// The source that wrote the last transaction: the next one is most likely its as well.
#[derive(Clone, Debug)]
struct Last {
    uuid: [u8; 16],
    tag: String,
    sid: String,
    /// Where its last interval stands in the text.
    place: Range<usize>,
}

impl GtidSet {
    /// Canonical text, as `str(GtidSet)` prints it in Python. `INTERNAL` for any other.
    pub fn parse(text: &str) -> Result<Self> {
        let mut set = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let mut pieces = part.split(':');
            let uuid = pieces.next().unwrap_or_default();
            let mut sid = uuid.to_owned();
            for piece in pieces {
                if piece.starts_with(|char: char| char.is_ascii_digit()) {
                    let (first, last) = piece.split_once('-').unwrap_or((piece, piece));
                    let number = |text: &str| {
                        text.parse::<u64>().map_err(|_| Error::new(Code::Internal, "a GTID set is not canonical"))
                    };
                    set.add_interval(&sid, number(first)?, number(last)?);
                } else {
                    sid = format!("{uuid}:{piece}");
                }
            }
        }
        set.print("");
        Ok(set)
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Add one GTID.
    pub fn add(&mut self, uuid: [u8; 16], tag: &str, number: u64) {
        if let Some(last) = &mut self.last
            && last.uuid == uuid
            && last.tag == tag
            && let Some(interval) = self.sids.get_mut(&last.sid).and_then(|intervals| intervals.last_mut())
            && interval.1 + 1 == number
        {
            interval.1 = number;
            let mut printed = Vec::with_capacity(40);
            crate::number::unsigned(&mut printed, interval.0);
            printed.push(b'-');
            crate::number::unsigned(&mut printed, number);
            let printed = std::str::from_utf8(&printed).unwrap_or_default();
            self.text.replace_range(last.place.clone(), printed);
            last.place.end = last.place.start + printed.len();
            return;
        }
        let plain = uuid_text(uuid);
        let plain = std::str::from_utf8(&plain).unwrap_or_default();
        let sid = if tag.is_empty() { plain.to_owned() } else { format!("{plain}:{tag}") };
        self.add_interval(&sid, number, number);
        let place = self.print(&sid);
        self.last = Some(Last { uuid, tag: tag.to_owned(), sid, place });
    }

    fn add_interval(&mut self, sid: &str, mut first: u64, mut last: u64) {
        let intervals = self.sids.entry(sid.to_owned()).or_default();
        let mut low = intervals.partition_point(|interval| interval.0 <= first);
        if low > 0 && intervals.get(low - 1).is_some_and(|before| before.1 >= first - 1) {
            low -= 1;
        }
        let mut high = low;
        while let Some(interval) = intervals.get(high).filter(|interval| interval.0 <= last + 1) {
            first = first.min(interval.0);
            last = last.max(interval.1);
            high += 1;
        }
        intervals.splice(low..high, [(first, last)]);
    }

    /// Print the whole set; where the last interval of `wanted` stands.
    fn print(&mut self, wanted: &str) -> Range<usize> {
        self.text.clear();
        let mut place = 0..0;
        let mut previous = "";
        for (sid, intervals) in &self.sids {
            let (uuid, tag) = sid.split_once(':').unwrap_or((sid, ""));
            if !tag.is_empty() && uuid == previous {
                self.text.push(':');
                self.text.push_str(tag);
            } else {
                if !self.text.is_empty() {
                    self.text.push(',');
                }
                self.text.push_str(sid);
            }
            let mut start = 0;
            for (first, last) in intervals {
                self.text.push(':');
                start = self.text.len();
                // Writing to a String does not fail.
                let _ = if first == last { write!(self.text, "{first}") } else { write!(self.text, "{first}-{last}") };
            }
            if sid == wanted {
                place = start..self.text.len();
            }
            previous = uuid;
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "00000000-0000-0000-0000-0000000000aa";
    const B: &str = "00000000-0000-0000-0000-0000000000bb";

    fn uuid(last: u8) -> [u8; 16] {
        let mut bytes = [0; 16];
        if let Some(byte) = bytes.last_mut() {
            *byte = last;
        }
        bytes
    }

    #[test]
    fn in_order_and_out_of_order() {
        let mut set = GtidSet::parse(&format!("{A}:1-5,{B}:7:tag:2-3")).unwrap_or_default();
        set.add(uuid(0xaa), "", 6);
        set.add(uuid(0xaa), "", 7);
        assert_eq!(set.as_str(), format!("{A}:1-7,{B}:7:tag:2-3"));
        set.add(uuid(0xaa), "", 9);
        set.add(uuid(0xaa), "", 10);
        assert_eq!(set.as_str(), format!("{A}:1-7:9-10,{B}:7:tag:2-3"));
        set.add(uuid(0xaa), "", 8);
        assert_eq!(set.as_str(), format!("{A}:1-10,{B}:7:tag:2-3"));
        set.add(uuid(0xbb), "tag", 4);
        set.add(uuid(0xbb), "tag", 5);
        set.add(uuid(0xbb), "", 6);
        assert_eq!(set.as_str(), format!("{A}:1-10,{B}:6-7:tag:2-5"));
    }

    #[test]
    fn from_nothing() {
        let mut set = GtidSet::parse("").unwrap_or_default();
        set.add(uuid(0xaa), "", 1);
        set.add(uuid(0xaa), "", 2);
        assert_eq!(set.as_str(), format!("{A}:1-2"));
    }
}
