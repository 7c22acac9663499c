#include <algorithm>
#include <cstring>

#include <sys/mman.h>

#include <m3u_proxy/base/hand_over.hpp>
#include <m3u_proxy/memory/pages.hpp>

namespace m3u_proxy::memory {

void* map_pages(std::size_t size) noexcept {
  void* p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return p == MAP_FAILED ? nullptr : p;
}

void* resize_pages(void* p, std::size_t size, std::size_t new_size) noexcept {
#ifdef M3U_PROXY_THREAD_SANITIZER
  // It knows mmap but not mremap: what was done to the same addresses before would seem to be done
  // to the new pages.
  void* const fresh = map_pages(new_size);
  if (fresh == nullptr) return nullptr;
  std::memcpy(fresh, p, std::min(size, new_size));
  unmap_pages(p, size);
  return fresh;
#else
  void* moved = mremap(p, size, new_size, MREMAP_MAYMOVE);
  return moved == MAP_FAILED ? nullptr : moved;
#endif
}

void unmap_pages(void* p, std::size_t size) noexcept { munmap(p, size); }

}  // namespace m3u_proxy::memory
