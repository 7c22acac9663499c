// The pages of the program's own file that the process has mapped. They count in its resident
// memory, though the kernel can drop and read them again at any time.
#pragma once

namespace m3u_proxy::memory {

/// Gives back the constants, names and relocations of the program and its libraries that only
/// starting up needed, and keeps the kernel from mapping code 2 MB at a time; what is used again
/// comes back at its next use, for about a microsecond for 64 KB. Code itself stays mapped, since a
/// debugger's breakpoints are in it. For the start of a program, before it has threads. Does
/// nothing where the system is not Linux. Source: madvise(2).
void release_start_pages() noexcept;

}  // namespace m3u_proxy::memory
