//! The Python module `rowcast_native`: a thin layer over `rowcast-core`, driven by `connector/transcode/native.py`.
//!
//! No panic crosses: every entry point catches, closes the instance and raises INTERNAL. The core runs without the GIL.

mod errors;
mod records;
mod sql;
mod transcoder;

use pyo3::prelude::*;

/// Number of the interface between this module and the Python packages; they must be equal.
const ABI: u32 = 3;

/// Version of the distribution.
#[pyfunction]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The native core of rowcast.
#[pymodule(gil_used = false)]
fn rowcast_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("ABI", ABI)?;
    module.add("NativeError", module.py().get_type::<errors::NativeError>())?;
    module.add_class::<records::Packed>()?;
    module.add_class::<sql::RowTexts>()?;
    module.add_class::<transcoder::Plan>()?;
    module.add_class::<transcoder::Transcoder>()?;
    module.add_function(wrap_pyfunction!(version, module)?)
}
