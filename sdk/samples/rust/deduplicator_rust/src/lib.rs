//! deduplicator_rust: of several channels with the same name, whatever their source, the first
//! stays. Names are compared by their letters and digits, without regard to case.
//!
//! It accumulates: each chunk waits until all are there. How they wait is a matter of memory, never
//! of the result: plain; compressed, from pressure level Critical or 16 MB on; in a temporary file,
//! at Emergency or from 24 MB on. Names stay in memory.
use m3u_plugin::{
    export_plugin, Answer, ChannelBatch, ChannelEditor, ChunkStore, Context, MemoryRequirements,
    Outcome, Output, PluginInfo, PressureLevel, Stage, WasmPlugin, WasmStreamingStage,
};
use std::collections::HashSet;

const MOST_PLAIN: usize = 16 << 20;
const MOST_IN_MEMORY: usize = 24 << 20;

#[derive(Default)]
struct Deduplicator {
    chunks: ChunkStore,
    names: HashSet<String>,
    cannot_spill: bool, // it was tried
}

/// What counts of a name.
fn folded(name: &str) -> String {
    let counts = |c: &char| c.is_ascii_alphanumeric() || !c.is_ascii();
    name.chars().filter(counts).map(|c| c.to_ascii_lowercase()).collect()
}

fn failed(code: i32) -> String {
    format!("cannot use the temporary file (error {code})")
}

impl WasmPlugin for Deduplicator {
    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "deduplicator_rust",
            version: "1.0.0",
            author: "m3u-proxy",
            description: "Keeps the first of several channels with the same name",
            license: "MIT",
            supported_stages: &[Stage::DataMapping, Stage::Filtering],
            memory_requirements: MemoryRequirements {
                min_heap_mb: 10,
                max_heap_mb: 64,
                supports_streaming: false,
                supports_compression: true,
            },
        }
    }

    fn can_handle_memory_pressure(&mut self, level: PressureLevel) -> bool {
        if level == PressureLevel::Critical {
            self.chunks.compress();
        }
        level < PressureLevel::Emergency || self.chunks.spill(|_| Ok(())).is_ok()
    }
}

impl WasmStreamingStage for Deduplicator {
    fn begin(&mut self, _stage: Stage, context: &Context) -> Result<(), String> {
        self.cleanup();
        self.can_handle_memory_pressure(context.pressure());
        Ok(())
    }

    fn process_channels(&mut self, channels: &ChannelBatch, _out: &mut Output) -> Answer {
        let mut editor = ChannelEditor::new(channels);
        for row in 0..channels.rows() {
            let name = folded(channels.name(row));
            if !name.is_empty() && !self.names.insert(name) {
                editor.drop_row(row);
            }
        }
        self.chunks.add(&editor).map_err(failed)?;
        // Nobody has to say that memory is short where this plugin holds much of what it may have.
        if self.chunks.bytes() > MOST_PLAIN {
            self.chunks.compress();
        }
        if self.chunks.bytes() > MOST_IN_MEMORY && !self.cannot_spill {
            self.cannot_spill = self.chunks.spill(|_| Ok(())).is_err();
        }
        Ok(Outcome::None)
    }

    fn finalize(&mut self, out: &mut Output) -> Answer {
        match self.chunks.next_chunk().map_err(failed)? {
            Some(frame) => out.give(frame),
            None => Ok(Outcome::Done),
        }
    }

    fn cleanup(&mut self) {
        *self = Deduplicator::default();
    }
}

export_plugin!(Deduplicator);
