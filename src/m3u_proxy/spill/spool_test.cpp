#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/spill/spool.hpp>

namespace m3u_proxy::spill {
namespace {

using Frame = std::vector<std::uint8_t>;

Frame frame_of(std::size_t number, std::size_t size = 5000) {
  Frame frame(size);
  for (std::size_t i = 0; i < size; ++i) frame[i] = static_cast<std::uint8_t>(number + i / 64);
  return frame;
}

class SpoolTest : public testing::Test {
 protected:
  static Result<> put(Spool& spool, const Frame& frame) {
    std::pmr::vector<std::uint8_t> scratch;
    return spool.append(spool.pack(frame, scratch));
  }
  static void expect_frames(const Spool& spool, std::size_t count, std::size_t size = 5000) {
    ASSERT_EQ(spool.frames(), count);
    std::pmr::vector<std::uint8_t> scratch;
    for (std::size_t i = 0; i < count; ++i) {
      const auto frame = spool.read(i, scratch);
      ASSERT_TRUE(frame);
      ASSERT_EQ(Frame(frame->begin(), frame->end()), frame_of(i, size)) << i;
    }
  }

  Spool::Options on_disk() { return {.first = memory::StorageLevel::kSpill, .space = &space_}; }

  io::TestFolder folder_;
  spill::SpillSpace space_{
      {.folder = folder_.path(), .max = {}, .tmpfs = io::TempFolder::Tmpfs::kAllow}};
  memory::Budget budget_;
  memory::SlabPool slabs_{budget_, Bytes{}};
};

TEST_F(SpoolTest, GivesFramesBackInOrderAgainAndAgain) {
  Spool spool(slabs_, {});
  for (std::size_t i = 0; i < 1000; ++i) ASSERT_TRUE(put(spool, frame_of(i)));
  expect_frames(spool, 1000);
  expect_frames(spool, 1000);
}

TEST_F(SpoolTest, EachCleanupGivesBackWhatItsStrategySays) {
  Spool spool(slabs_, {.space = &space_});
  for (std::size_t i = 0; i < 1000; ++i) ASSERT_TRUE(put(spool, frame_of(i)));
  const Bytes before = spool.memory_usage().held;
  EXPECT_GT(before, mib(4));
  EXPECT_GT(spool.basic_cleanup(), 0U);  // the tables had grown by halves
  EXPECT_EQ(spool.memory_usage().unused, Bytes{});
  EXPECT_GT(spool.memory_usage().held, mib(4));
  EXPECT_EQ(spool.basic_cleanup(), 0U);
  EXPECT_EQ(spool.aggressive_cleanup(), 1000U);
  EXPECT_LT(spool.memory_usage().held, kib(64));
  EXPECT_LT(budget_.used(), kib(64));
  expect_frames(spool, 1000);
  EXPECT_EQ(spool.aggressive_cleanup(), 0U);
}

TEST_F(SpoolTest, ACleanupWithoutADiskLeavesFramesInMemory) {
  SpillSpace nowhere({.folder = folder_ / "nowhere"});
  for (SpillSpace* const space : {&nowhere, static_cast<SpillSpace*>(nullptr)}) {
    Spool spool(slabs_, {.space = space});
    for (std::size_t i = 0; i < 100; ++i) ASSERT_TRUE(put(spool, frame_of(i)));
    spool.aggressive_cleanup();
    EXPECT_EQ(spool.kind(), memory::StorageLevel::kMemory);
    expect_frames(spool, 100);
  }
}

TEST_F(SpoolTest, CompressesBeyondItsThresholdInTheMiddleOfTheStream) {
  Spool spool(slabs_, {.compress_beyond = kib(100)});
  for (std::size_t i = 0; i < 20; ++i) ASSERT_TRUE(put(spool, frame_of(i)));
  EXPECT_EQ(spool.kind(), memory::StorageLevel::kMemory);
  for (std::size_t i = 20; i < 500; ++i) ASSERT_TRUE(put(spool, frame_of(i)));
  EXPECT_EQ(spool.kind(), memory::StorageLevel::kCompressed);
  EXPECT_LT(spool.stored(), kib(400));  // of 2.4 MB
  expect_frames(spool, 500);
}

TEST_F(SpoolTest, NeverMovesUp) {
  Spool spool(slabs_, {});
  spool.move_down(memory::StorageLevel::kCompressed);
  spool.move_down(memory::StorageLevel::kMemory);
  EXPECT_EQ(spool.kind(), memory::StorageLevel::kCompressed);
}

TEST_F(SpoolTest, FramesLargerThanASlabAreWhole) {
  for (const memory::StorageLevel kind :
       {memory::StorageLevel::kMemory, memory::StorageLevel::kCompressed,
        memory::StorageLevel::kSpill}) {
    Spool spool(slabs_, {.compress_beyond = mib(100), .first = kind, .space = &space_});
    for (std::size_t i = 0; i < 3; ++i)
      ASSERT_TRUE(put(spool, frame_of(i, (std::size_t{5} << 20U) + 1)));
    expect_frames(spool, 3, (std::size_t{5} << 20U) + 1);
  }
}

TEST_F(SpoolTest, IsChargedToTheBudgetAndGivesBack) {
  Spool spool(slabs_, {});
  for (std::size_t i = 0; i < 1000; ++i) ASSERT_TRUE(put(spool, frame_of(i)));
  EXPECT_GE(budget_.used(memory::Tag::kSpool), Bytes{5000000});
  spool.clear();
  EXPECT_EQ(budget_.used(), Bytes{});
}

TEST_F(SpoolTest, RefusedMemoryIsAnErrorAndKeepsWhatIsStored) {
  budget_.set_limit(mib(3));
  Spool spool(slabs_, {});
  std::size_t stored = 0;
  while (put(spool, frame_of(stored))) ++stored;
  EXPECT_GT(stored, 300U);
  expect_frames(spool, stored);
}

TEST_F(SpoolTest, OnDiskItTakesSixteenBytesOfMemoryAFrame) {
  Spool spool(slabs_, on_disk());
  for (std::size_t i = 0; i < 1000; ++i) ASSERT_TRUE(put(spool, frame_of(i)));
  EXPECT_EQ(to_string(spool.kind()), "spill");
  EXPECT_LE(budget_.used(), Bytes{1000 * 16 * 3 / 2});
  EXPECT_EQ(spool.on_disk(), spool.stored());
  EXPECT_LT(spool.on_disk(), kib(800));  // of 5 MB
  expect_frames(spool, 1000);
  expect_frames(spool, 1000);
  spool.clear();
  EXPECT_EQ(budget_.used(), Bytes{});
  EXPECT_EQ(space_.stats().live, 0U);
}

TEST_F(SpoolTest, RefusedMemoryBecomesDiskInTheMiddleOfTheStream) {
  budget_.set_limit(mib(3));
  Spool spool(slabs_, {.space = &space_});
  for (std::size_t i = 0; i < 2000; ++i) ASSERT_TRUE(put(spool, frame_of(i)));
  EXPECT_EQ(spool.kind(), memory::StorageLevel::kSpill);
  EXPECT_LE(budget_.peak(), mib(3));
  expect_frames(spool, 2000);
}

TEST_F(SpoolTest, MovedDownToDiskItGivesItsMemoryBack) {
  Spool spool(slabs_, {.compress_beyond = mib(2), .space = &space_});
  for (std::size_t i = 0; i < 1000; ++i) ASSERT_TRUE(put(spool, frame_of(i)));
  EXPECT_GT(budget_.used(), mib(2));
  spool.move_down(memory::StorageLevel::kSpill);
  EXPECT_LT(budget_.used(), kib(64));
  for (std::size_t i = 1000; i < 1100; ++i) ASSERT_TRUE(put(spool, frame_of(i)));
  EXPECT_EQ(spool.on_disk(), spool.stored());
  expect_frames(spool, 1100);
}

TEST_F(SpoolTest, WithoutSpaceItCompressesInsteadOfSpilling) {
  Spool spool(slabs_, {});
  spool.move_down(memory::StorageLevel::kSpill);
  EXPECT_EQ(spool.kind(), memory::StorageLevel::kCompressed);
  ASSERT_TRUE(put(spool, frame_of(0)));
  expect_frames(spool, 1);
}

TEST_F(SpoolTest, TheBudgetGetsWhatItAsksForAndNotMore) {
  budget_.set_limit(mib(12));
  Spool spool(slabs_, {.space = &space_});
  for (std::size_t i = 0; i < 2000; ++i) ASSERT_TRUE(put(spool, frame_of(i)));
  const Bytes before = budget_.used();
  ASSERT_GT(before, mib(9));
  const auto other = budget_.reserve(memory::Tag::kBatch, mib(4));
  ASSERT_TRUE(other);
  EXPECT_LE(spool.on_disk(), mib(3));
  EXPECT_EQ(spool.kind(), memory::StorageLevel::kSpill);
  expect_frames(spool, 2000);
}

TEST_F(SpoolTest, AFrameGivenInPlaceStaysWhereItIs) {
  budget_.set_limit(mib(12));
  Spool spool(slabs_, {.space = &space_});
  for (std::size_t i = 0; i < 2000; ++i) ASSERT_TRUE(put(spool, frame_of(i)));
  std::pmr::vector<std::uint8_t> scratch;
  const auto first = spool.read(0, scratch);
  ASSERT_TRUE(first);
  ASSERT_TRUE(scratch.empty());
  spool.move_down(memory::StorageLevel::kSpill);
  EXPECT_EQ(Frame(first->begin(), first->end()), frame_of(0));
  EXPECT_GE(budget_.used(), mib(1));
  EXPECT_LT(budget_.used(), mib(2));
  expect_frames(spool, 2000);
}

TEST_F(SpoolTest, ThreadsReadWhileItsMemoryIsAskedFor) {
  constexpr std::size_t kFrames = 2000;
  Spool spool(slabs_, {.compress_beyond = kib(1), .space = &space_});
  for (std::size_t i = 0; i < kFrames; ++i) ASSERT_TRUE(put(spool, frame_of(i)));
  ASSERT_GT(budget_.used(), kib(300));
  budget_.set_limit(mib(1));
  std::atomic<std::size_t> right{0};
  {
    std::vector<std::jthread> threads;
    threads.reserve(3);
    for (std::size_t first = 0; first < 3; ++first)
      threads.emplace_back([&, first] {
        std::pmr::vector<std::uint8_t> scratch;
        for (std::size_t i = first; i < kFrames; i += 3) {
          const auto frame = spool.read(i, scratch);
          if (frame && Frame(frame->begin(), frame->end()) == frame_of(i)) ++right;
          if (i > kFrames / 2) (void)budget_.reserve(memory::Tag::kBatch, kib(900));
        }
      });
  }
  EXPECT_EQ(right, kFrames);
  EXPECT_EQ(spool.kind(), memory::StorageLevel::kSpill);
}

TEST_F(SpoolTest, PackLeavesAFramePlainWhereMemoryIsRefused) {
  memory::Budget tight(kib(1));
  memory::BudgetResource resource(tight, memory::Tag::kSpool);
  std::pmr::vector<std::uint8_t> scratch(&resource);
  const Frame frame = frame_of(0);
  Spool spool(slabs_, on_disk());
  const Spool::Packed packed = spool.pack(frame, scratch);
  EXPECT_FALSE(packed.compressed);
  ASSERT_TRUE(spool.append(packed));
  expect_frames(spool, 1);
}

TEST_F(SpoolTest, FramesThatDoNotGetSmallerComeBackToo) {
  Frame noise(5000);
  std::uint32_t state = 1;
  for (auto& byte : noise)
    byte = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24U);
  for (const memory::StorageLevel kind :
       {memory::StorageLevel::kCompressed, memory::StorageLevel::kSpill}) {
    Spool spool(slabs_, {.first = kind, .space = &space_});
    ASSERT_TRUE(put(spool, noise));
    std::pmr::vector<std::uint8_t> scratch;
    const auto frame = spool.read(0, scratch);
    ASSERT_TRUE(frame);
    EXPECT_EQ(Frame(frame->begin(), frame->end()), noise);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(frame->data()) % 8, 0U);
  }
}

TEST_F(SpoolTest, ADamagedDiskIsAnErrorThatSaysSo) {
  Spool spool(slabs_, on_disk());
  for (std::size_t i = 0; i < 10; ++i) ASSERT_TRUE(put(spool, frame_of(i)));
  const auto files = io::open_files_in(folder_.path());
  ASSERT_EQ(files.size(), 1U);
  ASSERT_EQ(::pwrite(files[0], "?", 1, 100), 1);
  std::pmr::vector<std::uint8_t> scratch;
  const auto frame = spool.read(0, scratch);
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, ErrorCode::kIo);
  EXPECT_EQ(frame.error().message,
            "temporary data is damaged at byte 0: the checksum does not fit");
  EXPECT_EQ(frame.error().hint,
            "check the disk, or name another folder with spill_dir (--spill-dir)");
  ASSERT_EQ(::ftruncate(files[0], 500), 0);
  EXPECT_FALSE(spool.read(9, scratch));
}

}  // namespace
}  // namespace m3u_proxy::spill
