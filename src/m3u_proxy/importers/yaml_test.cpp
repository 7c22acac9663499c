#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/importers/documents.hpp>
#include <m3u_proxy/importers/yaml.hpp>

namespace m3u_proxy::importers {
namespace {

std::string error_of(const std::string& text) {
  const auto parsed = parse_yaml(text, "a.yml");
  return parsed ? "parsed" : to_string(parsed.error());
}

TEST(Yaml, ScalarsHaveTheTypesOfTheCoreSchema) {
  const auto node = parse_yaml("a: 12\nb: '12'\nc: true\nd: 1.5\ne: text # not this\nf: ~\n", "a");
  ASSERT_TRUE(node);
  EXPECT_EQ(find(*node, "a")->integer, 12);
  EXPECT_EQ(find(*node, "b")->kind, ConfigNode::Kind::kString);
  EXPECT_TRUE(flag_of(*node, "c", false));
  EXPECT_EQ(find(*node, "d")->number, 1.5);
  EXPECT_EQ(text_of(*node, "e"), "text");
  EXPECT_EQ(find(*node, "f"), nullptr);
}

TEST(Yaml, TextsKeepTheirLinesAndQuotes) {
  const auto node = parse_yaml("a: |\n  @x = \"1\"\n  @y = 2\nb: 'it''s'\nc: \"\\u00e9\"\n", "a");
  ASSERT_TRUE(node);
  EXPECT_EQ(text_of(*node, "a"), "@x = \"1\"\n@y = 2\n");
  EXPECT_EQ(text_of(*node, "b"), "it's");
  EXPECT_EQ(text_of(*node, "c"), "\xC3\xA9");
}

TEST(Yaml, NodesKnowTheirPlace) {
  const auto node = parse_yaml("list:\n  - name: one\n", "a.yml");
  ASSERT_TRUE(node);
  const Where where = items_of(*node, "list").front().find("name")->value.where;
  EXPECT_EQ(where.line, 2U);
  EXPECT_EQ(where.column, 11U);
}

TEST(Yaml, AliasesAreRefused) {
  EXPECT_EQ(error_of("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"),
            "a.yml:2:8: an alias is not read (write the value out in its place)");
  EXPECT_EQ(error_of("a: &a {x: 1}\nb:\n  <<: *a\n"),
            "a.yml:3:7: an alias is not read (write the value out in its place)");
}

TEST(Yaml, WhatIsNestedTooDeeplyIsRefused) {
  EXPECT_EQ(error_of(std::string(64, '[') + std::string(64, ']')), "parsed");
  EXPECT_EQ(error_of(std::string(65, '[') + std::string(65, ']')),
            "a.yml:1:65: the document is nested too deeply");
  EXPECT_NE(error_of(std::string(200'000, '[')), "parsed");
  EXPECT_NE(error_of(std::string(100'000, '{')), "parsed");
}

TEST(Yaml, AKeyThatIsThereTwiceIsRefused) {
  EXPECT_EQ(error_of("a: 1\nb: 2\na: 3\n"), "a.yml:3:1: a is there twice");
}

TEST(Yaml, WhatIsNoYamlIsAnErrorWithItsPlace) {
  EXPECT_EQ(error_of("a: [1, 2\nb: 3\n"),
            "a.yml:2:2: this is no YAML: end of sequence flow not found");
  EXPECT_NE(error_of("a: @x\n"), "parsed");
  EXPECT_NE(error_of("? [1]\n: 2\n"), "parsed");
  EXPECT_EQ(error_of("--- 1\n--- 2\n"), "a.yml: holds more than one document");
}

TEST(Yaml, TheSizeIsBounded) {
  EXPECT_EQ(error_of("a: " + std::string(std::size_t{4} << 20U, 'x')),
            "a.yml: is larger than 4 MB");
}

TEST(Yaml, NothingIsAnEmptyTable) {
  const auto node = parse_yaml("# only a comment\n", "a.yml");
  ASSERT_TRUE(node);
  EXPECT_TRUE(node->members.empty());
}

}  // namespace
}  // namespace m3u_proxy::importers
