#include <gtest/gtest.h>

#include <m3u_proxy/base/config_node.hpp>

namespace m3u_proxy {
namespace {

/// The place of byte `offset` of the decoded value of key `e` in `document`.
std::string place_of(std::string_view document, std::size_t offset) {
  const auto tree = parse_toml(document, "f.toml");
  EXPECT_TRUE(tree.has_value());
  if (!tree) return "";
  const Where where = place_in_string(document, tree->find("e")->value.where, offset);
  return std::to_string(where.line) + ":" + std::to_string(where.column);
}

TEST(ParseToml, KnowsWhereKeysAndValuesStand) {
  const auto tree = parse_toml("[a]\nfirst = 1\n  second = [2, 'three']\n", "f.toml");
  ASSERT_TRUE(tree.has_value());
  const ConfigNode& table = tree->find("a")->value;
  EXPECT_EQ(table.find("first")->value.where.line, 2U);
  EXPECT_EQ(table.find("first")->value.where.column, 9U);
  EXPECT_EQ(table.find("second")->where.line, 3U);
  EXPECT_EQ(table.find("second")->where.column, 3U);
  const ConfigNode& list = table.find("second")->value;
  EXPECT_EQ(list.items[1].where.column, 16U);
  EXPECT_EQ(list.items[1].where.source, "f.toml");
}

TEST(ParseToml, AHeaderWithoutANameIsAnErrorWithItsPlace) {
  for (const char* const text : {"[ =", "[ = 1]\n", "[[ ?", "[a. =]"}) {
    const auto root = parse_toml(text, "c.toml");
    ASSERT_FALSE(root) << text;
    EXPECT_EQ(root.error().where.line, 1U) << text;
  }
}

TEST(ParseToml, LettersThatStandNowhereAreAnErrorWithTheirPlace) {
  for (const char* const text : {"\u00FC", "\uFBEF ", "a = \u00FC", "[\u0101]", "a\u0101 = 1"}) {
    const auto root = parse_toml(text, "c.toml");
    ASSERT_FALSE(root) << text;
    EXPECT_EQ(root.error().where.line, 1U) << text;
  }
}

TEST(ParseToml, KeepsTheOrderOfTheDocument) {
  const auto tree = parse_toml("b = 1\na = 2\nc = 3\n", "f.toml");
  ASSERT_TRUE(tree.has_value());
  ASSERT_EQ(tree->members.size(), 3U);
  EXPECT_EQ(tree->members[0].name, "b");
  EXPECT_EQ(tree->members[1].name, "a");
  EXPECT_EQ(tree->members[2].name, "c");
}

TEST(ParseToml, TellsTypesApart) {
  const auto tree = parse_toml("i = 7\nn = 0.5\nb = true\nd = 2026-01-01\ns = 'x'\n", "f.toml");
  ASSERT_TRUE(tree.has_value());
  EXPECT_EQ(tree->find("i")->value.integer, 7);
  EXPECT_EQ(tree->find("n")->value.number, 0.5);
  EXPECT_TRUE(tree->find("b")->value.boolean);
  EXPECT_EQ(tree->find("d")->value.kind, ConfigNode::Kind::kDate);
  EXPECT_EQ(tree->find("s")->value.text, "x");
  EXPECT_EQ(tree->find("z"), nullptr);
}

TEST(ParseToml, KeepsDatesAsTheyAreWritten) {
  const auto tree =
      parse_toml("d = 2026-01-02\nt = 03:04:05\nb = 2026-01-02T03:04:05+01:00\n", "f.toml");
  ASSERT_TRUE(tree.has_value());
  EXPECT_EQ(tree->find("d")->value.text, "2026-01-02");
  EXPECT_EQ(tree->find("t")->value.text, "03:04:05");
  EXPECT_EQ(tree->find("b")->value.text, "2026-01-02T03:04:05+01:00");
}

TEST(ParseToml, NamesThePlaceOfASyntaxError) {
  const auto tree = parse_toml("a = 1\nb = = 2\n", "f.toml");
  ASSERT_FALSE(tree.has_value());
  EXPECT_EQ(tree.error().code, ErrorCode::kConfig);
  EXPECT_EQ(tree.error().where.source, "f.toml");
  EXPECT_EQ(tree.error().where.line, 2U);
  EXPECT_EQ(tree.error().where.column, 5U);
}

TEST(ParseToml, RefusesAKeyGivenTwice) {
  const auto tree = parse_toml("a = 1\na = 2\n", "f.toml");
  ASSERT_FALSE(tree.has_value());
  EXPECT_EQ(tree.error().where.line, 2U);
}

TEST(PlaceInString, CountsFromTheQuoteOfALiteral) {
  EXPECT_EQ(place_of("e = 'abc'", 0), "1:6");
  EXPECT_EQ(place_of("e = 'abc'", 2), "1:8");
}

TEST(PlaceInString, CountsCharactersNotBytes) { EXPECT_EQ(place_of("e = 'äöx'", 4), "1:8"); }

TEST(PlaceInString, StepsOverEscapes) {
  EXPECT_EQ(place_of(R"(e = "a\"b")", 2), "1:9");
  EXPECT_EQ(place_of(R"(e = "\u00e4b")", 2), "1:12");
  EXPECT_EQ(place_of(R"(e = "\U0001F600b")", 4), "1:16");
}

TEST(PlaceInString, TakesBackslashesOfALiteralAsTheyAre) {
  EXPECT_EQ(place_of(R"(e = 'a\db')", 3), "1:9");
}

TEST(PlaceInString, FollowsLinesOfLongStrings) {
  EXPECT_EQ(place_of("e = '''\nab\ncd'''", 4), "3:2");
  EXPECT_EQ(place_of("e = \"\"\"\nab\ncd\"\"\"", 4), "3:2");
  EXPECT_EQ(place_of("e = '''ab'''", 1), "1:9");
}

TEST(PlaceInString, JoinsLinesThatEndInABackslash) {
  EXPECT_EQ(place_of("e = \"\"\"ab \\\n   cd\"\"\"", 4), "2:5");
}

}  // namespace
}  // namespace m3u_proxy
