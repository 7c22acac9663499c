// live_prefix: puts a word in front of the titles of programmes that are live (their element has a
// <live/> in it).
#include <m3u_plugin.hpp>

namespace {

using m3u::ProgrammeField;

/// Whether there is a <live/>, <live /> or <live> in the element, and not just a <lively/>.
bool is_live(m3u::Text element) {
  constexpr m3u::Text kTag = "<live";
  for (size_t at = element.find('<'); at != SIZE_MAX; at = element.find('<', at + 1)) {
    const m3u::Text rest = element.substr(at);
    if (!rest.starts_with(kTag) || rest.size() == kTag.size()) continue;
    const char next = rest[kTag.size()];
    if (next == '/' || next == '>' || next == ' ' || next == '\n' || next == '\t') return true;
  }
  return false;
}

class LivePrefix final : public m3u::WasmStreamingStage {
 public:
  [[nodiscard]] m3u::PluginInfo info() const override {
    return {.name = "live_prefix",
            .version = "1.0.0",
            .author = "m3u-proxy",
            .description = "Marks the titles of live programmes",
            .license = "MIT",
            .supported_stages = {m3u::Stage::kEpg},
            .memory_requirements = {.min_heap_mb = 1, .max_heap_mb = 16}};
  }

  bool init(m3u::Config& config) override {
    prefix_ = config.text("prefix", "LIVE: ");
    return true;
  }

  m3u::Result process_programmes(const m3u::ProgrammeBatch& programmes, m3u::Output& out) override {
    m3u::ProgrammeEditor editor(programmes);
    m3u::Buffer title;
    programmes.column(ProgrammeField::kElement).rows_containing("<live", [&](uint32_t row) {
      if (programmes.title(row).starts_with(prefix_) || !is_live(programmes.element(row))) return;
      title.clear();
      title += prefix_;
      title += programmes.title(row);
      editor.set(ProgrammeField::kTitle, row, editor.store(title));
    });
    return out.give(editor);
  }

 private:
  m3u::Text prefix_;
};

}  // namespace

M3U_PLUGIN(LivePrefix)
