#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/catalog/addresses.hpp>
#include <m3u_proxy/cli/output_check.hpp>
#include <m3u_proxy/io/gzip_file.hpp>
#include <m3u_proxy/net/url.hpp>

namespace m3u_proxy::cli {
namespace {

using Path = std::filesystem::path;

bool is_same_file(const Path& a, const Path& b) {
  std::error_code missing;  // what is not there yet is not the same
  return std::filesystem::equivalent(a, b, missing);
}

void add_local_files(const std::vector<config::Named>& names,
                     const std::vector<config::SourceConfig>& sources, std::vector<Path>& files) {
  for (const config::Named& name : names) {
    const auto source = std::ranges::find_if(
        sources, [&](const config::SourceConfig& s) { return s.name.name == name.name; });
    if (source == sources.end() || source->location == "-") continue;
    if (!net::has_scheme(source->location))
      files.emplace_back(source->location);
    else if (const auto path = net::path_of_file_url(source->location))
      files.emplace_back(*path);
  }
}

Result<> check(const std::vector<Path>& outputs, const std::vector<Path>& inputs) {
  for (const Path& output : outputs)
    for (const Path& input : inputs)
      if (is_same_file(output, input))
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{} is read by this run, which would replace it", input.string()),
                    "give another --out folder, or move the file");
  return {};
}

}  // namespace

Result<> check_outputs(const config::Configuration& configuration, const Path& out,
                       const std::optional<std::string>& config_file,
                       const std::optional<std::string>& report) {
  for (const config::ProxyConfig& proxy : configuration.proxies) {
    std::vector<Path> outputs;
    for (const std::string& file :
         {catalog::playlist_file(proxy.name.name), catalog::guide_file(proxy.name.name)}) {
      outputs.push_back(out / file);
      outputs.push_back(out / (file + std::string(io::kGzipEnding)));
    }
    if (report) outputs.emplace_back(*report);
    std::vector<Path> inputs;
    if (config_file) inputs.emplace_back(*config_file);
    add_local_files(proxy.sources, configuration.sources, inputs);
    add_local_files(proxy.epg_sources, configuration.epg_sources, inputs);
    M3U_CHECK(check(outputs, inputs));
  }
  return {};
}

}  // namespace m3u_proxy::cli
