//! What a plugin implements, and where its answers go.
use crate::batch::{ChannelBatch, ProgrammeBatch};
use crate::channel_editor::ChannelEditor;
use crate::info::{PluginInfo, PressureLevel, Stage};
use crate::json::{Config, Context};
use crate::memory::{Block, Buffer};
use crate::programme_editor::ProgrammeEditor;
use crate::writer::{ChannelWriter, ProgrammeWriter};
use alloc::string::String;

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
    /// A generation begins; what was before is to be forgotten.
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
