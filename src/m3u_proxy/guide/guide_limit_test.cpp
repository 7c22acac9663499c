// The guide in little memory: the same bytes, and the limit holds.
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <m3u_proxy/guide/guide_testing.hpp>

namespace m3u_proxy::guide {
namespace {

constexpr int kChannels = 60000;

/// Half of the guide's ids are written otherwise, every tenth channel has no programme, and every
/// third programme comes twice.
std::string large_guide() {
  std::string text = "<tv>";
  for (int i = 0; i < kChannels; ++i)
    text += fmt::format("<channel id=\"{}{}\"><display-name>Name {}</display-name></channel>",
                        i % 2 == 0 ? "Channel." : "channel.", i, i * 7 % kChannels);
  for (int i = 0; i < kChannels; ++i) {
    if (i % 10 == 9) continue;
    const std::string programme = fmt::format(
        "<programme start=\"2026010112{:02}00 +0000\" channel=\"{}{}\"><title>Programme "
        "number {}</title></programme>\n",
        i % 60, i % 2 == 0 ? "Channel." : "channel.", i, i);
    text += programme;
    if (i % 3 == 0) text += programme;
  }
  return text + "</tv>";
}

GuideMaker large_maker(std::vector<std::string>& texts) {
  static const std::string kGuide = large_guide();
  for (int i = 0; i < kChannels; ++i) {
    texts.push_back(fmt::format("channel.{}", i));
    texts.push_back(fmt::format("name {}", i));
  }
  GuideMaker maker;
  for (std::size_t i = 0; i < kChannels; ++i)
    maker.channels.push_back({.tvg_id = texts[2 * i], .channel_name = texts[2 * i + 1]});
  maker.sources = {epg_source("one", kGuide), epg_source("two", kGuide)};
  maker.options.chunk_bytes = std::size_t{64} << 10U;
  return maker;
}

/// Bytes that went to disk for it.
std::uint64_t expect_the_same_in_little_memory(GuideMaker maker, Bytes limit = mib(8)) {
  const auto plenty = maker.make();
  maker.limit = limit;
  const auto little = maker.make();
  EXPECT_FALSE(plenty.error.has_value()) << plenty.error->message;
  EXPECT_FALSE(little.error.has_value()) << little.error->message;
  EXPECT_TRUE(plenty.guide == little.guide);
  EXPECT_EQ(plenty.result.programmes, little.result.programmes);
  EXPECT_EQ(plenty.result.channels, little.result.channels);
  EXPECT_EQ(plenty.result.matched, little.result.matched);
  EXPECT_EQ(plenty.result.more_with_casefold, little.result.more_with_casefold);
  EXPECT_EQ(plenty.result.more_with_name, little.result.more_with_name);
  EXPECT_EQ(plenty.result.problems.by_reason(), little.result.problems.by_reason());
  EXPECT_GT(plenty.peak, limit);
  EXPECT_LE(little.peak, limit);
  return little.spilled;
}

TEST(GuideInLittleMemory, ById) {
  std::vector<std::string> texts;
  EXPECT_GT(expect_the_same_in_little_memory(large_maker(texts)), 0U);
}

TEST(GuideInLittleMemory, ByIdWithoutCase) {
  std::vector<std::string> texts;
  GuideMaker maker = large_maker(texts);
  maker.options.match = GuideMatch::kCaseFold;
  EXPECT_GT(expect_the_same_in_little_memory(std::move(maker)), 0U);
}

TEST(GuideInLittleMemory, ByName) {
  std::vector<std::string> texts;
  GuideMaker maker = large_maker(texts);
  for (std::size_t i = 0; i < maker.channels.size(); i += 4) maker.channels[i].tvg_id = "other";
  maker.options.match = GuideMatch::kName;
  EXPECT_GT(expect_the_same_in_little_memory(std::move(maker)), 0U);
}

TEST(GuideInLittleMemory, OneChannelForThousandsOfOutputs) {
  std::vector<std::string> ids;
  ids.reserve(6000);
  for (int i = 0; i < 6000; ++i) ids.push_back(fmt::format("id {}", i));
  GuideMaker maker;
  maker.channels.reserve(ids.size());
  for (const std::string& id : ids) maker.channels.push_back({.tvg_id = id, .channel_name = "X"});
  std::string guide = "<tv><channel id='x'><display-name>x</display-name></channel>";
  for (int i = 10; i < 30; ++i)
    guide += fmt::format(
        "<programme start='202601{} BAD' channel='x'><desc>A & B</desc></programme>", i);
  maker.sources = {epg_source("epg", guide + "</tv>")};
  maker.options.match = GuideMatch::kName;
  const auto made = maker.make();
  EXPECT_EQ(made.result.channels, 6000U);
  EXPECT_EQ(made.result.programmes, 120'000U);
  EXPECT_EQ(made.result.sources[0].items, 20U);
  EXPECT_EQ(made.result.problems.of("bare_ampersand"), 20U);
  EXPECT_EQ(made.result.problems.of("unknown_zone"), 20U);
  EXPECT_EQ(made.result.problems.of("missing_title"), 20U);
  expect_the_same_in_little_memory(std::move(maker));
}

TEST(GuideInLittleMemory, ShiftedAndWithoutDuplicates) {
  std::vector<std::string> texts;
  GuideMaker maker = large_maker(texts);
  for (std::size_t i = 0; i < maker.channels.size(); i += 2) {
    maker.channels[i].tvg_shift = "1";
    maker.channels[i + 1].tvg_id = maker.channels[i].tvg_id;
  }
  maker.options.match = GuideMatch::kCaseFold;
  maker.options.tvg_shift = TvgShift::kApply;
  maker.options.deduplicate_programmes = true;
  EXPECT_GT(expect_the_same_in_little_memory(std::move(maker), mib(12)), 0U);
}

}  // namespace
}  // namespace m3u_proxy::guide
