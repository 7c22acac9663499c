#include <m3u_proxy/memory/program_pages.hpp>

#ifdef __linux__

#include <cstdint>
#include <span>

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

namespace m3u_proxy::memory {

void release_start_pages() noexcept {
  const auto release = [](dl_phdr_info* object, std::size_t, void* page) {
    const std::uintptr_t page_size = *static_cast<const std::uintptr_t*>(page);
    for (const ElfW(Phdr) & segment : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
      if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
      const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) / page_size * page_size;
      const std::uintptr_t end = object->dlpi_addr + segment.p_vaddr + segment.p_filesz;
      auto* const address = reinterpret_cast<void*>(begin);  // NOLINT: an address of the linker's
      // Advice: where the kernel does not take it, nothing is lost.
      (void)madvise(address, end - begin, MADV_NOHUGEPAGE);
      if ((segment.p_flags & PF_X) == 0) (void)madvise(address, end - begin, MADV_DONTNEED);
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

}  // namespace m3u_proxy::memory

#endif
