// ChannelStore: the kept channels between the two passes, in the order of the output.
//
// Numbers depend on all channels, so these wait: packed in a Spool, in the sources' order, or,
// where the configuration sorts or people placed channels, as rows in a sorter. Either way in as
// little memory as asked.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include <m3u_proxy/channels/channel_item.hpp>
#include <m3u_proxy/channels/channel_record.hpp>
#include <m3u_proxy/channels/channel_sort.hpp>
#include <m3u_proxy/edits/channel_edit.hpp>
#include <m3u_proxy/memory/cleanable.hpp>
#include <m3u_proxy/spill/blob_sorter.hpp>
#include <m3u_proxy/spill/spool.hpp>

namespace m3u_proxy::channels {

/// What it holds is the Filtering stage's output, which a cleanup makes smaller: as spill::Spool.
class ChannelStore : public memory::MemoryCleanable {
 public:
  ChannelStore() = default;
  ChannelStore(const ChannelStore&) = delete;
  ChannelStore& operator=(const ChannelStore&) = delete;

  /// Brings the item's batch into the form that is kept. Thread-safe on different items.
  virtual Result<> pack(ChannelItem& item) = 0;
  /// Keeps what was packed; in order, one at a time. Errors: kOverBudget, kDiskFull, kIo.
  virtual Result<> keep(ChannelItem& item) = 0;
  /// To be called after the last keep().
  virtual Result<> finish() = 0;
  /// Gives the next batch to the item; false behind the last. In order, one at a time.
  virtual Result<bool> next(ChannelItem& item) = 0;
  /// Unpacks it into the item's batch. Thread-safe on different items.
  virtual Result<> load(ChannelItem& item) = 0;
  /// Batches given so far and in all, for the progress bar; 0: not known.
  [[nodiscard]] virtual std::uint64_t given() const = 0;
  [[nodiscard]] virtual std::uint64_t batches() const = 0;

  /// From now on at most as much in memory as `kind` allows. Thread-safe.
  virtual void move_down(memory::StorageLevel kind) = 0;
  [[nodiscard]] virtual memory::StorageLevel kind() const = 0;
  /// Drops everything and gives memory and disk back.
  virtual void clear() = 0;
};

/// What decides the order of the output; it lives longer than the store.
struct ChannelOrdering {
  const std::vector<ChannelSortField>& sort;       ///< empty: the sources' order
  std::span<const edits::Placement> placements{};  ///< of channels with ids
};

/// The store for this order: sorted when there is anything to do. `first`: how to begin. Throws
/// memory::OverBudget.
std::unique_ptr<ChannelStore> make_channel_store(const pipeline::RunContext& context,
                                                 const ChannelOrdering& order,
                                                 std::span<const SourceInfo> sources,
                                                 memory::StorageLevel first);

}  // namespace m3u_proxy::channels
