#include "guide_generator.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>

#include <fmt/format.h>

namespace m3u_proxy::bench {
namespace {

constexpr std::string_view kOpening = "<programme";
constexpr std::string_view kClosing = "</programme>";
constexpr std::size_t kPiece = std::size_t{1} << 20U;
constexpr std::uint64_t kForeignEvery = 10;
/// `  <programme channel="…" start="…" stop="…">`, about.
constexpr std::uint64_t kTagBytes = 100;
constexpr std::array<std::chrono::minutes, 5> kDurations = {
    std::chrono::minutes{30}, std::chrono::minutes{60}, std::chrono::minutes{25},
    std::chrono::minutes{95}, std::chrono::minutes{45}};
constexpr std::chrono::sys_days kFirstDay = std::chrono::year{2026} / 1 / 1;

void append_time(std::string& out, std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  fmt::format_to(std::back_inserter(out), "{:04}{:02}{:02}{:02}{:02}{:02} +0000",
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                 static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
                 clock.seconds().count());
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
}

void append_channel(std::string& out, const ChannelParts& channel) {
  out += "  <channel id=\"";
  append_escaped(out, channel.id);
  out += "\">\n    <display-name>";
  append_escaped(out, channel.name);
  out += "</display-name>\n";
  if (!channel.logo.empty()) {
    out += "    <icon src=\"";
    append_escaped(out, channel.logo);
    out += "\"/>\n";
  }
  out += "  </channel>\n";
}

}  // namespace

Result<GuideGenerator> GuideGenerator::from(std::string_view text) {
  GuideGenerator generator;
  std::size_t begin = text.find(kOpening);
  while (begin != std::string_view::npos) {
    const std::size_t content = text.find('>', begin);
    const std::size_t end = text.find(kClosing, begin);
    if (end == std::string_view::npos || content > end) break;
    generator.programmes_.emplace_back(text.substr(content, end + kClosing.size() - content));
    begin = text.find(kOpening, end);
  }
  if (generator.programmes_.empty())
    return fail(ErrorCode::kParse, "the guide has no programmes to make others from");
  for (const std::string& programme : generator.programmes_)
    generator.average_bytes_ += programme.size() + kTagBytes;
  generator.average_bytes_ /= generator.programmes_.size();
  return generator;
}

std::vector<ChannelParts> GuideGenerator::choose_channels(const PlaylistGenerator& playlist,
                                                          const GuideSize& size) const {
  const std::uint64_t programmes = size.bytes.count / average_bytes_ + 1;
  const std::uint64_t wanted = std::clamp<std::uint64_t>(programmes / size.per_channel, 1,
                                                         std::max<std::uint64_t>(size.channels, 1));
  const std::uint64_t step = std::max<std::uint64_t>(size.channels / wanted, 1);
  std::vector<ChannelParts> channels;
  for (std::uint64_t i = 0; i < wanted; ++i) {
    ChannelParts channel = playlist.channel(i * step);
    if (i % kForeignEvery == kForeignEvery - 1 || channel.id.empty())
      channel.id = fmt::format("foreign.{}", i);
    channels.push_back(std::move(channel));
  }
  return channels;
}

Result<> GuideGenerator::write(const PlaylistGenerator& playlist, const GuideSize& size,
                               const std::function<Result<>(std::string_view)>& write) const {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tv>\n";
  std::uint64_t written = 0;
  const auto flush = [&]() -> Result<> {
    written += out.size();
    Result<> done = write(out);
    out.clear();
    return done;
  };
  const std::vector<ChannelParts> channels = choose_channels(playlist, size);
  for (const ChannelParts& channel : channels) append_channel(out, channel);

  const std::uint64_t programmes = size.bytes.count / average_bytes_ + 1;
  const std::uint64_t per_channel = programmes / channels.size() + 1;
  std::uint64_t index = 0;
  std::string id;
  for (const ChannelParts& channel : channels) {
    id.clear();
    append_escaped(id, channel.id);
    std::chrono::sys_seconds time = kFirstDay;
    for (std::uint64_t i = 0; i < per_channel && written + out.size() < size.bytes.count; ++i) {
      out += "  <programme channel=\"";
      out += id;
      out += "\" start=\"";
      append_time(out, time);
      out += "\" stop=\"";
      time += kDurations[index % kDurations.size()];
      append_time(out, time);
      out += '"';
      out += programmes_[index % programmes_.size()];
      out += '\n';
      ++index;
      if (out.size() >= kPiece) M3U_CHECK(flush());
    }
  }
  out += "</tv>\n";
  return flush();
}

}  // namespace m3u_proxy::bench
