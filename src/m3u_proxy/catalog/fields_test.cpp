#include <gtest/gtest.h>

#include <m3u_proxy/catalog/fields.hpp>

namespace m3u_proxy::catalog {
namespace {

std::string resolve(Domain domain, std::string_view name) {
  const auto field = find_field(domain, name);
  return field ? field_name(domain, *field) : "unknown";
}

TEST(Fields, EveryNameStandsForItself) {
  for (const char* name :
       {"channel_name", "tvg_id", "tvg_name", "tvg_logo", "tvg_shift", "tvg_chno", "group_title",
        "stream_url", "source_name", "source_type", "source_url", "media_type"})
    EXPECT_EQ(resolve(Domain::kChannels, name), name);
  for (const char* name :
       {"channel_id", "programme_title", "programme_subtitle", "programme_description",
        "programme_category", "programme_icon", "episode_num", "season_num", "language", "rating",
        "start", "stop", "source_name", "is_new", "is_live", "is_premiere", "is_previously_shown"})
    EXPECT_EQ(resolve(Domain::kProgrammes, name), name);
  for (const char* name :
       {"channel_id", "display_name", "icon", "source_name", "source_type", "source_url"})
    EXPECT_EQ(resolve(Domain::kGuideChannels, name), name);
  EXPECT_EQ(resolve(Domain::kGuideChannels, "display-name"), "display_name");
  EXPECT_EQ(resolve(Domain::kGuideChannels, "title"), "unknown");
}

TEST(Fields, AttributesAreReadIntoTheirFieldInAnySpellingAndCase) {
  using enum ChannelField;
  const std::vector<std::pair<const char*, ChannelField>> known = {
      {"tvg-id", kTvgId},           {"TVG-ID", kTvgId},          {"tvg-name", kTvgName},
      {"tvg-logo", kTvgLogo},       {"Logo", kTvgLogo},          {"tvg-chno", kTvgChno},
      {"tvh-chnum", kTvgChno},      {"num", kTvgChno},           {"NUM", kTvgChno},
      {"channel-number", kTvgChno}, {"tvg-channo", kTvgChno},    {"tvg-shift", kTvgShift},
      {"group-title", kGroupTitle}, {"Group-Title", kGroupTitle}};
  for (const auto& [key, field] : known) EXPECT_EQ(field_of_attribute(key), field) << key;
}

TEST(Fields, OtherAttributesAreReadIntoNoField) {
  for (const char* key : {"", "nu", "nun", "tvg-ix", "tvg_id", "tvg\rid", "tvg-names", "logos",
                          "group-titlf", "channel-numbe", "tvg-logo-small", "catchup"})
    EXPECT_EQ(field_of_attribute(key), std::nullopt) << key;
}

TEST(Fields, ChannelAliases) {
  EXPECT_EQ(resolve(Domain::kChannels, "channel_group"), "group_title");
  EXPECT_EQ(resolve(Domain::kChannels, "channel_number"), "tvg_chno");
  EXPECT_EQ(resolve(Domain::kChannels, "tvg-chno"), "tvg_chno");
  EXPECT_EQ(resolve(Domain::kChannels, "name"), "channel_name");
  EXPECT_EQ(resolve(Domain::kChannels, "url"), "stream_url");
  EXPECT_EQ(resolve(Domain::kChannels, "group-title"), "group_title");
}

TEST(Fields, ProgrammeAliases) {
  for (const char* name : {"program_title", "title", "prog_title", "programme-title"})
    EXPECT_EQ(resolve(Domain::kProgrammes, name), "programme_title");
  for (const char* name : {"program_description", "description", "prog_desc"})
    EXPECT_EQ(resolve(Domain::kProgrammes, name), "programme_description");
  EXPECT_EQ(resolve(Domain::kProgrammes, "subtitles"), "programme_subtitle");
  EXPECT_EQ(resolve(Domain::kProgrammes, "episode_number"), "episode_num");
  EXPECT_EQ(resolve(Domain::kProgrammes, "season_number"), "season_num");
}

TEST(Fields, AttributesAreNamedWithoutCase) {
  EXPECT_EQ(resolve(Domain::kChannels, "attr:Catchup-Days"), "attr:catchup-days");
  EXPECT_EQ(resolve(Domain::kChannels, "attr:tvg-id"), "tvg_id");
  EXPECT_EQ(resolve(Domain::kChannels, "attr:logo"), "tvg_logo");
  EXPECT_EQ(resolve(Domain::kChannels, "attr:"), "unknown");
  EXPECT_EQ(resolve(Domain::kProgrammes, "attr:x"), "unknown");
}

TEST(Fields, NamesAreLowerCaseAndOthersUnknown) {
  EXPECT_EQ(resolve(Domain::kChannels, "TVG_ID"), "unknown");
  EXPECT_EQ(resolve(Domain::kChannels, "group_tittle"), "unknown");
}

TEST(Fields, SourceFieldsAreReadOnly) {
  EXPECT_TRUE(find_field(Domain::kChannels, "stream_url")->writable);
  EXPECT_TRUE(find_field(Domain::kChannels, "attr:x")->writable);
  EXPECT_FALSE(find_field(Domain::kChannels, "source_name")->writable);
  EXPECT_FALSE(find_field(Domain::kChannels, "media_type")->writable);
  EXPECT_TRUE(find_field(Domain::kProgrammes, "start")->writable);
  EXPECT_FALSE(find_field(Domain::kProgrammes, "source_url")->writable);
}

}  // namespace
}  // namespace m3u_proxy::catalog
