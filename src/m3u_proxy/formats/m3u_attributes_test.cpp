#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/formats/m3u_attributes.hpp>

namespace m3u_proxy::formats {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Parsed {
  Pairs pairs;
  std::string rest;
  bool comma = false;
};

Parsed parse(std::string_view text) {
  AttributeCursor cursor(text);
  Parsed parsed;
  while (cursor.next()) parsed.pairs.emplace_back(cursor.key(), cursor.value());
  parsed.rest = cursor.rest();
  parsed.comma = cursor.found_comma();
  return parsed;
}

TEST(M3uAttributes, DoubleSingleAndNoQuotes) {
  const Parsed parsed = parse(R"( a="x y" b='z w' c=v,Name)");
  EXPECT_EQ(parsed.pairs, (Pairs{{"a", "x y"}, {"b", "z w"}, {"c", "v"}}));
  EXPECT_EQ(parsed.rest, "Name");
}

TEST(M3uAttributes, NameStartsAfterFirstCommaOutsideValues) {
  const Parsed parsed = parse(R"( logo="http://x/a,b.png",The Good, the Bad)");
  EXPECT_EQ(parsed.pairs, (Pairs{{"logo", "http://x/a,b.png"}}));
  EXPECT_EQ(parsed.rest, "The Good, the Bad");
}

TEST(M3uAttributes, QuoteOpensAValueOnlyRightAfterEquals) {
  const Parsed parsed = parse(R"( "odd" a="x",Say "yes", please)");
  EXPECT_EQ(parsed.pairs, (Pairs{{"a", "x"}}));
  EXPECT_EQ(parsed.rest, R"(Say "yes", please)");
}

TEST(M3uAttributes, SpacesAroundEquals) {
  EXPECT_EQ(parse(R"( tvg-id = "Hbo" b ='1',N)").pairs, (Pairs{{"tvg-id", "Hbo"}, {"b", "1"}}));
}

TEST(M3uAttributes, GluedPairs) {
  EXPECT_EQ(parse(R"( a="x"tvg-chno="112"c='y'd=z,N)").pairs,
            (Pairs{{"a", "x"}, {"tvg-chno", "112"}, {"c", "y"}, {"d", "z"}}));
}

TEST(M3uAttributes, MissingClosingQuoteEndsBeforeTheNextPair) {
  const Parsed parsed = parse(R"( tvg-name="Foo Bar group-title="News",N)");
  EXPECT_EQ(parsed.pairs, (Pairs{{"tvg-name", "Foo Bar"}, {"group-title", "News"}}));
  EXPECT_EQ(parsed.rest, "N");
}

TEST(M3uAttributes, MissingClosingQuoteEndsBeforeAnUnquotedPair) {
  EXPECT_EQ(parse(R"( a="Foo Bar b=1,N)").pairs, (Pairs{{"a", "Foo Bar"}, {"b", "1"}}));
}

TEST(M3uAttributes, MissingClosingQuoteEndsAtTheComma) {
  const Parsed parsed = parse(R"( a="Foo Bar,Name)");
  EXPECT_EQ(parsed.pairs, (Pairs{{"a", "Foo Bar"}}));
  EXPECT_EQ(parsed.rest, "Name");
}

TEST(M3uAttributes, QuoteInsideAValueStays) {
  EXPECT_EQ(parse(R"( a='Hell's Kitchen' b="x",N)").pairs,
            (Pairs{{"a", "Hell's Kitchen"}, {"b", "x"}}));
}

TEST(M3uAttributes, ValueThatEndsInEqualsIsClosed) {
  EXPECT_EQ(parse(R"( logo="http://x/?url=" b="foo bar=" c="1",N)").pairs,
            (Pairs{{"logo", "http://x/?url="}, {"b", "foo bar="}, {"c", "1"}}));
}

TEST(M3uAttributes, EmptyValues) {
  EXPECT_EQ(parse(R"( a="" b='' c= d="x",N)").pairs,
            (Pairs{{"a", ""}, {"b", ""}, {"c", ""}, {"d", "x"}}));
}

TEST(M3uAttributes, WithoutCommaTheRestIsTheName) {
  const Parsed parsed = parse(R"( a="x" My Channel)");
  EXPECT_FALSE(parsed.comma);
  EXPECT_EQ(parsed.rest, "My Channel");
  EXPECT_EQ(parse("  1 $ CHANNEL").rest, "1 $ CHANNEL");
}

TEST(M3uAttributes, EmptyTextHasNoPairs) {
  const Parsed parsed = parse("");
  EXPECT_TRUE(parsed.pairs.empty());
  EXPECT_EQ(parsed.rest, "");
}

TEST(M3uAttributes, LongOpenQuoteIsLinear) {
  // A quadratic scan of a megabyte would take minutes.
  const std::string text = " a=\"" + std::string(1U << 20U, 'x') + " y";
  EXPECT_EQ(parse(text).pairs.size(), 1U);
  const std::string quotes = " a='" + std::string(1U << 20U, '\'') + "x";
  EXPECT_EQ(parse(quotes).pairs.size(), 1U);
}

}  // namespace
}  // namespace m3u_proxy::formats
