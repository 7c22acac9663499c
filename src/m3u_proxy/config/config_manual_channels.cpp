// [[sources.channels]]: channels that a person wrote down.

#include <fmt/format.h>

#include <m3u_proxy/base/line_text.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/channels/channel_numbers.hpp>
#include <m3u_proxy/config/config_keys.hpp>
#include <m3u_proxy/config/config_sections.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>

namespace m3u_proxy::config {
namespace {

using Empty = ConfigReader::Empty;

/// One line of text.
template <Empty kEmpty, std::string ManualChannel::* kField>
void line(ConfigReader& reader, const ConfigNode& node, ManualChannel& out) {
  reader.text(node, kEmpty, out.*kField);
  std::string& value = out.*kField;
  if (!is_one_line(value))
    reader.problem(node.where, reader.path() + " has line breaks or the like in it");
  value = std::string(trim(value));
}

void url(ConfigReader& reader, const ConfigNode& node, ManualChannel& out) {
  line<Empty::kRefuse, &ManualChannel::url>(reader, node, out);
  if (!out.url.empty() && !formats::begins_with_scheme(out.url))
    reader.problem(node.where, reader.path() + " is no address",
                   "such as http://192.168.1.5/stream.ts or rtsp://camera/1");
}

void number(ConfigReader& reader, const ConfigNode& node, ManualChannel& out) {
  if (node.kind == ConfigNode::Kind::kInteger)
    out.number = std::to_string(node.integer);
  else
    reader.text(node, Empty::kAllow, out.number);
  if (!out.number.empty() && !channels::parse_channel_number(out.number))
    reader.problem(node.where, reader.path() + " is no number of a channel", "such as 7 or 7.1");
}

constexpr Key<ManualChannel> kChannels[] = {
    {"name", Acted::kNow, line<Empty::kRefuse, &ManualChannel::name>},
    {"url", Acted::kNow, url},
    {"logo", Acted::kNow, line<Empty::kAllow, &ManualChannel::logo>},
    {"group", Acted::kNow, line<Empty::kAllow, &ManualChannel::group>},
    {"guide_id", Acted::kNow, line<Empty::kAllow, &ManualChannel::guide_id>},
    {"number", Acted::kNow, number},
};

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out.append(" ").append(name).append("=\"");
  for (const char c : value) {
    if (c == '"') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

}  // namespace

void read_manual_channels(ConfigReader& reader, const ConfigNode& list, SourceConfig& out) {
  const auto read = [&](const ConfigNode& item) {
    ManualChannel channel;
    read_table(reader, item, "sources.channels", kChannels, {}, channel);
    for (const char* const key : {"name", "url"})
      if (item.find(key) == nullptr)
        reader.problem(item.where, fmt::format("{} has no {}", reader.path(), key));
    out.channels.push_back(std::move(channel));
  };
  for_each_table(reader, list, "a list of tables, each headed [[sources.channels]]", read);
  if (out.channels.empty()) reader.problem(list.where, reader.path() + " is empty");
  if (out.channels.size() > kMostManualChannels)
    reader.problem(list.where,
                   fmt::format("{} has more than {} channels", reader.path(), kMostManualChannels),
                   "write them into a playlist");
}

std::string to_playlist(std::span<const ManualChannel> channels) {
  std::string out = "#EXTM3U\n";
  for (const ManualChannel& channel : channels) {
    out += "#EXTINF:-1";
    append_attribute(out, "tvg-id", channel.guide_id);
    append_attribute(out, "tvg-logo", channel.logo);
    append_attribute(out, "tvg-chno", channel.number);
    append_attribute(out, "group-title", channel.group);
    out.append(",").append(channel.name).append("\n").append(channel.url).append("\n");
  }
  return out;
}

SectionKeys manual_channel_section() { return {"sources.channels", key_names(kChannels)}; }

}  // namespace m3u_proxy::config
