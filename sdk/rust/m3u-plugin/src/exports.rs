//! What [`export_plugin!`](crate::export_plugin) calls. Not for plugins.
use crate::host::{self, LogLevel};
use crate::json::{Config, Context};
use crate::memory::Block;
use crate::plugin::{Answer, Chunk, Outcome, Output, WasmStreamingStage};
use crate::{PressureLevel, Stage};
use alloc::string::String;
use core::cell::UnsafeCell;

/// The module's one plugin, and the stage it works in.
pub struct Slot<T>(UnsafeCell<Option<(T, Stage)>>);

// A module has one thread.
unsafe impl<T> Sync for Slot<T> {}

impl<T: Default + WasmStreamingStage> Slot<T> {
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Slot(UnsafeCell::new(None))
    }
    #[allow(clippy::mut_from_ref)]
    fn get(&self) -> &mut (T, Stage) {
        let slot = unsafe { &mut *self.0.get() };
        slot.get_or_insert_with(|| (T::default(), Stage::DataMapping))
    }

    pub fn info(&self, out: *mut [u32; 2]) -> i32 {
        let json = self.get().0.info().to_json();
        finish(Ok(Outcome::Batch), Block::copy_of(json.as_bytes()), out)
    }
    pub fn init(&self, config: &str) -> i32 {
        nothing(self.get().0.init(&Config::new(config)))
    }
    pub fn can_handle_memory_pressure(&self, level: i32) -> i32 {
        let level = PressureLevel::from_number(level);
        i32::from(self.get().0.can_handle_memory_pressure(level))
    }
    pub fn begin(&self, stage: &str, context: &str) -> i32 {
        let Some(stage) = Stage::of(stage) else {
            return failed("there is no such stage");
        };
        let slot = self.get();
        slot.1 = stage;
        nothing(slot.0.begin(stage, &Context::new(context)))
    }
    /// # Safety
    /// The block is the host's input.
    pub unsafe fn process_chunk(&self, input: Block, out: *mut [u32; 2]) -> i32 {
        let (plugin, stage) = self.get();
        let mut output = Output::new(input);
        let chunk = Chunk { stage: *stage, data: input.bytes() };
        let answer = plugin.process_chunk(chunk, &mut output);
        finish(answer, output.block(), out)
    }
    pub fn finalize(&self, out: *mut [u32; 2]) -> i32 {
        let mut output = Output::new(Block::EMPTY);
        let answer = self.get().0.finalize(&mut output);
        finish(answer, output.block(), out)
    }
    pub fn cleanup(&self) {
        self.get().0.cleanup();
    }
}

fn failed(reason: &str) -> i32 {
    host::log(LogLevel::Error, reason);
    -1
}
fn nothing(result: Result<(), String>) -> i32 {
    result.map_or_else(|reason| failed(&reason), |()| 0)
}
fn finish(answer: Answer, block: Block, out: *mut [u32; 2]) -> i32 {
    match answer {
        Ok(Outcome::Batch) => {
            unsafe { out.write_unaligned([block.data as usize as u32, block.size as u32]) };
            0
        }
        Ok(Outcome::None) => 1,
        Ok(Outcome::Done) => 2,
        Err(reason) => failed(&reason),
    }
}

/// # Safety
/// The host's text, verified.
pub unsafe fn text<'a>(data: *const u8, size: usize) -> &'a str {
    if size == 0 {
        return "";
    }
    core::str::from_utf8_unchecked(core::slice::from_raw_parts(data, size))
}

/// Makes a type, which implements [`WasmStreamingStage`] and `Default`, this module's plugin.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        mod m3u_exports {
            use super::*;
            use $crate::{exports, memory, Block};

            static PLUGIN: exports::Slot<$plugin> = exports::Slot::new();

            #[no_mangle]
            extern "C" fn m3u_abi_version() -> i32 {
                1
            }
            #[no_mangle]
            extern "C" fn m3u_alloc(size: usize) -> *mut u8 {
                memory::allocate(size)
            }
            #[no_mangle]
            unsafe extern "C" fn m3u_free(data: *mut u8, _size: usize) {
                memory::deallocate(data)
            }
            #[no_mangle]
            extern "C" fn m3u_info(out: *mut [u32; 2]) -> i32 {
                PLUGIN.info(out)
            }
            #[no_mangle]
            unsafe extern "C" fn m3u_init(config: *const u8, size: usize) -> i32 {
                PLUGIN.init(exports::text(config, size))
            }
            #[no_mangle]
            extern "C" fn m3u_can_handle_memory_pressure(level: i32) -> i32 {
                PLUGIN.can_handle_memory_pressure(level)
            }
            #[no_mangle]
            unsafe extern "C" fn m3u_begin(
                stage: *const u8,
                stage_size: usize,
                context: *const u8,
                size: usize,
            ) -> i32 {
                PLUGIN.begin(exports::text(stage, stage_size), exports::text(context, size))
            }
            #[no_mangle]
            unsafe extern "C" fn m3u_process_chunk(
                data: *mut u8,
                size: usize,
                out: *mut [u32; 2],
            ) -> i32 {
                PLUGIN.process_chunk(Block { data, size }, out)
            }
            #[no_mangle]
            extern "C" fn m3u_finalize(out: *mut [u32; 2]) -> i32 {
                PLUGIN.finalize(out)
            }
            #[no_mangle]
            extern "C" fn m3u_cleanup() {
                PLUGIN.cleanup()
            }
        }
    };
}
