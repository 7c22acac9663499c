// What the parts of tuliprox's importer share.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/importers/imported.hpp>
#include <m3u_proxy/importers/tuliprox_language.hpp>

namespace m3u_proxy::importers {

struct TuliproxFiles {
  ConfigNode source{};
  ConfigNode config{};
  ConfigNode mapping{};
  ConfigNode api_proxy{};
  Templates templates{};
};

/// What became of an input.
struct TuliproxInput {
  std::string source{};
  std::vector<std::string> epg_sources{};
  bool playlist_guides = false;  ///< the guides that the playlist names
};
using TuliproxInputs = std::map<std::string, TuliproxInput, std::less<>>;

TuliproxInputs read_tuliprox_inputs(const TuliproxFiles& files, Imported& out);
void read_tuliprox_targets(const TuliproxFiles& files, const TuliproxInputs& inputs, Imported& out);

}  // namespace m3u_proxy::importers
