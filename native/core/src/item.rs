//! What the transcoder is told, what it hands out, and where a stream is: the items of `connector/model/record.py` and the checkpoint of
//! `connector/model/position.py`.

use crate::envelope::EnvelopeOptions;
use crate::outbox::StreamOutput;
use crate::record::Packed;
use crate::table::SharedTableMap;

/// What a stream publishes, and where a large source transaction may be cut.
#[derive(Clone, Debug)]
pub struct Options {
    /// Database whose DDL is announced in the stream.
    pub keyspace: String,
    /// None: table topics only.
    pub stream: Option<StreamOutput>,
    /// None: no table topics.
    pub envelope: Option<EnvelopeOptions>,
    /// Rows that passed the filter, between two chunk borders.
    pub tx_chunk_rows: u64,
    /// Bytes of records between two chunk borders.
    pub tx_chunk_bytes: usize,
    /// `feed` returns when this many bytes of records are waiting, see `Transcoder::more`.
    pub output_bytes: usize,
    /// An item for every source transaction, instead of one for all that a call completes.
    pub each_commit: bool,
}

/// How far a large source transaction has been sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InTransaction {
    /// Which one.
    pub gtid: String,
    /// Rows that passed the filter and were sent.
    pub rows: u64,
    /// Running CRC-32 of their images.
    pub crc: u32,
    /// Next part number per stream partition.
    pub parts: Vec<i64>,
}

/// Everything a new owner needs to go on exactly where the last one stopped (`connector/model/position.py`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Flavour-encoded executed set.
    pub position: String,
    /// The last transaction.
    pub gtid: String,
    /// Binlog coordinates after it.
    pub file: String,
    /// Binlog coordinates after it.
    pub pos: u64,
    /// The source.
    pub server_uuid: String,
    /// Commit time of the last transaction, ms since the epoch.
    pub ts_ms: i64,
    /// Source transactions emitted by the stream.
    pub seq: u64,
    /// Last seq per stream partition.
    pub seqs: Vec<i64>,
    /// Inside a large transaction.
    pub in_tx: Option<InTransaction>,
}

/// What a call of `feed` hands out, in binlog order.
#[derive(Debug)]
pub enum Item {
    /// Finished records.
    Records(Packed),
    /// A Kafka transaction may end here, inside a large source transaction.
    ChunkBorder(Checkpoint),
    /// Source transactions are complete.
    Committed {
        /// After the last of them.
        checkpoint: Checkpoint,
        /// Rows of them that passed the filter.
        rows: u64,
        /// How many.
        transactions: u64,
    },
    /// A table map without a plan: `provide` answers.
    NeedPlan(SharedTableMap),
    /// A statement that may change tables.
    Ddl {
        /// The statement.
        sql: String,
        /// The session's default database.
        database: String,
        /// Its messages.
        records: Packed,
        /// After it.
        checkpoint: Checkpoint,
    },
    /// The source is alive and idle up to here.
    Heartbeat {
        /// File name.
        file: String,
        /// Position in it.
        pos: u64,
    },
}
