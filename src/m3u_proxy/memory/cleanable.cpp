#include <array>

#include <m3u_proxy/memory/cleanable.hpp>

namespace m3u_proxy::memory {

std::string_view to_string(CleanupStrategy strategy) {
  static constexpr std::array<std::string_view, 3> kNames = {"basic", "aggressive", "smart"};
  return kNames[static_cast<std::size_t>(strategy)];
}

std::size_t apply_cleanup(MemoryCleanable& object, CleanupStrategy strategy) {
  switch (strategy) {
    case CleanupStrategy::kBasic:
      return object.basic_cleanup();
    case CleanupStrategy::kAggressive:
      return object.aggressive_cleanup();
    case CleanupStrategy::kSmart:
      return object.smart_cleanup();
  }
  return 0;
}

}  // namespace m3u_proxy::memory
