//! Finished records, handed over to librdkafka's `produce_batch` in runs; no Python object is made before.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use rowcast_core::record;

/// Records of one hand-over.
#[pyclass(frozen, module = "rowcast_native")]
pub(crate) struct Packed(pub(crate) record::Packed);

/// topic, partition, key, value, headers.
type Plain<'py> =
    (String, i32, Option<Bound<'py, PyBytes>>, Option<Bound<'py, PyBytes>>, Vec<(&'static str, Bound<'py, PyBytes>)>);

/// topic, partition, messages, bytes of keys and values, bytes of the largest, whether any has headers.
type Run<'py> = (String, i32, Bound<'py, PyList>, usize, usize, bool);

/// A run that is being collected.
struct Collected<'py> {
    topic: u32,
    partition: i32,
    messages: Vec<Bound<'py, PyDict>>,
    bytes: usize,
    largest: usize,
    headers: bool,
}

#[pymethods]
impl Packed {
    fn __len__(&self) -> usize {
        self.0.records.len()
    }

    /// Changed rows that went in, and bytes of keys and values.
    fn counts(&self) -> (u64, u64) {
        (self.0.rows, self.0.bytes)
    }

    /// One record; IndexError beyond the last.
    fn record<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Plain<'py>> {
        let Some(found) = self.0.records.get(index) else {
            return Err(pyo3::exceptions::PyIndexError::new_err(index));
        };
        let bytes = |range| PyBytes::new(py, self.0.slice(range));
        Ok((
            self.0.topic(found).to_owned(),
            found.partition,
            found.key.as_ref().map(bytes),
            found.value.as_ref().map(bytes),
            found.header.iter().map(|(name, range)| (*name, bytes(range))).collect(),
        ))
    }

    /// The records by topic and partition, order kept within each; `count` tells how many partitions a topic has.
    /// Messages are what `produce_batch` takes; those with a value of `large` bytes or more get `callback`. A run with
    /// headers has them in the messages, and must be sent one by one.
    fn runs<'py>(
        &self,
        py: Python<'py>,
        count: &Bound<'py, PyAny>,
        large: usize,
        callback: &Bound<'py, PyAny>,
    ) -> PyResult<Vec<Run<'py>>> {
        let packed = &self.0;
        let (key_name, value_name) = (pyo3::intern!(py, "key"), pyo3::intern!(py, "value"));
        let mut counts: Vec<Option<u32>> = vec![None; packed.topics.len()];
        let mut runs: Vec<Collected<'py>> = Vec::new();
        let mut known_runs: HashMap<(u32, i32), usize> = HashMap::new();
        for found in &packed.records {
            let known = counts.get_mut(found.topic as usize);
            let partitions = match known {
                Some(Some(known)) => *known,
                Some(unknown) => *unknown.insert(count.call1((packed.topic(found),))?.extract()?),
                None => 0,
            };
            let partition = packed.partition(found, partitions);
            let message = PyDict::new(py);
            match &found.value {
                Some(range) => message.set_item(value_name, PyBytes::new(py, packed.slice(range)))?,
                None => message.set_item(value_name, py.None())?,
            }
            match &found.key {
                Some(range) => message.set_item(key_name, PyBytes::new(py, packed.slice(range)))?,
                None => message.set_item(key_name, py.None())?,
            }
            if found.value.as_ref().is_some_and(|range| range.end - range.start >= large) {
                message.set_item("callback", callback)?;
            }
            if let Some((name, range)) = &found.header {
                message.set_item("headers", vec![(*name, PyBytes::new(py, packed.slice(range)))])?;
            }
            let size = found.size();
            let at = *known_runs.entry((found.topic, partition)).or_insert_with(|| {
                runs.push(Collected {
                    topic: found.topic,
                    partition,
                    messages: Vec::new(),
                    bytes: 0,
                    largest: 0,
                    headers: false,
                });
                runs.len() - 1
            });
            if let Some(run) = runs.get_mut(at) {
                run.messages.push(message);
                run.bytes += size;
                run.largest = run.largest.max(size);
                run.headers |= found.header.is_some();
            }
        }
        runs.into_iter()
            .map(|run| {
                let topic = packed.topics.get(run.topic as usize).map_or_else(String::new, ToString::to_string);
                let messages = PyList::new(py, run.messages)?;
                Ok((topic, run.partition, messages, run.bytes, run.largest, run.headers))
            })
            .collect()
    }
}
