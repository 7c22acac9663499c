// Sample playlist and guide for benchmarks: what a large provider's files look like, made up here
// so that everyone measures the same. About 266 bytes an entry, 480 a programme.
#pragma once

#include <string>

namespace m3u_proxy::bench {

/// A playlist of 2,000 entries. Always the same.
std::string sample_playlist();
/// A guide of 3,000 programmes. Always the same.
std::string sample_guide();

}  // namespace m3u_proxy::bench
