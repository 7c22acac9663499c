// Prediction: what a generation will need, from what its earlier runs needed.
//
// A proxy's RunHistory has the figures of its last runs. From them, or from the size of the
// sources where there are none, predict() says before the first byte is read how many channels
// and how much memory to expect, and starting_point() how to begin. A wrong guess costs nothing
// but a change on the way: the published bytes never depend on it. Pure; sizes in MB of 2^20.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/memory/pressure.hpp>
#include <m3u_proxy/memory/storage_level.hpp>

namespace m3u_proxy::memory {

/// What decides how much a run needs, as far as it is known before the run.
struct RunSize {
  std::uint64_t source_bytes = 0;  ///< stored size of the playlists; 0: not known
  std::uint64_t guide_bytes = 0;   ///< stored size of the guides; 0: none, or not known
};

struct StagePeak {
  std::string stage{};
  double peak_mb = 0;
  bool of_guide = false;  ///< grows with the guide, not with the channels
};

/// One finished run.
struct RunRecord {
  std::int64_t finished = 0;  ///< seconds since 1970
  RunSize size{};
  std::uint64_t channels = 0;  ///< published
  double limit_mb = 0;         ///< 0: none
  double fixed_mb = 0;         ///< of the process before any work
  double peak_mb = 0;
  StorageLevel storage = StorageLevel::kMemory;  ///< the furthest it had to go
  std::vector<StagePeak> stages{};
  /// In the guide that was published after it; nullopt: there was none.
  std::optional<std::uint64_t> guide_programmes{};
};

/// A proxy's last runs, oldest first.
class RunHistory {
 public:
  static constexpr std::size_t kMaxRuns = 20;

  /// Forgets the oldest run when there are kMaxRuns.
  void add(RunRecord run);
  [[nodiscard]] const std::vector<RunRecord>& runs() const { return runs_; }

 private:
  std::vector<RunRecord> runs_;
};

struct Prediction {
  std::uint64_t channels = 0;
  double peak_mb = 0;  ///< never above the limit
  std::vector<StagePeak> stages{};
  /// What would be needed with everything kept plain, and with everything compressed, whatever
  /// the limit: by the most that a channel has taken so far.
  double plain_mb = 0;
  double compressed_mb = 0;
  std::size_t runs = 0;  ///< earlier runs behind it; 0: from the sizes alone
};

/// `fixed`: what the process takes before any work. `limit`: of the process; nullopt: none.
Prediction predict(const RunHistory& history, const RunSize& size, Bytes fixed,
                   std::optional<Bytes> limit);

/// How to begin a run.
struct StartingPoint {
  MemoryPressureLevel pressure = MemoryPressureLevel::kOptimal;
  std::string why{};  ///< for the debug log
};

/// Optimal when everything plain stays below half of the limit, Moderate when everything
/// compressed stays below 70 %, else High, or Critical when even compressed it would reach 85 %.
/// Without a limit: Optimal. How what waits is then kept is the pipeline's choice.
StartingPoint starting_point(const Prediction& prediction, std::optional<Bytes> limit);

}  // namespace m3u_proxy::memory
