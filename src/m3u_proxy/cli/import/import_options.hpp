// ImportOptions: what the user typed after `m3u-proxy import`.
#pragma once

#include <optional>
#include <string>

#include <m3u_proxy/importers/import.hpp>

namespace m3u_proxy::cli {

struct ImportOptions {
  importers::OtherProgram program = importers::OtherProgram::kTuliprox;
  std::string path;
  std::optional<std::string> output{};   ///< nullopt: standard output
  std::optional<std::string> secrets{};  ///< folder of the files with passwords
};

}  // namespace m3u_proxy::cli
