// name_cleaner: takes tags such as [FHD] or (backup) and doubled spaces out of channel names. Built
// with wasi-libc and libc++: a plugin may use the standard library, and what it prints is logged.
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_plugin.hpp>

namespace {

using m3u::ChannelField;

class NameCleaner final : public m3u::WasmStreamingStage {
 public:
  [[nodiscard]] m3u::PluginInfo info() const override {
    return {.name = "name_cleaner",
            .version = "1.0.0",
            .author = "m3u-proxy",
            .description = "Takes tags and doubled spaces out of channel names",
            .license = "MIT",
            .supported_stages = {m3u::Stage::kDataMapping},
            .memory_requirements = {.min_heap_mb = 1, .max_heap_mb = 16}};
  }

  bool init(m3u::Config& config) override {
    for (const m3u::Text tag : config.list("tags")) tags_.emplace_back(tag.data(), tag.size());
    std::sort(tags_.begin(), tags_.end());
    std::fprintf(stderr, "%zu tags\n", tags_.size());  // stdout would wait in its buffer
    return true;
  }

  m3u::Result process_channels(const m3u::ChannelBatch& channels, m3u::Output& out) override {
    m3u::ChannelEditor editor(channels);
    for (uint32_t row = 0; row < channels.rows(); ++row) {
      const std::string name = cleaned(std::string_view(channels.name(row)));
      if (!name.empty() && m3u::Text(name) != channels.name(row))
        editor.set(ChannelField::kChannelName, row, editor.store(name));
    }
    return out.give(editor);
  }

 private:
  [[nodiscard]] std::string cleaned(std::string_view name) const {
    std::string result;
    for (size_t i = 0; i < name.size(); ++i) {
      const size_t end = name[i] == '[' || name[i] == '(' ? name.find_first_of("])", i) : i;
      if (end != i && end != std::string_view::npos && is_tag(name.substr(i + 1, end - i - 1)))
        i = end;
      else if (name[i] != ' ' || (!result.empty() && result.back() != ' '))
        result += name[i];
    }
    while (!result.empty() && result.back() == ' ') result.pop_back();
    return result;
  }
  [[nodiscard]] bool is_tag(std::string_view text) const {
    return std::binary_search(tags_.begin(), tags_.end(), text);
  }

  std::vector<std::string> tags_;
};

}  // namespace

M3U_PLUGIN(NameCleaner)
