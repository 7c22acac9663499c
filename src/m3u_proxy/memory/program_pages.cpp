#include <m3u_proxy/memory/program_pages.hpp>

#ifdef __linux__

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

namespace m3u_proxy::memory {
namespace {

constexpr std::uintptr_t kHugePage = std::uintptr_t{2} << 20U;
constexpr std::ptrdiff_t kBlock = std::ptrdiff_t{64} << 10U;

/// Whether a debugger looks on, whose breakpoints are in the code (proc(5), TracerPid).
bool is_traced() {
  const int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (file < 0) return true;
  std::array<char, 4096> buffer;
  const ssize_t size = read(file, buffer.data(), buffer.size());
  (void)close(file);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return !text.contains("TracerPid:\t0\n");
}

/// What the walk over the program and its libraries knows; the program comes first.
struct Walk {
  std::uintptr_t page_size;
  bool drops_code;
};

}  // namespace

// All of it is advice: where the kernel does not take it, nothing is lost.
void map_in_small_blocks(std::byte* begin, std::byte* end) noexcept {
  for (std::byte* block = begin; end - block > kBlock; block += 2 * kBlock)
    (void)madvise(block, kBlock, MADV_NOHUGEPAGE);
  (void)madvise(begin, static_cast<std::size_t>(end - begin), MADV_DONTNEED);
}

void release_program_pages() noexcept {
  const auto release = [](dl_phdr_info* object, std::size_t, void* data) {
    auto& walk = *static_cast<Walk*>(data);
    for (const ElfW(Phdr) & segment : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
      if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
      const std::uintptr_t address = object->dlpi_addr + segment.p_vaddr;
      // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the loader's
      auto* const begin = reinterpret_cast<std::byte*>(address / walk.page_size * walk.page_size);
      std::byte* const end = begin + address % walk.page_size + segment.p_filesz;
      const bool is_code = (segment.p_flags & PF_X) != 0;
      if (is_code && !walk.drops_code) continue;
      if ((address - segment.p_offset) % kHugePage == 0)
        map_in_small_blocks(begin, end);
      else
        (void)madvise(begin, static_cast<std::size_t>(end - begin), MADV_DONTNEED);
    }
    walk.drops_code = false;  // of libraries: others may have changed theirs
    return 0;
  };
  Walk walk{.page_size = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE)),
            .drops_code = !is_traced()};
  (void)dl_iterate_phdr(release, &walk);
}

}  // namespace m3u_proxy::memory

#else

namespace m3u_proxy::memory {

void release_program_pages() noexcept {}
void map_in_small_blocks(std::byte*, std::byte*) noexcept {}

}  // namespace m3u_proxy::memory

#endif
