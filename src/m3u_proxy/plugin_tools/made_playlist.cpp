#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

#include <m3u_proxy/plugin_tools/made_playlist.hpp>

namespace m3u_proxy::plugin_tools {
namespace {

constexpr std::array<std::string_view, 8> kGroups = {
    "News", "Sports", "Movies", "Kids", "Music", "Local", "Documentaries", "Shopping"};
constexpr std::array<std::string_view, 3> kQualities = {"", " HD", " 4K"};
constexpr std::uint64_t kChannelsAtOnce = 500;

}  // namespace

void MadePlaylist::make_more() {
  text_.clear();
  offset_ = 0;
  const std::uint64_t end = std::min(channels_, made_ + kChannelsAtOnce);
  for (; made_ < end; ++made_)
    fmt::format_to(std::back_inserter(text_),
                   "#EXTINF:-1 tvg-id=\"channel{0}.example\" tvg-name=\"Channel {0}\" "
                   "tvg-logo=\"http://logos.example/{0}.png\" group-title=\"{1}\" "
                   "catchup-days=\"{2}\",{1} Channel {0}{3}\n"
                   "http://streams.example/live/{0}.ts\n",
                   made_, kGroups.at(made_ % kGroups.size()), made_ % 7,
                   kQualities.at(made_ % kQualities.size()));
}

Result<std::size_t> MadePlaylist::read(std::span<char> buffer) {
  if (offset_ == text_.size()) make_more();
  const std::size_t size = std::min(buffer.size(), text_.size() - offset_);
  std::memcpy(buffer.data(), text_.data() + offset_, size);
  offset_ += size;
  consumed_ += size;
  return size;
}

}  // namespace m3u_proxy::plugin_tools
