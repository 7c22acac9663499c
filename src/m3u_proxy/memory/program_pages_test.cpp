#include <array>
#include <cstddef>

#include <gtest/gtest.h>

#include <m3u_proxy/memory/process_memory.hpp>
#include <m3u_proxy/memory/program_pages.hpp>

namespace m3u_proxy::memory {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kPages = 1024;

/// 4 MB of the program's file that nobody writes to.
constinit const std::array<char, kPages * kPage> kConstants = {'c'};

/// Reads every page, so that all are mapped.
int sum() {
  int all = 0;
  for (std::size_t page = 0; page < kPages; ++page) {
    const volatile char& byte = kConstants[page * kPage];
    all += byte;
  }
  return all;
}

#ifdef __linux__
TEST(ProgramPages, ConstantsAreGivenBackAndStillThere) {
  ASSERT_EQ(sum(), 'c');
  const Bytes before = process_memory().resident().value();
  release_start_pages();
  EXPECT_LE(process_memory().resident().value() + mib(3), before);
  EXPECT_EQ(sum(), 'c');
}
#endif

}  // namespace
}  // namespace m3u_proxy::memory
