#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/formats/m3u_testing.hpp>

namespace m3u_proxy::formats {
namespace {

std::string list_of(std::size_t entries, const char* end = "\n") {
  std::string text = std::string("#EXTM3U") + end;
  for (std::size_t i = 0; i < entries; ++i) {
    text += "#EXTINF:-1 tvg-id=\"id" + std::to_string(i) + "\",Name " + std::to_string(i) + end;
    text += "http://example.org/" + std::to_string(i) + end;
  }
  return text;
}

TEST(M3uSplitter, ChunksHoldWholeEntriesWhateverTheirSize) {
  const std::string text = list_of(5000);
  const std::vector<TestChannel> expected = read_text(text).channels;
  ASSERT_EQ(expected.size(), 5000U);
  for (const std::size_t rows : {1U, 7U, 100U, 100000U}) {
    TextSource source(text);
    EXPECT_EQ(read_list(source, rows).channels, expected) << rows;
  }
}

TEST(M3uSplitter, AChunkHoldsAboutAsManyEntriesAsAsked) {
  TextSource source(list_of(1000));
  EXPECT_NEAR(static_cast<double>(read_list(source, 100).chunks), 10, 1);
}

TEST(M3uSplitter, ReadsThatComeInSmallPiecesGiveTheSame) {
  for (const char* end : {"\n", "\r\n", "\r"}) {
    const std::string text = list_of(300, end);
    const std::vector<TestChannel> expected = read_text(text).channels;
    ASSERT_EQ(expected.size(), 300U);
    for (const std::size_t piece : {1U, 3U, 1000U}) {
      TextSource source(text, piece);
      EXPECT_EQ(read_list(source, 10).channels, expected) << piece;
    }
  }
}

TEST(M3uSplitter, LinesAreNumberedAcrossChunks) {
  TextSource source(list_of(500) + "#EXTINF:-1,no url\n#EXTINF:-1,Last\nhttp://l\n");
  const ReadList list = read_list(source, 10);
  ASSERT_EQ(list.problems.samples().size(), 1U);
  EXPECT_EQ(list.problems.samples()[0].line, 1002U);
}

TEST(M3uSplitter, LinesAreNumberedWithCrlf) {
  TextSource source(list_of(500, "\r\n") + "#EXTINF:-1,no url\r\n#EXTINF:-1,L\r\nhttp://l\r\n");
  const ReadList list = read_list(source, 10);
  ASSERT_EQ(list.problems.samples().size(), 1U);
  EXPECT_EQ(list.problems.samples()[0].line, 1002U);
}

TEST(M3uSplitter, LastLineNeedsNoEnd) {
  const ReadList list = read_text("#EXTM3U\n#EXTINF:-1,A\nhttp://a");
  ASSERT_EQ(list.channels.size(), 1U);
  EXPECT_EQ(list.channels[0].url, "http://a");
}

TEST(M3uSplitter, EntryOfMoreThanFourMegabytesIsACountedSkip) {
  std::string text = "#EXTM3U\n#EXTINF:-1,A\nhttp://a\n#EXTINF:-1,Large\n";
  for (std::size_t size = 0; size < kMaxEntry; size += 20) text += "#EXTVLCOPT:x=567890\n";
  text += "http://large\n#EXTINF:-1,B\nhttp://b\n";
  const ReadList list = read_text(text);
  ASSERT_EQ(list.channels.size(), 2U);
  EXPECT_EQ(list.channels[1].name, "B");
  EXPECT_EQ(list.problems.of("entry_too_large"), 1U);
  EXPECT_EQ(list.problems.samples()[0].line, 4U);
}

TEST(M3uSplitter, AnEndlessUrlLineCostsOnlyItsOwnEntry) {
  const ReadList list = read_text("#EXTM3U\n#EXTINF:-1,A\nhttp://a\n#EXTINF:-1,X\nhttp://" +
                                  std::string(3 * kMaxEntry, 'x') + "\n#EXTINF:-1,B\nhttp://b\n");
  ASSERT_EQ(list.channels.size(), 2U);
  EXPECT_EQ(list.channels[1].name, "B");
  EXPECT_EQ(list.channels[1].url, "http://b");
  EXPECT_EQ(list.problems.of("entry_too_large"), 1U);
}

TEST(M3uSplitter, AnEndlessDirectiveLineCostsOnlyItsOwnEntry) {
  const ReadList list =
      read_text("#EXTM3U\n#EXTINF:-1,A\nhttp://a\n#EXTINF:-1,X\n#EXTVLCOPT:" +
                std::string(3 * kMaxEntry, 'x') + "\nhttp://x\n#EXTINF:-1,B\nhttp://b\n");
  ASSERT_EQ(list.channels.size(), 2U);
  EXPECT_EQ(list.channels[1].name, "B");
  EXPECT_EQ(list.problems.of("entry_too_large"), 1U);
}

TEST(M3uSplitter, WhatCameBeforeAnErrorIsDeliveredThenTheError) {
  const Error error{.code = ErrorCode::kParse, .message = "truncated"};
  TextSource source(list_of(10) + "#EXTINF:-1,Cut\nhttp://example.or", SIZE_MAX, error);
  const ReadList list = read_list(source, 1000);
  EXPECT_EQ(list.channels.size(), 10U);
  ASSERT_TRUE(list.error);
  EXPECT_EQ(list.error->message, "truncated");
}

TEST(M3uSplitter, RefusedMemoryIsAnErrorOfItsOwn) {
  memory::Budget budget(kib(32));
  memory::SlabPool slabs(budget);
  M3uSplitter splitter(slabs, 1000);
  TextSource source("#EXTM3U\n");
  ProblemLog problems;
  const auto chunk = splitter.next(source, problems);
  ASSERT_FALSE(chunk);
  EXPECT_EQ(chunk.error().code, ErrorCode::kOverBudget);
}

}  // namespace
}  // namespace m3u_proxy::formats
