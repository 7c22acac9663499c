// Touched: which rules and filters touched each channel of a batch, on its way from the stages that
// know to the lineup.
//
// On that way a channel is compacted, spilled, sorted and handed to plugins; so what is known rides
// along as an attribute of the channel, under a name that no playlist can have, and is taken off
// before the channel is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <m3u_proxy/catalog/channel_batch.hpp>

namespace m3u_proxy::channels {

/// Recycled: take() keeps the capacity.
class Touched {
 public:
  /// Reads what note_rules() and note_filters() left in the batch and takes it off.
  void take(catalog::ChannelBatch& batch);
  /// For no rows.
  void clear();

  /// Indices in the order in which they were noted; empty where nothing was.
  [[nodiscard]] std::span<const std::uint16_t> rules(std::size_t row) const {
    return list(rules_, row);
  }
  [[nodiscard]] std::span<const std::uint16_t> filters(std::size_t row) const {
    return list(filters_, row);
  }

 private:
  struct Lists {
    std::vector<std::uint16_t> indices;
    std::vector<std::uint32_t> ends;  // one a row
  };
  [[nodiscard]] static std::span<const std::uint16_t> list(const Lists& lists, std::size_t row) {
    if (row >= lists.ends.size()) return {};
    const std::uint32_t begin = row == 0 ? 0 : lists.ends[row - 1];
    return std::span(lists.indices).subspan(begin, lists.ends[row] - begin);
  }

  Lists rules_;
  Lists filters_;
};

/// Adds to what is known of a row.
void note_rules(catalog::ChannelBatch& batch, std::size_t row,
                std::span<const std::uint16_t> indices);
void note_filters(catalog::ChannelBatch& batch, std::size_t row,
                  std::span<const std::uint16_t> indices);

}  // namespace m3u_proxy::channels
