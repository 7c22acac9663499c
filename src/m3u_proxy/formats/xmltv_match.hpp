// Looking at the beginning of text that may still be incomplete; for XmltvSplitter.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <m3u_proxy/formats/xmltv_names.hpp>

namespace m3u_proxy::formats {

constexpr std::size_t kHeadSize = 4096;                    // looked at to say what this is
constexpr std::size_t kMaxProlog = std::size_t{1} << 20U;  // a DOCTYPE or the root's start tag

/// Whether `text` begins with `what`, or may once there is more of it.
enum class Match : std::uint8_t { kNo, kYes, kMaybe };
inline Match match(std::string_view text, std::string_view what) {
  const std::size_t size = std::min(text.size(), what.size());
  if (text.substr(0, size) != what.substr(0, size)) return Match::kNo;
  return size == what.size() ? Match::kYes : Match::kMaybe;
}

/// The same for a tag's name behind `prefix`, which has to end there.
inline Match match_name(std::string_view text, std::string_view prefix, std::string_view name) {
  if (const Match begin = match(text, prefix); begin != Match::kYes) return begin;
  text.remove_prefix(prefix.size());
  if (const Match begin = match(text, name); begin != Match::kYes) return begin;
  if (text.size() == name.size()) return Match::kMaybe;
  return is_name_byte(text[name.size()]) ? Match::kNo : Match::kYes;
}

inline std::string_view name_at(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && is_name_byte(text[size])) ++size;
  return text.substr(0, size);
}

}  // namespace m3u_proxy::formats
