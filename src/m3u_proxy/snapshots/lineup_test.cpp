#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/snapshots/lineup.hpp>
#include <m3u_proxy/snapshots/lineup_writer.hpp>

namespace m3u_proxy::snapshots {
namespace {

using testing::ElementsAre;

Uuid id_of(std::size_t number) {
  Uuid id{};
  // Not in the order of the rows.
  id.bytes[0] = static_cast<std::uint8_t>(number * 37);
  id.bytes[1] = static_cast<std::uint8_t>(number >> 8U);
  id.bytes[2] = static_cast<std::uint8_t>(number);
  return id;
}

class LineupTest : public testing::Test {
 protected:
  LineupTest() : folder_(*SnapshotFolder::open(test_ / "proxy")) {}

  /// Channels 0 to `count`, in batches of 1000; the name of the one with number `other` differs.
  void write(std::string_view name, std::size_t first, std::size_t count,
             std::size_t other = SIZE_MAX) {
    const auto draft = *folder_.begin();
    LineupWriter writer(*draft, "lineup", budget_, slabs_, nullptr);
    const std::vector<channels::SourceInfo> sources = {{.name = "tv", .type = "", .url = ""}};
    const std::vector<std::string> rules = {"a rule"};
    ASSERT_TRUE(writer.begin({.proxy = "home", .sources = sources, .rules = rules, .filters = {}}));
    catalog::ChannelBatch batch(slabs_);
    const channels::Touched touched;
    for (std::size_t at = 0; at < count; at += 1000) {
      batch.clear();
      for (std::size_t i = at; i < std::min(count, at + 1000); ++i) {
        const std::size_t row = batch.add_row(0);
        const std::size_t number = first + i;
        batch.set_id(row, id_of(number));
        batch.set_text(catalog::ChannelField::kChannelName, row,
                       number == other ? "other" : "channel");
        batch.set_text(catalog::ChannelField::kStreamUrl, row,
                       batch.store("http://x/" + std::to_string(number)));
      }
      ASSERT_TRUE(writer.add({batch, {}, touched}));
    }
    ASSERT_TRUE(writer.finish());
    EXPECT_EQ(writer.rows(), count);
    ASSERT_TRUE(draft->commit(name));
  }

  std::shared_ptr<const Lineup> open(std::string_view name) {
    auto lineup = Lineup::open(*folder_.get(name), "lineup", budget_);
    EXPECT_TRUE(lineup) << lineup.error().message;
    return *std::move(lineup);
  }

  io::TestFolder test_;
  memory::Budget budget_;
  memory::SlabPool slabs_{budget_};
  SnapshotFolder folder_;
};

TEST_F(LineupTest, FindsEveryChannelByIdAndRow) {
  constexpr std::size_t kChannels = 5000;  // several blocks of ids
  write("1", 0, kChannels);
  const auto lineup = open("1");
  EXPECT_EQ(lineup->rows(), kChannels);
  EXPECT_THAT(lineup->sources(), ElementsAre(testing::Field(&channels::SourceInfo::name, "tv")));
  EXPECT_THAT(lineup->rules(), ElementsAre("a rule"));
  BlockBuffer buffer(budget_);
  catalog::ChannelBatch batch(slabs_);
  for (std::size_t number = 0; number < kChannels; number += 7) {
    const auto found = lineup->find(id_of(number));
    ASSERT_TRUE(found && *found) << number;
    EXPECT_EQ((*found)->row, number);
    const auto first = lineup->load(number, buffer, batch);
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(batch.text(catalog::ChannelField::kStreamUrl, number - *first),
              "http://x/" + std::to_string(number));
  }
  const auto unknown = lineup->find(id_of(kChannels));
  ASSERT_TRUE(unknown);
  EXPECT_FALSE(*unknown);
  const auto behind = lineup->load(kChannels, buffer, batch);
  ASSERT_FALSE(behind);
  EXPECT_EQ(behind.error().code, ErrorCode::kNotFound);
}

/// Batches that several threads prepare in any order are written as one after the other.
TEST_F(LineupTest, IsTheSameWhenItsBatchesArePreparedBySeveralThreads) {
  constexpr std::size_t kBatches = 40;
  constexpr std::size_t kRows = 100;
  const channels::Touched touched;
  std::vector<std::unique_ptr<catalog::ChannelBatch>> batches;
  std::vector<std::vector<std::uint8_t>> written(kBatches);
  for (std::size_t at = 0; at < kBatches; ++at) {
    auto& batch = *batches.emplace_back(std::make_unique<catalog::ChannelBatch>(slabs_));
    for (std::size_t i = 0; i < kRows; ++i) {
      const std::size_t row = batch.add_row(0);
      batch.set_id(row, id_of(at * kRows + i));
      batch.set_text(catalog::ChannelField::kChannelName, row,
                     batch.store("Channel " + std::to_string(at * i)));
      // Of some batches not all rows are written, of one none.
      if (at % 3 == 0) written[at].push_back(at != 9 && i % 7 != 0 ? 1 : 0);
    }
  }
  const auto make = [&](std::string_view name, std::size_t threads) {
    const auto draft = *folder_.begin();
    LineupWriter writer(*draft, "lineup", budget_, slabs_, nullptr);
    EXPECT_TRUE(writer.begin({.proxy = "home", .sources = {}, .rules = {}, .filters = {}}));
    std::vector<std::unique_ptr<channels::ItemPart>> parts(threads);
    for (std::size_t first = 0; first < kBatches; first += threads) {
      const auto batch_at = [&](std::size_t i) {
        return generation::LineupBatch(*batches[first + i], written[first + i], touched);
      };
      {
        std::vector<std::jthread> workers;
        for (std::size_t i = threads; i-- > 0;)
          workers.emplace_back([&, i] { EXPECT_TRUE(writer.prepare(batch_at(i), parts[i])); });
      }
      for (std::size_t i = 0; i < threads; ++i)
        EXPECT_TRUE(writer.add(batch_at(i), parts[i].get()));
    }
    EXPECT_TRUE(writer.finish());
    EXPECT_TRUE(draft->commit(name));
    return std::pair((*folder_.get(name))->manifest().files, writer.content_hash());
  };
  EXPECT_EQ(make("1", 1), make("2", 4));
  EXPECT_EQ(open("2")->rows(), 26U * 100 + 13U * 85);
}

TEST_F(LineupTest, ShowsItsPiecesWithTheirNames) {
  write("1", 0, 2500, 1001);
  const auto lineup = open("1");
  ASSERT_EQ(lineup->pieces(), 3U);
  EXPECT_EQ(lineup->piece(2).first, 2000U);
  EXPECT_EQ(lineup->piece(2).rows, 500U);
  EXPECT_EQ(lineup->piece_of(0), 0U);
  EXPECT_EQ(lineup->piece_of(999), 0U);
  EXPECT_EQ(lineup->piece_of(2499), 2U);
  BlockBuffer buffer(budget_);
  catalog::FrameView frame;
  ASSERT_TRUE(lineup->view(1, buffer, frame));
  EXPECT_EQ(frame.text(catalog::ChannelField::kStreamUrl, 1), "http://x/1001");
  EXPECT_EQ(frame.id(1), id_of(1001));
  const auto names = lineup->names(1, buffer);
  ASSERT_TRUE(names);
  EXPECT_TRUE(names->starts_with("channel\nother\nchannel\n"));
}

TEST_F(LineupTest, SaysWhatTouchedAChannel) {
  const auto draft = *folder_.begin();
  LineupWriter writer(*draft, "lineup", budget_, slabs_, nullptr);
  const std::vector<channels::SourceInfo> sources = {{.name = "tv", .type = "m3u", .url = "u"}};
  const std::vector<std::string> rules = {"first", "second", "third"};
  ASSERT_TRUE(writer.begin({.proxy = "home", .sources = sources, .rules = rules, .filters = {}}));
  catalog::ChannelBatch batch(slabs_);
  batch.add_row(0);
  batch.add_row(0);
  const std::vector<std::uint16_t> both = {0, 2};
  channels::note_rules(batch, 1, both);
  channels::Touched touched;
  touched.take(batch);
  ASSERT_TRUE(writer.add({batch, {}, touched}));
  ASSERT_TRUE(writer.finish());
  ASSERT_TRUE(draft->commit("1"));
  const auto lineup = open("1");
  EXPECT_EQ(lineup->sources().front().type, "m3u");
  EXPECT_EQ(lineup->sources().front().url, "u");
  const auto by = lineup->touched(1);
  ASSERT_TRUE(by) << by.error().message;
  EXPECT_THAT(by->rules, ElementsAre(0, 2));
  EXPECT_THAT(by->filters, testing::IsEmpty());
  EXPECT_THAT(lineup->touched(0)->rules, testing::IsEmpty());
  EXPECT_FALSE(lineup->touched(2));
}

TEST_F(LineupTest, RefusesARuleThatItDoesNotName) {
  const auto draft = *folder_.begin();
  LineupWriter writer(*draft, "lineup", budget_, slabs_, nullptr);
  const std::vector<channels::SourceInfo> sources = {{.name = "tv", .type = "m3u", .url = "u"}};
  const std::vector<std::string> rules = {"first"};
  ASSERT_TRUE(writer.begin({.proxy = "home", .sources = sources, .rules = rules, .filters = {}}));
  catalog::ChannelBatch batch(slabs_);
  batch.add_row(0);
  const std::vector<std::uint16_t> second = {1};
  channels::note_rules(batch, 0, second);
  channels::Touched touched;
  touched.take(batch);
  ASSERT_TRUE(writer.add({batch, {}, touched}));
  ASSERT_TRUE(writer.finish());
  ASSERT_TRUE(draft->commit("1"));
  const auto by = open("1")->touched(0);
  ASSERT_FALSE(by);
  EXPECT_EQ(by.error().code, ErrorCode::kParse);
}

TEST_F(LineupTest, TellsWhatBecameOfAnOlderOne) {
  write("1", 0, 3000);
  write("2", 10, 3005, 500);  // 10 gone, 15 new, one with another name
  std::vector<std::uint64_t> changed;
  const auto difference = Lineup::compare(
      *open("1"), *open("2"), budget_, [&](ChannelChange change, const LineupId& id) -> Result<> {
        if (change == ChannelChange::kChanged) changed.push_back(id.row);
        return {};
      });
  ASSERT_TRUE(difference) << difference.error().message;
  EXPECT_EQ(difference->removed, 10U);
  EXPECT_EQ(difference->added, 15U);
  EXPECT_EQ(difference->changed, 1U);
  EXPECT_THAT(changed, ElementsAre(490U));
}

TEST_F(LineupTest, HasNobodyWhereNobodyIs) {
  write("1", 0, 0);
  const auto lineup = open("1");
  EXPECT_EQ(lineup->rows(), 0U);
  const auto found = lineup->find(id_of(1));
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST_F(LineupTest, SaysThatItIsDamaged) {
  write("1", 0, 100);
  const std::filesystem::path path = folder_.path() / "1" / "lineup";
  const auto size = std::filesystem::file_size(path);
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(size) - 40);  // in the table
    file.put('\x5a');
  }
  const auto lineup = Lineup::open(*folder_.get("1"), "lineup", budget_);
  ASSERT_FALSE(lineup);
  EXPECT_EQ(lineup.error().code, ErrorCode::kParse);
}

}  // namespace
}  // namespace m3u_proxy::snapshots
