// What the examples have in common: the small playlist and guide beside them as one proxy.
#pragma once

#include <filesystem>
#include <string>

#include <fmt/format.h>

#include <m3u_proxy/service/proxy_service.hpp>

namespace example {

/// The folder with playlist.m3u and guide.xml: the first argument, else the present one.
inline std::filesystem::path input_folder(int argc, char** argv) {
  return argc > 1 ? argv[1] : ".";
}

inline m3u_proxy::Result<m3u_proxy::service::ResolvedProxyConfig> example_proxy(
    m3u_proxy::service::ProxyService& service, const std::filesystem::path& folder) {
  m3u_proxy::service::ResolvedProxyConfig config;
  config.name = "example";
  M3U_TRY(auto playlist, service.playlist_source("tv", (folder / "playlist.m3u").string()));
  M3U_TRY(auto guide, service.epg_source("guide", (folder / "guide.xml").string()));
  config.sources.push_back(std::move(playlist));
  config.epg_sources.push_back(std::move(guide));
  return config;
}

/// Prints the error of a run that failed; the exit status of the program.
inline int finish(const m3u_proxy::Result<>& result) {
  if (result) return 0;
  fmt::print(stderr, "error: {}\n", to_string(result.error()));
  return 1;
}

}  // namespace example
