// Channel Numbering: every channel of the output gets its number, in output order.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <m3u_proxy/channels/channel_item.hpp>
#include <m3u_proxy/channels/channel_numbers.hpp>
#include <m3u_proxy/channels/numbering_options.hpp>
#include <m3u_proxy/memory/cleanable.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::channels {

class ChannelNumberingStrategy final : public ChannelStrategy, public memory::MemoryCleanable {
 public:
  ChannelNumberingStrategy(memory::Budget& budget, const NumberingOptions& options);

  /// First pass: notes the numbers that kept channels ask for. Error: kOverBudget.
  Result<> ask(const ChannelItem& item);

  [[nodiscard]] bool parallel() const override { return false; }
  Result<> process(ChannelItem& item) override;

  std::size_t basic_cleanup() override;
  [[nodiscard]] memory::MemoryUsage memory_usage() const override;

 private:
  std::string_view number_of(ChannelItem& item, std::size_t row);
  std::string_view next_number(std::uint32_t& next);
  std::string_view number_in_range(ChannelItem& item, std::size_t row);

  NumberingOptions options_;
  ChannelNumbers numbers_;
  std::uint32_t next_sequential_;
  std::vector<std::uint32_t> next_in_range_;
};

}  // namespace m3u_proxy::channels
