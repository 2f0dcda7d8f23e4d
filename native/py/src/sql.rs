//! `rowcast_core::sql` as a Python class, for the sink's hot path.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use rowcast_core::Result;
use rowcast_core::sql::{self, Literal, Wire};

use crate::errors::{internal, raised};
use crate::transcoder::caught;

/// Renders row images as SQL text; None where only Python can.
#[pyclass(frozen, module = "rowcast_native")]
pub(crate) struct RowTexts(sql::RowTexts);

#[pymethods]
impl RowTexts {
    /// `columns`: (Avro type, literal) by name; `written` and `key`: column index and what stands before its literal.
    #[new]
    #[allow(clippy::needless_pass_by_value)] // arguments from Python are
    fn new(
        columns: Vec<(String, String)>,
        written: Vec<(usize, String)>,
        key: Vec<(usize, String)>,
        enums: Vec<usize>,
    ) -> PyResult<Self> {
        let columns = columns.iter().map(|(wire, literal)| named(wire, literal)).collect::<Option<Vec<_>>>();
        let columns = columns.ok_or_else(|| internal("a column has a form that is not known".to_owned()))?;
        sql::RowTexts::new(columns, written, key, enums).map(Self).map_err(|error| raised(&error))
    }

    /// One row of an INSERT's VALUES, and whether it can be written in a strict session.
    fn values<'py>(
        &self,
        py: Python<'py>,
        image: &Bound<'py, PyBytes>,
    ) -> PyResult<Option<(Bound<'py, PyString>, bool)>> {
        text(py, |out| self.0.values(image.as_bytes(), out))
    }

    /// The row's key as one item of a DELETE's IN list.
    fn key<'py>(&self, py: Python<'py>, image: &Bound<'py, PyBytes>) -> PyResult<Option<Bound<'py, PyString>>> {
        Ok(text(py, |out| self.0.key(image.as_bytes(), out))?.map(|(text, ())| text))
    }

    /// Assignments of an UPDATE, and whether they can be made in a strict session.
    fn assignments<'py>(
        &self,
        py: Python<'py>,
        image: &Bound<'py, PyBytes>,
    ) -> PyResult<Option<(Bound<'py, PyString>, bool)>> {
        text(py, |out| self.0.assignments(image.as_bytes(), out))
    }

    /// The condition that finds the row by its key.
    fn condition<'py>(&self, py: Python<'py>, image: &Bound<'py, PyBytes>) -> PyResult<Option<Bound<'py, PyString>>> {
        Ok(text(py, |out| self.0.condition(image.as_bytes(), out))?.map(|(text, ())| text))
    }
}

/// What `write` appends as text, with its result.
fn text<T>(
    py: Python<'_>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<Option<T>>,
) -> PyResult<Option<(Bound<'_, PyString>, T)>> {
    let mut out = Vec::with_capacity(256);
    let Some(result) = caught(|| write(&mut out))?.map_err(|error| raised(&error))? else { return Ok(None) };
    let text = std::str::from_utf8(&out).map_err(|_| internal("a literal is not UTF-8".to_owned()))?;
    Ok(Some((PyString::new(py, text), result)))
}

fn named(wire: &str, literal: &str) -> Option<(Wire, Literal)> {
    let wire = match wire {
        "long" => Wire::Long,
        "wrapped" => Wire::Wrapped,
        "float" => Wire::Float,
        "double" => Wire::Double,
        "string" => Wire::String,
        "bytes" => Wire::Bytes,
        _ => return None,
    };
    let literal = match literal {
        "integer" => Literal::Integer,
        "floating" => Literal::Floating,
        "decimal" => Literal::Decimal,
        "text" => Literal::Text,
        "document" => Literal::Json,
        "binary" => Literal::Binary,
        "bits" => Literal::Bits,
        _ => return None,
    };
    Some((wire, literal))
}
