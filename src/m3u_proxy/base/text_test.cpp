#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy {
namespace {

TEST(Trim, RemovesAsciiWhiteSpaceAtBothEnds) {
  EXPECT_EQ(trim(" \t\r\n\v\fa b \n"), "a b");
  EXPECT_EQ(trim(" \n "), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("\u00A0a"), "\u00A0a") << "a no-break space is not ASCII";
}

TEST(AsciiCase, ComparesLettersOnly) {
  EXPECT_TRUE(equals_ascii_case("Tvg-ID", "tvg-id"));
  EXPECT_FALSE(equals_ascii_case("a", "ab"));
  EXPECT_FALSE(equals_ascii_case("@", "`")) << "characters beside the letters";
  EXPECT_FALSE(equals_ascii_case("[", "{"));
  EXPECT_TRUE(starts_with_ascii_case("#extinf:-1", "#EXTINF:"));
  EXPECT_FALSE(starts_with_ascii_case("#EXT", "#EXTINF"));
}

TEST(IsAscii, SeesEveryByte) {
  for (std::size_t length = 0; length < 40; ++length) {
    const std::string plain(length, 'a');
    EXPECT_TRUE(is_ascii(plain));
    for (std::size_t i = 0; i < length; ++i) {
      std::string text = plain;
      text[i] = '\x80';
      EXPECT_FALSE(is_ascii(text)) << length << " " << i;
    }
  }
}

TEST(Utf8, ValidTextIsRecognized) {
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8("abc"));
  EXPECT_TRUE(is_valid_utf8("é Ж 中 𐐀"));
  EXPECT_TRUE(is_valid_utf8(std::string(100, 'a') + "é"));
}

TEST(Utf8, InvalidTextIsRecognized) {
  for (const char* text : {"\x80", "\xff", "\xc3", "\xc0\xaf", "\xe2\x82", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\xf0\x80\x80\x80", "a\xe9z"})
    EXPECT_FALSE(is_valid_utf8(text));
  EXPECT_FALSE(is_valid_utf8(std::string(100, 'a') + "\xff"));
}

TEST(AppendUtf8, EncodesEveryLength) {
  std::string out;
  append_utf8(out, U'a');
  append_utf8(out, 0x7F);
  append_utf8(out, 0x80);
  append_utf8(out, 0x7FF);
  append_utf8(out, 0x800);
  append_utf8(out, 0xFFFF);
  append_utf8(out, 0x10000);
  append_utf8(out, 0x10FFFF);
  EXPECT_EQ(out,
            "a\x7F"
            "\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
}

TEST(AppendUtf8, WhatIsNoCharacterBecomesTheReplacement) {
  std::string out;
  append_utf8(out, 0xD800);
  append_utf8(out, 0xDFFF);
  append_utf8(out, 0x110000);
  EXPECT_EQ(out, "\uFFFD\uFFFD\uFFFD");
}

TEST(Windows1252, LatinAndItsOwnCharacters) {
  std::string out;
  append_windows1252(out, "a\xE9\x80\x92\xFF");
  EXPECT_EQ(out, "aé€’ÿ");
}

TEST(Windows1252, UnassignedBytesBecomeTheReplacement) {
  std::string out;
  append_windows1252(out, "\x81\x8D\x8F\x90\x9D");
  EXPECT_EQ(out, "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST(Excerpt, IsOneLineAndTrimmed) {
  EXPECT_EQ(excerpt("  a\nb\tc\x01 "), "a b c ");
  EXPECT_EQ(excerpt(""), "");
}

TEST(Excerpt, InvalidBytesBecomeQuestionMarks) { EXPECT_EQ(excerpt("a\xFFz"), "a?z"); }

TEST(Excerpt, IsCutAtACharacterWithAnEllipsis) {
  EXPECT_EQ(excerpt("abcdef", 6), "abcdef");
  EXPECT_EQ(excerpt("abcdefg", 6), "abcdef…");
  EXPECT_EQ(excerpt("ééé", 3), "é…");
}

TEST(RedactUrl, HidesUserAndPassword) {
  EXPECT_EQ(redact_url("http://me:secret@host/list.m3u"), "http://***@host/list.m3u");
  EXPECT_EQ(redact_url("http://me:se@cret@host/x"), "http://***@host/x");
  EXPECT_EQ(redact_url("http://host/a@b"), "http://host/a@b");
}

TEST(RedactUrl, HidesAnAccountWhateverItsPasswordHolds) {
  EXPECT_EQ(redact_url("xtream://me:se/cr?et@host:80?live"), "xtream://***@host:80?live");
  EXPECT_EQ(redact_url("tv=xtreams://me:secret@host"), "tv=xtreams://***@host");
  EXPECT_EQ(redact_url("xtream://host?live"), "xtream://host?live");
}

TEST(RedactUrl, HidesCredentialsAmongTheParameters) {
  EXPECT_EQ(redact_url("http://h/get.php?username=u&password=p&type=m3u_plus"),
            "http://h/get.php?username=***&password=***&type=m3u_plus");
  EXPECT_EQ(redact_url("https://h/x?Token=abc#top"), "https://h/x?Token=***#top");
  EXPECT_EQ(redact_url("http://h?key=1&a&b="), "http://h?key=***&a&b=");
}

TEST(RedactUrl, HidesCredentialsInThePath) {
  EXPECT_EQ(redact_url("http://h:80/live/user/pass/42.ts"), "http://h:80/live/***/***/42.ts");
  EXPECT_EQ(redact_url("http://h/movie/user/pass/42.mkv?x=1"), "http://h/movie/***/***/42.mkv?x=1");
  EXPECT_EQ(redact_url("http://h/series/user/pass/42"), "http://h/series/***/***/42");
}

TEST(RedactUrl, OtherTextPassesThrough) {
  EXPECT_EQ(redact_url("/tmp/list.m3u"), "/tmp/list.m3u");
  EXPECT_EQ(redact_url(""), "");
  EXPECT_EQ(redact_url("http://h/live/news/index.m3u8"), "http://h/live/news/index.m3u8");
}

TEST(EditDistance, CountsChangesUpToItsLimit) {
  EXPECT_EQ(edit_distance("containz", "contains", 2), 1U);
  EXPECT_EQ(edit_distance("group_tittle", "group_title", 2), 1U);
  EXPECT_EQ(edit_distance("abc", "abc", 2), 0U);
  EXPECT_EQ(edit_distance("", "ab", 2), 2U);
  EXPECT_EQ(edit_distance("kitten", "sitting", 2), 3U) << "limit + 1";
  EXPECT_EQ(edit_distance("a", "abcdefgh", 2), 3U);
}

TEST(ClosestWord, FindsTheNearestOrNone) {
  constexpr std::array<std::string_view, 3> kWords = {"contains", "equals", "matches"};
  EXPECT_EQ(closest_word("containz", kWords), "contains");
  EXPECT_EQ(closest_word("equal", kWords), "equals");
  EXPECT_EQ(closest_word("xyz", kWords), "");
  EXPECT_EQ(closest_word("", kWords), "");
  EXPECT_EQ(closest_word("ab", std::vector<std::string>{"cd"}), "")
      << "two changes are more than half of a word of two letters";
}

TEST(RedactUrlsIn, HidesCredentialsOfEveryUrlInAText) {
  EXPECT_EQ(redact_urls_in("a=\"http://u:p@h/x\", then http://h/get.php?username=joe&x=1"),
            "a=\"http://***@h/x\", then http://h/get.php?username=***&x=1");
  EXPECT_EQ(redact_urls_in("no address"), "no address");
}

TEST(RedactUrlsIn, LeavesWhatEndsASentenceBehindAnAddress) {
  EXPECT_EQ(redact_urls_in("http://h/get.php?password=p: no answer"),
            "http://h/get.php?password=***: no answer");
  EXPECT_EQ(redact_urls_in("http://h/live/user/pass/42: 404; see http://u:p@h."),
            "http://h/live/***/***/42: 404; see http://***@h.");
  EXPECT_EQ(redact_urls_in("one (http://h/user/pass/42) of two"),
            "one (http://h/***/***/42) of two");
  EXPECT_EQ(redact_urls_in("a scheme is http://: nothing"), "a scheme is http://: nothing");
}

}  // namespace
}  // namespace m3u_proxy
