// WrittenProgramme: a programme of the guide as duplicates are looked for.
#pragma once

#include <cstdint>
#include <limits>
#include <memory_resource>
#include <string>
#include <string_view>

namespace m3u_proxy::guide {

struct WrittenProgramme {
  static constexpr std::int64_t kNoStop = std::numeric_limits<std::int64_t>::min();
  std::uint32_t output;
  std::int64_t start;   ///< seconds since 1970
  std::int64_t stop;    ///< kNoStop: it has none
  std::uint64_t title;  ///< title_key() of its content
};

/// A hash of the first title in `content`, the inside of a `<programme>`, without case; that of ""
/// where there is none. `plain` and `folded` are scratch.
std::uint64_t title_key(std::string_view content, std::pmr::string& plain, std::string& folded);

}  // namespace m3u_proxy::guide
