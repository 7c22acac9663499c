// ServeOptions, CtlOptions: what the user typed after `m3u-proxy serve` and `m3u-proxy ctl`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <m3u_proxy/config/load_configuration.hpp>

namespace m3u_proxy::cli {

struct ServeOptions {
  std::optional<std::string> config{};
  std::string data = "data";
  std::optional<std::string> listen{};
  std::optional<std::string> public_url{};
  config::ConfigFlags flags{};
  std::size_t threads = 0;  ///< 0: as many as the machine has
  std::optional<std::string> log_level{};
  std::optional<std::string> log_format{};  ///< "text" or "json"
};

/// A command for a running service.
struct CtlOptions {
  std::string data = "data";
  std::string command;                ///< "status", "refresh", "edits set" …
  std::string name{};                 ///< of a source, a proxy or a job; a channel's id
  std::optional<std::string> from{};  ///< a generation
  std::optional<std::string> to{};    ///< a generation
  std::string file{};                 ///< to upload
  bool guide = false;                 ///< the EPG source is meant, which may be called as a list is
  std::string search{};               ///< a part of a channel's name
  std::string proxy{};                ///< for which an edit is; "": for all
  /// What an edit sets, by the keys of [[edits]].
  std::vector<std::pair<std::string, std::string>> edit{};
  std::optional<bool> hidden{};
  std::string unset{};  ///< fields that an edit leaves to the source again
  bool json = false;
};

}  // namespace m3u_proxy::cli
