// The pages of the program's own file that the process has mapped. They count in its resident
// memory, though the kernel can drop and read them again at any time.
#pragma once

#include <cstddef>

namespace m3u_proxy::memory {

/// Gives back what is mapped of the program's code, and of its and its libraries' constants, names
/// and relocations; what is used again comes back at its next use, for about a microsecond for
/// 64 KB. For moments after which much of it is not needed any more: the program has started, the
/// service's last job has ended. Code stays mapped while a debugger looks on, since its breakpoints
/// are in it. Where the loader chose the one place of 512 at which the kernel can map 2 MB for one
/// byte, see map_in_small_blocks(). Thread-safe. Does nothing where the system is not Linux.
void release_program_pages() noexcept;

/// Has the kernel map a read-only part of a file in blocks of 64 KB from now on, and gives back
/// what is mapped. `begin` and `end` are addresses, `begin` that of a page. Linux maps a whole
/// folio of the page cache, of up to 2 MB, at the first use of a byte of it, where folio and
/// address begin at the same multiple of 2 MB and one mapping has it all; so every other block
/// becomes a mapping of its own. Source: finish_fault() of Linux 6.18, madvise(2).
void map_in_small_blocks(std::byte* begin, std::byte* end) noexcept;

}  // namespace m3u_proxy::memory
