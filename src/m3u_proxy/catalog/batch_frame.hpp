// Batch frame: a ChannelBatch as one FlatBuffers message (batch_frame.fbs), the form in which
// batches are spooled, compressed and handed to plugins.
#pragma once

#include <cstdint>
#include <span>

#include <flatbuffers/flatbuffers.h>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::catalog {

using FrameBytes = std::span<const std::uint8_t>;

/// Builds frames one after the other in memory that is reused and charged to the Budget.
/// Not thread-safe: one builder a worker. Throws memory::OverBudget.
class FrameBuilder {
 public:
  explicit FrameBuilder(memory::Budget& budget);

  /// The frame of `batch`; valid until the next call. After a throw only destruction is left.
  FrameBytes build(const ChannelBatch& batch);
  /// The frame that the batch has already, or one that is built, and is the batch's from then on.
  FrameBytes frame_of(ChannelBatch& batch) {
    if (batch.frame().empty()) batch.set_frame(build(batch));
    return batch.frame();
  }

 private:
  class Allocator final : public flatbuffers::Allocator {
   public:
    explicit Allocator(memory::Budget& budget) : resource_(budget, memory::Tag::kBatch) {}
    std::uint8_t* allocate(std::size_t size) override;
    void deallocate(std::uint8_t* p, std::size_t size) override;

   private:
    memory::BudgetResource resource_;
  };

  void gather_lists(const ChannelBatch& batch);

  Allocator allocator_;
  flatbuffers::FlatBufferBuilder builder_;
  memory::BudgetResource resource_;
  std::pmr::vector<Attribute> attributes_;  // of all rows, in order
  std::pmr::vector<std::string_view> directives_;
  std::pmr::vector<std::uint32_t> attribute_first_;
  std::pmr::vector<std::uint32_t> directive_first_;
};

/// Fills `batch` with views into `bytes`, which must be verified (or of this process's own
/// making) and must outlive the batch's content; it is the batch's frame() then.
void load_frame(FrameBytes bytes, ChannelBatch& batch);

/// Checks a frame from outside: FlatBuffers' structure, then that every column has rows + 1
/// offsets that never fall and stay inside the text, and that the text is UTF-8.
/// Error: kParse, naming what is wrong.
Result<> verify_frame(FrameBytes bytes);

struct FrameSummary {
  std::size_t rows = 0;
  std::uint16_t lowest_source = UINT16_MAX;
  std::uint16_t highest_source = 0;
};
/// Of a verified frame.
FrameSummary summarize(FrameBytes bytes);

}  // namespace m3u_proxy::catalog
