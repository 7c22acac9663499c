// What the blocks of a programme index are: see programme_index_writer.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace m3u_proxy::snapshots {

/// The content number of its block file.
constexpr std::uint32_t kProgrammeContent = 0x50524F47;  // "PROG"

/// Kinds of blocks.
enum class ProgrammeBlock : std::uint32_t {
  kEntries = 1,   ///< ProgrammeEntry, by channel, then start
  kChannels = 2,  ///< ProgrammeChannel, by key
  kFences = 3,    ///< the first key of each kChannels block
  kTitles = 4,    ///< case-folded titles, each with LF, in the guide's order
  kPlaces = 5,    ///< a ProgrammeEntry for each title
};

/// Where a programme is in the guide.
struct ProgrammeEntry {
  std::uint64_t channel = 0;  ///< guide_key() of its channel
  std::int64_t start = 0;     ///< seconds since 1970
  std::uint64_t offset = 0;   ///< of its element
  std::uint32_t size = 0;     ///< bytes of its element
  std::uint32_t seconds = 0;  ///< from start to stop; 0: not known
};
static_assert(sizeof(ProgrammeEntry) == 32);

/// The programmes of a channel.
struct ProgrammeChannel {
  std::uint64_t key = 0;
  std::uint64_t first = 0;  ///< number of its first entry
  std::uint64_t count = 0;
};
static_assert(sizeof(ProgrammeChannel) == 24);

constexpr std::size_t kProgrammesPerBlock = 2048;

/// What stands for a guide id: a hash, so a reader compares the id itself.
std::uint64_t guide_key(std::string_view guide_id);

}  // namespace m3u_proxy::snapshots
