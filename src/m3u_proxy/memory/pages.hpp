// Pages: memory mapped from the system and given back to it at once, so that the process's
// resident size follows the account. Thread-safe.
#pragma once

#include <cstddef>

namespace m3u_proxy::memory {

constexpr std::size_t kPageSize = 4096;

constexpr std::size_t round_to_pages(std::size_t bytes) {
  return (bytes + kPageSize - 1) / kPageSize * kPageSize;
}

/// Zeroed pages; nullptr when the system has none. `size` is a multiple of kPageSize.
void* map_pages(std::size_t size) noexcept;
void unmap_pages(void* p, std::size_t size) noexcept;
/// The same pages, with their content, as a mapping of `new_size`; what is new is zeroed. Needs no
/// memory for both sizes at once. nullptr when the system has none: the old mapping stays.
void* resize_pages(void* p, std::size_t size, std::size_t new_size) noexcept;

}  // namespace m3u_proxy::memory
