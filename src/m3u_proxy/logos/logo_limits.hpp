// Logo limits: how much people may upload.
#pragma once

#include <cstddef>

namespace m3u_proxy::logos {

/// So many pictures are kept at most.
inline constexpr std::size_t kMostLogos = 1000;

}  // namespace m3u_proxy::logos
