// Restoring: a backup takes the place of what a running service has: it stops its jobs, swaps, and
// goes on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>

#include <m3u_proxy/backup/restore.hpp>
#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/jobs/conductor.hpp>
#include <m3u_proxy/jobs/workers.hpp>
#include <m3u_proxy/runtime/process.hpp>

namespace m3u_proxy::daemon {

class Restoring {
 public:
  /// All outlive this.
  struct Parts {
    store::Store& store;
    runtime::Process& process;
    jobs::Workers& workers;
    jobs::Conductor& conductor;
    jobs::Clock clock;
    std::filesystem::path data;
    std::string version;
    std::function<Result<>()> take_file;  ///< what the configuration file manages holds again
    /// Whether somebody may bring settings through the API, as they were saved.
    std::function<Result<>(const ConfigNode& saved)> check_settings;
  };
  /// Who asks: people, or who runs the service.
  enum class By : std::uint8_t { kApi, kOperator };
  explicit Restoring(Parts parts) : parts_(std::move(parts)) {}

  /// Reads and checks the archive while the service goes on; then, unless it is only to be checked,
  /// puts it in the place of what is there. Thread-safe. Errors: of backup::Restore; kConflict
  /// (another restore runs); kConfig (nobody could log in afterwards); of check_settings;
  /// kCancelled (stop()).
  Result<backup::RestoreSummary> run(const backup::RestoreRequest& request, By by);
  /// The service ends: a restore that has not replaced anything yet does not any more.
  void stop() { stopping_.cancel(); }

 private:
  Result<> check(store::Store& restored, By by) const;

  Parts parts_;
  std::mutex one_at_a_time_;
  CancelToken stopping_;
};

}  // namespace m3u_proxy::daemon
