// passthrough: gives every chunk back as it came. What a plugin costs that does nothing.
#include <m3u_plugin.hpp>

namespace {

class Passthrough final : public m3u::WasmStreamingStage {
 public:
  [[nodiscard]] m3u::PluginInfo info() const override {
    using m3u::Stage;
    return {.name = "passthrough",
            .version = "1.0.0",
            .author = "m3u-proxy",
            .description = "Gives every chunk back as it came",
            .license = "MIT",
            .supported_stages = {Stage::kDataMapping, Stage::kFiltering, Stage::kChannelNumbering,
                                 Stage::kM3uGeneration, Stage::kEpg},
            .memory_requirements = {.min_heap_mb = 1, .max_heap_mb = 8}};
  }
};

}  // namespace

M3U_PLUGIN(Passthrough)
