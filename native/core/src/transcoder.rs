//! The transcoder: bytes of the replication socket in, Kafka records and checkpoints out. No I/O and no clock of its own.
//!
//! The same state machine as `connector/transcode/composed.py`, which is the specification: same records, same
//! checkpoints, same chunk borders, same errors. Two differences in form: transactions that follow one another in one
//! call end in one `Committed` with the last one's checkpoint, and the wall clock is read once per call.

use std::collections::HashMap;
use std::sync::Arc;

use crate::avro::Row;
use crate::bound::Bound;
use crate::envelope::{EnvelopeSpace, Operation, Origin};
use crate::error::{Code, Error, Result};
use crate::evaluate::{EvaluateSpace, Filtered};
use crate::event::{BinlogEvent, Event, Gtid, GtidId, Query, Rows};
use crate::gtid_set::GtidSet;
use crate::item::{Checkpoint, InTransaction, Item, Options};
use crate::outbox::{Mark, Outbox, Stamp};
use crate::progress::{OpenTransaction, gtid_text, located, not_followed, outside, python_repr};
use crate::reader::EventReader;
use crate::record::Packed;
use crate::row::{ImagePolicy, RowReader, RowSpace, Scratch};
use crate::statement::{Statement, classify};
use crate::table::{SharedTableMap, TableMap};

/// Smaller transactions are sent in one piece; their images need no checksum when only table topics are written.
const NEVER_CUT_BYTES: u64 = 1 << 20;
/// `connector.model.message.FOREIGN_KEY_CHECKS_OFF`.
const FOREIGN_KEY_CHECKS_OFF: u16 = 2;
const FLAVOR: &str = "MySQL56/";

/// What a table id of the binlog stands for.
#[derive(Debug)]
struct Path {
    map: SharedTableMap,
    /// None: no rule wants the table.
    rows: Option<(Arc<Bound>, RowReader)>,
}

/// One stream's state machine, from a checkpoint on. Thrown away after any error.
#[derive(Debug)]
pub struct Transcoder {
    reader: EventReader,
    state: State,
    more: bool,
}

#[derive(Debug)]
struct State {
    options: Options,
    executed: GtidSet,
    checkpoint: Checkpoint,
    outbox: Outbox,
    resume: Option<InTransaction>,
    paths: HashMap<u64, Path>,
    unanswered: Option<SharedTableMap>,
    tx: Option<OpenTransaction>,
    thread_id: u32,
    items: Vec<Item>,
    /// Complete transactions that no item tells of yet.
    committed: Option<Done>,
    /// Bytes of records in `items`.
    handed_out: usize,
    space: Space,
}

#[derive(Clone, Copy, Debug)]
struct Done {
    mark: Mark,
    rows: u64,
    transactions: u64,
}

/// Memory that is reused from row to row.
#[derive(Debug, Default)]
struct Space {
    rows: RowSpace,
    evaluate: EvaluateSpace,
    cell: Scratch,
    before: Vec<u8>,
    after: Vec<u8>,
    envelope: EnvelopeSpace,
}

impl Transcoder {
    /// `executed`: the canonical text of the start's executed set. `RESUME_MISMATCH` for a checkpoint of another shape.
    pub fn new(options: Options, start: Checkpoint, executed: &str) -> Result<Self> {
        let outbox = Outbox::new(options.stream.clone(), &start.seqs)?;
        let state = State {
            executed: GtidSet::parse(executed)?,
            resume: start.in_tx.clone(),
            checkpoint: start,
            outbox,
            options,
            paths: HashMap::new(),
            unanswered: None,
            tx: None,
            thread_id: 0,
            items: Vec::new(),
            committed: None,
            handed_out: 0,
            space: Space::default(),
        };
        Ok(Self { reader: EventReader::new(), state, more: false })
    }

    /// Items that these bytes complete; stops at the first `NeedPlan`, and when enough is waiting (see `more`).
    pub fn feed(&mut self, chunk: &[u8], now_us: i64) -> Result<Vec<Item>> {
        self.reader.push(chunk);
        self.state.outbox.now_us = now_us;
        self.more = false;
        while self.state.unanswered.is_none() {
            if self.state.handed_out + self.state.outbox.waiting_bytes() >= self.state.options.output_bytes {
                self.more = true;
                break;
            }
            let Some(event) = self.reader.next_event()? else { break };
            self.state.event(&event)?;
        }
        self.state.hand_out();
        self.state.handed_out = 0;
        Ok(std::mem::take(&mut self.state.items))
    }

    /// Answers `NeedPlan`; None skips the table's rows without decoding them.
    pub fn provide(&mut self, bound: Option<Arc<Bound>>) -> Result<()> {
        let Some(map) = self.state.unanswered.take() else {
            return Err(Error::new(Code::Internal, "a plan was provided that nobody asked for"));
        };
        let rows = match bound {
            None => None,
            Some(bound) => {
                let reader = RowReader::new(&map, &bound.plan.source, ImagePolicy::Full)?;
                Some((bound, reader))
            }
        };
        self.state.paths.insert(map.table_id, Path { map, rows });
        Ok(())
    }

    /// The table map that waits for its plan.
    pub fn unanswered(&self) -> Option<&TableMap> {
        self.state.unanswered.as_deref()
    }

    /// Records of snapshot rows, and how many rows passed.
    pub fn copy_rows<R: Row>(
        &mut self,
        bound: &Bound,
        rows: impl IntoIterator<Item = R>,
        now_us: i64,
    ) -> Result<(Packed, u64)> {
        let State { outbox, space, checkpoint, .. } = &mut self.state;
        outbox.now_us = now_us;
        if let Some(envelope) = &bound.envelope {
            let origin = Origin {
                ts_us: now_us.div_euclid(1_000_000) * 1_000_000,
                snapshot: true,
                server_id: 0,
                gtid: None,
                file: &checkpoint.file,
                pos: checkpoint.pos,
                thread: None,
            };
            envelope.origin(&origin, &mut space.envelope);
        }
        let mut passed = 0;
        for row in rows {
            let Some(filtered) = bound.plan.change(None, Some(&row), &mut space.evaluate)? else { continue };
            passed += 1;
            if let Some(envelope) = &bound.envelope {
                envelope.records(None, Some(&row), Operation::Read, 0, &mut space.envelope, outbox)?;
            }
            if let Some(partition) = filtered.after.filter(|_| outbox.streams()) {
                space.after.clear();
                bound.images.write(&row, &mut space.cell, &mut space.after)?;
                outbox.copy(partition, bound.schema_id, &space.after, bound.keyed(), &checkpoint.position);
            }
        }
        Ok((outbox.take(None).0, passed))
    }

    /// Records that end one table's copy.
    pub fn copy_done(&mut self, bound: &Bound, now_us: i64) -> Packed {
        let State { outbox, checkpoint, .. } = &mut self.state;
        outbox.now_us = now_us;
        outbox.copy_done(bound.schema_id, bound.keyed(), &checkpoint.position);
        self.copied()
    }

    /// Records that end the copy phase.
    pub fn copy_completed(&mut self, now_us: i64) -> Packed {
        let State { outbox, checkpoint, .. } = &mut self.state;
        outbox.now_us = now_us;
        outbox.copy_completed(&checkpoint.position);
        self.copied()
    }

    fn copied(&mut self) -> Packed {
        self.state.checkpoint.seqs = self.state.outbox.seqs();
        self.state.outbox.take(None).0
    }

    /// Records that carry position and clock while nothing else is sent; only between transactions.
    pub fn heartbeat(&mut self, now_us: i64) -> Packed {
        let State { outbox, checkpoint, options, .. } = &mut self.state;
        outbox.now_us = now_us;
        outbox.heartbeat(&Stamp {
            position: &checkpoint.position,
            gtid: &checkpoint.gtid,
            commit_ts_us: checkpoint.ts_ms * 1000,
            ..Stamp::default()
        });
        if let Some(envelope) = &options.envelope {
            envelope.heartbeat(outbox);
        }
        outbox.take(None).0
    }

    /// Whether a source transaction is open: no commit, no heartbeat now.
    pub fn in_transaction(&self) -> bool {
        self.state.tx.is_some() || self.state.resume.is_some()
    }

    /// Whether `feed` stopped because enough was waiting: feed nothing before reading on.
    pub fn more(&self) -> bool {
        self.more
    }

    /// Where the stream is, after the last complete source transaction.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.state.checkpoint
    }
}

impl State {
    fn event(&mut self, found: &BinlogEvent<'_>) -> Result<()> {
        match &found.event {
            Event::Rows(rows) => return self.rows(found, rows),
            Event::TableMap(map) => self.table_map(map),
            Event::Gtid(gtid) => self.begin(found, gtid)?,
            Event::Query(query) => self.statement(found, query)?,
            Event::Commit { .. } => self.commit(found)?,
            Event::Rotate { .. } => self.paths.clear(), // the file that begins numbers tables anew
            Event::Heartbeat { file, pos } => {
                self.hand_out();
                self.items.push(Item::Heartbeat { file: (*file).to_owned(), pos: *pos });
            }
            Event::XaPrepare(_) => {
                let error =
                    Error::new(Code::BinlogEventUnsupported, "binlog event type XA_PREPARE (38) is not supported");
                let hint = "Commit with plain transactions: prepared XA transactions are not decoded yet.";
                return Err(located(error.hint(hint), found).with("event", "XA_PREPARE (38)"));
            }
            Event::FormatDescription { .. }
            | Event::RowsQuery(_)
            | Event::PreviousGtids(_)
            | Event::TransactionPayload { .. }
            | Event::Ignored => {}
        }
        Ok(())
    }

    fn table_map(&mut self, map: &SharedTableMap) {
        if let Some(path) = self.paths.get(&map.table_id)
            && (Arc::ptr_eq(&path.map, map) || path.map == *map)
        {
            return;
        }
        self.paths.remove(&map.table_id);
        self.hand_out();
        self.unanswered = Some(Arc::clone(map));
        self.items.push(Item::NeedPlan(Arc::clone(map)));
    }

    fn begin(&mut self, found: &BinlogEvent<'_>, gtid: &Gtid<'_>) -> Result<()> {
        let GtidId::MySql { uuid, tag, gno } = gtid.id else {
            return Err(located(not_followed(&gtid.id), found));
        };
        let name = gtid_text(uuid, tag, gno);
        if let Some(tx) = &self.tx {
            let what = format!("transaction {name} begins before {} has ended", tx.gtid);
            return Err(located(Error::new(Code::BinlogCorrupt, what), found));
        }
        let mut resume = self.resume.take();
        if let Some(half) = &resume
            && half.gtid != name
        {
            if half.parts.iter().any(|part| *part != 0) {
                let what = "another transaction comes before the one half sent";
                return Err(Error::new(Code::ResumeMismatch, what).with("gtid", name));
            }
            // Table topics know no order between transactions: ours follows.
            self.resume = resume.take();
        }
        if let Some(half) = &resume {
            self.outbox.resume(&half.parts)?;
        }
        let never_cut = (1..NEVER_CUT_BYTES).contains(&gtid.transaction_length);
        self.tx = Some(OpenTransaction {
            tracked: self.outbox.streams() || !never_cut || resume.is_some(),
            resume,
            gtid: name,
            uuid,
            tag: tag.to_owned(),
            number: gno as u64,
            last_committed: gtid.last_committed,
            sequence_number: gtid.sequence_number,
            commit_ts_us: gtid.commit_ts_us as i64,
            explicit: false,
            rows: 0,
            rows_since_border: 0,
            crc: 0,
        });
        Ok(())
    }

    fn statement(&mut self, found: &BinlogEvent<'_>, query: &Query<'_>) -> Result<()> {
        match classify(&query.sql, query.database) {
            Statement::Begin => {
                self.thread_id = query.thread_id;
                if let Some(tx) = &mut self.tx {
                    tx.explicit = true;
                }
            }
            Statement::Commit => self.commit(found)?,
            Statement::Savepoint => {} // MySQL itself leaves undone rows out of the binlog
            Statement::Dml => {
                let error = Error::new(Code::BinlogStatement, "row changes are in the binlog as a statement");
                return Err(located(error.with("database", query.database), found));
            }
            Statement::Unsupported => {
                let start: String = query.sql.chars().take(20).collect();
                let what =
                    format!("the binlog has a statement that rowcast does not follow yet: {}", python_repr(&start));
                return Err(located(Error::new(Code::BinlogEventUnsupported, what), found));
            }
            Statement::Ddl(tables) => self.ddl(found, query, &tables)?,
            Statement::Other => {
                if self.tx.as_ref().is_some_and(|tx| !tx.explicit) {
                    self.commit(found)?;
                }
            }
        }
        Ok(())
    }

    fn ddl(&mut self, found: &BinlogEvent<'_>, query: &Query<'_>, tables: &[(String, String)]) -> Result<()> {
        let Some(tx) = &self.tx else { return Err(outside(found)) };
        let is_ours = |(database, _): &&(String, String)| *database == self.options.keyspace;
        let ours: Vec<&str> = tables.iter().filter(is_ours).map(|(_, table)| table.as_str()).collect();
        if tx.explicit {
            // CREATE TABLE ... SELECT: the rows follow, then the commit.
            if ours.is_empty() {
            } else if tx.resume.is_some() {
                self.outbox.skip_ddl();
            } else {
                self.outbox.ddl(&query.sql, query.database, &ours, &tx.stamp(&self.checkpoint.position));
            }
            return Ok(());
        }
        self.executed.add(tx.uuid, &tx.tag, tx.number);
        self.hand_out();
        let Some(tx) = self.tx.take() else { return Ok(()) };
        self.move_position();
        if !ours.is_empty() {
            self.outbox.ddl(&query.sql, query.database, &ours, &tx.stamp(&self.checkpoint.position));
        }
        self.advance(found, &tx);
        self.items.push(Item::Ddl {
            sql: query.sql.clone().into_owned(),
            database: query.database.to_owned(),
            records: self.outbox.take(None).0,
            checkpoint: self.checkpoint.clone(),
        });
        Ok(())
    }

    fn rows(&mut self, found: &BinlogEvent<'_>, event: &Rows<'_>) -> Result<()> {
        let Some(path) = self.paths.get(&event.table_id) else {
            let what = format!("rows of table id {} without a table map", event.table_id);
            return Err(located(Error::new(Code::TableMapUnknown, what), found));
        };
        let Some((bound, reader)) = &path.rows else { return Ok(()) };
        if self.tx.is_none() {
            return Err(outside(found));
        }
        if let (Some(envelope), Some(tx)) = (&bound.envelope, &self.tx) {
            let origin = Origin {
                ts_us: tx.commit_ts_us,
                snapshot: false,
                server_id: found.header.server_id,
                gtid: Some(&tx.gtid),
                file: found.file,
                pos: found.start,
                thread: Some(self.thread_id),
            };
            envelope.origin(&origin, &mut self.space.envelope);
        }
        let flags = event.flags & FOREIGN_KEY_CHECKS_OFF;
        let Space { rows, evaluate, cell, before, after, envelope: envelope_space } = &mut self.space;
        let mut changes = reader.rows(event, rows)?;
        let mut index = 0u32;
        while let Some(change) = changes.next()? {
            let number = index;
            index += 1;
            let (old, new) = (change.before.as_ref(), change.after.as_ref());
            let Some(filtered) = bound.plan.change(old, new, evaluate)? else { continue };
            let Filtered { before: has_before, after: has_after } = filtered;
            let old = old.filter(|_| has_before.is_some());
            let new = new.filter(|_| has_after.is_some());
            let Some(tx) = &mut self.tx else { return Err(outside(found)) };
            if tx.tracked {
                for (row, image) in [(old, &mut *before), (new, &mut *after)] {
                    image.clear();
                    if let Some(row) = row {
                        bound.images.write(row, cell, image)?;
                    }
                }
            }
            if tx.skip(old.map(|_| before.as_slice()), new.map(|_| after.as_slice()))? {
                continue;
            }
            if let Some(envelope) = &bound.envelope {
                let operation = match (old, new) {
                    (None, _) => Operation::Create,
                    (_, None) => Operation::Delete,
                    _ => Operation::Update,
                };
                envelope.records(old, new, operation, number, envelope_space, &mut self.outbox)?;
            }
            if self.outbox.streams() {
                for route in filtered.routes() {
                    let old = route.before.then_some(before.as_slice());
                    let new = route.after.then_some(after.as_slice());
                    let stamp = tx.stamp(&self.checkpoint.position);
                    self.outbox.change(route.partition, (bound.schema_id, flags), old, new, &stamp);
                }
            }
            self.outbox.count_row();
            let full = tx.rows_since_border >= self.options.tx_chunk_rows
                || self.outbox.bytes_since_border >= self.options.tx_chunk_bytes;
            if full && tx.tracked {
                // Hand out all that is buffered, so that a Kafka transaction may end here.
                self.outbox.flush_parts(&tx.stamp(&self.checkpoint.position));
                self.handed_out += self.outbox.waiting_bytes();
                hand_out(&mut self.outbox, &mut self.committed, &self.checkpoint, &mut self.items);
                tx.rows_since_border = 0;
                let mut checkpoint = self.checkpoint.clone();
                checkpoint.in_tx = Some(InTransaction {
                    gtid: tx.gtid.clone(),
                    rows: tx.rows,
                    crc: tx.crc,
                    parts: self.outbox.parts(),
                });
                self.items.push(Item::ChunkBorder(checkpoint));
                self.outbox.bytes_since_border = 0;
            }
        }
        Ok(())
    }

    fn commit(&mut self, found: &BinlogEvent<'_>) -> Result<()> {
        let Some(tx) = self.tx.take() else { return Err(outside(found)) };
        tx.check_resumed()?;
        self.executed.add(tx.uuid, &tx.tag, tx.number);
        // Until here the checkpoint is the one before this transaction; an item that tells of it must have it.
        self.move_position();
        self.outbox.end_transaction(&tx.stamp(&self.checkpoint.position));
        self.advance(found, &tx);
        let done = self.committed.get_or_insert(Done { mark: self.outbox.mark(), rows: 0, transactions: 0 });
        done.mark = self.outbox.mark();
        done.rows += tx.rows;
        done.transactions += 1;
        if self.options.each_commit {
            self.hand_out();
        }
        Ok(())
    }

    fn move_position(&mut self) {
        self.checkpoint.position.clear();
        self.checkpoint.position.push_str(FLAVOR);
        self.checkpoint.position.push_str(self.executed.as_str());
    }

    fn advance(&mut self, found: &BinlogEvent<'_>, tx: &OpenTransaction) {
        self.outbox.bytes_since_border = 0;
        let checkpoint = &mut self.checkpoint;
        checkpoint.gtid.clone_from(&tx.gtid);
        if checkpoint.file != found.file {
            found.file.clone_into(&mut checkpoint.file);
        }
        checkpoint.pos = found.end;
        checkpoint.ts_ms = tx.commit_ts_us.div_euclid(1000);
        checkpoint.seq += 1;
        checkpoint.in_tx.clone_from(&self.resume);
        self.outbox.copy_seqs(&mut checkpoint.seqs);
    }

    fn hand_out(&mut self) {
        self.handed_out += self.outbox.waiting_bytes();
        hand_out(&mut self.outbox, &mut self.committed, &self.checkpoint, &mut self.items);
    }
}

/// Everything finished so far as items: records up to the last commit, the commit, records behind it.
fn hand_out(outbox: &mut Outbox, committed: &mut Option<Done>, checkpoint: &Checkpoint, items: &mut Vec<Item>) {
    let done = committed.take();
    let (before, after) = match done {
        Some(done) => outbox.take(Some(done.mark)),
        None if outbox.waiting_bytes() == 0 => return,
        None => outbox.take(None),
    };
    let filled = |packed: Packed| (!packed.records.is_empty()).then_some(Item::Records(packed));
    items.extend(filled(before));
    if let Some(Done { rows, transactions, .. }) = done {
        items.push(Item::Committed { checkpoint: checkpoint.clone(), rows, transactions });
    }
    items.extend(filled(after));
}
