//! Finished Kafka records: one block of memory, and where each record lies in it. Nothing is allocated per record.

use std::ops::Range;
use std::sync::Arc;

/// One record. Ranges are of the block that it came in.
#[derive(Clone, Debug)]
pub struct Record {
    /// Number of the topic, see `Topics`.
    pub topic: u32,
    /// -1: by murmur2 of the key, as Java's producer does.
    pub partition: i32,
    /// None: no key.
    pub key: Option<Range<usize>>,
    /// None: a tombstone.
    pub value: Option<Range<usize>>,
    /// At most one, its name and value.
    pub header: Option<(&'static str, Range<usize>)>,
}

impl Record {
    /// Bytes of key and value.
    pub fn size(&self) -> usize {
        let length = |range: &Option<Range<usize>>| range.as_ref().map_or(0, |range| range.end - range.start);
        length(&self.key) + length(&self.value)
    }
}

/// Names of topics, in the order in which they were first used.
pub type Topics = Arc<Vec<Arc<str>>>;

/// Records that are handed out together.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    /// The memory.
    pub data: Arc<Vec<u8>>,
    /// In the order in which they must be sent.
    pub records: Vec<Record>,
    /// Topics that `Record::topic` counts.
    pub topics: Topics,
    /// Changed rows that went in.
    pub rows: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
}

impl Packed {
    /// Bytes of one range.
    pub fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.data.get(range.clone()).unwrap_or_default()
    }

    /// A topic's name.
    pub fn topic(&self, record: &Record) -> &str {
        self.topics.get(record.topic as usize).map_or("", |name| name)
    }

    /// The partition of a record when its topic has `count`; a record without key goes to partition 0, so that its
    /// order is the stream's.
    pub fn partition(&self, record: &Record, count: u32) -> i32 {
        match &record.key {
            _ if record.partition >= 0 => record.partition,
            Some(key) if count > 0 => ((murmur2(self.slice(key)) & 0x7FFF_FFFF) % count) as i32,
            _ => 0,
        }
    }
}

/// murmur2 as Kafka's Java clients use it to choose a partition.
pub fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_B28C;
    const FACTOR: u32 = 0x5BD1_E995;
    let mut hash = SEED ^ data.len() as u32;
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        let mixed = u32::from_le_bytes(*word).wrapping_mul(FACTOR);
        hash = hash.wrapping_mul(FACTOR) ^ (mixed ^ mixed >> 24).wrapping_mul(FACTOR);
    }
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0u32, |word, byte| word << 8 | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(FACTOR);
    }
    hash = (hash ^ hash >> 13).wrapping_mul(FACTOR);
    hash ^ hash >> 15
}
