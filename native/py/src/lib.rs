//! The Python module `rowcast_native`: a thin layer over `rowcast-core`.

use pyo3::prelude::*;

/// Number of the interface between this module and the Python packages; they must be equal.
const ABI: u32 = 1;

/// Version of the distribution.
#[pyfunction]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The native core of rowcast.
#[pymodule(gil_used = false)]
fn rowcast_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("ABI", ABI)?;
    module.add_function(wrap_pyfunction!(version, module)?)
}
