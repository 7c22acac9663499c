// ChannelIds: no two channels of a source get one id.
//
// Ids come from keys that leave out what changes from day to day (formats/channel_key.cpp), and two
// entries may have the same one. The first, in source order, keeps it; the later ones are told
// apart by more of their address, then by their ordinal. Not thread-safe.
#pragma once

#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/spill/key_set.hpp>

namespace m3u_proxy::channels {

/// Of one source; clear() before the next.
class ChannelIds {
 public:
  /// Without `space` the ids stay in memory. Both must outlive this.
  ChannelIds(memory::Budget& budget, spill::SpillSpace* space) : taken_(budget, space) {}

  /// Leaves the row its id, or gives it another one when an earlier row has that. Call for the rows
  /// of a source in order. Errors: kOverBudget, kDiskFull, kIo.
  Result<> make_own(const Uuid& source, catalog::ChannelBatch& batch, std::size_t row);

  [[nodiscard]] std::uint64_t size() const { return taken_.size(); }
  /// Memory it takes.
  [[nodiscard]] Bytes footprint() const { return taken_.footprint(); }
  void clear() { taken_.clear(); }
  /// From the next id on they go to disk. Thread-safe; for good.
  void move_down() { taken_.move_down(); }

 private:
  spill::KeySet taken_;
};

}  // namespace m3u_proxy::channels
