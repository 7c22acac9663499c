//! Nothing of its own: the library is what wasmtime's C interface exports.
pub use wasmtime_c_api::*;
