// Channel Numbering: every channel of the output gets its number, in output order.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <m3u_proxy/channels/channel_item.hpp>
#include <m3u_proxy/channels/channel_numbers.hpp>
#include <m3u_proxy/channels/source_info.hpp>
#include <m3u_proxy/memory/cleanable.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::channels {

enum class NumberingMode : std::uint8_t { kPreserve, kSequential, kRanges };

/// A start of its own for the channels of a source or a group.
struct NumberRange {
  std::string source;  ///< empty: any
  std::string group;   ///< empty: any
  std::uint32_t first = 1;
  std::uint32_t last = 0x7FFFFFFF;
};

struct NumberingOptions {
  NumberingMode mode = NumberingMode::kPreserve;
  std::uint32_t first = 1;
  std::span<const NumberRange> ranges{};  ///< of kRanges; lives longer than the strategy
  std::span<const SourceInfo> sources{};  ///< by the rows' source index; lives longer too
};

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
  std::string_view number_in_range(ChannelItem& item, std::size_t row);

  NumberingOptions options_;
  ChannelNumbers numbers_;
  std::uint32_t next_sequential_;
  std::vector<std::uint32_t> next_in_range_;
};

}  // namespace m3u_proxy::channels
