//! What a plugin says of itself, and the levels and stages that it hears of.
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
