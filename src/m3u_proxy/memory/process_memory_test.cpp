#include <cstring>

#include <gtest/gtest.h>

#include <m3u_proxy/memory/pages.hpp>
#include <m3u_proxy/memory/process_memory.hpp>

namespace m3u_proxy::memory {
namespace {

constexpr std::size_t kBlock = mib(64).count;

/// A mapped block whose pages are all resident.
class TouchedBlock {
 public:
  TouchedBlock() : data_(map_pages(kBlock)) { std::memset(data_, 1, kBlock); }
  TouchedBlock(const TouchedBlock&) = delete;
  TouchedBlock& operator=(const TouchedBlock&) = delete;
  ~TouchedBlock() { unmap_pages(data_, kBlock); }

 private:
  void* data_;
};

TEST(ProcessMemory, ResidentSizeRisesWithTouchedPagesAndFallsWhenTheyAreUnmapped) {
  const Bytes before = process_memory().resident().value();
  Bytes with_block;
  {
    const TouchedBlock block;
    with_block = process_memory().resident().value();
  }
  const Bytes after = process_memory().resident().value();
  EXPECT_GE(with_block, before + mib(60));
  EXPECT_LE(after + mib(60), with_block);
}

TEST(ProcessMemory, ChargesWhatIsResidentAndLittleLess) {
  const Bytes charged = process_memory().charged().value();
  const Bytes resident = process_memory().resident().value();
  EXPECT_LE(charged, resident + mib(1));
  EXPECT_LE(resident, charged + mib(64));
  const TouchedBlock block;
  EXPECT_GE(process_memory().charged().value(), charged + mib(60));
}

TEST(ProcessMemory, PeakRemembersWhatIsGone) {
  const Bytes before = process_memory().resident().value();
  {
    const TouchedBlock block;
  }
  EXPECT_GE(process_memory().peak().value(), before + mib(60));
}

TEST(ProcessMemory, ResetPeakBeginsAtThePresentSize) {
  {
    const TouchedBlock block;
  }
  const Bytes peak = process_memory().peak().value();
  if (!process_memory().reset_peak()) GTEST_SKIP() << "this system cannot reset the peak";
  EXPECT_LE(process_memory().peak().value() + mib(40), peak);
}

TEST(ProcessMemory, ThreadTimeGrowsWithWork) {
  const auto start = thread_cpu_time();
  volatile unsigned sum = 0;
  for (unsigned i = 0; i < 10'000'000; ++i) sum = sum + i;
  EXPECT_GT(thread_cpu_time(), start);
}

}  // namespace
}  // namespace m3u_proxy::memory
