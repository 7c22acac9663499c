#include <m3u_proxy/channels/filtering.hpp>
#include <m3u_proxy/channels/touched.hpp>

namespace m3u_proxy::channels {

Result<> FilteringStrategy::process(ChannelItem& item) {
  if (filters_ == nullptr) return {};
  ChannelRecord record(item.batch, sources_);
  std::vector<std::uint16_t> changed;
  if (note_) item.filter_counts.changed = &changed;
  item.batch.retain([&](std::size_t row) {
    record.select(row);
    const bool kept = filters_->keep(record, item.scratch, item.filter_counts);
    if (changed.empty()) return kept;
    if (kept) note_filters(item.batch, row, changed);
    changed.clear();
    return kept;
  });
  item.filter_counts.changed = nullptr;
  return {};
}

}  // namespace m3u_proxy::channels
