// ServeOptions, CtlOptions: what the user typed after `m3u-proxy serve` and `m3u-proxy ctl`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

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
  std::string command;                ///< "status", "refresh" …
  std::string name{};                 ///< of a source, a proxy or a job
  std::optional<std::string> from{};  ///< a generation
  std::optional<std::string> to{};    ///< a generation
  std::string file{};                 ///< to upload
  bool json = false;
};

}  // namespace m3u_proxy::cli
