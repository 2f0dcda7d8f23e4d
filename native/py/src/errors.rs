//! Errors of the core as one Python exception; `connector/transcode/native.py` makes the typed ones of it.

use std::any::Any;

use pyo3::prelude::*;
use rowcast_core::Error;

pyo3::create_exception!(rowcast_native, NativeError, pyo3::exceptions::PyException, "(code, what, hint, context)");

/// The exception of a core error.
pub(crate) fn raised(error: &Error) -> PyErr {
    let context: Vec<(&'static str, String)> = error.context().to_vec();
    NativeError::new_err((
        error.code().as_str(),
        error.what().to_owned(),
        error.specific_hint().map(str::to_owned),
        context,
    ))
}

/// A defect of rowcast: a panic, or an instance that is closed since one.
pub(crate) fn internal(what: String) -> PyErr {
    NativeError::new_err(("INTERNAL", what, None::<String>, Vec::<(&'static str, String)>::new()))
}

/// What a panic said.
pub(crate) fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
