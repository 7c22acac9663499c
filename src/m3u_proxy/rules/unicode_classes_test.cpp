#include <cstdint>
#include <string>

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/rules/pattern.hpp>
#include <m3u_proxy/rules/unicode_classes.hpp>

namespace m3u_proxy::rules {
namespace {

bool found(std::string_view source, std::string_view value) {
  const auto pattern = Pattern::compile(source, CaseRule::kExact);
  EXPECT_TRUE(pattern) << source << ": " << (pattern ? "" : pattern.error());
  return pattern && (*pattern)->matches(value, value);
}

TEST(UnicodeClasses, LettersBlanksAndDigitsOfAllScripts) {
  EXPECT_TRUE(found(R"(^\w+ HD$)", "Первый HD"));
  EXPECT_TRUE(found(R"(^\w+$)", "हिन्दी_٣Ⅳ")) << "marks, digits and letter numbers too";
  EXPECT_FALSE(found(R"(\w)", "-│Ⓢ©🎬 "));
  EXPECT_TRUE(found(R"(^\s+$)", "\u00A0\u2009\u202F\u3000\u2028\u0085\t\v "));
  EXPECT_FALSE(found(R"(\s)", "\u200Bx")) << "no White_Space";
  EXPECT_TRUE(found(R"(^\d\d\d$)", "1٣３"));
  EXPECT_FALSE(found(R"(\d)", "²Ⅳx"));
}

TEST(UnicodeClasses, CapitalsAreTheOpposite) {
  EXPECT_TRUE(found(R"(^\W+$)", "-│Ⓢ \n🎬"));
  EXPECT_FALSE(found(R"(\W)", "Первый_é5"));
  EXPECT_TRUE(found(R"(^\S+$)", "Первый│5"));
  EXPECT_FALSE(found(R"(\S)", "\u00A0 \u2009"));
  EXPECT_TRUE(found(R"(^\D+$)", "ПервыйⅣ "));
  EXPECT_FALSE(found(R"(\D)", "1٣"));
}

TEST(UnicodeClasses, InsideBracketsToo) {
  EXPECT_TRUE(found(R"(^[\w-]+$)", "Первый-канал"));
  EXPECT_FALSE(found(R"(^[\w-]+$)", "a b"));
  EXPECT_TRUE(found(R"(^[^\W_]+$)", "Первый5")) << "letters and digits without _";
  EXPECT_FALSE(found(R"([^\W_])", "_- "));
  EXPECT_TRUE(found(R"(^[^\W\d_]+$)", "Первый"));
  EXPECT_FALSE(found(R"([^\W\d_])", "5_٣"));
  EXPECT_TRUE(found(R"(^[\s│]+$)", "\u00A0│\u2009"));
  EXPECT_TRUE(found(R"(^[^\s]+$)", "ab"));
  EXPECT_FALSE(found(R"([^\s])", "\u00A0"));
  EXPECT_TRUE(found(R"(^[\s\S]+$)", "a\n\u00A0│"));
  EXPECT_TRUE(found(R"(^[\d\W]+$)", "5-│"));
  EXPECT_FALSE(found(R"([\W])", "Первый"));
  EXPECT_FALSE(found(R"(^[\D]$)", "٣"));
  EXPECT_TRUE(found(R"(^[]\w]+$)", "é]"));
  EXPECT_TRUE(found(R"(^[^]\w]+$)", "-("));
  EXPECT_TRUE(found(R"(^[\]\w]+$)", "é]"));
  EXPECT_TRUE(found(R"(^[[:digit:]\s]+$)", "5\u00A0"));
  EXPECT_FALSE(found(R"([[:alpha:]])", "é")) << "POSIX names stay ASCII";
}

TEST(UnicodeClasses, WithFlagsGroupsAndQuantifiers) {
  EXPECT_TRUE(found(R"(^(?i:\w{6}) (?P<quality>hd|HD)$)", "Первый HD"));
  EXPECT_TRUE(found(R"((?i)^[\wÉ]+$)", "éa"));
  EXPECT_TRUE(found(R"(^(?:\w+\s?)*?$)", "Первый канал"));
  EXPECT_TRUE(found(R"(^\w{1,150}$)", "Первый")) << "no more of them is too many";
}

TEST(UnicodeClasses, ABackslashBeforeThemOrQuotedTextIsNoClass) {
  EXPECT_TRUE(found(R"(^\\w$)", R"(\w)"));
  EXPECT_TRUE(found(R"(^[\\w]+$)", R"(\w)"));
  EXPECT_FALSE(found(R"([\\w])", "é"));
  EXPECT_TRUE(found(R"(\Q\w[\s\E\d)", R"(\w[\s5)"));
  EXPECT_TRUE(found(R"(\Q\w)", R"(\w)"));
  EXPECT_TRUE(found(R"(\bHD\b)", "é HD")) << "word boundaries stay ASCII";
  EXPECT_EQ(with_unicode_classes(R"(a\b\pL\p{Greek}\x{41}\.[a-z\]])"),
            R"(a\b\pL\p{Greek}\x{41}\.[a-z\]])");
}

TEST(UnicodeClasses, WhatRe2RefusesIsStillRefused) {
  for (const char* source : {R"([A-\w])", R"([\w)", R"([\)", R"(\)", R"([z-\s])", R"(\w{2,1})",
                             R"((\w)", R"([[:word\w:]])"}) {
    const re2::RE2 judge(source, re2::RE2::Quiet);
    ASSERT_FALSE(judge.ok()) << source;
    const auto pattern = Pattern::compile(source, CaseRule::kExact);
    ASSERT_FALSE(pattern) << source;
    EXPECT_EQ(pattern.error(), judge.error());
  }
  EXPECT_TRUE(found(R"(^[\w-z]+$)", "é-z")) << "a dash behind a class is a dash";
}

TEST(UnicodeClasses, ACapitalCompletesItsClassForEveryCharacter) {
  constexpr char32_t kStep = 4096;
  for (const char c : {'w', 's', 'd'}) {
    const char capital = static_cast<char>(c - 'a' + 'A');
    const std::string members = with_unicode_classes(std::string("[\\") + c + "]");
    for (const std::string& other :
         {std::string("[\\") + capital + "]", std::string("\\") + capital,
          std::string("(?i)[\\") + capital + "]"}) {
      const re2::RE2 neither(members + "+|(" + with_unicode_classes(other) + "+)");
      ASSERT_TRUE(neither.ok());
      const re2::RE2 within(members);
      for (char32_t first = 0; first < 0x110000; first += kStep) {
        if (first >= 0xD800 && first < 0xE000) continue;
        std::string text;
        for (char32_t code = first; code < first + kStep; ++code)
          if (code < 0xD800 || code > 0xDFFF) append_utf8(text, code);
        re2::StringPiece rest(text);
        re2::StringPiece beyond;
        while (re2::RE2::Consume(&rest, neither, &beyond))
          ASSERT_FALSE(re2::RE2::PartialMatch(beyond, within))
              << other << " near " << unsigned{first};
        EXPECT_TRUE(rest.empty()) << other << " is missing one from " << unsigned{first};
      }
    }
  }
}

}  // namespace
}  // namespace m3u_proxy::rules
