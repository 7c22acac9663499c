// Assets: the files of the web interface, which are a part of the program, as the build packed
// them.
//
// Written by cmake/M3uProxyWebAssets.cmake from web/dist. Pure, thread-safe.
#pragma once

#include <span>
#include <string_view>

namespace m3u_proxy::web {

struct Asset {
  std::string_view path;    ///< below /ui/: "index.html", "assets/index-B1x2.js"
  std::string_view hash;    ///< of the content, 16 hex digits
  std::string_view packed;  ///< the content, gzip'd
};

/// In the order of their paths' bytes.
std::span<const Asset> assets();

}  // namespace m3u_proxy::web
