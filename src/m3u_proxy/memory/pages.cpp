#include <sys/mman.h>

#include <m3u_proxy/memory/pages.hpp>

namespace m3u_proxy::memory {

void* map_pages(std::size_t size) noexcept {
  void* p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return p == MAP_FAILED ? nullptr : p;
}

void* resize_pages(void* p, std::size_t size, std::size_t new_size) noexcept {
  void* moved = mremap(p, size, new_size, MREMAP_MAYMOVE);
  return moved == MAP_FAILED ? nullptr : moved;
}

void unmap_pages(void* p, std::size_t size) noexcept { munmap(p, size); }

}  // namespace m3u_proxy::memory
