#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/base/problems.hpp>

namespace m3u_proxy {
namespace {

TEST(ProblemLog, CountsByReasonAndInTotal) {
  ProblemLog log;
  log.add("no_url", 3, 0, "#EXTINF");
  log.add("no_url", 9, 0, "#EXTINF");
  log.count("encoding", 5);
  EXPECT_EQ(log.total(), 7U);
  EXPECT_EQ(log.of("no_url"), 2U);
  EXPECT_EQ(log.of("encoding"), 5U);
  EXPECT_EQ(log.of("other"), 0U);
  EXPECT_EQ(log.by_reason().size(), 2U);
  EXPECT_EQ(log.samples().size(), 2U) << "count() leaves no sample";
}

TEST(ProblemLog, SamplesSayWhereAndWhat) {
  ProblemLog log;
  log.add("no_url", 3, 17, "  #EXTINF:-1,\tA ");
  const ProblemSample& sample = log.samples().at(0);
  EXPECT_EQ(sample.reason, "no_url");
  EXPECT_EQ(sample.line, 3U);
  EXPECT_EQ(sample.byte, 17U);
  EXPECT_EQ(sample.detail, "#EXTINF:-1, A");
}

TEST(ProblemLog, DetailIsCutTo80Bytes) {
  ProblemLog log;
  log.add("x", 1, 0, std::string(500, 'a'));
  EXPECT_EQ(log.samples()[0].detail, std::string(80, 'a') + "…");
}

TEST(ProblemLog, KeepsAHundredSamplesAndCountsTheRest) {
  ProblemLog log;
  for (std::uint64_t i = 1; i <= 250; ++i) log.add("x", i, 0, "");
  EXPECT_EQ(log.total(), 250U);
  ASSERT_EQ(log.samples().size(), 100U);
  EXPECT_EQ(log.samples().back().line, 100U) << "the first ones";
}

TEST(ProblemLog, MergeMovesLinesAndBytesAndNamesTheSource) {
  ProblemLog first;
  first.add("a", 1, 10, "");
  ProblemLog second;
  second.add("b", 2, 20, "");
  second.add("c", 0, 30, "");
  first.merge(second, "tv", 100, 1000);
  ASSERT_EQ(first.samples().size(), 3U);
  EXPECT_EQ(first.samples()[0].line, 1U);
  EXPECT_EQ(first.samples()[0].source, "");
  EXPECT_EQ(first.samples()[1].line, 102U);
  EXPECT_EQ(first.samples()[1].byte, 1020U);
  EXPECT_EQ(first.samples()[1].source, "tv");
  EXPECT_EQ(first.samples()[2].line, 0U) << "an unknown line stays unknown";
  EXPECT_EQ(first.total(), 3U);
}

TEST(ProblemLog, MergeKeepsASourceThatIsNamed) {
  ProblemLog batch;
  batch.add("a", 1, 0, "");
  ProblemLog source;
  source.merge(batch, "tv");
  ProblemLog all;
  all.merge(source, "other");
  EXPECT_EQ(all.samples()[0].source, "tv");
}

TEST(ProblemLog, MergeStaysWithinTheBoundAndCountsAll) {
  ProblemLog a;
  ProblemLog b;
  for (std::uint64_t i = 0; i < 80; ++i) {
    a.add("x", i, 0, "");
    b.add("y", i, 0, "");
  }
  a.merge(b, "tv");
  EXPECT_EQ(a.samples().size(), ProblemLog::kMaxSamples);
  EXPECT_EQ(a.total(), 160U);
  EXPECT_EQ(a.of("y"), 80U);
}

TEST(ProblemLog, ClearForgetsEverything) {
  ProblemLog log;
  log.add("x", 1, 0, "");
  log.clear();
  EXPECT_EQ(log.total(), 0U);
  EXPECT_TRUE(log.by_reason().empty());
  EXPECT_TRUE(log.samples().empty());
}

}  // namespace
}  // namespace m3u_proxy
