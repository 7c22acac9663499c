// The files of a generation's snapshot: the names by which one part writes them and another serves
// them.
#pragma once

#include <string>
#include <string_view>

namespace m3u_proxy::snapshots {

inline constexpr std::string_view kPlaylistFile = "playlist.m3u";
inline constexpr std::string_view kGuideFile = "guide.xml";
inline constexpr std::string_view kLineupFile = "lineup";
/// Where the guide's programmes are (programme_index.hpp).
inline constexpr std::string_view kProgrammesFile = "programmes";
/// Appended to a file's name: where its placeholders are (placeholders.hpp).
inline constexpr std::string_view kPlacesSuffix = ".places";

inline std::string places_of(std::string_view file) {
  return std::string(file).append(kPlacesSuffix);
}

}  // namespace m3u_proxy::snapshots
