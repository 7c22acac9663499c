// PluginInstance: one running copy of a plugin, spoken to through the ABI (docs/plugin-abi.md).
//
// One thread at a time. After an error that `broken()` tells of, only destruction is left.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/pressure.hpp>
#include <m3u_proxy/plugins/manifest.hpp>

namespace m3u_proxy::spill {
class SpillSpace;
}

namespace m3u_proxy::plugin_host {

class WasmModule;
class WasmInstance;
class HostServices;

/// What an instance runs with.
struct InstanceOptions {
  memory::Budget* budget = nullptr;    ///< pays for its memory; required
  spill::SpillSpace* spill = nullptr;  ///< for temporary files; nullptr: they are refused
  plugins::Permissions permissions;    ///< asked for and allowed
  std::string config_json = "{}";
  Bytes max_memory = mib(64);
  std::shared_ptr<memory::Budget> temp_quota{};    ///< of temporary files; nullptr: 1 GB of its own
  std::chrono::milliseconds call_timeout{5000};    ///< of one call
  std::chrono::milliseconds total_timeout{30000};  ///< of all calls since begin()
  std::int64_t now = 0;                            ///< seconds since 1970
  /// The level of pressure at this moment; may be empty (Optimal). Called from the instance's
  /// thread.
  std::function<memory::MemoryPressureLevel()> pressure{};
  std::function<void()> request_cleanup{};  ///< may be empty
  const CancelToken* cancel = nullptr;      ///< may be nullptr
};

enum class AnswerKind : std::uint8_t { kBatch, kNone, kDone };

/// What a call gave. `bytes` are in the instance's memory until the next call.
struct Answer {
  AnswerKind kind = AnswerKind::kNone;
  std::span<const std::uint8_t> bytes{};
};

class PluginInstance {
 public:
  /// Makes an instance and calls _initialize, m3u_abi_version and m3u_init. Errors: kPlugin with
  /// the reason; kOverBudget when its first memory has no room.
  static Result<std::unique_ptr<PluginInstance>> create(
      const std::shared_ptr<const WasmModule>& module, const plugins::Manifest& manifest,
      InstanceOptions options);
  ~PluginInstance();
  PluginInstance(const PluginInstance&) = delete;
  PluginInstance& operator=(const PluginInstance&) = delete;

  // The exports. Errors: kPlugin with the reason; kCancelled; kOverBudget where the Budget refused
  // the memory that a buffer needs.
  Result<plugins::PluginInfo> info();
  Result<> begin(plugins::PluginStage stage, std::string_view context_json);
  Result<Answer> process_chunk(std::span<const std::uint8_t> chunk);
  /// The same with a chunk of `size` bytes that `write` puts where it is told to, which is a
  /// multiple of 16 in the instance's memory.
  using WriteChunk = std::function<void(std::uint8_t* to)>;
  Result<Answer> process_chunk(std::size_t size, const WriteChunk& write);
  Result<Answer> finalize();
  /// Also drops its temporary files.
  Result<> cleanup();
  Result<bool> can_handle_memory_pressure(memory::MemoryPressureLevel level);
  /// The level that it was told of last.
  [[nodiscard]] memory::MemoryPressureLevel told_level() const { return told_; }

  /// It trapped, was stopped, or broke a rule so that it can't be used any more.
  [[nodiscard]] bool broken() const;
  /// The process's limit, not the plugin's own, refused memory since begin().
  [[nodiscard]] bool starved() const;
  /// Linear memory now.
  [[nodiscard]] Bytes memory_size() const;
  /// What record_metric told, by name.
  [[nodiscard]] const std::map<std::string, double, std::less<>>& metrics() const;
  /// What a run brings that is not there yet or is another's; before begin().
  struct Run {
    std::int64_t now = 0;
    spill::SpillSpace* spill = nullptr;
    const CancelToken* cancel = nullptr;
    std::function<memory::MemoryPressureLevel()> pressure{};
  };
  void set_run(Run run);
  /// A generation of so many chunks is over. How much memory it has grown by over generations that
  /// were no larger than one before: a larger list may need more.
  Bytes note_generation(std::uint64_t chunks);
  /// Time spent in calls since begin().
  [[nodiscard]] std::chrono::nanoseconds spent() const { return spent_; }
  /// The raw way in, for the conformance checks: m3u_alloc and m3u_free.
  Result<std::uint32_t> allocate(std::uint32_t size);
  Result<> free(std::uint32_t address, std::uint32_t size);

 private:
  struct Calls;
  struct Buffer {
    std::uint32_t address = 0;
    std::uint32_t size = 0;
  };
  PluginInstance(InstanceOptions options, const plugins::Manifest& manifest);
  Result<> find_exports();
  Result<> start();
  Result<std::int32_t> call(const void* function, std::initializer_list<std::int32_t> arguments);
  Result<std::uint32_t> put(std::span<const std::uint8_t> bytes);
  Result<std::uint32_t> put(std::size_t size, const WriteChunk& write);
  Result<> free_answer();
  Result<Answer> take_answer(std::int32_t result, Buffer in, std::string_view what);
  std::string reason(std::int32_t result);
  std::unexpected<Error> break_rule(std::string message);

  InstanceOptions options_;
  std::string name_;
  std::unique_ptr<HostServices> services_;
  std::unique_ptr<WasmInstance> wasm_;  // uses the services
  std::unique_ptr<Calls> calls_;
  memory::MemoryPressureLevel told_ = memory::MemoryPressureLevel::kOptimal;
  std::uint32_t out_ = 0;  // where answers are put
  Buffer answer_;          // to be freed before the next call
  std::chrono::nanoseconds spent_{};
  std::uint64_t most_chunks_ = 0;  // of a generation
  Bytes last_size_{};              // after the last one
  Bytes grown_{};
};

}  // namespace m3u_proxy::plugin_host
