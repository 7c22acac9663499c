// Fuzz target: the lineup of a generation, whose blocks are as they were written, whoever wrote
// them.
//
// Whatever is in them, opening, looking up, looking through and comparing end without a fault and
// take no more memory than the Budget has; what comes back has the sources and names that it says.
#include <cstdint>
#include <cstdlib>

#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/snapshots/lineup.hpp>

#include "block_file_input.hpp"

namespace {

using namespace m3u_proxy;

void require(bool holds) {
  if (!holds) std::abort();
}

void look_up(const snapshots::Lineup& lineup, std::uint64_t row, memory::Budget& budget,
             memory::SlabPool& slabs) {
  snapshots::BlockBuffer buffer(budget);
  catalog::ChannelBatch batch(slabs);
  if (const auto first = lineup.load(row, buffer, batch)) {
    require(*first <= row && row - *first < batch.rows());
    const auto at = static_cast<std::size_t>(row - *first);
    require(batch.source(at) < lineup.sources().size());
    (void)lineup.find(batch.id(at));
  }
  if (const auto by = lineup.touched(row)) {
    for (const std::uint16_t rule : by->rules) require(rule < lineup.rules().size());
    for (const std::uint16_t filter : by->filters) require(filter < lineup.filters().size());
  }
}

void look_through(const snapshots::Lineup& lineup, memory::Budget& budget) {
  snapshots::BlockBuffer buffer(budget);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < lineup.pieces(); ++i) {
    const auto piece = lineup.piece(i);
    if (piece.rows > 0) require(lineup.piece_of(piece.first) == i);
    if (const auto names = lineup.names(i, buffer)) bytes += names->size();
    catalog::FrameView frame;
    if (!lineup.view(i, buffer, frame)) continue;
    require(frame.rows() == piece.rows);
    for (std::size_t row = 0; row < frame.rows(); ++row) {
      require(frame.source(row) < lineup.sources().size());
      for (std::size_t column = 0; column < catalog::ChannelBatch::kTextColumns; ++column)
        bytes += frame.text(column, row).size();
      bytes += frame.attribute(row, "catchup").size() + frame.id(row).bytes.size();
    }
  }
  static_cast<void>(bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::BlockFileInput input("lineup", "other", "");
  memory::Budget budget(mib(16));
  memory::SlabPool slabs(budget);
  const auto lineup =
      snapshots::Lineup::open(input.take(data, size, snapshots::kLineupContent), "lineup", budget);
  if (!lineup) return 0;
  look_through(**lineup, budget);
  const std::uint64_t rows = (*lineup)->rows();
  for (const std::uint64_t row : {std::uint64_t{0}, rows / 2, rows - 1, rows})
    look_up(**lineup, row, budget, slabs);
  for (const unsigned first : {0U, 1U, 2U, 128U, 255U}) {
    Uuid id{};
    id.bytes.fill(7);
    id.bytes[0] = static_cast<std::uint8_t>(first);
    (void)(*lineup)->find(id);
  }
  (void)snapshots::Lineup::compare(**lineup, **lineup, budget);
  return 0;
}
