//! passthrough_rust: gives every chunk back as it came. What a plugin costs that does nothing.
use m3u_plugin::{export_plugin, PluginInfo, Stage, WasmPlugin, WasmStreamingStage};

#[derive(Default)]
struct Passthrough;

impl WasmPlugin for Passthrough {
    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "passthrough_rust",
            version: "1.0.0",
            author: "m3u-proxy",
            description: "Gives every chunk back as it came",
            license: "MIT",
            supported_stages: &[
                Stage::DataMapping,
                Stage::Filtering,
                Stage::ChannelNumbering,
                Stage::M3uGeneration,
                Stage::Epg,
            ],
            ..PluginInfo::default()
        }
    }
}

impl WasmStreamingStage for Passthrough {}

export_plugin!(Passthrough);
