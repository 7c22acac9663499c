#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/catalog/programme_frame.hpp>
#include <m3u_proxy/io/memory_source.hpp>
#include <m3u_proxy/plugin_tools/chunks.hpp>
#include <m3u_proxy/plugin_tools/made_input.hpp>
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
    const auto made = make_chunks(stage, std::move(source), slabs_, rows);
    while (true) {
      const auto chunk = made->next();
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
  const auto frames =
      chunks(PluginStage::kDataMapping, make_input(PluginStage::kDataMapping, 2500), 1000);
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
  for (const PluginStage stage : {PluginStage::kFiltering, PluginStage::kEpg})
    EXPECT_EQ(make_chunks(stage, text("<html></html>"), slabs_, 10)->next().error().code,
              ErrorCode::kParse);
}

TEST_F(ChunkTest, OfEpgAreProgrammesAndGiveTheChannelsAway) {
  std::string channels;
  const auto made = make_chunks(
      PluginStage::kEpg,
      text("<tv><channel id='a'/><programme start='20260101000000' channel='a'><title>A &amp; B"
           "</title></programme><programme start='20260101010000' channel='a'/></tv>"),
      slabs_, 1, [&](std::string_view element) -> Result<> {
        channels += element;
        return {};
      });
  const auto first = made->next();
  ASSERT_TRUE(first.has_value() && first->has_value());
  ASSERT_TRUE(catalog::verify_programme_frame(**first).has_value());
  std::pmr::vector<catalog::ProgrammeRow> rows;
  catalog::load_programme_frame(**first, rows);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].columns[0], "a");
  EXPECT_EQ(rows[0].columns[1], "A & B");
  EXPECT_EQ(rows[0].columns[10], "20260101000000");
  EXPECT_TRUE(made->next().value().has_value());
  EXPECT_FALSE(made->next().value().has_value());
  EXPECT_EQ(channels, "<channel id='a'/>");
  EXPECT_EQ(made->rows(), 2U);
}

std::string all_of(io::ByteSource& source) {
  std::string out;
  std::array<char, 100> piece{};
  while (true) {
    const std::size_t size = source.read(piece).value();
    if (size == 0) return out;
    out.append(piece.data(), size);
  }
}

TEST(MadeInput, IsTheSameEachTime) {
  for (const PluginStage stage : {PluginStage::kDataMapping, PluginStage::kEpg})
    EXPECT_EQ(all_of(*make_input(stage, 1200)), all_of(*make_input(stage, 1200)));
}

TEST(MadeInput, HasAsManyRowsAsWanted) {
  const std::string playlist = all_of(*make_input(PluginStage::kDataMapping, 1200));
  EXPECT_THAT(playlist, ::testing::StartsWith("#EXTM3U\n#EXTINF:-1 tvg-id=\"channel0.example\""));
  EXPECT_THAT(playlist, ::testing::EndsWith("http://streams.example/live/1199.ts\n"));
  const std::string guide = all_of(*make_input(PluginStage::kEpg, 1200));
  EXPECT_THAT(guide, HasSubstr("S1 E1199<"));
  EXPECT_THAT(guide, ::testing::Not(HasSubstr("S1 E1200<")));
  EXPECT_THAT(guide, ::testing::EndsWith("</tv>\n"));
}

bool verifies(PluginStage stage, const OwnedChunk& chunk) {
  return stage == PluginStage::kEpg ? catalog::verify_programme_frame(chunk).has_value()
                                    : catalog::verify_frame(chunk).has_value();
}

TEST_F(ChunkTest, OfSamplesAreGoodOnes) {
  for (const PluginStage stage : {PluginStage::kDataMapping, PluginStage::kEpg}) {
    const auto samples = make_samples(stage, std::nullopt, slabs_);
    ASSERT_TRUE(samples.has_value());
    EXPECT_EQ(samples->one_cut.size(), 1U);
    EXPECT_EQ(samples->other_cut.size(), 10U);
    EXPECT_EQ(samples->usual.size(), 5U);
    ASSERT_EQ(samples->kinds.size(), 4U);
    for (const NamedChunks& kind : samples->kinds)
      for (const OwnedChunk& chunk : kind.chunks) EXPECT_TRUE(verifies(stage, chunk)) << kind.name;
  }
}

}  // namespace
}  // namespace m3u_proxy::plugin_tools
