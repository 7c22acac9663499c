// RowList: the channels of a lineup that a query is true for, found piece by piece as far as
// somebody needs them; what is found stays.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <span>
#include <vector>

#include <m3u_proxy/queries/channel_query.hpp>
#include <m3u_proxy/snapshots/lineup.hpp>

namespace m3u_proxy::queries {

/// Whether to end a search early: the time is up, or nobody waits any more. Called often.
using Stop = std::function<bool()>;

/// Thread-safe: several may go on with it, a piece each in turn.
class RowList {
 public:
  RowList(std::shared_ptr<const snapshots::Lineup> lineup,
          std::shared_ptr<const ChannelMatcher> matcher, memory::Budget& budget);

  struct Progress {
    std::uint64_t found = 0;
    bool complete = false;
  };
  /// Goes on until `wanted` channels are found, all were looked at or `stop` says so, after a piece
  /// at the earliest. Errors: kIo, kParse; kOverBudget: what was found stays.
  Result<Progress> advance(std::uint64_t wanted, const Stop& stop);
  [[nodiscard]] Progress progress() const;
  /// Fills `rows` with those found from number `from` on; how many there were.
  std::size_t read(std::uint64_t from, std::span<std::uint32_t> rows) const;
  /// What it takes of the Budget. Does not wait.
  [[nodiscard]] Bytes size() const { return {bytes_.load(std::memory_order_relaxed)}; }

 private:
  std::shared_ptr<const snapshots::Lineup> lineup_;
  std::shared_ptr<const ChannelMatcher> matcher_;
  memory::Budget* budget_;
  mutable std::mutex mutex_;  // of what follows
  memory::BudgetResource resource_;
  std::pmr::vector<std::uint32_t> rows_;
  std::unique_ptr<ChannelMatcher::Workspace> work_;
  std::vector<std::uint32_t> found_;  // in one piece
  std::size_t next_ = 0;              // piece
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace m3u_proxy::queries
