//! What a plugin may ask of the host. Each needs its permission, in the manifest and by the
//! operator; without it the answer is [`DENIED`]. Compiled for another machine, as unit tests are,
//! everything is denied.
use crate::PressureLevel;

pub const DENIED: i32 = -1;
pub const QUOTA_USED_UP: i32 = -2;
pub const DISK_FULL: i32 = -3;
pub const IO_FAILED: i32 = -4;
pub const BAD_ARGUMENT: i32 = -5;
pub const MISSING: i32 = -6;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
}

#[cfg(target_arch = "wasm32")]
mod imports {
    #[link(wasm_import_module = "m3u_proxy")]
    extern "C" {
        pub fn log(level: i32, text: *const u8, size: usize);
        pub fn memory_usage() -> i64;
        pub fn memory_pressure() -> i32;
        pub fn request_cleanup() -> i32;
        pub fn temp_write(name: *const u8, name_size: usize, data: *const u8, size: usize) -> i32;
        pub fn temp_append(name: *const u8, name_size: usize, data: *const u8, size: usize) -> i32;
        pub fn temp_read(
            name: *const u8,
            name_size: usize,
            offset: i64,
            data: *mut u8,
            size: usize,
        ) -> i32;
        pub fn temp_delete(name: *const u8, name_size: usize) -> i32;
        pub fn record_metric(name: *const u8, size: usize, value: f64);
        pub fn get_config(name: *const u8, name_size: usize, data: *mut u8, size: usize) -> i32;
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[allow(clippy::missing_safety_doc)]
mod imports {
    use super::DENIED;
    pub unsafe fn log(_: i32, _: *const u8, _: usize) {}
    pub unsafe fn memory_usage() -> i64 {
        i64::from(DENIED)
    }
    pub unsafe fn memory_pressure() -> i32 {
        DENIED
    }
    pub unsafe fn request_cleanup() -> i32 {
        DENIED
    }
    pub unsafe fn temp_write(_: *const u8, _: usize, _: *const u8, _: usize) -> i32 {
        DENIED
    }
    pub unsafe fn temp_append(_: *const u8, _: usize, _: *const u8, _: usize) -> i32 {
        DENIED
    }
    pub unsafe fn temp_read(_: *const u8, _: usize, _: i64, _: *mut u8, _: usize) -> i32 {
        DENIED
    }
    pub unsafe fn temp_delete(_: *const u8, _: usize) -> i32 {
        DENIED
    }
    pub unsafe fn record_metric(_: *const u8, _: usize, _: f64) {}
    pub unsafe fn get_config(_: *const u8, _: usize, _: *mut u8, _: usize) -> i32 {
        DENIED
    }
}

/// 0 or more is an answer, anything else an error.
fn checked(answer: i32) -> Result<usize, i32> {
    usize::try_from(answer).map_err(|_| answer)
}

pub fn log(level: LogLevel, text: &str) {
    unsafe { imports::log(level as i32, text.as_ptr(), text.len()) }
}
/// Bytes that the whole process has in use.
pub fn memory_usage() -> i64 {
    unsafe { imports::memory_usage() }
}
/// The level as now; `Optimal` where asking is not allowed.
pub fn memory_pressure() -> PressureLevel {
    PressureLevel::from_number(unsafe { imports::memory_pressure() })
}
/// Asks the host to free its caches and pools.
pub fn request_cleanup() -> Result<(), i32> {
    checked(unsafe { imports::request_cleanup() }).map(|_| ())
}
/// Makes or replaces a temporary file of this instance.
pub fn temp_write(name: &str, data: &[u8]) -> Result<(), i32> {
    checked(unsafe { imports::temp_write(name.as_ptr(), name.len(), data.as_ptr(), data.len()) })
        .map(|_| ())
}
/// Appends to a temporary file, makes it where it is missing.
pub fn temp_append(name: &str, data: &[u8]) -> Result<(), i32> {
    checked(unsafe { imports::temp_append(name.as_ptr(), name.len(), data.as_ptr(), data.len()) })
        .map(|_| ())
}
/// Reads at `offset`; how many bytes there were, 0 at the end.
pub fn temp_read(name: &str, offset: u64, data: &mut [u8]) -> Result<usize, i32> {
    checked(unsafe {
        let offset = offset as i64;
        imports::temp_read(name.as_ptr(), name.len(), offset, data.as_mut_ptr(), data.len())
    })
}
pub fn temp_delete(name: &str) -> Result<(), i32> {
    checked(unsafe { imports::temp_delete(name.as_ptr(), name.len()) }).map(|_| ())
}
/// A number for the run's report.
pub fn record_metric(name: &str, value: f64) {
    unsafe { imports::record_metric(name.as_ptr(), name.len(), value) }
}
/// Copies a configuration value; its whole size. [`crate::Config`] does the same without a
/// permission.
pub fn get_config(name: &str, data: &mut [u8]) -> Result<usize, i32> {
    checked(unsafe {
        imports::get_config(name.as_ptr(), name.len(), data.as_mut_ptr(), data.len())
    })
}
