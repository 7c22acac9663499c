// @NAME@: puts channels with a word in their name into a group.
#include <m3u_plugin.hpp>

namespace {

using m3u::ChannelField;

class Plugin final : public m3u::WasmStreamingStage {
 public:
  [[nodiscard]] m3u::PluginInfo info() const override {
    return {.name = "@NAME@",
            .version = "0.1.0",
            .author = "",
            .description = "Puts channels with a word in their name into a group",
            .license = "",
            .supported_stages = {m3u::Stage::kDataMapping},
            .memory_requirements = {.min_heap_mb = 1, .max_heap_mb = 8}};
  }

  // Once: reads the configuration, which is [config] of the manifest and what the user set.
  bool init(m3u::Config& config) override {
    word_ = config.text("word", "news");
    group_ = config.text("group", "News");
    return true;
  }

  // For each chunk of channels. Values are views: what is set must live until out.give().
  m3u::Result process_channels(const m3u::ChannelBatch& channels, m3u::Output& out) override {
    m3u::ChannelEditor editor(channels);
    for (uint32_t row = 0; row < channels.rows(); ++row)
      if (m3u::contains_ascii_case(channels.name(row), word_))
        editor.set(ChannelField::kGroupTitle, row, group_);
    return out.give(editor);
  }

 private:
  m3u::Text word_;
  m3u::Text group_;
};

}  // namespace

M3U_PLUGIN(Plugin)
