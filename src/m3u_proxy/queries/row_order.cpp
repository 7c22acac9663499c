#include <array>
#include <cstring>

#include <m3u_proxy/channels/channel_sort.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/queries/lineup_record.hpp>
#include <m3u_proxy/queries/row_order.hpp>
#include <m3u_proxy/spill/blob_sorter.hpp>

namespace m3u_proxy::queries {
namespace {

using catalog::ChannelField;

std::vector<channels::ChannelSortField> fields_of(ChannelSort sort) {
  const auto field = [](ChannelField of, channels::ChannelCompare compare) {
    return channels::ChannelSortField{
        .field = {.index = static_cast<std::uint8_t>(of), .writable = true}, .compare = compare};
  };
  using enum channels::ChannelCompare;
  switch (sort) {
    case ChannelSort::kOutput:
      return {};
    case ChannelSort::kNumber:
      return {field(ChannelField::kTvgChno, kByField)};
    case ChannelSort::kName:
      return {field(ChannelField::kChannelName, kNatural)};
    case ChannelSort::kGroup:
      return {field(ChannelField::kGroupTitle, kNatural)};
    case ChannelSort::kSource:
      return {field(ChannelField::kSourceName, kNatural)};
    case ChannelSort::kGuideId:
      return {field(ChannelField::kTvgId, kNatural)};
  }
  return {};
}

Result<> sort_keys(const snapshots::Lineup& lineup, ChannelSort sort, memory::Budget& budget,
                   spill::BlobSorter& sorter, const Stop& stop) {
  const auto fields = fields_of(sort);
  channels::ChannelSortKey key;
  snapshots::BlockBuffer buffer(budget);
  catalog::FrameView frame;
  for (std::size_t piece = 0; piece < lineup.pieces(); ++piece) {
    if (stop && stop()) return fail(ErrorCode::kCancelled, "nobody waits for the order any more");
    M3U_CHECK(lineup.view(piece, buffer, frame));
    LineupRecord record(frame, lineup.sources());
    auto row = static_cast<std::uint32_t>(lineup.piece(piece).first);
    for (std::size_t i = 0; i < frame.rows(); ++i, ++row) {
      record.select(i);
      std::array<char, sizeof(row)> payload{};
      std::memcpy(payload.data(), &row, sizeof(row));
      M3U_CHECK(sorter.add(key.of(record, fields), {payload.data(), payload.size()}));
    }
  }
  return sorter.finish();
}

}  // namespace

Result<std::shared_ptr<const RowOrder>> order_rows(const snapshots::Lineup& lineup,
                                                   ChannelSort sort, memory::Budget& budget,
                                                   spill::SpillSpace* spill, const Stop& stop) {
  spill::BlobSorter sorter(budget, spill, {.tag = memory::Tag::kSnapshot});
  return memory::guarded([&]() -> Result<std::shared_ptr<const RowOrder>> {
    M3U_CHECK(sort_keys(lineup, sort, budget, sorter, stop));
    const auto order = std::make_shared<RowOrder>(budget);
    order->rows.reserve(lineup.rows());
    while (true) {
      std::string_view key;
      std::string_view payload;
      M3U_TRY(const bool more, sorter.next(key, payload));
      if (!more) return order;
      std::uint32_t row = 0;
      std::memcpy(&row, payload.data(), sizeof(row));
      order->rows.push_back(row);
    }
  });
}

Result<std::shared_ptr<const RowOrder>> order_list(const RowOrder& order, const RowList& list,
                                                   memory::Budget& budget) {
  return memory::guarded([&]() -> Result<std::shared_ptr<const RowOrder>> {
    const auto found = std::make_shared<RowOrder>(budget);
    found->rows.reserve(list.progress().found);
    std::pmr::vector<bool> wanted(order.rows.size(), false, &found->resource);
    std::array<std::uint32_t, 4096> some{};
    std::uint64_t from = 0;
    while (const std::size_t count = list.read(from, some)) {
      for (std::size_t i = 0; i < count; ++i) wanted[some[i]] = true;
      from += count;
    }
    for (const std::uint32_t row : order.rows)
      if (wanted[row]) found->rows.push_back(row);
    return found;
  });
}

}  // namespace m3u_proxy::queries
