// ChannelSortField: a part of the order of the output, where the configuration asks for another
// than the sources'.
//
//   sort = [{ field = "group_title", order = "sequence", sequence = ["^News", "sport"] },
//           { field = "channel_name", order = "asc" }]
//
// Texts compare without case; with compare = "natural" by their digits' values and their base
// letters first; tvg_chno as N, then M of N.M. Channels without one are the last however it
// compares, in both directions. Channels that are equal in all fields keep the order of their
// sources.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <m3u_proxy/catalog/fields.hpp>

namespace m3u_proxy::rules {
class Pattern;
}

namespace m3u_proxy::channels {

enum class ChannelOrder : std::uint8_t { kAscending, kDescending, kSequence };
enum class ChannelCompare : std::uint8_t {
  kByField,  ///< tvg_chno as a number, other fields as kText
  kText,
  kNatural,
};

struct ChannelSortField {
  catalog::FieldRef field{};
  ChannelOrder order = ChannelOrder::kAscending;
  ChannelCompare compare = ChannelCompare::kByField;  ///< not of kSequence
  /// Of kSequence: channels whose field matches the first come first, and so on; the others last.
  std::vector<std::shared_ptr<const rules::Pattern>> sequence{};
};

}  // namespace m3u_proxy::channels
