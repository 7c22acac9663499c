// StagePlugin: one plugin at work in one stage of one generation: its instances, the pressure they
// are told of, what failed, and the figures for the report.
//
// Thread-safe: several threads may run chunks at once, each in an instance of its own.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <m3u_proxy/generation/stage_plugins.hpp>
#include <m3u_proxy/plugin_host/plugin_host.hpp>

namespace m3u_proxy::plugin_host {

/// What all plugins of a generation share.
struct RunState {
  PluginHost* host = nullptr;
  generation::PluginRunInfo info;
  std::atomic<memory::MemoryPressureLevel> pressure{memory::MemoryPressureLevel::kOptimal};
  std::atomic<bool> degraded{false};

  /// The JSON that m3u_begin gets.
  [[nodiscard]] std::string context_json(plugins::PluginStage stage, std::uint16_t source) const;
};

/// Chunks of serial plugins have so many rows.
constexpr std::size_t kChunkRows = 1000;

class StagePlugin {
 public:
  /// `source`: what m3u_begin is told, of source_loading.
  StagePlugin(RunState& run, std::shared_ptr<const Plugin> plugin, plugins::PluginInfo info,
              plugins::PluginStage stage, std::uint16_t source = 0);
  /// Tells the host what it did, and of its failures unless somebody did: the generation failed.
  ~StagePlugin();
  StagePlugin(const StagePlugin&) = delete;
  StagePlugin& operator=(const StagePlugin&) = delete;

  /// Takes what a call gave, which is in the plugin's memory until this returns. An error of it
  /// that doesn't end the job is a failure of the plugin.
  using Take = std::function<Result<>(std::span<const std::uint8_t> batch)>;

  /// Has one chunk of `rows` rows worked on; `take` gets what becomes of it, if anything does.
  /// False: the plugin failed and the chunk is the native strategy's. Errors: kPlugin when it may
  /// not be replaced; those that end a job.
  Result<bool> process(std::span<const std::uint8_t> chunk, std::uint64_t rows, const Take& take);
  /// The same with a chunk of `size` bytes that is written into the plugin's memory.
  Result<bool> process(std::size_t size, const PluginInstance::WriteChunk& write,
                       std::uint64_t rows, const Take& take);
  enum class Finalized : std::uint8_t { kBatch, kDone, kFailed };
  /// One m3u_finalize, of a serial plugin. Errors: as process().
  Result<Finalized> finalize(const Take& take);
  /// Its work is done: gives the instances back, cleaned up, so that their memory can be had. May
  /// be called again.
  void finish();
  /// The host has been told how it went.
  void set_noted() { noted_ = true; }

  [[nodiscard]] const Plugin& plugin() const { return *plugin_; }
  [[nodiscard]] const plugins::Manifest& manifest() const { return plugin_->manifest(); }
  [[nodiscard]] bool accumulates() const { return !info_.memory_requirements.supports_streaming; }
  [[nodiscard]] bool falls_back() const { return on_failure_ == plugins::OnFailure::kNative; }
  [[nodiscard]] plugins::PluginStage stage() const { return stage_; }
  [[nodiscard]] RunState& run() const { return run_; }
  void set_decision(std::string decision) { stats_.decision = std::move(decision); }
  void count_items_out(std::uint64_t rows) { items_out_.fetch_add(rows); }
  /// A chunk went to the native strategy.
  void count_replaced() { replaced_.fetch_add(1); }
  [[nodiscard]] generation::PluginStats stats() const;

 private:
  struct Instance {
    std::unique_ptr<PluginInstance> plugin;
    std::uint64_t counted = 0;  ///< bytes of it in memory_
  };
  Result<std::unique_ptr<Instance>> lease();
  void give_back(std::unique_ptr<Instance> instance);
  [[nodiscard]] Error judge(const PluginInstance& plugin, const Error& error) const;
  Result<> tell_pressure(Instance& instance);
  /// Notes a failure. An error when it ends the generation.
  Result<> failed(const Error& error, std::string_view where);
  template <typename Call>
  Result<bool> attempt(std::string_view where, const Call& call);

  RunState& run_;
  std::shared_ptr<const Plugin> plugin_;
  plugins::PluginInfo info_;
  plugins::PluginStage stage_;
  std::uint16_t source_;
  plugins::OnFailure on_failure_;
  std::atomic<std::uint64_t> chunks_{0};
  std::atomic<std::uint64_t> items_out_{0};
  std::atomic<std::uint64_t> replaced_{0};
  std::atomic<bool> out_{false};  // it failed too often
  bool noted_ = false;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Instance>> free_;
  std::uint64_t memory_ = 0;  // bytes of all instances
  std::chrono::nanoseconds spent_{};
  generation::PluginStats stats_;
};

}  // namespace m3u_proxy::plugin_host
