#include <m3u_proxy/memory/program_pages.hpp>

#ifdef __linux__

#include <cstdint>
#include <span>

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

namespace m3u_proxy::memory {
namespace {

constexpr std::uintptr_t kHugePage = std::uintptr_t{2} << 20U;
constexpr std::ptrdiff_t kBlock = std::ptrdiff_t{64} << 10U;

}  // namespace

// All of it is advice: where the kernel does not take it, nothing is lost.
void map_in_small_blocks(std::byte* begin, std::byte* end) noexcept {
  for (std::byte* block = begin; end - block > kBlock; block += 2 * kBlock)
    (void)madvise(block, kBlock, MADV_NOHUGEPAGE);
  (void)madvise(begin, static_cast<std::size_t>(end - begin), MADV_DONTNEED);
}

void release_start_pages() noexcept {
  const auto release = [](dl_phdr_info* object, std::size_t, void* page) {
    const std::uintptr_t page_size = *static_cast<const std::uintptr_t*>(page);
    for (const ElfW(Phdr) & segment : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
      if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
      const std::uintptr_t address = object->dlpi_addr + segment.p_vaddr;
      // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the loader's
      auto* const begin = reinterpret_cast<std::byte*>(address / page_size * page_size);
      std::byte* const end = begin + address % page_size + segment.p_filesz;
      if ((address - segment.p_offset) % kHugePage == 0)
        map_in_small_blocks(begin, end);
      else if ((segment.p_flags & PF_X) == 0)
        (void)madvise(begin, static_cast<std::size_t>(end - begin), MADV_DONTNEED);
    }
    return 0;
  };
  auto page_size = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  (void)dl_iterate_phdr(release, &page_size);
}

}  // namespace m3u_proxy::memory

#else

namespace m3u_proxy::memory {

void release_start_pages() noexcept {}
void map_in_small_blocks(std::byte*, std::byte*) noexcept {}

}  // namespace m3u_proxy::memory

#endif
