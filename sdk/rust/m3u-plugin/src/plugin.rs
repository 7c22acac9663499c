//! What a plugin implements, and what the host calls.
use crate::batch::{ChannelBatch, ProgrammeBatch};
use crate::editor::{ChannelEditor, ProgrammeEditor};
use crate::json::{Config, Context};
use crate::memory::{Block, Buffer};
use crate::writer::{ChannelWriter, ProgrammeWriter};
use alloc::format;
use alloc::string::String;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PressureLevel {
    Optimal,
    Moderate,
    High,
    Critical,
    Emergency,
}

impl PressureLevel {
    pub fn from_number(level: i32) -> PressureLevel {
        match level {
            1 => PressureLevel::Moderate,
            2 => PressureLevel::High,
            3 => PressureLevel::Critical,
            4.. => PressureLevel::Emergency,
            _ => PressureLevel::Optimal,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    SourceLoading,
    DataMapping,
    Filtering,
    ChannelNumbering,
    M3uGeneration,
    Epg,
}

impl Stage {
    const ALL: [Stage; 6] = [
        Stage::SourceLoading,
        Stage::DataMapping,
        Stage::Filtering,
        Stage::ChannelNumbering,
        Stage::M3uGeneration,
        Stage::Epg,
    ];
    pub fn name(self) -> &'static str {
        match self {
            Stage::SourceLoading => "source_loading",
            Stage::DataMapping => "data_mapping",
            Stage::Filtering => "filtering",
            Stage::ChannelNumbering => "channel_numbering",
            Stage::M3uGeneration => "m3u_generation",
            Stage::Epg => "epg",
        }
    }
    pub fn of(name: &str) -> Option<Stage> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

#[derive(Clone, Copy, Debug)]
pub struct MemoryRequirements {
    pub min_heap_mb: u32,
    pub max_heap_mb: u32,
    /// Each chunk is answered with all that becomes of it. Without it all comes from `finalize`.
    pub supports_streaming: bool,
    pub supports_compression: bool,
}

impl Default for MemoryRequirements {
    fn default() -> Self {
        MemoryRequirements {
            min_heap_mb: 1,
            max_heap_mb: 16,
            supports_streaming: true,
            supports_compression: false,
        }
    }
}

/// What the host shows and chooses by; name and version are those of the manifest.
#[derive(Clone, Copy, Debug, Default)]
pub struct PluginInfo {
    pub name: &'static str,
    pub version: &'static str,
    pub author: &'static str,
    pub description: &'static str,
    pub license: &'static str,
    pub supported_stages: &'static [Stage],
    pub memory_requirements: MemoryRequirements,
}

fn json_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        if c == '"' || c == '\\' {
            out.push('\\');
        }
        out.push(if c < ' ' { ' ' } else { c });
    }
    out.push('"');
    out
}

impl PluginInfo {
    pub fn to_json(&self) -> String {
        let mut stages = String::new();
        for stage in self.supported_stages {
            if !stages.is_empty() {
                stages.push_str(", ");
            }
            stages.push_str(&json_text(stage.name()));
        }
        let memory = &self.memory_requirements;
        format!(
            concat!(
                "{{\"name\": {}, \"version\": {}, \"author\": {}, \"description\": {}, ",
                "\"license\": {}, \"supported_stages\": [{}], \"memory_requirements\": ",
                "{{\"min_heap_mb\": {}, \"max_heap_mb\": {}, \"supports_streaming\": {}, ",
                "\"supports_compression\": {}}}}}"
            ),
            json_text(self.name),
            json_text(self.version),
            json_text(self.author),
            json_text(self.description),
            json_text(self.license),
            stages,
            memory.min_heap_mb,
            memory.max_heap_mb,
            memory.supports_streaming,
            memory.supports_compression
        )
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Something is in the output.
    Batch,
    /// Nothing to give for this call.
    None,
    /// Of `finalize` only: there is nothing more.
    Done,
}

/// What a call comes to; the error is the reason that the host reports.
pub type Answer = Result<Outcome, String>;

/// Where the answer to a call goes. Each function's result is what the call returns.
pub struct Output {
    input: Block,
    block: Block,
}

impl Output {
    pub fn new(input: Block) -> Self {
        Output { input, block: Block::EMPTY }
    }
    pub fn block(&self) -> Block {
        self.block
    }
    fn set(&mut self, block: Block) -> Answer {
        self.block = block;
        Ok(Outcome::Batch)
    }
    /// The chunk as it came in.
    pub fn input(&mut self) -> Answer {
        self.set(self.input)
    }
    fn is_input(&self, frame: &[u8]) -> bool {
        core::ptr::eq(frame.as_ptr(), self.input.data)
    }
    /// An edited chunk; the input itself when nothing changed.
    pub fn edited(&mut self, editor: &ChannelEditor) -> Answer {
        if editor.is_unchanged() && self.is_input(editor.batch().frame) {
            return self.input();
        }
        self.set(editor.build())
    }
    /// The same of programmes.
    pub fn edited_programmes(&mut self, editor: &ProgrammeEditor) -> Answer {
        if editor.is_unchanged() && self.is_input(editor.batch().frame) {
            return self.input();
        }
        self.set(editor.build())
    }
    pub fn written(&mut self, writer: &mut ChannelWriter) -> Answer {
        self.set(writer.build())
    }
    pub fn written_programmes(&mut self, writer: &ProgrammeWriter) -> Answer {
        self.set(writer.build())
    }
    /// Text, or a frame that was kept, without copying it; nothing when it is empty.
    pub fn give(&mut self, bytes: Buffer) -> Answer {
        if bytes.is_empty() {
            return Ok(Outcome::None);
        }
        self.set(bytes.into_block())
    }
    /// The same, copied.
    pub fn copy_of(&mut self, bytes: &[u8]) -> Answer {
        if bytes.is_empty() {
            return Ok(Outcome::None);
        }
        self.set(Block::copy_of(bytes))
    }
}

/// One chunk, before it is looked at: a frame, or text, as the stage says.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    pub stage: Stage,
    pub data: &'a [u8],
}

pub trait WasmPlugin {
    fn info(&self) -> PluginInfo;
    /// Once for each instance. The error is the reason that the host reports.
    fn init(&mut self, _config: &Config) -> Result<(), String> {
        Ok(())
    }
    /// Asked at each change of level, between two chunks: the time to switch to streaming,
    /// compressing or spilling.
    fn can_handle_memory_pressure(&mut self, _level: PressureLevel) -> bool {
        true
    }
}

/// A plugin for one or several stages. Implements what its stages need.
pub trait WasmStreamingStage: WasmPlugin {
    /// A generation begins; whatever was before is to be forgotten.
    fn begin(&mut self, _stage: Stage, _context: &Context) -> Result<(), String> {
        Ok(())
    }

    /// data_mapping, filtering, channel_numbering.
    fn process_channels(&mut self, _channels: &ChannelBatch, out: &mut Output) -> Answer {
        out.input()
    }
    /// epg.
    fn process_programmes(&mut self, _programmes: &ProgrammeBatch, out: &mut Output) -> Answer {
        out.input()
    }
    /// m3u_generation: whole entries.
    fn process_text(&mut self, _entries: &str, out: &mut Output) -> Answer {
        out.input()
    }
    /// source_loading: a piece of the source, cut anywhere.
    fn process_bytes(&mut self, _bytes: &[u8], _out: &mut Output) -> Answer {
        Ok(Outcome::None)
    }

    /// Any chunk; leads to one of the four above.
    fn process_chunk(&mut self, chunk: Chunk, out: &mut Output) -> Answer {
        // What the host gives is verified.
        unsafe {
            match chunk.stage {
                Stage::SourceLoading => self.process_bytes(chunk.data, out),
                Stage::M3uGeneration => {
                    self.process_text(core::str::from_utf8_unchecked(chunk.data), out)
                }
                Stage::Epg => self.process_programmes(&ProgrammeBatch::from_frame(chunk.data), out),
                _ => self.process_channels(&ChannelBatch::from_frame(chunk.data), out),
            }
        }
    }

    /// Called after the last chunk until it says `Done`.
    fn finalize(&mut self, _out: &mut Output) -> Answer {
        Ok(Outcome::Done)
    }
    /// The generation is over, whether it went well or not: free everything.
    fn cleanup(&mut self) {}
}

/// What [`export_plugin!`](crate::export_plugin) calls. Not for plugins.
pub mod exports {
    use super::*;
    use crate::host::{self, LogLevel};
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
