// OpenGenerations: generations that questions are about, with their lineup and programmes opened;
// the last ones stay open.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include <m3u_proxy/memory/cleanable.hpp>
#include <m3u_proxy/queries/channel_queries.hpp>
#include <m3u_proxy/snapshots/programme_index.hpp>

namespace m3u_proxy::queries {

/// Immutable.
struct OpenGeneration {
  LineupKey lineup{};
  std::shared_ptr<const snapshots::ProgrammeIndex> programmes{};  ///< nullptr: it has no guide
};

/// Thread-safe.
class OpenGenerations final : public memory::MemoryCleanable {
 public:
  static constexpr std::size_t kMostOpen = 16;

  /// What the files of a generation are called.
  struct Names {
    std::string lineup;
    std::string programmes;
    std::string guide;
  };
  /// A generation's snapshot. Thread-safe.
  using OpenSnapshot =
      std::function<Result<std::shared_ptr<const snapshots::Snapshot>>(const Uuid&, std::int64_t)>;
  /// `budget` outlives this.
  OpenGenerations(memory::Budget& budget, Names names, OpenSnapshot open_snapshot);
  ~OpenGenerations() override;
  OpenGenerations(const OpenGenerations&) = delete;
  OpenGenerations& operator=(const OpenGenerations&) = delete;

  /// Errors: of the snapshot; kNotFound when it has no lineup; kParse, kIo, kOverBudget.
  Result<std::shared_ptr<const OpenGeneration>> get(const Uuid& proxy, std::int64_t number);

  /// Generations that were closed; those in use stay.
  std::size_t basic_cleanup() override { return 0; }
  std::size_t smart_cleanup() override { return 0; }
  std::size_t aggressive_cleanup() override;
  /// Held: by the tables of blocks, as an estimate.
  [[nodiscard]] memory::MemoryUsage memory_usage() const override;

 private:
  [[nodiscard]] std::size_t close_unused();

  memory::Budget& budget_;
  Names names_;
  OpenSnapshot open_snapshot_;
  std::size_t reclaimer_ = 0;
  mutable std::mutex mutex_;                               // of open_; nothing is reserved under it
  std::list<std::shared_ptr<const OpenGeneration>> open_;  // the one that was used last first
};

}  // namespace m3u_proxy::queries
