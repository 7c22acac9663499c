// What the blocks of a lineup are: see lineup_writer.hpp.
#pragma once

#include <cstdint>

#include <m3u_proxy/base/uuid.hpp>

namespace m3u_proxy::snapshots {

/// The content number of its block file.
constexpr std::uint32_t kLineupContent = 0x4C494E45;  // "LINE"

/// Kinds of blocks. Blocks of channels come in threes, for the same channels.
enum class LineupBlock : std::uint32_t {
  kInfo = 1,     ///< sources (name, type, url), and names of rules and filters, once
  kFrame = 2,    ///< channels as a batch frame (catalog/batch_frame.fbs)
  kTouched = 3,  ///< a channel: rules and filters, each a count and 16-bit numbers
  kNames = 4,    ///< case-folded names, each with LF
  kIds = 5,      ///< LineupId, in rising order of the id
  kFences = 6,   ///< the first id of each kIds block
};

/// A channel by its id: where it is, and a hash of all that it has.
struct LineupId {
  Uuid id{};
  std::uint64_t content = 0;
  std::uint64_t row = 0;
};
static_assert(sizeof(LineupId) == 32);
constexpr std::size_t kIdsPerBlock = 2048;

}  // namespace m3u_proxy::snapshots
