//! @NAME@: puts channels with a word in their name into a group.
use m3u_plugin::{
    contains_ascii_case, export_plugin, Answer, ChannelBatch, ChannelEditor, ChannelField, Config,
    Output, PluginInfo, Stage, WasmPlugin, WasmStreamingStage,
};

#[derive(Default)]
struct Plugin {
    word: String,
    group: String,
}

impl WasmPlugin for Plugin {
    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "@NAME@",
            version: "0.1.0",
            description: "Puts channels with a word in their name into a group",
            supported_stages: &[Stage::DataMapping],
            ..PluginInfo::default()
        }
    }

    // Once: reads the configuration, which is [config] of the manifest and what the user set.
    fn init(&mut self, config: &Config) -> Result<(), String> {
        self.word = config.text("word").unwrap_or_else(|| "news".into());
        self.group = config.text("group").unwrap_or_else(|| "News".into());
        Ok(())
    }
}

impl WasmStreamingStage for Plugin {
    // For each chunk of channels. Values are views; set_copy() copies one that does not live long.
    fn process_channels(&mut self, channels: &ChannelBatch, out: &mut Output) -> Answer {
        let mut editor = ChannelEditor::new(channels);
        for row in 0..channels.rows() {
            if contains_ascii_case(channels.name(row), &self.word) {
                editor.set(ChannelField::GroupTitle, row, &self.group);
            }
        }
        out.edited(&editor)
    }
}

export_plugin!(Plugin);
