// ProcessMemory on Windows: the working set, as GetProcessMemoryInfo() tells it (psapi).
#ifdef _WIN32

#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
// psapi.h needs windows.h before it.
#include <malloc.h>
#include <psapi.h>

#include <m3u_proxy/memory/process_memory.hpp>

namespace m3u_proxy::memory {
namespace {

class WindowsProcessMemory final : public ProcessMemory {
 public:
  Result<Bytes> resident() override {
    M3U_TRY(const PROCESS_MEMORY_COUNTERS counters, read());
    return Bytes{counters.WorkingSetSize};
  }
  Result<Bytes> peak() override {
    M3U_TRY(const PROCESS_MEMORY_COUNTERS counters, read());
    return Bytes{counters.PeakWorkingSetSize};
  }
  bool reset_peak() override { return false; }

 private:
  static Result<PROCESS_MEMORY_COUNTERS> read() {
    PROCESS_MEMORY_COUNTERS counters{};
    counters.cb = sizeof(counters);
    if (GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof(counters)) == 0)
      return fail(ErrorCode::kIo, "GetProcessMemoryInfo() does not tell this process's memory: " +
                                      std::to_string(GetLastError()));
    return counters;
  }
};

}  // namespace

ProcessMemory& process_memory() {
  static auto* instance = new WindowsProcessMemory;  // never destroyed: used until the very end
  return *instance;
}

void release_free_heap() noexcept { (void)_heapmin(); }

std::chrono::steady_clock::time_point coarse_steady_now() noexcept {
  return std::chrono::steady_clock::now();
}

std::chrono::nanoseconds thread_cpu_time() noexcept {
  FILETIME created{};
  FILETIME ended{};
  FILETIME kernel{};
  FILETIME user{};
  if (GetThreadTimes(GetCurrentThread(), &created, &ended, &kernel, &user) == 0) return {};
  // A FILETIME counts 100 ns steps.
  const auto steps = [](const FILETIME& time) {
    return static_cast<std::int64_t>(std::uint64_t{time.dwHighDateTime} << 32U |
                                     time.dwLowDateTime);
  };
  return std::chrono::nanoseconds((steps(kernel) + steps(user)) * 100);
}

}  // namespace m3u_proxy::memory

#endif  // _WIN32
