#ifdef __linux__

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <m3u_proxy/memory/process_memory.hpp>
#include <m3u_proxy/memory/program_pages.hpp>

namespace m3u_proxy::memory {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kPages = 1024;
constexpr std::size_t kHugePage = std::size_t{2} << 20U;

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

TEST(ProgramPages, ConstantsAreGivenBackAndStillThere) {
  ASSERT_EQ(sum(), 'c');
  const Bytes before = process_memory().resident().value();
  release_program_pages();
  EXPECT_LE(process_memory().resident().value() + mib(3), before);
  EXPECT_EQ(sum(), 'c');
}

// A file of large folios, mapped where the kernel could map 2 MB of it at once.
TEST(ProgramPages, OneByteDoesNotMapTwoMegabytes) {
  constexpr std::size_t kSize = 4 * kHugePage;
  std::string path = ::testing::TempDir() + "program_pages_XXXXXX";
  const int file = mkstemp(path.data());
  ASSERT_GE(file, 0);
  ASSERT_EQ(unlink(path.c_str()), 0);
  const std::string text(kSize, 'x');
  ASSERT_EQ(write(file, text.data(), text.size()), static_cast<ssize_t>(kSize));
  void* const space =
      mmap(nullptr, kSize + kHugePage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(space, MAP_FAILED);
  const std::uintptr_t place =
      (reinterpret_cast<std::uintptr_t>(space) + kHugePage - 1) / kHugePage;
  auto* const begin =
      static_cast<std::byte*>(mmap(reinterpret_cast<void*>(place * kHugePage), kSize, PROT_READ,
                                   MAP_PRIVATE | MAP_FIXED, file, 0));
  ASSERT_NE(static_cast<void*>(begin), MAP_FAILED);
  const auto touch = [&] {
    for (std::size_t at = kPage; at < kSize; at += kHugePage)
      EXPECT_EQ(*reinterpret_cast<const volatile char*>(begin + at), 'x');
  };

  touch();
  map_in_small_blocks(begin, begin + kSize);
  const Bytes before = process_memory().resident().value();
  touch();
  EXPECT_LE(process_memory().resident().value(), before + kib(4 * 64 + 128));

  EXPECT_EQ(munmap(space, kSize + kHugePage), 0);
  EXPECT_EQ(close(file), 0);
}

}  // namespace
}  // namespace m3u_proxy::memory

#endif
