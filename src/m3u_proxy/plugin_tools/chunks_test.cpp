#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/io/memory_source.hpp>
#include <m3u_proxy/plugin_tools/chunks.hpp>
#include <m3u_proxy/plugin_tools/made_playlist.hpp>
#include <m3u_proxy/plugin_tools/stage_samples.hpp>

namespace m3u_proxy::plugin_tools {
namespace {

using catalog::ChannelField;
using plugins::PluginStage;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ChunkTest : public ::testing::Test {
 protected:
  /// The chunks of `source` as texts.
  std::vector<std::string> chunks(PluginStage stage, std::unique_ptr<io::ByteSource> source,
                                  std::size_t rows) {
    std::vector<std::string> out;
    auto made = make_chunks(stage, std::move(source), slabs_, rows);
    EXPECT_TRUE(made.has_value());
    while (made) {
      const auto chunk = (*made)->next();
      EXPECT_TRUE(chunk.has_value()) << to_string(chunk.error());
      if (!chunk || !*chunk) break;
      out.emplace_back((*chunk)->begin(), (*chunk)->end());
    }
    return out;
  }
  std::size_t rows_of(const std::string& frame) {
    const std::vector<std::uint8_t> bytes(frame.begin(), frame.end());
    EXPECT_TRUE(catalog::verify_frame(bytes).has_value());
    catalog::ChannelBatch batch(slabs_);
    catalog::load_frame(bytes, batch);
    return batch.rows();
  }

  memory::Budget budget_;
  memory::SlabPool slabs_{budget_, Bytes{}};
};

std::unique_ptr<io::ByteSource> text(std::string_view bytes) {
  return std::make_unique<io::MemorySource>(std::string(bytes), 3);
}

TEST_F(ChunkTest, HaveExactlyTheRowsAskedForButTheLast) {
  const auto frames = chunks(PluginStage::kDataMapping, std::make_unique<MadePlaylist>(2500), 1000);
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(rows_of(frames[0]), 1000U);
  EXPECT_EQ(rows_of(frames[1]), 1000U);
  EXPECT_EQ(rows_of(frames[2]), 500U);
}

TEST_F(ChunkTest, OfM3uGenerationAreTextsOfWholeEntries) {
  constexpr std::string_view kFirst = "#EXTINF:-1,One\nhttp://a/1\n";
  constexpr std::string_view kSecond = "#EXTINF:-1,Two\nhttp://a/2\n";
  const auto texts = chunks(PluginStage::kM3uGeneration,
                            text("#EXTM3U\n" + std::string(kFirst) + std::string(kSecond)), 1);
  EXPECT_THAT(texts, ElementsAre(kFirst, kSecond));
}

TEST_F(ChunkTest, OfSourceLoadingAreWholePiecesOfAnything) {
  EXPECT_THAT(chunks(PluginStage::kSourceLoading, text("name;url"), 5),
              ElementsAre("name;", "url"));
}

TEST_F(ChunkTest, AreNotMadeOfWhatIsNoPlaylist) {
  auto made = make_chunks(PluginStage::kFiltering, text("<html></html>"), slabs_, 10);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ((*made)->next().error().code, ErrorCode::kParse);
}

TEST(MadePlaylist, IsTheSameEachTime) {
  const auto read = [] {
    MadePlaylist playlist(1200);
    std::string out;
    std::array<char, 100> piece{};
    while (true) {
      const std::size_t size = playlist.read(piece).value();
      if (size == 0) return out;
      out.append(piece.data(), size);
    }
  };
  const std::string first = read();
  EXPECT_EQ(first, read());
  EXPECT_THAT(first, ::testing::StartsWith("#EXTM3U\n#EXTINF:-1 tvg-id=\"channel0.example\""));
  EXPECT_THAT(first, HasSubstr("http://streams.example/live/1199.ts\n"));
  EXPECT_THAT(first, ::testing::Not(HasSubstr("1200")));
}

TEST_F(ChunkTest, OfSamplesHoldTheSameRowsInBothCuts) {
  const auto samples = make_samples(PluginStage::kDataMapping, std::nullopt, slabs_);
  ASSERT_TRUE(samples.has_value());
  EXPECT_EQ(samples->one_cut.size(), 1U);
  EXPECT_EQ(samples->other_cut.size(), 10U);
  EXPECT_EQ(samples->usual.size(), 5U);
  ASSERT_EQ(samples->kinds.size(), 4U);
  for (const NamedChunks& kind : samples->kinds)
    for (const OwnedChunk& chunk : kind.chunks)
      EXPECT_TRUE(catalog::verify_frame(chunk).has_value()) << kind.name;
}

}  // namespace
}  // namespace m3u_proxy::plugin_tools
