#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/plugins/manifest.hpp>

namespace m3u_proxy::plugins {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string refusal(std::string_view json) {
  const auto info = parse_info(json);
  if (info) return "no error";
  EXPECT_EQ(info.error().code, ErrorCode::kParse);
  return info.error().message;
}

/// Info whose `memory_requirements` is this.
std::string with_memory(std::string_view memory) {
  return R"({"name":"a","version":"1","supported_stages":["epg"],"memory_requirements":)" +
         std::string(memory) + "}";
}

/// Info whose `supported_stages` is this.
std::string with_stages(std::string_view stages) {
  return R"({"name":"a","version":"1","memory_requirements":{},"supported_stages":)" +
         std::string(stages) + "}";
}

TEST(PluginInfo, SaysWhatThePluginNeeds) {
  const auto info = parse_info(
      R"({"name":"dedup","version":"2.1","author":"A","description":"D","license":"MIT",
          "supported_stages":["data_mapping","epg"],
          "memory_requirements":{"min_heap_mb":8,"max_heap_mb":64,"supports_streaming":true,
                                 "supports_compression":true},"more":[1]})");
  ASSERT_TRUE(info.has_value()) << to_string(info.error());
  EXPECT_EQ(info->name, "dedup");
  EXPECT_EQ(info->version, "2.1");
  EXPECT_EQ(info->author, "A");
  EXPECT_EQ(info->description, "D");
  EXPECT_EQ(info->license, "MIT");
  EXPECT_THAT(info->supported_stages, ElementsAre(PluginStage::kDataMapping, PluginStage::kEpg));
  EXPECT_EQ(info->memory_requirements.min_heap_mb, 8U);
  EXPECT_EQ(info->memory_requirements.max_heap_mb, 64U);
  EXPECT_TRUE(info->memory_requirements.supports_streaming);
  EXPECT_TRUE(info->memory_requirements.supports_compression);
}

TEST(PluginInfo, AccumulatesWithoutCompressionUnlessItSaysSo) {
  const auto info = parse_info(with_memory("{}"));
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->memory_requirements.min_heap_mb, 0U);
  EXPECT_EQ(info->memory_requirements.max_heap_mb, 0U);
  EXPECT_FALSE(info->memory_requirements.supports_streaming);
  EXPECT_FALSE(info->memory_requirements.supports_compression);
}

TEST(PluginInfo, IsAnObjectOfAtMost64Kb) {
  for (const std::string_view bad : {"", "[]", "\"x\"", "{\"name\":", "{\"name\":\"\xFF\"}"})
    EXPECT_THAT(refusal(bad), HasSubstr("not a JSON object")) << bad;
  EXPECT_THAT(refusal(std::string(65537, ' ')), HasSubstr("larger than 64 KB"));
}

TEST(PluginInfo, SurvivesDeepNesting) {
  EXPECT_THAT(refusal(std::string(60000, '[')), HasSubstr("not a JSON object"));
}

TEST(PluginInfo, NamesWhatIsMissingOrOfAWrongType) {
  EXPECT_THAT(refusal("{}"), HasSubstr("\"name\" is missing"));
  EXPECT_THAT(refusal(R"({"name":""})"), HasSubstr("\"name\" is empty"));
  EXPECT_THAT(refusal(R"({"name":1})"), HasSubstr("\"name\" is not a text"));
  EXPECT_THAT(refusal(R"({"name":"a"})"), HasSubstr("\"version\" is missing"));
  EXPECT_THAT(refusal(R"({"name":"a","version":"1","license":2})"),
              HasSubstr("\"license\" is not a text"));
  EXPECT_THAT(refusal(R"({"name":"a","version":"1"})"), HasSubstr("\"supported_stages\""));
  EXPECT_THAT(refusal(R"({"name":"a","version":"1","supported_stages":["epg"]})"),
              HasSubstr("\"memory_requirements\" is not an object"));
}

TEST(PluginInfo, KnowsEachStageOnce) {
  EXPECT_THAT(refusal(with_stages("[]")), HasSubstr("at least one stage"));
  EXPECT_THAT(refusal(with_stages("\"epg\"")), HasSubstr("at least one stage"));
  EXPECT_THAT(refusal(with_stages("[\"logos\"]")), HasSubstr("\"logos\""));
  EXPECT_THAT(refusal(with_stages("[3]")), HasSubstr("\"3\""));
  EXPECT_THAT(refusal(with_stages("[\"epg\",\"epg\"]")), HasSubstr("lists \"epg\" twice"));
}

TEST(PluginInfo, HasSizesThatA32BitMemoryCanHave) {
  EXPECT_THAT(refusal(with_memory(R"({"max_heap_mb":4097})")), HasSubstr("from 0 to 4096"));
  EXPECT_THAT(refusal(with_memory(R"({"min_heap_mb":-1})")), HasSubstr("\"min_heap_mb\""));
  EXPECT_THAT(refusal(with_memory(R"({"min_heap_mb":"8"})")), HasSubstr("\"min_heap_mb\""));
  EXPECT_THAT(refusal(with_memory(R"({"min_heap_mb":8,"max_heap_mb":4})")),
              HasSubstr("below \"min_heap_mb\""));
  EXPECT_THAT(refusal(with_memory(R"({"supports_streaming":1})")), HasSubstr("not true or false"));
}

}  // namespace
}  // namespace m3u_proxy::plugins
