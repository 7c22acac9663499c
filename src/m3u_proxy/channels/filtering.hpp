// Filtering: the proxy's filters decide which channels stay; what stays is compacted into a frame.
#pragma once

#include <span>

#include <m3u_proxy/channels/channel_item.hpp>
#include <m3u_proxy/channels/channel_record.hpp>
#include <m3u_proxy/pipeline/stage.hpp>
#include <m3u_proxy/rules/filter_set.hpp>
#include <m3u_proxy/spill/spool.hpp>

namespace m3u_proxy::channels {

class FilteringStrategy final : public ChannelStrategy {
 public:
  /// `filters` may be nullptr: everything stays. `note`: each channel is to know which filters
  /// changed its place in the result (touched.hpp).
  FilteringStrategy(const rules::FilterSet* filters, std::span<const SourceInfo> sources,
                    bool note = false)
      : filters_(filters), sources_(sources), note_(note) {}

  [[nodiscard]] bool parallel() const override { return true; }
  Result<> process(ChannelItem& item) override;

 private:
  const rules::FilterSet* filters_;
  std::span<const SourceInfo> sources_;
  bool note_;
};

}  // namespace m3u_proxy::channels
