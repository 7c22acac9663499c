// HostServices: what the host does for one instance of a plugin: log, temporary files, metrics,
// configuration, clock and random numbers, each as far as it is permitted.
//
// Knows nothing of WebAssembly: addresses are spans already. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/pressure.hpp>
#include <m3u_proxy/plugins/plugin_settings.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::plugin_host {

/// Results of host functions; see docs/plugin-abi.md.
enum class HostResult : std::int8_t {
  kOk = 0,
  kDenied = -1,
  kQuota = -2,
  kDiskFull = -3,
  kIo = -4,
  kInvalid = -5,
  kNotFound = -6,
};

/// The last value of each name.
using Metrics = std::map<std::string, double, std::less<>>;

class HostServices {
 public:
  struct Options {
    std::string plugin;  ///< its name, for the log
    plugins::Permissions permissions;
    std::string config_json = "{}";  ///< an object
    memory::Budget* budget = nullptr;
    spill::SpillSpace* spill = nullptr;
    std::shared_ptr<memory::Budget> temp_quota{};  ///< of temporary files; nullptr: 1 GB of its own
    std::int64_t now = 0;
    std::function<memory::MemoryPressureLevel()> pressure{};
    std::function<void()> request_cleanup{};
  };
  explicit HostServices(Options options);
  ~HostServices();
  HostServices(const HostServices&) = delete;
  HostServices& operator=(const HostServices&) = delete;

  [[nodiscard]] bool allows(plugins::Permission permission) const {
    return options_.permissions.has(permission);
  }

  void log(std::int32_t level, std::string_view text);
  [[nodiscard]] std::uint64_t memory_usage() const;
  [[nodiscard]] memory::MemoryPressureLevel memory_pressure() const;
  void request_cleanup() const;
  HostResult temp_write(std::string_view name, std::string_view data);
  HostResult temp_append(std::string_view name, std::string_view data);
  /// Bytes read, or a HostResult.
  std::int32_t temp_read(std::string_view name, std::int64_t offset, std::span<std::uint8_t> out);
  HostResult temp_delete(std::string_view name);
  void record_metric(std::string_view name, double value);
  /// The size of the value, of which as much as there is room for is copied; or a HostResult.
  std::int32_t get_config(std::string_view key, std::span<std::uint8_t> out);
  /// Nanoseconds since 1970.
  [[nodiscard]] std::int64_t clock() const;
  void random(std::span<std::uint8_t> out);
  /// A line on standard output or standard error; lines are put together.
  void print(std::string_view text);

  /// The last error that was logged since the last call; "" when there was none.
  std::string take_error();
  void drop_temp_files();
  [[nodiscard]] const Metrics& metrics() const { return metrics_; }
  /// The call under way ends then: no work with temporary files goes on for long after it.
  void set_deadline(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }
  /// Begins anew for a run: the clock, the seed, where temporary files are.
  void begin_run(std::int64_t now, spill::SpillSpace* spill);
  void set_pressure(std::function<memory::MemoryPressureLevel()> pressure) {
    options_.pressure = std::move(pressure);
  }

 private:
  HostResult write(std::string_view name, std::string_view data, bool from_start);
  HostResult write_file(std::string_view name, std::string_view data, bool from_start);
  HostResult write_pieces(io::TempFile& file, std::string_view data);
  [[nodiscard]] Bytes files_size() const;
  [[nodiscard]] bool is_late() const { return std::chrono::steady_clock::now() >= deadline_; }

  Options options_;
  std::map<std::string, std::string, std::less<>> config_;  // values as get_config gives them
  std::map<std::string, std::unique_ptr<io::TempFile>, std::less<>> files_;
  memory::Reservation temp_;  // of the quota: what the files hold
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  Metrics metrics_;
  std::string error_;
  std::uint64_t log_lines_ = 0;  // of this run
  std::string line_;             // printed so far, without its end
  std::mt19937_64 numbers_;
};

}  // namespace m3u_proxy::plugin_host
