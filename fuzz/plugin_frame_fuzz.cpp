// Fuzz target: batches that come back from plugins, of channels and of programmes.
//
// Whatever the bytes, checking them ends without a fault; and what passes the check can be read to
// the last text, and written again to a frame that says the same.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <m3u_proxy/catalog/batch_frame.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/catalog/frame_builder.hpp>
#include <m3u_proxy/catalog/programme_frame.hpp>

namespace {

using namespace m3u_proxy;
using catalog::ChannelBatch;
using catalog::FrameBytes;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Frames are at multiples of 16, as a plugin's are.
class Aligned {
 public:
  explicit Aligned(FrameBytes bytes)
      : words_((bytes.size() + sizeof(Word) - 1) / sizeof(Word)), size_(bytes.size()) {
    if (size_ != 0) std::memcpy(words_.data(), bytes.data(), size_);
  }
  [[nodiscard]] FrameBytes bytes() const {
    return {reinterpret_cast<const std::uint8_t*>(words_.data()), size_};
  }

 private:
  struct alignas(16) Word {
    std::uint8_t bytes[16];
  };
  std::vector<Word> words_;
  std::size_t size_;
};

bool same_rows(const ChannelBatch& a, const ChannelBatch& b) {
  if (a.rows() != b.rows()) return false;
  for (std::size_t row = 0; row < a.rows(); ++row) {
    for (std::size_t i = 0; i < ChannelBatch::kTextColumns; ++i)
      if (a.column(i)[row] != b.column(i)[row]) return false;
    const auto attributes = a.attributes(row);
    const auto others = b.attributes(row);
    if (attributes.size() != others.size()) return false;
    for (std::size_t i = 0; i < attributes.size(); ++i)
      if (attributes[i].key != others[i].key || attributes[i].value != others[i].value)
        return false;
    if (!std::ranges::equal(a.directives(row), b.directives(row))) return false;
    if (a.source(row) != b.source(row) || a.media_type(row) != b.media_type(row) ||
        a.id(row) != b.id(row))
      return false;
  }
  return true;
}

void try_channels(FrameBytes frame) {
  if (!catalog::verify_frame(frame)) return;
  memory::Budget budget;
  memory::SlabPool slabs(budget);
  ChannelBatch batch(slabs);
  catalog::load_frame(frame, batch);
  require(catalog::summarize(frame).rows == batch.rows());
  catalog::FrameBuilder builder(budget);
  const Aligned again(builder.build(batch));
  require(catalog::verify_frame(again.bytes()).has_value());
  ChannelBatch second(slabs);
  catalog::load_frame(again.bytes(), second);
  require(same_rows(batch, second));
}

void try_programmes(FrameBytes frame) {
  if (!catalog::verify_programme_frame(frame)) return;
  std::pmr::vector<catalog::ProgrammeRow> rows;
  catalog::load_programme_frame(frame, rows);
  std::pmr::vector<std::uint8_t> bytes;
  catalog::build_programme_frame(rows, bytes);
  const Aligned again{FrameBytes(bytes)};
  require(catalog::verify_programme_frame(again.bytes()).has_value());
  std::pmr::vector<catalog::ProgrammeRow> second;
  catalog::load_programme_frame(again.bytes(), second);
  require(rows.size() == second.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    require(rows[i].columns == second[i].columns && rows[i].origin == second[i].origin &&
            rows[i].source == second[i].source);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Aligned frame({data, size});
  try_channels(frame.bytes());
  try_programmes(frame.bytes());
  return 0;
}
