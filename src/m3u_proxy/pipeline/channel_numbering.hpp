// Channel Numbering: every channel of the output gets its number, in output order.
#pragma once

#include <m3u_proxy/memory/cleanable.hpp>
#include <m3u_proxy/pipeline/channel_numbers.hpp>
#include <m3u_proxy/pipeline/channel_record.hpp>
#include <m3u_proxy/pipeline/native_strategy.hpp>
#include <m3u_proxy/pipeline/proxy_config.hpp>
#include <m3u_proxy/pipeline/stage_item.hpp>

namespace m3u_proxy::pipeline {

class ChannelNumberingStrategy final : public NativeStrategy, public memory::MemoryCleanable {
 public:
  ChannelNumberingStrategy(memory::Budget& budget, const ResolvedProxyConfig& config);

  /// First pass: notes the numbers that kept channels ask for. Error: kOverBudget.
  Result<> ask(const StageItem& item);

  [[nodiscard]] bool parallel() const override { return false; }
  Result<> process(StageItem& item) override;

  std::size_t basic_cleanup() override;
  [[nodiscard]] memory::MemoryUsage memory_usage() const override;

 private:
  std::string_view number_of(StageItem& item, std::size_t row);
  std::string_view number_in_range(StageItem& item, std::size_t row);

  const ResolvedProxyConfig& config_;
  ChannelNumbers numbers_;
  std::uint32_t next_sequential_;
  std::vector<std::uint32_t> next_in_range_;
  std::size_t numbered_ = 0;
};

}  // namespace m3u_proxy::pipeline
