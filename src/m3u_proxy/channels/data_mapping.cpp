#include <m3u_proxy/channels/channel_limits.hpp>
#include <m3u_proxy/channels/data_mapping.hpp>
#include <m3u_proxy/channels/touched.hpp>

namespace m3u_proxy::channels {

Result<> DataMappingStrategy::process(ChannelItem& item) {
  catalog::ChannelBatch& batch = item.batch;
  if (rules_ != nullptr) {
    ChannelRecord record(batch, sources_);
    std::vector<std::uint16_t> changed;
    if (note_) item.rule_counts.changed = &changed;
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      record.select(row);
      rules_->apply(record, item.scratch, item.rule_counts);
      if (changed.empty()) continue;
      note_rules(batch, row, changed);
      changed.clear();
    }
    item.rule_counts.changed = nullptr;
  }
  enforce_channel_limits(batch, item.problems);
  return {};
}

}  // namespace m3u_proxy::channels
