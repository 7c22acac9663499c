#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy {
namespace {

std::string folded_name(std::string_view name) {
  std::string out;
  fold_name(name, out);
  return out;
}

TEST(CaseFold, AsciiLettersOnly) {
  EXPECT_EQ(folded("ABCxyz [\\]^_`{|}~@ 0189"), "abcxyz [\\]^_`{|}~@ 0189");
  EXPECT_EQ(folded(""), "");
}

TEST(CaseFold, OneCodePointBecomesOne) {
  EXPECT_EQ(folded("ÀÉÎÕÜß"), "àéîõüß") << "ß stays: simple folding never makes two letters";
  EXPECT_EQ(folded("ПЕРВЫЙ ЁЖ"), "первый ёж");
  EXPECT_EQ(folded("ΣΊΓΜΑΣ ς"), "σίγμασ σ");
  EXPECT_EQ(folded("ẞ"), "ß");
  EXPECT_EQ(folded("Ǆ ǅ ǆ"), "ǆ ǆ ǆ");
  EXPECT_EQ(folded("Ⓢ"), "ⓢ");
  EXPECT_EQ(folded("𐐀"), "𐐨") << "beyond the basic plane";
  EXPECT_EQ(folded("中文 日本語 العربية"), "中文 日本語 العربية");
}

TEST(CaseFold, NoTurkicSpecialCases) {
  EXPECT_EQ(folded("I"), "i");
  EXPECT_EQ(folded("\u0130"), "\u0130") << "its full folding would be two code points";
  EXPECT_EQ(folded("\u0131"), "\u0131");
}

TEST(CaseFold, SomeSignsFoldToAscii) {
  EXPECT_EQ(folded("\u212A"), "k") << "KELVIN SIGN";
  EXPECT_EQ(folded("\u017F"), "s") << "LATIN SMALL LETTER LONG S";
  EXPECT_EQ(folded("\u2126 \u212B"), "ω å");
}

/// A character without a look of its own sends a name the long way; it must come to the same.
TEST(CaseFold, NamesThatAreSeenToBeNormalAreFoldedAsAnyOther) {
  for (char32_t first = 1; first < 0x700; ++first) {
    for (const char32_t second : {U'a', U' ', U'\u00e9', U'\u0301', U'\u0345', U'\u0431', U'\u05b0',
                                  U'\u00a0', U'\u00bd', U'\u1161', U'\uff28'}) {
      std::string name = "A";
      append_utf8(name, first);
      append_utf8(name, second);
      name += "B ";
      std::string longer = name;
      append_utf8(longer, U'\u200b');
      ASSERT_EQ(folded_name(name), folded_name(longer))
          << static_cast<std::uint32_t>(first) << ' ' << static_cast<std::uint32_t>(second);
    }
  }
}

TEST(CaseFold, FoldingTwiceChangesNothing) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c)
    ASSERT_EQ(fold_code_point(fold_code_point(c)), fold_code_point(c))
        << static_cast<std::uint32_t>(c);
}

TEST(CaseFold, InvalidUtf8StaysAsItIs) {
  EXPECT_EQ(folded("A\xff"
                   "B\xc3"),
            "a\xff"
            "b\xc3");
  EXPECT_EQ(folded("\xe2\x84"
                   "A"),
            "\xe2\x84"
            "a");
  EXPECT_EQ(folded("\x80\xf8"), "\x80\xf8");
}

TEST(CaseFold, AgreesWithTheUnicodeFile) {
  std::ifstream file("/usr/share/unicode/CaseFolding.txt");
  if (!file) GTEST_SKIP() << "Debian's package unicode-data is not installed";
  std::string line;
  std::size_t count = 0;
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string code;
    std::string status;
    std::string target;
    if (line.starts_with('#') || !(fields >> code >> status >> target)) continue;
    if (status != "C;" && status != "S;") continue;
    ++count;
    ASSERT_EQ(fold_code_point(static_cast<char32_t>(std::stoul(code, nullptr, 16))),
              static_cast<char32_t>(std::stoul(target, nullptr, 16)))
        << code;
  }
  EXPECT_GT(count, 1400U);
}

TEST(CaseFold, ReusesTheOutput) {
  std::string out = "something longer than the result";
  fold("ABC", out);
  EXPECT_EQ(out, "abc");
  fold("Ж", out);
  EXPECT_EQ(out, "ж");
}

TEST(FoldedName, UnderscoresAndSpacesAreTheSame) {
  EXPECT_EQ(folded_name("BBC One_HD"), "bbc_one_hd");
  EXPECT_EQ(folded_name("bbc_one hd"), folded_name("BBC ONE HD"));
  EXPECT_NE(folded_name("bbc-one hd"), folded_name("BBC ONE HD"));
  EXPECT_NE(folded_name("BBC One"), folded_name("BBCOne"));
  EXPECT_EQ(folded_name("\n  BBC \t One__HD "), "bbc_one_hd");
  EXPECT_EQ(folded_name("BBC\u00A0 \u2009One"), "bbc_one");
  EXPECT_EQ(folded_name(" _ "), "_");
}

TEST(FoldedComparison, TakesAFoldedNeedle) {
  EXPECT_TRUE(equals_folded("NeWs", "news"));
  EXPECT_FALSE(equals_folded("news1", "news"));
  EXPECT_TRUE(equals_folded("ÉCRAN", "écran"));
  EXPECT_TRUE(contains_folded("BBC NEWS HD", "news"));
  EXPECT_FALSE(contains_folded("BBC NEWS HD", "sport"));
  EXPECT_TRUE(contains_folded("Le ÉCRAN HD", "écran"));
  EXPECT_TRUE(starts_with_folded("NEWS hd", "news"));
  EXPECT_FALSE(starts_with_folded("NEW", "news"));
  EXPECT_TRUE(starts_with_folded("ÉCRAN HD", "écran"));
}

TEST(FoldName, FormsOfTheSameNameAreEqual) {
  const auto same = [](std::string_view a, std::string_view b) {
    return folded_name(a) == folded_name(b);
  };
  EXPECT_TRUE(same("\u00C9\u00E9n", "E\u0301e\u0301n")) << "composed and decomposed";
  EXPECT_TRUE(same("\u00E9\u00C9N", "E\u0301e\u0301n")) << "case beside that";
  EXPECT_TRUE(same("Sport \u1D34\u1D30", "sport hd")) << "raised letters";
  EXPECT_TRUE(same("\uFF33\uFF50\uFF4F\uFF52\uFF54\u3000\uFF12", "Sport_2")) << "full width";
  EXPECT_TRUE(same("Cin\u00E9\u00A0\u2460", "CINE\u0301 1")) << "a blank that does not break";
  EXPECT_TRUE(same("\uFB01lm", "film")) << "a ligature";
  EXPECT_TRUE(same("\uAC00", "\u1100\u1161")) << "Hangul";
  EXPECT_TRUE(same("Eins\u200B\uFEFF", "Eins")) << "nothing to see";
  EXPECT_TRUE(same("Q\u0307\u0323", "Q\u0323\u0307")) << "order of marks";
  EXPECT_TRUE(same("\u00A0Eins\u2003", "Eins")) << "blanks at the ends";
  EXPECT_TRUE(same("a\tb", "a b"));
  EXPECT_FALSE(same("\u00C9\u00E9n", "Een")) << "an accent is a difference";
  EXPECT_FALSE(same("Sport 1", "Sport 2"));
}

TEST(FoldName, WhatIsNoTextOrTooLongIsOnlyFolded) {
  EXPECT_EQ(folded_name("A\xFF \u00C9"), "a\xFF_\u00E9");
  const std::string longer = std::string(5000, 'A') + "e\u0301";
  EXPECT_EQ(folded_name(longer), std::string(5000, 'a') + "e\u0301");
  EXPECT_EQ(folded_name(""), "");
}

TEST(FoldedComparison, TextBeyondAsciiMayMatchAnAsciiNeedle) {
  EXPECT_TRUE(equals_folded("\u212Aelvin", "kelvin"));
  EXPECT_TRUE(contains_folded("a \u017Fport b", "sport"));
  EXPECT_TRUE(starts_with_folded("\u212A1", "k"));
}

TEST(FoldedComparison, TheEmptyNeedleIsEverywhere) {
  EXPECT_TRUE(contains_folded("x", ""));
  EXPECT_TRUE(starts_with_folded("", ""));
  EXPECT_FALSE(equals_folded("x", ""));
}

TEST(FindBytes, FindsShortAndLongNeedles) {
  EXPECT_EQ(find_bytes("abcabc", "ca"), 2U);
  EXPECT_EQ(find_bytes("abc", "abcd"), std::string_view::npos);
  const std::string needle = std::string(100, 'a') + "b";
  const std::string text = std::string(500, 'a') + "b";
  EXPECT_EQ(find_bytes(text, needle), 400U);
  EXPECT_EQ(find_bytes(std::string(500, 'a'), needle), std::string_view::npos);
  EXPECT_FALSE(contains_bytes("short", needle));
  EXPECT_TRUE(contains_bytes(text, needle));
}

}  // namespace
}  // namespace m3u_proxy
