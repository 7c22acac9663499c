#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/io/memory_source.hpp>
#include <m3u_proxy/runtime/download_check.hpp>

namespace m3u_proxy::runtime {
namespace {

using testing::HasSubstr;
using Wanted = sources::SourceRequest::Wanted;

std::string refusal(Wanted wanted, std::string_view text) {
  io::MemorySource bytes{std::string(text)};
  const auto checked = check_download(wanted, bytes);
  return checked ? "accepted" : checked.error().message;
}

TEST(DownloadCheck, PlaylistsWithAChannelAreGood) {
  for (const char* text :
       {"#EXTM3U\n#EXTINF:-1,A\nhttp://a\n", "#EXTINF:-1,A\na.ts", "#EXTM3U\nhttp://a",
        "<br />\nWarning\n#EXTM3U\n#EXTINF:-1,A\nhttp://a\n", "News,#genre#\nA,http://a\n"})
    EXPECT_EQ(refusal(Wanted::kPlaylist, text), "accepted") << text;
}

TEST(DownloadCheck, WhatTheReaderWouldRefuseNeverTakesTheGoodOnesPlace) {
  EXPECT_THAT(refusal(Wanted::kPlaylist, "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\na.ts\n"),
              HasSubstr("HLS"));
  EXPECT_THAT(refusal(Wanted::kPlaylist, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\n"),
              HasSubstr("HLS"));
  EXPECT_THAT(refusal(Wanted::kPlaylist, "http://a/down.html\n"), HasSubstr("without any #EXTINF"));
  EXPECT_THAT(refusal(Wanted::kPlaylist, "#EXTM3U\n#EXTINF:-1,--- News ---\n"),
              HasSubstr("no channels"));
  EXPECT_THAT(refusal(Wanted::kPlaylist, "{\"error\": 1}"), HasSubstr("JSON"));
  EXPECT_THAT(refusal(Wanted::kPlaylist, " \n"), HasSubstr("nothing"));
}

TEST(DownloadCheck, GuidesNeedAChannelOrAProgramme) {
  EXPECT_EQ(refusal(Wanted::kGuide, "<tv><channel id=\"a\"/></tv>"), "accepted");
  EXPECT_EQ(refusal(Wanted::kGuide, "<tv><programme start=\"2026\" channel=\"a\"/></tv>"),
            "accepted");
  EXPECT_THAT(refusal(Wanted::kGuide, "<?xml version=\"1.0\"?><tv/>"), HasSubstr("an empty guide"));
  EXPECT_THAT(refusal(Wanted::kGuide, "<html>busy</html>"), HasSubstr("an HTML page"));
}

TEST(DownloadCheck, WhatIsLongIsLeftToTheReader) {
  EXPECT_EQ(refusal(Wanted::kPlaylist, "#EXTM3U\n" + std::string(100'000, '\n')), "accepted");
}

}  // namespace
}  // namespace m3u_proxy::runtime
