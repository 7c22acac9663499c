// A guide cut at every byte and read in windows of any size: what is written of it is a part of
// what is written of the whole.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/guide/guide_testing.hpp>

namespace m3u_proxy::guide {
namespace {

const std::string kGuide =
    "Notice: x\n<?xml version=\"1.0\"?><tv date=\"2026-01-01T00:00:00Z\">"
    "<channel id=\"a\"><display-name>A &amp; B</display-name></channel>"
    "<programme start=\"2026-01-01T12:00:00+01:00\" stop=\"1767268800\" channel=\"a\">"
    "<title>One</title><category>X</category></programme>\n<channel id='b'/>"
    "<programme start=\"20260101130000 BST\" "
    "channel='b'><title><![CDATA[<Two>]]></title></programme>"
    "<channel id=\"a\"><display-name>Other</display-name></channel><!-- c -->"
    "<programme start=\"soon\" channel=\"a\"/>"
    "<programme channel=\"a\" start=\"202601011400\"><title>Three & more</title></programme></tv>";

std::vector<std::string> programmes_of(const std::string& guide) {
  constexpr std::string_view kEnd = "</programme>\n";
  std::vector<std::string> all;
  std::size_t at = guide.find("  <programme");
  while (at != std::string::npos) {
    const std::size_t end = guide.find(kEnd, at) + kEnd.size();
    all.push_back(guide.substr(at, end - at));
    at = guide.find("  <programme", end);
  }
  return all;
}

GuideMaker::Made make(const std::string& text, std::size_t window, const rules::RuleSet* rules) {
  GuideMaker maker;
  maker.channels = {{.tvg_id = "a", .channel_name = "a"}, {.tvg_id = "b", .channel_name = "b"}};
  maker.options.chunk_bytes = window;
  maker.channel_rules = rules;
  maker.sources = {epg_source("epg", text)};
  return maker.make();
}

TEST(GuideCut, WindowsOfEverySizeGiveTheSame) {
  const std::string whole = make(kGuide, 1 << 20, nullptr).guide;
  ASSERT_EQ(programmes_of(whole).size(), 3U);
  for (std::size_t window = 1; window <= kGuide.size(); ++window)
    ASSERT_EQ(make(kGuide, window, nullptr).guide, whole) << window;
}

TEST(GuideCut, ProgrammesOfAPartAreTheFirstOfTheWhole) {
  const rules::RuleSet rules(
      {{.name = "r",
        .rule = rules::compile_rule(catalog::Domain::kGuideChannels,
                                    "channel_id == \"c\" SET channel_id = \"a\"")
                    .value()}});
  const auto whole = programmes_of(make(kGuide, 1 << 20, nullptr).guide);
  for (std::size_t size = 0; size < kGuide.size(); ++size) {
    const std::size_t window = 1 + size % 67;
    const auto cut = make(kGuide.substr(0, size), window, size % 2 == 0 ? &rules : nullptr);
    const auto part = programmes_of(cut.guide);
    ASSERT_LE(part.size(), whole.size()) << size;
    ASSERT_TRUE(std::equal(part.begin(), part.end(), whole.begin())) << size;
    ASSERT_TRUE(cut.result.failed || cut.result.sources[0].partial) << size;
  }
}

}  // namespace
}  // namespace m3u_proxy::guide
