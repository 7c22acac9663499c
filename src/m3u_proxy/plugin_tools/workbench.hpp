// Workbench: one plugin and what it needs to be run by itself: an account of memory, temporary
// files, instances, and the calls of a whole generation.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/plugin_host/plugin_host.hpp>
#include <m3u_proxy/plugin_host/plugin_instance.hpp>
#include <m3u_proxy/plugin_tools/chunks.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::plugin_tools {

class Workbench {
 public:
  struct Options {
    Bytes max_memory = mib(64);
    std::chrono::milliseconds call_timeout{5000};
    std::chrono::milliseconds total_timeout{30000};
    std::string config_json{};  ///< merged over the manifest's
    std::int64_t now = 0;       ///< seconds since 1970
  };
  /// Errors: as plugin_host::Plugin::load; kConfig for a configuration that is no JSON object.
  static Result<std::unique_ptr<Workbench>> open(const std::filesystem::path& file,
                                                 const plugin_host::CompileOptions& compile,
                                                 Options options);

  [[nodiscard]] const plugin_host::Plugin& plugin() const { return *plugin_; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] memory::SlabPool& slabs() { return slabs_; }

  /// A new instance that may do all that its manifest asks for. Errors: as PluginInstance::create.
  Result<std::unique_ptr<plugin_host::PluginInstance>> make_instance();
  /// The same with other bounds.
  Result<std::unique_ptr<plugin_host::PluginInstance>> make_instance(
      Bytes max_memory, std::chrono::milliseconds call_timeout);
  /// The context of a generation, JSON.
  [[nodiscard]] std::string context() const;

 private:
  explicit Workbench(Options options);

  Options options_;
  memory::Budget budget_;
  memory::SlabPool slabs_{budget_, Bytes{}};
  spill::SpillSpace spill_;
  std::shared_ptr<const plugin_host::Plugin> plugin_;
  std::string config_json_;
};

/// When an answer came.
enum class AnswerTime : std::uint8_t { kChunk, kFinalize };
using TakeAnswer = std::function<Result<>(AnswerTime time, Chunk answer)>;

/// Calls m3u_finalize until it is done. Errors: of the plugin, also when it is never done; of
/// `take`.
Result<> finalize(plugin_host::PluginInstance& instance,
                  const std::function<Result<>(Chunk)>& take);

/// A whole generation: begin, all chunks, finalize until it is done, cleanup (also after an error
/// that leaves the instance usable). Errors: of the plugin, of `chunks`, of `take`.
Result<> run_generation(plugin_host::PluginInstance& instance, plugins::PluginStage stage,
                        std::string_view context, ChunkSource& chunks, const TakeAnswer& take);

}  // namespace m3u_proxy::plugin_tools
