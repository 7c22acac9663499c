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
  while (cursor.next()) {
    std::string value(cursor.value());
    if (cursor.value_has_escapes()) {
      value.clear();
      unescape_value(cursor.value(), value);
    }
    parsed.pairs.emplace_back(cursor.key(), value);
  }
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

TEST(M3uAttributes, AQuotationInsideAValueDoesNotEndIt) {
  EXPECT_EQ(parse(R"( a="Radio "Nord" plus" b="x",N)").pairs,
            (Pairs{{"a", R"(Radio "Nord" plus)"}, {"b", "x"}}));
  EXPECT_EQ(parse(R"( a="The "Big" One, two" b="x",N, M)").pairs,
            (Pairs{{"a", R"(The "Big" One, two)"}, {"b", "x"}}));
  EXPECT_EQ(parse(R"( a="The "Big", two" b="x",N)").pairs,
            (Pairs{{"a", R"(The "Big", two)"}, {"b", "x"}}));
  EXPECT_EQ(parse(R"( a='Rock 'n' Roll' b='x',N)").pairs,
            (Pairs{{"a", "Rock 'n' Roll"}, {"b", "x"}}));
  EXPECT_EQ(parse(R"( a=""A" and "B"",N)").pairs, (Pairs{{"a", R"("A" and "B")"}}));
  EXPECT_EQ(parse(R"( a="Radio "Nord"" b="x",N)").pairs,
            (Pairs{{"a", R"(Radio "Nord")"}, {"b", "x"}}));
  EXPECT_EQ(parse(R"( a=""A B"",N)").pairs, (Pairs{{"a", R"("A B")"}}));
}

TEST(M3uAttributes, WithoutAnotherEndTheQuotationEndsTheValue) {
  for (const char* text : {R"( a="The "Big",N "x")", R"( a="The "Big" b="x",N "x")",
                           R"( a="The "Big" stray b="x",N "x")"}) {
    EXPECT_EQ(parse(text).pairs.front(), (Pairs::value_type{"a", R"(The "Big)"})) << text;
    EXPECT_EQ(parse(text).rest, R"(N "x")") << text;
  }
  EXPECT_EQ(parse(R"( a="x" stray,The "Best")").pairs, (Pairs{{"a", "x"}}));
  EXPECT_EQ(parse(R"( a="x" stray,The "Best")").rest, R"(The "Best")");
  EXPECT_EQ(parse(R"( a="The "Big One b="x",N)").pairs,
            (Pairs{{"a", R"(The "Big One)"}, {"b", "x"}}));
}

TEST(M3uAttributes, TextGluedToAClosingQuoteIsStray) {
  for (const char* text : {R"( a="N,M"x,N)", R"( a="N,M"x y b="1",N)", R"( a="N,M";b="1",N)",
                           R"( a="N,M"; b="1",N)", R"( a="N,M"x,The "Best")"}) {
    AttributeCursor cursor(text);
    ASSERT_TRUE(cursor.next()) << text;
    EXPECT_EQ(cursor.value(), "N,M") << text;
    while (cursor.next()) continue;
    EXPECT_TRUE(cursor.found_stray_text()) << text;
    EXPECT_FALSE(cursor.found_open_quote()) << text;
  }
  EXPECT_EQ(parse(R"( a="N,M"x,N)").rest, "N");
  EXPECT_EQ(parse(R"( a="1";b="2"; c="3",N)").pairs, (Pairs{{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  // An apostrophe is no closing quote.
  EXPECT_EQ(parse(R"( a='It's on TV,N)").pairs, (Pairs{{"a", "It's on TV"}}));
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

TEST(M3uAttributes, ACommaBeforeAQuotedPairOnlySeparatesWhileACommaIsLeft) {
  const Pairs both = {{"a", "1"}, {"b", "2"}};
  for (const char* text : {R"(,a="1" b="2",N)", R"(, a="1" b="2",N)", R"( a="1",b="2",N)",
                           R"( a="1" , b='2',N)", R"(,a="1",b="2",N)",
                           ",\ta='1',\xC2\xA0"
                           "b=\"2\",N",
                           R"(,a = "1", b= "2",N)", R"( a="1"b="2",N)"}) {
    EXPECT_EQ(parse(text).pairs, both) << text;
    EXPECT_EQ(parse(text).rest, "N") << text;
  }
  EXPECT_EQ(parse(R"( a="1",b="2")").pairs, (Pairs{{"a", "1"}}));
  EXPECT_EQ(parse(R"( a="1",b="2")").rest, R"(b="2")");
  EXPECT_EQ(parse(R"(,Plain = name, with comma)").rest, "Plain = name, with comma");
  EXPECT_EQ(parse(R"(,b=2,N)").rest, "b=2,N");
  EXPECT_EQ(parse(R"( a="1", Say "yes", please)").rest, R"(Say "yes", please)");
}

TEST(M3uAttributes, FurtherCommasAndBlanksBeforeTheNameAreSkipped) {
  for (const char* text : {R"( a="1",,N)", R"( a="1", , N)", R"( a="1",	,N)", ",\xC2\xA0,N",
                           ",\xEF\xBC\x8C\xE3\x80\x80N", ",N \xC2\xA0"})
    EXPECT_EQ(parse(text).rest, "N") << text;
  EXPECT_EQ(parse(",,,").rest, "");
  EXPECT_EQ(parse(",N,,M").rest, "N,,M");
}

TEST(M3uAttributes, AFullWidthCommaCountsRightBehindTheDurationOrAValue) {
  EXPECT_EQ(parse("，N, part").rest, "N, part");
  EXPECT_EQ(parse(R"( a="1"，N，M)").rest, "N，M");
  EXPECT_EQ(parse("a=1，N").pairs, (Pairs{{"a", "1"}}));
  EXPECT_EQ(parse("a=1，N").rest, "N");
  EXPECT_EQ(parse(R"( a="1"，b="2",N)").pairs, (Pairs{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(parse(R"( a="1" ，N)").rest, "N");
  // Elsewhere it is a character.
  EXPECT_EQ(parse(" text，N,M").rest, "M");
  EXPECT_EQ(parse(R"( a="x，y",N)").pairs, (Pairs{{"a", "x，y"}}));
}

TEST(M3uAttributes, ABackslashBeforeAQuoteEscapesItWhileAnotherQuoteCloses) {
  EXPECT_EQ(parse(R"( a="x \"y\" z" b="1",N)").pairs, (Pairs{{"a", "x \"y\" z"}, {"b", "1"}}));
  EXPECT_EQ(parse(R"( a="The \"Best\" of, all",N)").pairs, (Pairs{{"a", "The \"Best\" of, all"}}));
  EXPECT_EQ(parse(R"( a="\"x\"",N)").pairs, (Pairs{{"a", "\"x\""}}));
  EXPECT_EQ(parse(R"( a="x\"y")").pairs, (Pairs{{"a", "x\"y"}}));
  EXPECT_EQ(parse(R"( a='It\'s' b='1',N)").pairs, (Pairs{{"a", "It's"}, {"b", "1"}}));
  EXPECT_EQ(parse(R"( a='x \"y\"' b='1',N)").pairs, (Pairs{{"a", "x \"y\""}, {"b", "1"}}));
}

TEST(M3uAttributes, ABackslashBeforeTheLastQuoteIsACharacter) {
  EXPECT_EQ(parse(R"( a="C:\x\" b="1",N)").pairs, (Pairs{{"a", R"(C:\x\)"}, {"b", "1"}}));
  EXPECT_EQ(parse(R"( a="C:\x\" b="D:\y\",N)").pairs,
            (Pairs{{"a", R"(C:\x\)"}, {"b", R"(D:\y\)"}}));
  EXPECT_EQ(parse(R"( a="C:\x\"b="1",N)").pairs, (Pairs{{"a", R"(C:\x\)"}, {"b", "1"}}));
  EXPECT_EQ(parse(R"( a="C:\x\",N)").rest, "N");
  EXPECT_EQ(parse(R"( a="C:\x\")").pairs, (Pairs{{"a", R"(C:\x\)"}}));
  EXPECT_EQ(parse(R"( a="C:\x\" b=" c=1",N)").pairs, (Pairs{{"a", R"(C:\x\)"}, {"b", " c=1"}}));
  EXPECT_EQ(parse(R"( a="x\\" b="1",N)").pairs, (Pairs{{"a", R"(x\\)"}, {"b", "1"}}));
}

TEST(M3uAttributes, AMissingOpeningQuoteEndsAtTheQuoteBeforeTheNextPairOrTheComma) {
  for (const char* text : {R"( a=x y" b="1",N)", R"( a=x y" , b="1",N)", R"( a=x y"b="1",N)",
                           R"( a = x y"  b=1,N)", R"( a=x y' b='1',N)"}) {
    EXPECT_EQ(parse(text).pairs, (Pairs{{"a", "x y"}, {"b", "1"}})) << text;
    EXPECT_EQ(parse(text).rest, "N") << text;
  }
  EXPECT_EQ(parse(R"( a=x y",N)").pairs, (Pairs{{"a", "x y"}}));
  EXPECT_EQ(parse(R"( a=x",N)").pairs, (Pairs{{"a", "x"}}));
  // No such quote: the value ends at the blank.
  EXPECT_EQ(parse(R"( a=x y b="1",N)").pairs, (Pairs{{"a", "x"}, {"b", "1"}}));
  EXPECT_EQ(parse(R"( a=x "y" b="1",N)").pairs, (Pairs{{"a", "x"}, {"b", "1"}}));
  EXPECT_EQ(parse(R"( a=x,y" b="1")").rest, R"(y" b="1")");
  EXPECT_EQ(parse(R"( a=Kids' b=1,N)").pairs, (Pairs{{"a", "Kids'"}, {"b", "1"}}));
}

TEST(M3uAttributes, AMissingClosingQuoteEndsBeforeAPairBehindAComma) {
  EXPECT_EQ(parse(R"( a="x,b="1",N)").pairs, (Pairs{{"a", "x"}, {"b", "1"}}));
  EXPECT_EQ(parse(R"( a="x, b="1",N)").pairs, (Pairs{{"a", "x"}, {"b", "1"}}));
}

TEST(M3uAttributes, NoBreakAndIdeographicSpacesAreBlanks) {
  EXPECT_EQ(parse("\xC2\xA0"
                  "a=\"1\"\xC2\xA0"
                  "b=2\xE3\x80\x80"
                  "c\xC2\xA0=\xC2\xA0\"3\",N")
                .pairs,
            (Pairs{{"a", "1"}, {"b", "2"}, {"c", "3"}}));
}

TEST(M3uAttributes, AnUnquotedValueMayHoldAnEqualsSign) {
  EXPECT_EQ(parse(" a=utc=1 b=x==,N").pairs, (Pairs{{"a", "utc=1"}, {"b", "x=="}}));
}

TEST(M3uAttributes, OnlyAQuoteThatTheEndOfTheTextEndsIsOpenAtTheEnd) {
  const auto open = [](std::string_view text) {
    AttributeCursor cursor(text);
    while (cursor.next()) continue;
    return cursor.quote_open_at_end();
  };
  EXPECT_EQ(open(R"( a="x y)"), '"');
  EXPECT_EQ(open(R"( a='x y)"), '\'');
  EXPECT_EQ(open(R"( a=")"), '"');
  EXPECT_EQ(open(R"( a="x, y)"), '\0');
  EXPECT_EQ(open(R"( a="x b=y)"), '\0');
  EXPECT_EQ(open(R"( a="x")"), '\0');
}

TEST(M3uAttributes, EmptyTextHasNoPairs) {
  const Parsed parsed = parse("");
  EXPECT_TRUE(parsed.pairs.empty());
  EXPECT_EQ(parsed.rest, "");
}

TEST(M3uAttributes, CraftedLinesAreLinear) {
  // Each of these would take minutes if a part of it were searched once a pair.
  for (const char* piece :
       {",b=\"x", " b=\"x\\\"", ",b='x\\'", " b=x y\"z", "\\\"", ",b=\"x\"", " b='", "，b=\"",
        "\"'=", " a= ", "\"!k=\"x", "!k=\"x \"y\" ", "\";k=\"", " \"x", "!k=\"x \"y\",", "x\"y "}) {
    std::string text = " a=\"";
    while (text.size() < 1U << 20U) text += piece;
    parse(text);
    parse("," + text);
  }
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
