// FrameBuilder: the frame (batch_frame.fbs) of a ChannelBatch, written from its beginning to its
// end into memory of exactly its size: its own, or somebody else's, such as a plugin's.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include <m3u_proxy/catalog/batch_frame.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::catalog {

/// Builds frames one after the other in memory that is reused and charged to the Budget.
/// Not thread-safe: one builder a worker. Throws memory::OverBudget.
class FrameBuilder {
 public:
  explicit FrameBuilder(memory::Budget& budget);
  FrameBuilder(const FrameBuilder&) = delete;
  FrameBuilder& operator=(const FrameBuilder&) = delete;

  /// The frame of `batch`; valid until the next call.
  FrameBytes build(const ChannelBatch& batch) { return build(batch, 0, batch.rows()); }
  /// That of `count` rows from `first` on.
  FrameBytes build(const ChannelBatch& batch, std::size_t first, std::size_t count);
  /// The frame that the batch has already, or one that is built, and is the batch's from then on.
  FrameBytes frame_of(ChannelBatch& batch) {
    if (batch.frame().empty()) batch.set_frame(build(batch));
    return batch.frame();
  }

  /// The size that the frame of `count` rows from `first` on has. These rows and their texts must
  /// stay as they are until write().
  std::size_t measure(const ChannelBatch& batch, std::size_t first, std::size_t count);
  /// Writes the frame that was measured to the bytes at `to`, which is a multiple of four.
  void write(std::uint8_t* to) const;

 private:
  memory::BudgetResource resource_;
  std::pmr::vector<std::uint8_t> own_;
  // What is measured:
  const ChannelBatch* batch_ = nullptr;
  std::size_t first_ = 0;
  std::size_t rows_ = 0;
  std::size_t text_size_ = 0;
  bool has_ids_ = false;
  std::span<const Attribute> attributes_;  // of all rows, in order
  std::span<const std::string_view> directives_;
  // Where the batch's own lists are not in order:
  std::pmr::vector<Attribute> own_attributes_;
  std::pmr::vector<std::string_view> own_directives_;
};

}  // namespace m3u_proxy::catalog
