// Data Mapping: the proxy's rules, run on every channel, and the limits that hold after them.
#pragma once

#include <span>

#include <m3u_proxy/channels/channel_item.hpp>
#include <m3u_proxy/channels/channel_record.hpp>
#include <m3u_proxy/pipeline/stage.hpp>
#include <m3u_proxy/rules/rule_set.hpp>

namespace m3u_proxy::channels {

/// No value is longer than rules::kMaxValueBytes after it: a longer one is dropped and counted, and
/// so is a channel whose name or address it was.
class DataMappingStrategy final : public ChannelStrategy {
 public:
  /// `rules` may be nullptr. `note`: each channel is to know which rules changed it (touched.hpp).
  DataMappingStrategy(const rules::RuleSet* rules, std::span<const SourceInfo> sources,
                      bool note = false)
      : rules_(rules), sources_(sources), note_(note) {}

  [[nodiscard]] bool parallel() const override { return true; }
  Result<> process(ChannelItem& item) override;

 private:
  const rules::RuleSet* rules_;
  std::span<const SourceInfo> sources_;
  bool note_;
};

}  // namespace m3u_proxy::channels
