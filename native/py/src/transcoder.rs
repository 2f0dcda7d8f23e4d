//! `rowcast_core::transcoder` as a Python class. What comes out are plain tuples: Python gives them their types.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyList, PyString, PyTuple};
use rowcast_core::avro::Values;
use rowcast_core::compare::SortKeys;
use rowcast_core::envelope::{Around, EnvelopeOptions, Format, TableEncoder};
use rowcast_core::item::{Checkpoint, InTransaction, Item, Options};
use rowcast_core::outbox::StreamOutput;
use rowcast_core::row::Cell;
use rowcast_core::table::{MapColumn, TableMap};
use rowcast_core::{Result, plan};
use rowcast_core::{bound, transcoder as core};

use crate::errors::{internal, message, raised};
use crate::records::Packed;

/// gtid, rows, crc, parts.
type HalfSent = (String, u64, u32, Vec<i64>);
/// The fields of `model.position.Checkpoint` in order.
type Position = (String, String, String, u64, String, i64, u64, Vec<i64>, Option<HalfSent>);
/// topic, partitions, schema id, chunk bytes.
type Stream = (String, usize, u32, usize);
/// topic; what encloses keys, and values.
type TableTopic = (String, (Vec<u8>, Vec<u8>), (Vec<u8>, Vec<u8>));

/// Settings of table topics; see `rowcast_core::envelope::EnvelopeOptions`.
#[derive(FromPyObject)]
struct Envelope {
    #[pyo3(item)]
    prefix: String,
    #[pyo3(item)]
    connector_version: String,
    #[pyo3(item)]
    tombstones: bool,
    #[pyo3(item)]
    avro_keys: bool,
    #[pyo3(item)]
    avro_values: bool,
    #[pyo3(item)]
    heartbeat_topic: String,
    #[pyo3(item)]
    heartbeat_key: Vec<u8>,
    #[pyo3(item)]
    heartbeat_around: (Vec<u8>, Vec<u8>),
}

/// A compiled plan with the registry ids of its schemas.
#[pyclass(frozen, module = "rowcast_native")]
pub(crate) struct Plan(Arc<bound::Bound>);

/// One stream's state machine. Closed by a panic: every later call raises INTERNAL.
#[pyclass(frozen, module = "rowcast_native")]
pub(crate) struct Transcoder {
    inner: Mutex<Option<core::Transcoder>>,
    envelope: Option<EnvelopeOptions>,
}

#[pymethods]
impl Transcoder {
    #[new]
    #[pyo3(signature = (*, keyspace, stream, envelope, tx_chunk_rows, tx_chunk_bytes, output_bytes, each_commit, start, executed))]
    #[allow(clippy::too_many_arguments)] // keywords, as the dataclasses on the other side have them
    fn new(
        keyspace: String,
        stream: Option<Stream>,
        envelope: Option<Envelope>,
        tx_chunk_rows: u64,
        tx_chunk_bytes: usize,
        output_bytes: usize,
        each_commit: bool,
        start: Position,
        executed: &str,
    ) -> PyResult<Self> {
        let stream = stream.map(|(topic, partitions, schema_id, chunk_bytes)| StreamOutput {
            topic,
            partitions,
            schema_id,
            chunk_bytes,
        });
        let format = |avro: bool| if avro { Format::Avro } else { Format::Json };
        let envelope = envelope.map(|options| EnvelopeOptions {
            prefix: options.prefix,
            connector_version: options.connector_version,
            tombstones: options.tombstones,
            key_format: format(options.avro_keys),
            value_format: format(options.avro_values),
            heartbeat_topic: options.heartbeat_topic,
            heartbeat_key: options.heartbeat_key,
            heartbeat_around: options.heartbeat_around,
        });
        let options = Options {
            keyspace,
            stream,
            envelope: envelope.clone(),
            tx_chunk_rows,
            tx_chunk_bytes,
            output_bytes,
            each_commit,
        };
        let inner = caught(|| core::Transcoder::new(options, checkpoint_of(start), executed))?;
        let inner = inner.map_err(|error| raised(&error))?;
        Ok(Self { inner: Mutex::new(Some(inner)), envelope })
    }

    /// Compile a plan; `NativeError` NOT_NATIVE when only the Python path can do it. `sort_key(collation, column, text)` makes
    /// the keys of text beyond ASCII: bytes, or a str that says what is wrong with the text.
    fn bind(
        &self,
        py: Python<'_>,
        json: &str,
        row_schema: u32,
        table_topic: Option<TableTopic>,
        sort_key: Py<PyAny>,
    ) -> PyResult<Plan> {
        let envelope = &self.envelope;
        let keys = sort_keys(sort_key);
        py.detach(|| {
            caught(|| {
                let plan = plan::Plan::parse(json, &keys)?;
                let encoder = envelope.as_ref().zip(table_topic).map(|(options, (topic, key, value))| {
                    let around = |(start, end)| Around { start, end };
                    TableEncoder::new(&plan, options, &topic, around(key), around(value))
                });
                bound::Bound::new(plan, row_schema, encoder)
            })
        })?
        .map(|bound| Plan(Arc::new(bound)))
        .map_err(|error| raised(&error))
    }

    /// Items that these bytes complete, as tuples (kind, ...).
    fn feed<'py>(&self, py: Python<'py>, chunk: &Bound<'py, PyBytes>, now_us: i64) -> PyResult<Bound<'py, PyList>> {
        let bytes = chunk.as_bytes();
        let items = self.run(py, |transcoder| transcoder.feed(bytes, now_us))?;
        let items = items.into_iter().map(|item| item_tuple(py, item)).collect::<PyResult<Vec<_>>>()?;
        PyList::new(py, items)
    }

    /// Answers a table map; None skips the table's rows without decoding them.
    fn provide(&self, py: Python<'_>, plan: Option<&Plan>) -> PyResult<()> {
        let bound = plan.map(|plan| Arc::clone(&plan.0));
        self.run(py, |transcoder| transcoder.provide(bound))
    }

    /// Records of snapshot rows (tuples of cells), and how many rows passed.
    #[allow(clippy::needless_pass_by_value)] // arguments from Python are
    fn copy_rows(
        &self,
        py: Python<'_>,
        plan: &Plan,
        rows: Vec<Bound<'_, PyTuple>>,
        now_us: i64,
    ) -> PyResult<(Packed, u64)> {
        let width = plan.0.width();
        if rows.iter().any(|row| row.len() != width) {
            return Err(internal("a copied row has another number of cells than its table has columns".to_owned()));
        }
        let objects: Vec<Bound<'_, PyAny>> = rows.iter().flat_map(PyTupleMethods::iter).collect();
        let cells = objects.iter().map(cell).collect::<PyResult<Vec<_>>>()?;
        let bound = &plan.0;
        let (packed, passed) = self.run(py, |transcoder| {
            let rows = cells.chunks(width.max(1)).map(Values);
            transcoder.copy_rows(bound, rows, now_us)
        })?;
        Ok((Packed(packed), passed))
    }

    /// Records that end one table's copy.
    fn copy_done(&self, py: Python<'_>, plan: &Plan, now_us: i64) -> PyResult<Packed> {
        let bound = &plan.0;
        self.run(py, |transcoder| Ok(transcoder.copy_done(bound, now_us))).map(Packed)
    }

    /// Records that end the copy phase.
    fn copy_completed(&self, py: Python<'_>, now_us: i64) -> PyResult<Packed> {
        self.run(py, |transcoder| Ok(transcoder.copy_completed(now_us))).map(Packed)
    }

    /// Records that carry position and clock.
    fn heartbeat(&self, py: Python<'_>, now_us: i64) -> PyResult<Packed> {
        self.run(py, |transcoder| Ok(transcoder.heartbeat(now_us))).map(Packed)
    }

    /// Whether a source transaction is open, and whether whole events wait inside.
    fn state(&self, py: Python<'_>) -> PyResult<(bool, bool)> {
        self.run(py, |transcoder| Ok((transcoder.in_transaction(), transcoder.more())))
    }

    /// The fields of `model.position.Checkpoint` in order.
    fn checkpoint(&self, py: Python<'_>) -> PyResult<Position> {
        self.run(py, |transcoder| Ok(transcoder.checkpoint().clone())).map(position_of)
    }
}

impl Transcoder {
    /// Run the core without the GIL; a panic closes the instance.
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut core::Transcoder) -> Result<T> + Send,
    ) -> PyResult<T> {
        let done = py.detach(|| {
            let mut slot = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(transcoder) = slot.as_mut() else {
                return Err(internal("the native core was closed by an earlier failure".to_owned()));
            };
            let done = caught(|| work(transcoder));
            if done.is_err() {
                *slot = None;
            }
            done
        })?;
        done.map_err(|error| raised(&error))
    }
}

/// The result, or INTERNAL for a panic.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|panic| internal(format!("the native core failed: {}", message(panic.as_ref()))))
}

/// Keys that Python makes; the core runs without the GIL, so it is taken for each.
fn sort_keys(function: Py<PyAny>) -> SortKeys {
    SortKeys(Arc::new(move |collation, place, text| {
        Python::attach(|py| {
            let found = function.bind(py).call1((collation, place, text)).map_err(|error| error.to_string())?;
            match found.cast::<PyBytes>() {
                Ok(key) => Ok(key.as_bytes().to_vec()),
                Err(_) => Err(found.to_string()),
            }
        })
    }))
}

/// A cell of a copied row in the value domain of `model/table.py`.
fn cell<'a>(object: &'a Bound<'_, PyAny>) -> PyResult<Cell<'a>> {
    if object.is_none() {
        return Ok(Cell::Null);
    }
    if let Ok(text) = object.cast::<PyString>() {
        return text.to_str().map(Cell::Text);
    }
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(Cell::Bytes(bytes.as_bytes()));
    }
    if object.is_instance_of::<PyInt>() && !object.is_instance_of::<PyBool>() {
        return object.extract().map(Cell::Int).or_else(|_| object.extract().map(Cell::UInt));
    }
    if let Ok(number) = object.cast::<PyFloat>() {
        return Ok(Cell::Double(number.value()));
    }
    Err(internal(format!("a copied row has a cell of type {}", object.get_type().name()?)))
}

fn item_tuple(py: Python<'_>, item: Item) -> PyResult<Bound<'_, PyAny>> {
    match item {
        Item::Records(packed) => ("records", Packed(packed)).into_bound_py_any(py),
        Item::ChunkBorder(checkpoint) => ("border", position_of(checkpoint)).into_bound_py_any(py),
        Item::Committed { checkpoint, rows, transactions } => {
            ("committed", position_of(checkpoint), rows, transactions).into_bound_py_any(py)
        }
        Item::NeedPlan(map) => ("plan", table_map(py, &map)?).into_bound_py_any(py),
        Item::Ddl { sql, database, records, checkpoint } => {
            ("ddl", sql, database, Packed(records), position_of(checkpoint)).into_bound_py_any(py)
        }
        Item::Heartbeat { file, pos } => ("heartbeat", file, pos).into_bound_py_any(py),
    }
}

/// The fields of `model.events.TableMap` in order, columns as the fields of `MapColumn`.
fn table_map<'py>(py: Python<'py>, map: &TableMap) -> PyResult<Bound<'py, PyAny>> {
    let columns = map.columns.iter().map(|column| map_column(py, column)).collect::<PyResult<Vec<_>>>()?;
    let key = map.primary_key.as_ref().map(|key| PyTuple::new(py, key)).transpose()?;
    (map.table_id, &map.database, &map.table, PyTuple::new(py, columns)?, key).into_bound_py_any(py)
}

fn map_column<'py>(py: Python<'py>, column: &MapColumn) -> PyResult<Bound<'py, PyAny>> {
    let labels =
        column.labels.as_ref().map(|labels| PyTuple::new(py, labels.iter().map(|label| PyBytes::new(py, label))));
    (
        column.code,
        column.metadata,
        column.nullable,
        column.unsigned,
        column.name.as_deref(),
        column.collation_id,
        labels.transpose()?,
        column.invisible,
    )
        .into_bound_py_any(py)
}

fn position_of(checkpoint: Checkpoint) -> Position {
    let half = checkpoint.in_tx.map(|half| (half.gtid, half.rows, half.crc, half.parts));
    (
        checkpoint.position,
        checkpoint.gtid,
        checkpoint.file,
        checkpoint.pos,
        checkpoint.server_uuid,
        checkpoint.ts_ms,
        checkpoint.seq,
        checkpoint.seqs,
        half,
    )
}

fn checkpoint_of((position, gtid, file, pos, server_uuid, ts_ms, seq, seqs, half): Position) -> Checkpoint {
    let in_tx = half.map(|(gtid, rows, crc, parts)| InTransaction { gtid, rows, crc, parts });
    Checkpoint { position, gtid, file, pos, server_uuid, ts_ms, seq, seqs, in_tx }
}
