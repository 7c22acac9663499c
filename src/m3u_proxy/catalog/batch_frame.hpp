// Batch frame: a ChannelBatch as one FlatBuffers message (batch_frame.fbs), the form in which
// batches are spooled, compressed and handed to plugins.
#pragma once

#include <cstdint>
#include <span>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>

namespace m3u_proxy::catalog {

using FrameBytes = std::span<const std::uint8_t>;

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
