#include "playlist_generator.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace m3u_proxy::bench {
namespace {

constexpr std::string_view kExtInf = "#EXTINF";

/// The value of ` key="…"` in an EXTINF line; empty where there is none.
std::string_view attribute(std::string_view line, std::string_view key) {
  const std::string opening = fmt::format("{}=\"", key);
  const std::size_t at = line.find(opening);
  if (at == std::string_view::npos) return {};
  const std::string_view value = line.substr(at + opening.size());
  return value.substr(0, value.find('"'));
}

std::string_view name_of(std::string_view line) {
  const std::size_t quote = line.rfind('"');
  const std::size_t comma = line.find(',', quote == std::string_view::npos ? 0 : quote);
  return comma == std::string_view::npos ? std::string_view{} : line.substr(comma + 1);
}

/// A copy's number goes before the file's ending, where an address has one.
std::size_t address_cut(std::string_view address) {
  const std::size_t slash = address.rfind('/');
  const std::size_t dot = address.find('.', slash == std::string_view::npos ? 0 : slash);
  return std::min(dot, address.size());
}

}  // namespace

PlaylistGenerator::Entry PlaylistGenerator::parse_entry(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  const std::string_view id = attribute(line, "tvg-id");
  const std::string_view name = name_of(line);
  const std::size_t address_begin = text.rfind('\n', text.size() - 2) + 1;
  const std::string_view address = text.substr(address_begin, text.size() - 1 - address_begin);

  Entry entry;
  entry.channel = {.id = std::string(id),
                   .name = std::string(name),
                   .logo = std::string(attribute(line, "tvg-logo"))};
  std::size_t begin = 0;
  const auto cut = [&](std::size_t at, std::string_view separator) {
    entry.pieces.emplace_back(text.substr(begin, at - begin));
    entry.separators.push_back(separator);
    begin = at;
  };
  if (!id.empty()) cut(static_cast<std::size_t>(id.data() + id.size() - text.data()), ".");
  if (!name.empty()) cut(static_cast<std::size_t>(name.data() + name.size() - text.data()), " ");
  cut(address_begin + address_cut(address), "-");
  entry.pieces.emplace_back(text.substr(begin));
  return entry;
}

Result<PlaylistGenerator> PlaylistGenerator::from(std::string_view text) {
  PlaylistGenerator generator;
  std::size_t begin = text.find(kExtInf);
  while (begin != std::string_view::npos) {
    const std::size_t next = text.find(kExtInf, begin + kExtInf.size());
    std::string entry(text.substr(begin, next == std::string_view::npos ? next : next - begin));
    std::erase(entry, '\r');
    while (entry.ends_with('\n')) entry.pop_back();
    if (entry.contains('\n')) generator.entries_.push_back(parse_entry(entry + '\n'));
    begin = next;
  }
  if (generator.entries_.empty())
    return fail(ErrorCode::kParse, "the playlist has no entries to make others from");
  return generator;
}

void PlaylistGenerator::append_entry(std::string& out, std::uint64_t index) const {
  const Entry& entry = entries_[index % entries_.size()];
  const std::uint64_t copy = index / entries_.size();
  if (copy == 0) {
    for (const std::string& piece : entry.pieces) out += piece;
    return;
  }
  const fmt::format_int number(copy);
  for (std::size_t i = 0; i < entry.separators.size(); ++i) {
    out += entry.pieces[i];
    out += entry.separators[i];
    out.append(number.data(), number.size());
  }
  out += entry.pieces.back();
}

ChannelParts PlaylistGenerator::channel(std::uint64_t index) const {
  const std::uint64_t copy = index / entries_.size();
  ChannelParts parts = entries_[index % entries_.size()].channel;
  if (copy == 0) return parts;
  if (!parts.id.empty()) parts.id += fmt::format(".{}", copy);
  parts.name += fmt::format(" {}", copy);
  return parts;
}

}  // namespace m3u_proxy::bench
