// ProcessMemory on macOS: task_info() of the Mach kernel (see <mach/task_info.h>).
//
// Not run by this project's tests, which only compile it against declared prototypes.
#ifdef __APPLE__

#include <ctime>

#include <mach/mach.h>
#include <malloc/malloc.h>

#include <m3u_proxy/memory/process_memory.hpp>

namespace m3u_proxy::memory {
namespace {

class MacProcessMemory final : public ProcessMemory {
 public:
  Result<Bytes> resident() override {
    M3U_TRY(const mach_task_basic_info info, read());
    return Bytes{info.resident_size};
  }
  Result<Bytes> peak() override {
    M3U_TRY(const mach_task_basic_info info, read());
    return Bytes{info.resident_size_max};
  }
  bool reset_peak() override { return false; }

 private:
  static Result<mach_task_basic_info> read() {
    mach_task_basic_info info{};
    mach_msg_type_number_t size = MACH_TASK_BASIC_INFO_COUNT;
    const kern_return_t status = task_info(mach_task_self(), MACH_TASK_BASIC_INFO,
                                           reinterpret_cast<task_info_t>(&info), &size);
    if (status != KERN_SUCCESS)
      return fail(ErrorCode::kIo,
                  "task_info() does not tell this process's memory: " + std::to_string(status));
    return info;
  }
};

}  // namespace

ProcessMemory& process_memory() {
  static auto* instance = new MacProcessMemory;  // never destroyed: used until the very end
  return *instance;
}

void release_free_heap() noexcept { (void)malloc_zone_pressure_relief(nullptr, 0); }

std::chrono::steady_clock::time_point coarse_steady_now() noexcept {
  return std::chrono::steady_clock::now();
}

std::chrono::nanoseconds thread_cpu_time() noexcept {
  timespec time{};
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace m3u_proxy::memory

#endif  // __APPLE__
