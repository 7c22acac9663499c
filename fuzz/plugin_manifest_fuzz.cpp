// Fuzz target: manifests of plugins.
//
// Whatever the text, reading it ends without a fault and says the same twice; an error has a
// message; and what is accepted has a name, a stage, and a module in the manifest's own folder.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <m3u_proxy/plugins/manifest.hpp>

namespace {

using namespace m3u_proxy;
using namespace m3u_proxy::plugins;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto manifest = parse_manifest(text, "plugins/test.toml");
  const auto again = parse_manifest(text, "plugins/test.toml");
  require(manifest.has_value() == again.has_value());
  if (!manifest) {
    require(manifest.error().code == ErrorCode::kConfig && !manifest.error().message.empty());
    require(to_string(manifest.error()) == to_string(again.error()));
    return 0;
  }
  require(is_plugin_name(manifest->name) && !manifest->version.empty());
  require(!manifest->stages.empty() && manifest->stages.size() <= kPluginStageCount);
  const auto inside = manifest->wasm.lexically_normal().lexically_relative("plugins");
  require(!inside.empty() && *inside.begin() != "..");
  require(manifest->config_json == again->config_json);
  require(merge_config(manifest->config_json, "{}").has_value());
  return 0;
}
