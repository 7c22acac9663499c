#include <m3u_proxy/channels/channel_limits.hpp>
#include <m3u_proxy/channels/data_mapping.hpp>

namespace m3u_proxy::channels {

Result<> DataMappingStrategy::process(pipeline::StageItem& item) {
  catalog::ChannelBatch& batch = item.batch;
  if (rules_ != nullptr) {
    ChannelRecord record(batch, sources_);
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      record.select(row);
      rules_->apply(record, item.scratch, item.rule_counts);
    }
  }
  enforce_channel_limits(batch, item.problems);
  return {};
}

}  // namespace m3u_proxy::channels
