#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/catalog/spool.hpp>

namespace m3u_proxy::catalog {
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

  memory::Budget budget_;
  memory::SlabPool slabs_{budget_, Bytes{}};
};

TEST_F(SpoolTest, GivesFramesBackInOrderAgainAndAgain) {
  Spool spool(slabs_, {});
  for (std::size_t i = 0; i < 1000; ++i) ASSERT_TRUE(put(spool, frame_of(i)));
  expect_frames(spool, 1000);
  expect_frames(spool, 1000);
}

TEST_F(SpoolTest, CompressesBeyondItsThresholdInTheMiddleOfTheStream) {
  Spool spool(slabs_, {.compress_beyond = kib(100)});
  for (std::size_t i = 0; i < 20; ++i) ASSERT_TRUE(put(spool, frame_of(i)));
  EXPECT_EQ(spool.kind(), SpoolKind::kMemory);
  for (std::size_t i = 20; i < 500; ++i) ASSERT_TRUE(put(spool, frame_of(i)));
  EXPECT_EQ(spool.kind(), SpoolKind::kCompressed);
  EXPECT_LT(spool.stored(), kib(400));  // of 2.4 MB
  expect_frames(spool, 500);
}

TEST_F(SpoolTest, NeverMovesUp) {
  Spool spool(slabs_, {});
  spool.move_down(SpoolKind::kCompressed);
  spool.move_down(SpoolKind::kMemory);
  EXPECT_EQ(spool.kind(), SpoolKind::kCompressed);
}

TEST_F(SpoolTest, FramesLargerThanASlabAreWhole) {
  for (const SpoolKind kind : {SpoolKind::kMemory, SpoolKind::kCompressed}) {
    Spool spool(slabs_, {.compress_beyond = mib(100), .first = kind});
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

}  // namespace
}  // namespace m3u_proxy::catalog
