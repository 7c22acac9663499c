#include <fmt/format.h>

#include <m3u_proxy/jobs/jobs_testing.hpp>
#include <m3u_proxy/jobs/replies/reply_comparison.hpp>

namespace m3u_proxy::jobs::testing {
namespace {

using ::testing::ElementsAre;

struct Channel {
  std::string key;
  std::string name;
  std::string group{};
};

ReadReply reply(std::vector<Channel> channels) {
  return [channels = std::move(channels)](const ReplyVisitor& visit) -> Result<> {
    for (const Channel& channel : channels) {
      M3U_TRY(const bool more, visit({.key = spill::key_of(channel.key),
                                      .texts = {channel.name, "", channel.group}}));
      if (!more) return {};
    }
    return {};
  };
}

class ReplyComparisonTest : public JobsTest {
 protected:
  ReplyComparison compare(std::vector<Channel> good, std::vector<Channel> waiting,
                          std::size_t limit = 10) {
    return must(compare_replies(reply(std::move(good)), reply(std::move(waiting)),
                                process_->budget(), nullptr, limit));
  }
  /// "- A", "+ B", "~ C > D", …
  static std::vector<std::string> lines(const ReplyComparison& found) {
    std::vector<std::string> lines;
    for (const ReplyChange& change : found.changes) {
      if (!change.after)
        lines.push_back("- " + change.before->front());
      else if (!change.before)
        lines.push_back("+ " + change.after->front());
      else
        lines.push_back(fmt::format("~ {} {} > {} {}", (*change.before)[0], (*change.before)[2],
                                    (*change.after)[0], (*change.after)[2]));
    }
    return lines;
  }
  static std::vector<std::uint64_t> counts(const ReplyComparison& found) {
    return {found.counts.added, found.counts.removed, found.counts.changed};
  }
};

TEST_F(ReplyComparisonTest, WhatComesGoesAndChangesIsNamedOnce) {
  const auto found = compare({{"1", "A"}, {"2", "B"}, {"2", "B"}, {"3", "C", "News"}},
                             {{"3", "C", "Sport"}, {"4", "D"}, {"4", "D"}, {"1", "A"}, {"3", "C"}});
  EXPECT_THAT(counts(found), ElementsAre(1, 1, 1));
  EXPECT_THAT(lines(found), ElementsAre("~ C News > C Sport", "+ D", "- B"));
}

TEST_F(ReplyComparisonTest, OfEachKindTheFirstAreNamedAndAllAreCounted) {
  std::vector<Channel> good;
  std::vector<Channel> waiting;
  for (int i = 0; i < 20; ++i) {
    good.push_back({fmt::format("gone {}", i), fmt::format("G{}", i)});
    good.push_back({fmt::format("stays {}", i), fmt::format("S{}", i)});
    waiting.push_back({fmt::format("new {}", i), fmt::format("N{}", i)});
    waiting.push_back({fmt::format("stays {}", i), fmt::format("T{}", i)});
  }
  const auto found = compare(good, waiting, 2);
  EXPECT_THAT(counts(found), ElementsAre(20, 20, 20));
  EXPECT_THAT(lines(found),
              ElementsAre("+ N0", "~ S0  > T0 ", "+ N1", "~ S1  > T1 ", "- G0", "- G1"));
}

TEST_F(ReplyComparisonTest, EqualRepliesDifferInNothing) {
  const auto found = compare({{"1", "A"}, {"2", "B"}}, {{"2", "B"}, {"1", "A"}});
  EXPECT_THAT(counts(found), ElementsAre(0, 0, 0));
  EXPECT_TRUE(found.changes.empty());
}

TEST_F(ReplyComparisonTest, LongTextsAreCut) {
  const auto found = compare({{"1", std::string(100'000, 'x')}}, {{"2", "B"}});
  EXPECT_LE(found.changes.back().before->front().size(), kLongestReplyText + 3);
}

TEST_F(ReplyComparisonTest, WithoutRoomItIsRefused) {
  memory::Budget small(kib(64));
  const auto found =
      compare_replies(reply({{"1", "A"}}), reply({{"2", "B"}}), small, nullptr, kMostReplyChanges);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kOverBudget);
}

}  // namespace
}  // namespace m3u_proxy::jobs::testing
