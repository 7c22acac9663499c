// The Windows implementation of memory::ProcessMemory, seen at work: a program of its own, since
// the unit tests' libraries are not there for Windows. Exit status 0 when every rule holds.
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <cstdio>
#include <cstring>

#include <windows.h>

#include <m3u_proxy/memory/process_memory.hpp>

namespace {

using m3u_proxy::Bytes;
using m3u_proxy::mib;
using m3u_proxy::memory::process_memory;

int failures = 0;

void check(bool holds, const char* rule) {
  std::printf("%s: %s\n", holds ? "ok" : "FAILED", rule);
  if (!holds) ++failures;
}

Bytes resident() { return process_memory().resident().value(); }

Bytes with_touched_block(std::size_t size) {
  void* block = VirtualAlloc(nullptr, size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
  if (block == nullptr) return {};
  std::memset(block, 1, size);
  const Bytes with_block = resident();
  VirtualFree(block, 0, MEM_RELEASE);
  return with_block;
}

}  // namespace

int main() {
  check(process_memory().resident().has_value(), "the resident size can be read");
  check(process_memory().peak().has_value(), "the peak can be read");
  const Bytes before = resident();
  check(before > Bytes{}, "a process has memory");
  const Bytes with_block = with_touched_block(mib(64).count);
  const Bytes after = resident();
  check(with_block >= before + mib(60), "resident size rises with touched pages");
  check(after + mib(60) <= with_block, "and falls when they are freed");
  check(process_memory().peak().value() >= before + mib(60), "the peak remembers what is gone");
  check(!process_memory().reset_peak(), "the peak cannot be reset");

  const auto time = m3u_proxy::memory::thread_cpu_time();
  volatile unsigned sum = 0;
  for (unsigned i = 0; i < 200'000'000; ++i) sum = sum + i;
  check(m3u_proxy::memory::thread_cpu_time() > time, "thread time grows with work");
  const auto now = m3u_proxy::memory::coarse_steady_now();
  check(now <= std::chrono::steady_clock::now(), "the coarse clock is not ahead");
  m3u_proxy::memory::release_free_heap();
  check(resident() > Bytes{}, "giving heap back leaves a working process");
  std::printf("%d failed\n", failures);
  return failures == 0 ? 0 : 1;
}
