// Measuring a plugin: its start, its calls, its memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>

#include <m3u_proxy/plugin_tools/workbench.hpp>

namespace m3u_proxy::plugin_tools {

struct BenchResult {
  std::chrono::nanoseconds start{};          ///< from the cache to the first call
  std::chrono::nanoseconds smallest_call{};  ///< m3u_can_handle_memory_pressure
  std::uint64_t chunks = 0;
  std::uint64_t rows = 0;  ///< 0 where chunks have none
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::chrono::nanoseconds total{};  ///< in the plugin's calls
  std::chrono::nanoseconds least{};  ///< of one chunk
  std::chrono::nanoseconds median{};
  std::chrono::nanoseconds most{};
  Bytes memory{};  ///< of the instance, at the end
};

/// Runs one generation of `stage` over `input`. Errors: of the plugin, of `input`.
Result<BenchResult> measure(Workbench& bench, plugins::PluginStage stage,
                            std::unique_ptr<io::ByteSource> input,
                            const plugin_host::CompileOptions& compile);

}  // namespace m3u_proxy::plugin_tools
