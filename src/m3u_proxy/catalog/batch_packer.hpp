// BatchPacker: a ChannelBatch in a third to a half of its frame's bytes, in less time than a frame
// takes to be built: what is kept of the channels between the two passes.
//
// Channels that follow one another are alike, so of each text there is only how many bytes it
// shares with the same field of the channel before (front coding; a tvg-name is compared with the
// channel's name) and the rest; what is the same in all rows is there once. Its own format, for its
// own data only: unpack() trusts it.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::catalog {

/// Not thread-safe: one a worker. Throws memory::OverBudget.
class BatchPacker {
 public:
  explicit BatchPacker(memory::Budget& budget);

  /// The batch's content but for its keys; is in `out`, which grows to what is needed at worst.
  std::span<const std::uint8_t> pack(const ChannelBatch& batch,
                                     std::pmr::vector<std::uint8_t>& out);
  /// Fills `batch` with what was packed. Views point into `packed`, which must outlive the content.
  void unpack(std::span<const std::uint8_t> packed, ChannelBatch& batch);

 private:
  void gather(const ChannelBatch& batch);
  [[nodiscard]] std::size_t most_bytes(const ChannelBatch& batch) const;

  memory::BudgetResource resource_;
  std::pmr::vector<std::string_view> keys_;  // of all rows' attributes, in order
  std::pmr::vector<std::string_view> values_;
  std::pmr::vector<std::string_view> directives_;
  std::pmr::vector<std::uint32_t> attribute_first_;
  std::pmr::vector<std::uint32_t> directive_first_;
};

}  // namespace m3u_proxy::catalog
