//! sports_tagger_rust: puts channels into the group "Sports" when their name or group has one of
//! some words in it. The same as the rule
//! `channel_name contains "sport" OR group_title contains "sport" SET group_title = "Sports"`
//! with as many words as the configuration lists (ASCII letters count without regard to case).
use m3u_plugin::{
    export_plugin, Answer, ChannelBatch, ChannelEditor, ChannelField, Config, Output, PluginInfo,
    Stage, WasmPlugin, WasmStreamingStage,
};

#[derive(Default)]
struct SportsTagger {
    group: String,
    words: Vec<String>,
}

impl WasmPlugin for SportsTagger {
    fn info(&self) -> PluginInfo {
        PluginInfo {
            name: "sports_tagger_rust",
            version: "1.0.0",
            author: "m3u-proxy",
            description: "Groups sports channels by words in their name or group",
            license: "MIT",
            supported_stages: &[Stage::DataMapping],
            ..PluginInfo::default()
        }
    }

    fn init(&mut self, config: &Config) -> Result<(), String> {
        self.group = config.text("group").unwrap_or_else(|| "Sports".into());
        self.words = config.list("words");
        if self.words.is_empty() {
            self.words.push("sport".into());
        }
        Ok(())
    }
}

impl WasmStreamingStage for SportsTagger {
    fn process_channels(&mut self, channels: &ChannelBatch, out: &mut Output) -> Answer {
        let mut editor = ChannelEditor::new(channels);
        for word in &self.words {
            for field in [ChannelField::ChannelName, ChannelField::GroupTitle] {
                channels.column(field).rows_containing(word, |row| {
                    editor.set(ChannelField::GroupTitle, row, &self.group);
                });
            }
        }
        out.edited(&editor)
    }
}

export_plugin!(SportsTagger);
