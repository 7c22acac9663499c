//! All that a Rust plugin for m3u-proxy needs: implement [`WasmPlugin`] and [`WasmStreamingStage`]
//! for a type with a `Default`, end with `export_plugin!(Type);`, and build a `cdylib`.
//!
//! Rows are views into the frame that came in. What goes out is one block, made by one allocation:
//! columns that did not change are copied as a whole, and a chunk in which nothing changed is given
//! back as it came. Needs `alloc`, not `std`; where memory ends the plugin traps, and the host goes
//! on as the plugin's `on_failure` says.
#![no_std]

extern crate alloc;

mod batch;
mod channel_editor;
mod chunk_store;
mod edits;
pub mod exports;
mod frame;
mod frame_writer;
pub mod host;
mod info;
mod json;
pub mod memory;
mod packed_frame;
mod plugin;
mod programme_editor;
mod search;
mod writer;

pub use batch::{
    Attribute, ChannelBatch, ChannelField, Column, MediaType, ProgrammeBatch, ProgrammeField,
    NEW_PROGRAMME,
};
pub use channel_editor::ChannelEditor;
pub use chunk_store::ChunkStore;
pub use info::{MemoryRequirements, PluginInfo, PressureLevel, Stage};
pub use json::{Config, Context, Json, Source};
pub use memory::{Block, Buffer};
pub use plugin::{Answer, Chunk, Outcome, Output, WasmPlugin, WasmStreamingStage};
pub use programme_editor::ProgrammeEditor;
pub use search::{contains_ascii_case, equals_ascii_case};
pub use writer::{ChannelWriter, ProgrammeWriter};
