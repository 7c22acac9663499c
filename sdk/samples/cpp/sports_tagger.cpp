// sports_tagger: puts channels into the group "Sports" when their name or group has one of some
// words in it. The same as the rule
//   channel_name contains "sport" OR group_title contains "sport" SET group_title = "Sports"
// with as many words as the configuration lists (ASCII letters count without regard to case).
#include <m3u_plugin.hpp>

namespace {

using m3u::ChannelField;

class SportsTagger final : public m3u::WasmStreamingStage {
 public:
  [[nodiscard]] m3u::PluginInfo info() const override {
    return {.name = "sports_tagger",
            .version = "1.0.0",
            .author = "m3u-proxy",
            .description = "Groups sports channels by words in their name or group",
            .license = "MIT",
            .supported_stages = {m3u::Stage::kDataMapping},
            .memory_requirements = {.min_heap_mb = 1, .max_heap_mb = 8}};
  }

  bool init(m3u::Config& config) override {
    group_ = config.text("group", "Sports");
    words_ = config.list("words");
    if (words_.empty()) words_.push_back("sport");
    return true;
  }

  m3u::Result process_channels(const m3u::ChannelBatch& channels, m3u::Output& out) override {
    m3u::ChannelEditor editor(channels);
    const auto tag = [&](uint32_t row) { editor.set(ChannelField::kGroupTitle, row, group_); };
    for (const m3u::Text word : words_) {
      channels.column(ChannelField::kChannelName).rows_containing(word, tag);
      channels.column(ChannelField::kGroupTitle).rows_containing(word, tag);
    }
    return out.give(editor);
  }

 private:
  m3u::Text group_;
  m3u::Array<m3u::Text> words_;
};

}  // namespace

M3U_PLUGIN(SportsTagger)
