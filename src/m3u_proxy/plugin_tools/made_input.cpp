#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <string>

#include <fmt/format.h>

#include <m3u_proxy/plugin_tools/made_input.hpp>

namespace m3u_proxy::plugin_tools {
namespace {

constexpr std::uint64_t kRowsAtOnce = 500;

/// Text that is made row by row as it is read.
class MadeText : public io::ByteSource {
 public:
  Result<std::size_t> read(std::span<char> buffer) override {
    if (offset_ == text_.size()) make_more();
    const std::size_t size = std::min(buffer.size(), text_.size() - offset_);
    std::memcpy(buffer.data(), text_.data() + offset_, size);
    offset_ += size;
    consumed_ += size;
    return size;
  }
  [[nodiscard]] std::uint64_t consumed() const override { return consumed_; }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }

 protected:
  MadeText(std::uint64_t rows, std::string_view head, std::string_view end)
      : rows_(rows), text_(head), end_(end) {}
  virtual void append_row(std::uint64_t row, std::string& out) = 0;

 private:
  void make_more() {
    text_.clear();
    offset_ = 0;
    const std::uint64_t last = std::min(rows_, made_ + kRowsAtOnce);
    while (made_ < last) append_row(made_++, text_);
    if (!text_.empty()) return;
    text_ = end_;
    end_ = {};
  }

  std::uint64_t rows_;
  std::uint64_t made_ = 0;
  std::string text_;  // made and not yet read
  std::string_view end_;
  std::size_t offset_ = 0;
  std::uint64_t consumed_ = 0;
};

constexpr std::array<std::string_view, 8> kGroups = {
    "News", "Sports", "Movies", "Kids", "Music", "Local", "Documentaries", "Shopping"};
constexpr std::array<std::string_view, 3> kQualities = {"", " HD", " 4K"};

class MadePlaylist final : public MadeText {
 public:
  explicit MadePlaylist(std::uint64_t channels) : MadeText(channels, "#EXTM3U\n", "") {}

 private:
  void append_row(std::uint64_t row, std::string& out) override {
    fmt::format_to(std::back_inserter(out),
                   "#EXTINF:-1 tvg-id=\"channel{0}.example\" tvg-name=\"Channel {0}\" "
                   "tvg-logo=\"http://logos.example/{0}.png\" group-title=\"{1}\" "
                   "catchup-days=\"{2}\",{1} Channel {0}{3}\n"
                   "http://streams.example/live/{0}.ts\n",
                   row, kGroups.at(row % kGroups.size()), row % 7,
                   kQualities.at(row % kQualities.size()));
  }
};

class MadeGuide final : public MadeText {
 public:
  explicit MadeGuide(std::uint64_t programmes)
      : MadeText(programmes, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tv>\n", "</tv>\n") {}

 private:
  void append_row(std::uint64_t row, std::string& out) override {
    constexpr std::uint64_t kHours = 24;
    const std::uint64_t hour = row % kHours;
    fmt::format_to(std::back_inserter(out),
                   "  <programme start=\"20260101{1:02}0000 +0000\" "
                   "stop=\"20260101{1:02}5500 +0000\" channel=\"channel{2}.example\">\n"
                   "    <title lang=\"en\">{3} at {1}</title>\n"
                   "    <desc lang=\"en\">The programme number {0}, with a few words.</desc>\n"
                   "    <category lang=\"en\">{3}</category>\n"
                   "    <episode-num system=\"onscreen\">S1 E{0}</episode-num>\n"
                   "  </programme>\n",
                   row, hour, row / kHours, kGroups.at(row % kGroups.size()));
  }
};

}  // namespace

std::unique_ptr<io::ByteSource> make_input(plugins::PluginStage stage, std::uint64_t rows) {
  if (stage == plugins::PluginStage::kEpg) return std::make_unique<MadeGuide>(rows);
  return std::make_unique<MadePlaylist>(rows);
}

}  // namespace m3u_proxy::plugin_tools
