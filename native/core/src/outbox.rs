//! Records on their way out of the transcoder: collects changes per partition and cuts them into messages.
//!
//! One message = one source transaction's part for one target shard; above `chunk_bytes` it is cut into parts, of which
//! only the last carries last=true (`connector/transcode/outbox.py`). Changes are kept as the Avro they will be sent as.

use std::ops::Range;
use std::sync::Arc;

use crate::avro;
use crate::error::{Code, Error, Result};
use crate::message::{self, Branch, Head};
use crate::record::{Packed, Record, Topics};

/// Settings of the stream topic.
#[derive(Clone, Debug)]
pub struct StreamOutput {
    /// Its name.
    pub topic: String,
    /// Target shards.
    pub partitions: usize,
    /// Registry id of stream.avsc.
    pub schema_id: u32,
    /// A message's row images stay below this, single rows aside.
    pub chunk_bytes: usize,
}

/// What messages say about their transaction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stamp<'a> {
    /// Executed set, flavour-encoded.
    pub position: &'a str,
    /// The transaction.
    pub gtid: &'a str,
    /// Commit time, microseconds since the epoch.
    pub commit_ts_us: i64,
    /// Logical clock.
    pub last_committed: i64,
    /// Logical clock.
    pub sequence_number: i64,
}

/// What one target shard gets and has not been given yet.
#[derive(Debug, Default)]
struct Partition {
    /// Last seq that is complete.
    seq: i64,
    /// Next part of the open transaction.
    part: i64,
    /// Changes, or copied rows, as items of an Avro array.
    items: Vec<u8>,
    count: usize,
    /// Of row images.
    bytes: usize,
    crc32: u32,
    /// The last image in `items`.
    last: Range<usize>,
}

/// How much had been finished at some moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mark {
    records: usize,
    rows: u64,
    bytes: u64,
}

/// Buffers of one stream.
#[derive(Debug)]
pub struct Outbox {
    stream: Option<StreamOutput>,
    partitions: Vec<Partition>,
    /// Partitions that have changes or parts of the open transaction, each once, in no order.
    touched: Vec<usize>,
    data: Vec<u8>,
    records: Vec<Record>,
    topics: Topics,
    finished: Mark,
    /// Wall clock, microseconds since the epoch: the time of the call that is being served.
    pub now_us: i64,
    /// Bytes of finished records since a Kafka transaction could last end.
    pub bytes_since_border: usize,
}

/// Larger blocks are not kept in reserve.
const RESERVE: usize = 1 << 20;

impl Outbox {
    /// `RESUME_MISMATCH` when the position has another number of target shards. No stream: table topics only.
    pub fn new(stream: Option<StreamOutput>, seqs: &[i64]) -> Result<Self> {
        let count = stream.as_ref().map_or(0, |stream| stream.partitions);
        if !seqs.is_empty() && seqs.len() != count {
            let what = format!("the stored position has {} target shards, the configuration has {count}", seqs.len());
            return Err(Error::new(Code::ResumeMismatch, what));
        }
        let seq = |index: usize| seqs.get(index).copied().unwrap_or(0);
        let partitions = (0..count).map(|index| Partition { seq: seq(index), ..Partition::default() }).collect();
        let topics = stream.iter().map(|stream| Arc::from(stream.topic.as_str())).collect();
        Ok(Self {
            stream,
            partitions,
            touched: Vec::new(),
            data: Vec::new(),
            records: Vec::new(),
            topics: Arc::new(topics),
            finished: Mark::default(),
            now_us: 0,
            bytes_since_border: 0,
        })
    }

    /// Whether there is a stream topic.
    pub fn streams(&self) -> bool {
        self.stream.is_some()
    }

    /// Last complete seq per partition, into a list that is kept.
    pub fn copy_seqs(&self, seqs: &mut Vec<i64>) {
        seqs.clear();
        seqs.extend(self.partitions.iter().map(|partition| partition.seq));
    }

    /// Last complete seq per partition.
    pub fn seqs(&self) -> Vec<i64> {
        self.partitions.iter().map(|partition| partition.seq).collect()
    }

    /// Next part number per partition.
    pub fn parts(&self) -> Vec<i64> {
        self.partitions.iter().map(|partition| partition.part).collect()
    }

    /// Go on inside a transaction whose earlier parts are committed.
    pub fn resume(&mut self, parts: &[i64]) -> Result<()> {
        if parts.len() != self.partitions.len() {
            let what = format!(
                "half a transaction was sent to {} target shards, the configuration has {}",
                parts.len(),
                self.partitions.len()
            );
            return Err(Error::new(Code::ResumeMismatch, what));
        }
        for (number, (partition, part)) in self.partitions.iter_mut().zip(parts).enumerate() {
            partition.part = *part;
            if *part > 0 {
                self.touched.push(number);
            }
        }
        Ok(())
    }

    // ---- what is finished --------------------------------------------------------------------------------------------
    /// How much is finished now.
    pub fn mark(&self) -> Mark {
        Mark { records: self.records.len(), ..self.finished }
    }

    /// Bytes of finished records that were not taken.
    pub fn waiting_bytes(&self) -> usize {
        self.data.len()
    }

    /// Everything finished so far; in two parts when `mark` lies between. Rows whose records are not finished stay.
    pub fn take(&mut self, mark: Option<Mark>) -> (Packed, Packed) {
        let whole = self.mark();
        let mut mark = mark.unwrap_or(whole);
        if mark.records == 0 {
            mark = Mark::default();
        }
        let reserve = self.data.len().min(RESERVE);
        let data = Arc::new(std::mem::replace(&mut self.data, Vec::with_capacity(reserve)));
        let mut records = std::mem::take(&mut self.records);
        let later = records.split_off(mark.records.min(records.len()));
        let (rows, bytes) = (whole.rows - mark.rows, whole.bytes - mark.bytes);
        let unfinished = if later.is_empty() { rows } else { 0 };
        self.finished = Mark { rows: unfinished, ..Mark::default() };
        let packed = |records, rows, bytes| Packed {
            data: Arc::clone(&data),
            records,
            topics: Arc::clone(&self.topics),
            rows,
            bytes,
        };
        (packed(records, mark.rows, mark.bytes), packed(later, rows - unfinished, bytes))
    }

    /// One changed row went in.
    pub fn count_row(&mut self) {
        self.finished.rows += 1;
    }

    /// The number of a topic.
    pub fn topic(&mut self, name: &str) -> u32 {
        let known = self.topics.iter().position(|known| known.as_ref() == name);
        known.unwrap_or_else(|| {
            Arc::make_mut(&mut self.topics).push(Arc::from(name));
            self.topics.len() - 1
        }) as u32
    }

    /// Append bytes to the block: the range is for `record`.
    pub fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
        let start = self.data.len();
        write(&mut self.data);
        start..self.data.len()
    }

    /// Append bytes that may turn out not to be writable.
    pub fn try_write(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<Range<usize>> {
        let start = self.data.len();
        write(&mut self.data)?;
        Ok(start..self.data.len())
    }

    /// Bytes of the block.
    pub fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.data.get(range.clone()).unwrap_or_default()
    }

    /// One finished record.
    pub fn record(&mut self, record: Record) {
        let size = record.size();
        self.finished.bytes += size as u64;
        self.bytes_since_border += size;
        self.records.push(record);
    }

    // ---- changes -----------------------------------------------------------------------------------------------------
    /// One row change for one partition; the stamp's position is the set before the transaction, for parts that are
    /// cut.
    pub fn change(
        &mut self,
        number: usize,
        (table, flags): (u32, u16),
        before: Option<&[u8]>,
        after: Option<&[u8]>,
        stamp: &Stamp<'_>,
    ) {
        let size = before.map_or(0, <[u8]>::len) + after.map_or(0, <[u8]>::len);
        let limit = self.stream.as_ref().map_or(usize::MAX, |stream| stream.chunk_bytes);
        if self.partitions.get(number).is_some_and(|partition| partition.count > 0 && partition.bytes + size > limit) {
            self.send_part(number, stamp);
        }
        let Some(partition) = self.partitions.get_mut(number) else { return };
        if partition.count == 0 && partition.part == 0 {
            self.touched.push(number);
        }
        message::change(&mut partition.items, table, flags, before, after);
        partition.count += 1;
        partition.bytes += size;
        let mut crc = crc32fast::Hasher::new_with_initial(partition.crc32);
        crc.update(before.unwrap_or_default());
        crc.update(after.unwrap_or_default());
        partition.crc32 = crc.finalize();
    }

    /// Send what is buffered as parts, so that nothing before a chunk border is left here.
    pub fn flush_parts(&mut self, stamp: &Stamp<'_>) {
        for number in 0..self.partitions.len() {
            if self.partitions.get(number).is_some_and(|partition| partition.count > 0) {
                self.send_part(number, stamp);
            }
        }
    }

    /// The last part of every partition that the transaction touched.
    pub fn end_transaction(&mut self, stamp: &Stamp<'_>) {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        for number in touched.drain(..) {
            if self.partitions.get(number).is_some_and(|partition| partition.count > 0 || partition.part > 0) {
                self.message(number, Branch::Transaction, true, stamp, transaction);
                self.complete(number);
            }
        }
        self.touched = touched;
    }

    /// A DDL statement, for every partition.
    pub fn ddl(&mut self, sql: &str, database: &str, tables: &[&str], stamp: &Stamp<'_>) {
        self.everywhere(Branch::Ddl, stamp, |out, _| {
            avro::bytes(out, sql.as_bytes());
            avro::bytes(out, database.as_bytes());
            let mut names = Vec::new();
            for table in tables {
                avro::bytes(&mut names, table.as_bytes());
            }
            message::array(out, tables.len(), &names);
        });
    }

    /// The statement before the rows of a resumed transaction: its messages were sent, the open parts come after.
    pub fn skip_ddl(&mut self) {
        for partition in &mut self.partitions {
            partition.seq += 1;
        }
    }

    // ---- the copy phase ----------------------------------------------------------------------------------------------
    /// One copied row; cut like changes. `keyed`: the rows have their table's whole primary key.
    pub fn copy(&mut self, number: usize, table: u32, image: &[u8], keyed: bool, position: &str) {
        let limit = self.stream.as_ref().map_or(usize::MAX, |stream| stream.chunk_bytes);
        let full = |partition: &Partition| partition.count > 0 && partition.bytes + image.len() > limit;
        if self.partitions.get(number).is_some_and(full) {
            self.send_copy(number, table, keyed, position, false);
        }
        let Some(partition) = self.partitions.get_mut(number) else { return };
        avro::bytes(&mut partition.items, image);
        partition.last = partition.items.len() - image.len()..partition.items.len();
        partition.count += 1;
        partition.bytes += image.len();
        let mut crc = crc32fast::Hasher::new_with_initial(partition.crc32);
        crc.update(image);
        partition.crc32 = crc.finalize();
    }

    /// One table is copied.
    pub fn copy_done(&mut self, table: u32, keyed: bool, position: &str) {
        for number in 0..self.partitions.len() {
            self.send_copy(number, table, keyed, position, true);
        }
    }

    /// All tables are copied.
    pub fn copy_completed(&mut self, position: &str) {
        self.everywhere(Branch::CopyCompleted, &Stamp { position, ..Stamp::default() }, |_, _| {});
    }

    /// Position and clock for every partition; seq repeats the last one.
    pub fn heartbeat(&mut self, stamp: &Stamp<'_>) {
        for number in 0..self.partitions.len() {
            self.message(number, Branch::Heartbeat, true, stamp, |out, _| {
                avro::boolean(out, false); // throttled
                avro::bytes(out, b""); // reason
            });
        }
    }

    // ---- messages ----------------------------------------------------------------------------------------------------
    fn everywhere(&mut self, branch: Branch, stamp: &Stamp<'_>, body: impl Fn(&mut Vec<u8>, &Partition)) {
        for number in 0..self.partitions.len() {
            self.message(number, branch, true, stamp, &body);
            self.complete(number);
        }
    }

    fn send_part(&mut self, number: usize, stamp: &Stamp<'_>) {
        self.message(number, Branch::Transaction, false, stamp, transaction);
        if let Some(partition) = self.partitions.get_mut(number) {
            partition.part += 1;
            partition.empty();
        }
    }

    fn send_copy(&mut self, number: usize, table: u32, keyed: bool, position: &str, completed: bool) {
        let stamp = Stamp { position, ..Stamp::default() };
        self.message(number, Branch::Copy, true, &stamp, |out, partition| {
            avro::long(out, i64::from(table));
            message::array(out, partition.count, &partition.items);
            match partition.items.get(partition.last.clone()) {
                Some(last) if keyed && partition.count > 0 => avro::some_bytes(out, last),
                _ => out.push(avro::NULL),
            }
            avro::boolean(out, completed);
        });
        self.complete(number);
    }

    /// A message with a seq of its own is complete.
    fn complete(&mut self, number: usize) {
        if let Some(partition) = self.partitions.get_mut(number) {
            partition.seq += 1;
            partition.part = 0;
            partition.empty();
        }
    }

    fn message(
        &mut self,
        number: usize,
        branch: Branch,
        last: bool,
        stamp: &Stamp<'_>,
        body: impl FnOnce(&mut Vec<u8>, &Partition),
    ) {
        let (Some(stream), Some(partition)) = (&self.stream, self.partitions.get(number)) else { return };
        let has_images = matches!(branch, Branch::Transaction | Branch::Copy);
        let head = Head {
            schema_id: stream.schema_id,
            seq: if branch == Branch::Heartbeat { partition.seq } else { partition.seq + 1 },
            part: partition.part,
            last,
            position: stamp.position,
            gtid: stamp.gtid,
            commit_ts_us: stamp.commit_ts_us,
            sent_ts_us: self.now_us,
            commit_parent: stamp.last_committed,
            sequence_number: stamp.sequence_number,
            crc32: if has_images { partition.crc32 } else { 0 },
            branch,
        };
        let start = self.data.len();
        head.write(&mut self.data);
        body(&mut self.data, partition);
        let value = Some(start..self.data.len());
        // The stream's topic is the first that was named.
        self.record(Record { topic: 0, partition: number as i32, key: None, value, header: None });
    }
}

fn transaction(out: &mut Vec<u8>, partition: &Partition) {
    message::array(out, partition.count, &partition.items);
}

impl Partition {
    fn empty(&mut self) {
        self.items.clear();
        self.items.shrink_to(RESERVE);
        self.count = 0;
        self.bytes = 0;
        self.crc32 = 0;
    }
}
