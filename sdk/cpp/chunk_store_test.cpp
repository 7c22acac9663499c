// Chunks that wait come back as they were and in order. Compiled for this machine there are no
// temporary files; what spilling does is tested where the samples run.
#include <sdk/cpp/sdk_testing.hpp>

namespace m3u_proxy::sdk {
namespace {

class ChunkStoreTest : public FrameTest {
 protected:
  /// Adds chunks of so many rows each; of each second chunk the first row is dropped.
  void add(std::size_t chunks, std::size_t rows) {
    for (std::size_t i = 0; i < chunks; ++i) {
      std::vector<Channel> channels(rows);
      for (Channel& channel : channels) channel = random_channel(random_);
      const m3u::ChannelBatch batch = frame_of(channels);
      m3u::ChannelEditor editor(batch);
      if (added_++ % 2 == 1) {
        editor.drop(0);
        channels.erase(channels.begin());
      }
      ASSERT_TRUE(store_.add(editor));
      for (Channel& channel : channels) expected_.push_back(std::move(channel));
    }
  }
  void expect_all() {
    m3u::Buffer frame;
    std::vector<Channel> channels;
    while (store_.next(frame))
      for (Channel& channel : channels_in(frame.data(), frame.size()))
        channels.push_back(std::move(channel));
    EXPECT_FALSE(store_.failed());
    EXPECT_EQ(channels, expected_);
    EXPECT_EQ(store_.bytes(), 0U);
  }

  m3u::ChunkStore store_;

 private:
  std::mt19937 random_{5};
  std::size_t added_ = 0;
  std::vector<Channel> expected_;
};

TEST_F(ChunkStoreTest, ChunksComeBackInOrder) {
  add(4, 20);
  expect_all();
}

TEST_F(ChunkStoreTest, CompressingHalfwayDoesNotShow) {
  add(3, 200);
  const std::size_t plain = store_.bytes();
  store_.compress();
  EXPECT_LT(store_.bytes(), plain);
  add(3, 200);
  expect_all();
}

TEST_F(ChunkStoreTest, WhereSpillingIsDeniedAllStays) {
  add(3, 20);
  EXPECT_FALSE(store_.spill());
  EXPECT_FALSE(store_.is_spilled());
  add(1, 20);
  expect_all();
}

TEST_F(ChunkStoreTest, ResettingForgetsAll) {
  add(3, 20);
  store_.reset();
  m3u::Buffer frame;
  EXPECT_FALSE(store_.next(frame));
  EXPECT_EQ(store_.bytes(), 0U);
}

}  // namespace
}  // namespace m3u_proxy::sdk
