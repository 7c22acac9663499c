// playlist_stamp: writes a line of the configuration into every entry of the playlist, in front of
// its URL, where it is not there already; by default one that sets the player's user agent.
#include <m3u_plugin.hpp>

namespace {

class PlaylistStamp final : public m3u::WasmStreamingStage {
 public:
  [[nodiscard]] m3u::PluginInfo info() const override {
    return {.name = "playlist_stamp",
            .version = "1.0.0",
            .author = "m3u-proxy",
            .description = "Adds a line to every entry of the playlist",
            .license = "MIT",
            .supported_stages = {m3u::Stage::kM3uGeneration},
            .memory_requirements = {.min_heap_mb = 1, .max_heap_mb = 16}};
  }

  bool init(m3u::Config& config) override {
    line_ = config.text("line", "#EXTVLCOPT:http-user-agent=m3u-proxy");
    if (line_.starts_with("#") && line_.find('\n') == SIZE_MAX) return true;
    m3u::fail("line is not one line that begins with #");
    return false;
  }

  m3u::Result process_text(m3u::Text entries, m3u::Output& out) override {
    m3u::Buffer text;
    text.reserve(entries.size() + entries.size() / 2);
    bool stamped = false;
    while (!entries.empty()) {
      const size_t end = entries.find('\n');
      const m3u::Text line = entries.substr(0, end == SIZE_MAX ? end : end + 1);
      const bool is_url = !line.starts_with("#");
      if (is_url && !stamped) {
        text += line_;
        text += '\n';
      }
      stamped = !is_url && (stamped || is_stamp(line));
      text += line;
      entries = entries.substr(line.size());
    }
    return out.give(static_cast<m3u::Buffer&&>(text));
  }

 private:
  [[nodiscard]] bool is_stamp(m3u::Text line) const {
    return line.starts_with(line_) && (line.size() == line_.size() || line[line_.size()] == '\n');
  }

  m3u::Text line_;
};

}  // namespace

M3U_PLUGIN(PlaylistStamp)
