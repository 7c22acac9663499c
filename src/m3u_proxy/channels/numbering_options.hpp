// NumberingOptions: how channels get their numbers.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <m3u_proxy/channels/source_info.hpp>

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
  bool with_given = false;  ///< channels may have numbers that people gave (edit_channels.hpp)
};

}  // namespace m3u_proxy::channels
