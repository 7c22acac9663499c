#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/importers/tuliprox_language.hpp>
#include <m3u_proxy/importers/yaml.hpp>

namespace m3u_proxy::importers {
namespace {

Templates templates(const std::string& yaml) {
  Templates out;
  out.add(parse_yaml(yaml, "t.yml").value());
  return out;
}

std::string filter(const std::string& text, const Templates& known = {}) {
  const auto result = tuliprox_filter(text, known);
  return result ? *result : "error: " + result.error().message;
}

std::string script(const std::string& text, const std::string& condition = "") {
  const auto result = tuliprox_script(text, condition, {});
  return result ? *result : "error: " + result.error().message;
}

TEST(TuliproxFilter, ComparisonsBecomeOurs) {
  EXPECT_EQ(filter("Group ~ \"^UK\""), "group_title case_sensitive matches \"^UK\"");
  EXPECT_EQ(filter("type = vod"), "media_type == \"movie\"");
  EXPECT_EQ(filter("Input = \"a\""), "source_name case_sensitive equals \"a\"");
  EXPECT_EQ(filter("Title != \"a\""), "NOT (channel_name case_sensitive equals \"a\")");
  EXPECT_EQ(filter("Url startswith \"http:\""), "stream_url case_sensitive starts_with \"http:\"");
  EXPECT_EQ(filter("epgid is not empty"), "tvg_id != \"\"");
  EXPECT_EQ(filter("Chno >= 10"), "tvg_chno >= 10");
  EXPECT_EQ(filter("Group in [\"A\", \"B+\"]"),
            "group_title case_sensitive matches \"^(?:A|B\\+)$\"");
}

TEST(TuliproxFilter, AndAndOrAreReadFromTheRight) {
  EXPECT_EQ(filter("type = live AND type = vod OR type = series"),
            "(media_type == \"live\") AND ((media_type == \"movie\") OR (media_type == "
            "\"series\"))");
  EXPECT_EQ(filter("NOT (type = live) OR type = vod"),
            "(NOT (media_type == \"live\")) OR (media_type == \"movie\")");
}

TEST(TuliproxFilter, TemplatesAreExpanded) {
  const Templates known = templates(
      "templates:\n- {name: A, value: 'Group ~ \"!B!\"'}\n- {name: B, value: '^x'}\n"
      "- {name: C, value: '!D!'}\n- {name: D, value: '!C!'}\n- {name: L, value: [a, b]}\n");
  EXPECT_EQ(filter("!A!", known), "group_title case_sensitive matches \"^x\"");
  EXPECT_EQ(filter("!C!", known), "error: templates name each other in a circle");
  EXPECT_EQ(filter("!E!", known), "error: there is no template !E!");
  EXPECT_EQ(filter("Group ~ \"!L!\"", known), "error: the template !L! is a list");
}

TEST(TuliproxFilter, TemplatesThatMultiplyAreBounded) {
  std::string yaml = "templates:\n- {name: T0, value: 'xxxxxxxxxxxxxxxx'}\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "!T" + std::to_string(i - 1) + "!";
    yaml += "- {name: T" + std::to_string(i) + ", value: '" + before + before + "'}\n";
  }
  EXPECT_EQ(filter("!T29!", templates(yaml)), "error: it is longer than 64 KB with its templates");
}

TEST(TuliproxFilter, WhatCannotBeSaidIsAnError) {
  EXPECT_EQ(filter("Quality >= 3"), "error: there is no field Quality here");
  EXPECT_EQ(filter("Group ~ \"(?=x)\"").substr(0, 6), "error:");
  EXPECT_EQ(filter("Group ~ \"a"), "error: a text has no end");
  EXPECT_EQ(filter("(Group ~ \"a\""), "error: a ) is missing");
  EXPECT_EQ(filter("Group ~ \"a\" Title"), "error: Title is not expected");
  EXPECT_EQ(filter(""), "error: there is no field  here");
  EXPECT_EQ(filter(std::string(5000, '(')), "error: it is nested too deeply");
}

TEST(TuliproxFilter, WhatIsAlwaysTrueIsKnown) {
  EXPECT_TRUE(is_always_true(filter("Title ~ \".*\"")));
  EXPECT_FALSE(is_always_true(filter("Title ~ \".+\"")));
  EXPECT_FALSE(is_always_true(filter("NOT (Title ~ \".*\")")));
  EXPECT_FALSE(is_always_true(filter("(Title ~ \".*\") AND type = live")));
}

TEST(TuliproxScript, AssignmentsBecomeARule) {
  EXPECT_EQ(script("@Group = \"News\"\n# no\n@Caption = concat(@Caption, \" $ \", @Input)\n"),
            "SET group_title = \"News\", "
            "channel_name = \"@field:channel_name $$ @field:source_name\"");
  EXPECT_EQ(script("@Group = \"A\"", "type = \"x\""), "type = \"x\" SET group_title = \"A\"");
}

TEST(TuliproxScript, CapturesAreCountedOverAllPatterns) {
  EXPECT_EQ(script("a = @Title ~ \"(x)(y)\"\nb = @Group ~ \"(?P<n>z)\"\n@Name = concat(a.2, b, "
                   "b.n)\n"),
            "channel_name case_sensitive matches \"(x)(y)\" AND group_title case_sensitive "
            "matches \"(?P<n>z)\" SET channel_name = \"${2}${3}${n}\"");
}

TEST(TuliproxScript, WhatARuleCannotSayIsAnError) {
  EXPECT_EQ(script("match {"), "error: \"match {\" is more than a rule can say");
  EXPECT_EQ(script("@Input = \"x\""), "error: \"@Input = \"x\"\" is more than a rule can say");
  EXPECT_EQ(script("@Group = unknown"), "error: \"@Group = unknown\" is more than a rule can say");
  EXPECT_EQ(script("@Group = uppercase(@Group)"),
            "error: \"@Group = uppercase(@Group)\" is more than a rule can say");
  EXPECT_EQ(script("# nothing"), "error: the script changes nothing");
}

}  // namespace
}  // namespace m3u_proxy::importers
