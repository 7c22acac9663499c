#include <m3u_proxy/channels/filtering.hpp>

namespace m3u_proxy::channels {

Result<> FilteringStrategy::process(pipeline::StageItem& item) {
  if (filters_ == nullptr) return {};
  ChannelRecord record(item.batch, sources_);
  item.batch.retain([&](std::size_t row) {
    record.select(row);
    return filters_->keep(record, item.scratch, item.filter_counts);
  });
  return {};
}

}  // namespace m3u_proxy::channels
