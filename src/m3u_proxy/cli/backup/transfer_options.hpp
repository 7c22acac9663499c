// ExportOptions, ImportFileOptions: what the user typed after `m3u-proxy export` and `m3u-proxy
// import FILE`.
#pragma once

#include <optional>
#include <string>

namespace m3u_proxy::cli {

struct ExportOptions {
  std::string data = "data";
  std::optional<std::string> config{};
  std::optional<std::string> output{};  ///< nullopt: standard output
  bool with_secrets = false;
};

struct ImportFileOptions {
  std::string file;
  std::string data = "data";
  std::optional<std::string> config{};
  bool replaces = false;
  bool only_check = false;
};

}  // namespace m3u_proxy::cli
