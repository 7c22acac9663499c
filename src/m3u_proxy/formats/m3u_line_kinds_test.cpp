#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/formats/m3u_lines.hpp>

namespace m3u_proxy::formats {
namespace {

LineKind kind(std::string_view line) { return line_kind(trim_line(line)); }

TEST(M3uLineKinds, SpellingsOfExtinf) {
  for (const char* line :
       {"#EXTINF:-1,N", "#extinf:-1,N", "# EXTINF:-1,N", "#\tExtInf:0,N", "#EXTINF :-1,N",
        "#EXTINF\t:-1", "#EXTINF -1,N", "#EXTINF-1,N", "#EXTINF0,N", "#EXTINF,N", "#EXTINF",
        "#EXTINF：-1，N", "\xC2\xA0#EXTINF:-1,N", "\xEF\xBB\xBF#EXTINF:-1,N",
        "#\xC2\xA0"
        "EXTINF:1"})
    EXPECT_EQ(kind(line), LineKind::kExtinf) << line;
  EXPECT_EQ(kind("#EXTINFO:x"), LineKind::kDirective);
  EXPECT_EQ(kind("#EXTINF-X:y"), LineKind::kDirective);
  EXPECT_EQ(kind("# EXTVLCOPT:x"), LineKind::kSkip);
  EXPECT_EQ(kind("#\u3000EXTINF:-1,\u00E9"), LineKind::kExtinf);
  EXPECT_EQ(kind("#\u3000EXTINF:-1,\xE9"), LineKind::kSkip) << "it begins with `#\u00E3`";
}

TEST(M3uLineKinds, Directives) {
  for (const char* line : {"#EXTVLCOPT:a=b", "#extx", "#KODIPROP:a", "#EXTGRPS:x", "#EXTGRP-X:y"})
    EXPECT_EQ(kind(line), LineKind::kDirective) << line;
  for (const char* line : {"#WEBPROP:x", "#X-Y2:", "#AB:c"})
    EXPECT_EQ(kind(line), LineKind::kNamed) << line;
  for (const char* line : {"#PLAYLIST:x", "#NOTE:x", "#Webprop:x", "#A:x", "#WEB PROP:x",
                           "#WEBPROP", "#2AB:x", "#HTTP://h/x", "# WEBPROP:x", "#"})
    EXPECT_EQ(kind(line), LineKind::kSkip) << line;
  for (const char* line : {"#EXTGRP:x", "#EXTGRP", "#extgrp x", "#EXTGRP :x"})
    EXPECT_EQ(kind(line), LineKind::kGroup) << line;
}

TEST(M3uLineKinds, AddressesWhereverTheyStand) {
  for (const char* line :
       {"http://h", "HTTPS://h/x y z", "rtp://@239.0.0.1:1", "udp://@1:2", "plugin://a/b?c",
        "pipe:ffmpeg -i x", "magnet:?xt=urn", "file:x y", "a+b-c.d://x"})
    EXPECT_EQ(kind(line), LineKind::kUrl) << line;
  for (const char* line :
       {"/x y", "\\\\server\\a b", "./x y", "../x.ts", "..\\x", "C:\\my films\\a", "d:/x y",
        "My Films/a b.mp4", "a b\\c d.ts", "stream/chunk.m3u8", "a\\b", "song.mp3", "example.com",
        "a/b c.ts|User-Agent=Mozilla 5.0", "a.ts|Referer=http://x/"})
    EXPECT_EQ(kind(line), LineKind::kPath) << line;
}

TEST(M3uLineKinds, AWordIsAnAddressOnlyWhereOneIsWaitedFor) {
  for (const char* line : {"test", "239.0.0.1:1234", "a.b", "x.toolong", "ME%7D&ads.coppa=0",
                           "note:this", "C:x", "a.", "1"})
    EXPECT_EQ(kind(line), LineKind::kWord) << line;
}

TEST(M3uLineKinds, OtherTextIsNoAddress) {
  for (const char* line : {"this stream is geo blocked", "see a/b for more", "Updated 2026.11",
                           "a b.mp4", "Note: x", "data: x", "and/or else",
                           "a\xC2\xA0"
                           "b",
                           "a\xE3\x80\x80"
                           "b.ts",
                           "t.me/x for more.", "caf\xE9 \xE0 la carte", "x\xA0y"})
    EXPECT_EQ(kind(line), LineKind::kText) << line;
}

TEST(M3uLineKinds, TheRestOfAValueIsNoAddress) {
  for (const char* line : {"\"", "\"\"", "\",", "\"x y/z.ts", "pha\" tvg-logo=\"http://l/x.png",
                           "x=\"y/z.ts\"", "Part/2' group-title='x.ts", "\\\"Nord\\\" plus\",Radio",
                           "\"a/b.ts\"", "\"http://h\" x", "\"http://a\",\"http://b\"", "'"})
    EXPECT_EQ(kind(line), LineKind::kText) << line;
  for (const char* line : {"\\\\server\\x", "\\x", "/it's", "it's/x.ts"})
    EXPECT_EQ(kind(line), LineKind::kPath) << line;
}

TEST(M3uLineKinds, AnAddressMayBeInQuotes) {
  for (const char* line : {"\"http://h/a b\"", "'rtp://@239.0.0.1:1'", " \"https://h/it's\" "})
    EXPECT_EQ(kind(line), LineKind::kUrl) << line;
  EXPECT_EQ(without_quotes("\"http://h/it's\""), "http://h/it's");
  EXPECT_EQ(without_quotes("\"http://h/x'"), "");
  EXPECT_EQ(without_quotes("http://h/x"), "");
  EXPECT_EQ(without_quotes("\""), "");
}

TEST(M3uLineKinds, DecorationIsThreeEqualPunctuationCharacters) {
  for (const char* line :
       {"===",    "=====x=====", "---4K | Films", "--- next ---", "***** S *****", "-----",
        "+++a",   "....",        "~~~",           "___",          "///",           "|||x",
        "!!!",    "═════ X",     "★★★ VIP",       "———",          "•••",           "▬▬▬▬",
        "「「「", "🔥🔥🔥 HOT",  "\x97\x97\x97 x"})
    EXPECT_EQ(kind(line), LineKind::kSkip) << line;
  for (const char* line : {"--x", "-=-", "aaa", "ééé", "日日日", "777"})
    EXPECT_NE(kind(line), LineKind::kSkip) << line;
  EXPECT_EQ(kind("---http://h/x"), LineKind::kPath);
}

TEST(M3uLineKinds, GenreLines) {
  for (const char* line : {"News,#genre#", "a b, #GENRE#", "新闻，#genre#", ",#genre#"})
    EXPECT_EQ(kind(line), LineKind::kGenre) << line;
  EXPECT_NE(kind("News #genre#"), LineKind::kGenre);
  EXPECT_EQ(kind("#genre#"), LineKind::kSkip);
}

TEST(M3uLineKinds, BlanksOfEveryKindAreTrimmed) {
  EXPECT_EQ(trim_line("\xC2\xA0 \xE3\x80\x80http://h\xC2\xA0\t\xE3\x80\x80"), "http://h");
  EXPECT_EQ(trim_line("\xE2\x80\x8B\xEF\xBB\xBF http://h"), "http://h");
  EXPECT_EQ(trim_line("é"), "é");
  EXPECT_EQ(trim_line("\xC2\xA0"), "");
}

}  // namespace
}  // namespace m3u_proxy::formats
