// ProcessMemory: what the operating system says about this process's memory and time.
//
// One small interface in front of the platform: resident size, its peak, and giving freed heap
// back. Tests put their own figures behind it.
#pragma once

#include <chrono>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::memory {

class ProcessMemory {
 public:
  ProcessMemory() = default;
  ProcessMemory(const ProcessMemory&) = delete;
  ProcessMemory& operator=(const ProcessMemory&) = delete;
  virtual ~ProcessMemory() = default;

  /// Memory of this process that is resident now (RSS). Takes microseconds. Error: kIo.
  [[nodiscard]] virtual Result<Bytes> resident() = 0;
  /// The part of resident() that a limit is about. On Linux less what the kernel maps of the
  /// program without need: where the page cache holds 2 MB of it in one piece and their address
  /// fits, which is one start in some hundreds, it maps them at once. That costs nobody memory, but
  /// such a start would find some MB less room below the same limit than all others. Error: kIo.
  [[nodiscard]] virtual Result<Bytes> charged() { return resident(); }
  /// The most that was resident since the start, or since the last reset_peak(): a counter of the
  /// whole process (see watermark.hpp). Error: kIo.
  [[nodiscard]] virtual Result<Bytes> peak() = 0;
  /// Starts a new peak at the present size; false where the system cannot. The peak that others
  /// ask the kernel for (wait4, getrusage) begins anew with it.
  virtual bool reset_peak() = 0;
};

/// The running system's implementation. Thread-safe; lives until the process ends.
/// Linux (process_memory_linux.cpp): /proc/self/statm, VmHWM of /proc/self/status, clear_refs.
/// macOS (process_memory_macos.cpp): task_info(); the peak cannot be reset.
/// Windows (process_memory_windows.cpp): GetProcessMemoryInfo(), the working set and its peak,
/// which cannot be reset.
ProcessMemory& process_memory();

/// Gives freed heap blocks back to the system (glibc's malloc_trim, macOS's pressure relief,
/// Windows's _heapmin); nothing elsewhere. Takes milliseconds when there is much to give back.
/// Thread-safe.
void release_free_heap() noexcept;

/// The steady clock, on Linux read in a few nanoseconds and up to some milliseconds behind. For
/// what is asked once a batch and happens once in seconds.
[[nodiscard]] std::chrono::steady_clock::time_point coarse_steady_now() noexcept;

/// Processor time that the calling thread has used since it began.
[[nodiscard]] std::chrono::nanoseconds thread_cpu_time() noexcept;

}  // namespace m3u_proxy::memory
