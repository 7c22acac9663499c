//! tuned_deduplicator_rust: the sample deduplicator_rust with names that cost less time and, spilled,
//! no memory. It shows what a plugin that holds everything back can reach: `./dev bench`.
//!
//! It accumulates: each chunk waits until all are there. How they wait is a matter of memory, never
//! of the result: plain; compressed, from pressure level Critical or 16 MB on; in temporary files,
//! at Emergency or from 24 MB on, names included, and then any list takes less than 10 MB more. The
//! configuration's `mode` ("compress", "spill") does so from the start.

// Compiled for this machine, as its unit tests are, it has nobody who calls the plugin.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]

mod name_key;
mod seen_names;

use m3u_plugin::{
    export_plugin, host, Answer, ChannelBatch, ChannelEditor, ChunkStore, Config, Context,
    MemoryRequirements, Outcome, Output, PluginInfo, PressureLevel, Stage, WasmPlugin,
    WasmStreamingStage,
};
use name_key::name_key;
use seen_names::{SeenNames, SpilledNames};

// Of 64 MB that its manifest asks for; a growing table of names is there twice for a moment.
const MOST_PLAIN: usize = 16 << 20;
const MOST_IN_MEMORY: usize = 24 << 20;

#[derive(Default)]
struct Deduplicator {
    least: Option<PressureLevel>, // as the configuration says
    chunks: ChunkStore,
    names: SeenNames,
    spilled_names: Option<SpilledNames>, // once everything is in temporary files
    cannot_spill: bool,                  // it was tried
    finalizing: bool,
    dropped: u64,
}

fn failed_to_spill(code: i32) -> String {
    format!("cannot use the temporary files (error {code})")
}

fn note_names(channels: &ChannelBatch, names: &mut SpilledNames) -> Result<(), i32> {
    (0..channels.rows()).try_for_each(|row| names.add(name_key(channels.name(row))))
}

impl Deduplicator {
    /// Moves everything to temporary files; when that does not work, all stays where it is.
    fn spill(&mut self) -> Result<(), i32> {
        if self.finalizing {
            // All chunks are there, without duplicates.
            return self.chunks.spill(|_| Ok(()));
        }
        let mut names = SpilledNames::start();
        self.chunks.spill(|channels| note_names(channels, &mut names))?;
        self.names = SeenNames::default();
        self.spilled_names = Some(names);
        Ok(())
    }

    /// Nobody has to say that memory is short where this plugin holds most of what it may have.
    fn watch_memory(&mut self) {
        let held = self.chunks.bytes() + self.names.bytes();
        if held > MOST_PLAIN {
            self.chunks.compress();
        }
        if held > MOST_IN_MEMORY && !self.cannot_spill {
            self.cannot_spill = self.spill().is_err();
        }
    }
}

impl WasmPlugin for Deduplicator {
    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "tuned_deduplicator_rust",
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

    fn init(&mut self, config: &Config) -> Result<(), String> {
        self.least = match config.text("mode").as_deref() {
            Some("compress") => Some(PressureLevel::Critical),
            Some("spill") => Some(PressureLevel::Emergency),
            _ => None,
        };
        Ok(())
    }

    fn can_handle_memory_pressure(&mut self, level: PressureLevel) -> bool {
        // What goes to disk at once is not worth the time of compressing.
        if level == PressureLevel::Critical {
            self.chunks.compress();
        }
        if level < PressureLevel::Emergency || self.chunks.is_spilled() {
            return true;
        }
        self.cannot_spill = self.spill().is_err();
        !self.cannot_spill
    }
}

impl WasmStreamingStage for Deduplicator {
    fn begin(&mut self, _stage: Stage, context: &Context) -> Result<(), String> {
        self.cleanup();
        let least = self.least.unwrap_or(PressureLevel::Optimal);
        self.can_handle_memory_pressure(context.pressure().max(least));
        Ok(())
    }

    fn process_channels(&mut self, channels: &ChannelBatch, _out: &mut Output) -> Answer {
        let mut editor = ChannelEditor::new(channels);
        if let Some(names) = &mut self.spilled_names {
            note_names(channels, names).map_err(failed_to_spill)?;
        } else {
            let keys: Vec<_> =
                (0..channels.rows()).map(|row| name_key(channels.name(row))).collect();
            self.names.expect(&keys);
            for (row, &key) in keys.iter().enumerate() {
                if self.names.is_known(key) {
                    editor.drop_row(row);
                    self.dropped += 1;
                }
            }
        }
        self.chunks.add(&editor).map_err(failed_to_spill)?;
        if self.spilled_names.is_none() {
            self.watch_memory();
        }
        Ok(Outcome::None)
    }

    fn finalize(&mut self, out: &mut Output) -> Answer {
        if !self.finalizing {
            self.finalizing = true;
            self.names = SeenNames::default();
            if let Some(names) = &mut self.spilled_names {
                names.resolve().map_err(failed_to_spill)?;
            }
        }
        let Some(frame) = self.chunks.next_chunk().map_err(failed_to_spill)? else {
            host::record_metric("duplicates", self.dropped as f64);
            return Ok(Outcome::Done);
        };
        let Some(names) = &mut self.spilled_names else { return out.give(frame) };
        // It came from the host, and went through the store.
        let channels = unsafe { ChannelBatch::from_frame(&frame) };
        let mut editor = ChannelEditor::new(&channels);
        for row in 0..channels.rows() {
            if names.take_is_duplicate().map_err(failed_to_spill)? {
                editor.drop_row(row);
                self.dropped += 1;
            }
        }
        if editor.is_unchanged() {
            return out.give(frame);
        }
        out.edited(&editor)
    }

    fn cleanup(&mut self) {
        *self = Deduplicator { least: self.least, ..Deduplicator::default() };
    }
}

export_plugin!(Deduplicator);
