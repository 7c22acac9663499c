#include <fmt/format.h>

#include <m3u_proxy/io/memory_source.hpp>
#include <m3u_proxy/jobs/inspection.hpp>
#include <m3u_proxy/jobs/jobs_testing.hpp>

namespace m3u_proxy::jobs::testing {
namespace {

std::string guide(std::initializer_list<std::string_view> channels, std::string_view more = "") {
  std::string text = "<tv>";
  for (const std::string_view channel : channels)
    text += fmt::format(R"(<channel id="{0}"><display-name>{0}</display-name></channel>)", channel);
  for (const std::string_view channel : channels)
    text += fmt::format(R"(<programme start="20261128120000 +0000" channel="{0}"{1}>)"
                        R"(<title>{0}</title></programme>)",
                        channel, more);
  return text + "</tv>";
}

class InspectionTest : public JobsTest {
 protected:
  Inspection of_guide(const std::string& text) {
    io::MemorySource bytes(text);
    return must(inspect_guide(bytes, process_->budget(), nullptr, cancel_));
  }
};

TEST_F(InspectionTest, GuidesOfTheSameChannelsAreEqualHoweverManyProgrammesTheyHave) {
  const Inspection found = of_guide(guide({"a", "b"}));
  EXPECT_EQ(found.items, 2U);
  EXPECT_EQ(found.channel_set.size(), 32U);
  EXPECT_EQ(of_guide(guide({"b", "a", "b", "b"})).channel_set, found.channel_set);
  EXPECT_EQ(of_guide(guide({"b", "a"}, " other='x'")).channel_set, found.channel_set);
  EXPECT_NE(of_guide(guide({"a", "c"})).channel_set, found.channel_set);
  EXPECT_NE(of_guide(guide({"a"})).channel_set, found.channel_set);
}

TEST_F(InspectionTest, ALongListOfGenresIsAList) {
  std::string list = "News,#genre#\n";
  for (int i = 0; i < 5000; ++i) list += fmt::format("Channel {0},http://h/{0}.ts\n", i);
  io::MemorySource bytes(list);
  EXPECT_EQ(must(inspect_playlist(bytes, Uuid{}, process_->slabs(), cancel_)).items, 5000U);
}

}  // namespace
}  // namespace m3u_proxy::jobs::testing
