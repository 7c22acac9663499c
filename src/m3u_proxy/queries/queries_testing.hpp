// A lineup for tests: channels as they are given, in a snapshot of their own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/queries/channel_queries.hpp>
#include <m3u_proxy/snapshots/lineup_writer.hpp>

namespace m3u_proxy::queries {

struct TestChannel {
  std::string name;
  std::string group{};
  std::string number{};
  std::string guide_id{};
  std::uint16_t source = 0;
};

inline Uuid test_id(std::size_t row) {
  Uuid id{};
  id.bytes[0] = static_cast<std::uint8_t>(row * 37);
  id.bytes[14] = static_cast<std::uint8_t>(row >> 8U);
  id.bytes[15] = static_cast<std::uint8_t>(row);
  return id;
}

class TestLineups {
 public:
  memory::Budget budget;
  memory::SlabPool slabs{budget};

  /// The sources are "cable" and "sat"; pieces have `piece` channels.
  LineupKey make(const std::vector<TestChannel>& all, std::size_t piece = 2) {
    const std::string name = std::to_string(++made_);
    write(all, piece, name);
    auto lineup = snapshots::Lineup::open(*folder_.get(name), "lineup", budget);
    EXPECT_TRUE(lineup) << lineup.error().message;
    return {.proxy = test_id(1), .generation = made_, .lineup = *std::move(lineup)};
  }

 private:
  void write(const std::vector<TestChannel>& all, std::size_t piece, const std::string& name) {
    using enum catalog::ChannelField;
    const auto draft = *folder_.begin();
    snapshots::LineupWriter writer(*draft, "lineup", budget, slabs, nullptr);
    const std::vector<channels::SourceInfo> sources = {
        {.name = "cable", .type = "m3u", .url = "http://cable/"},
        {.name = "sat", .type = "xtream", .url = "http://sat/"}};
    EXPECT_TRUE(writer.begin({.proxy = "home", .sources = sources, .rules = {}, .filters = {}}));
    catalog::ChannelBatch batch(slabs);
    const channels::Touched touched;
    for (std::size_t at = 0; at < all.size(); at += piece) {
      batch.clear();
      for (std::size_t i = at; i < std::min(all.size(), at + piece); ++i) {
        const std::size_t row = batch.add_row(all[i].source);
        batch.set_id(row, test_id(i));
        batch.set_text(kChannelName, row, all[i].name);
        batch.set_text(kGroupTitle, row, all[i].group);
        batch.set_text(kTvgChno, row, all[i].number);
        batch.set_text(kTvgId, row, all[i].guide_id);
        batch.set_text(kStreamUrl, row, batch.store("http://x/" + std::to_string(i)));
        batch.push_attribute({.key = "Catchup-Type", .value = "shift"});
      }
      EXPECT_TRUE(writer.add({batch, {}, touched}));
    }
    EXPECT_TRUE(writer.finish());
    EXPECT_TRUE(draft->commit(name));
  }

  io::TestFolder test_;
  snapshots::SnapshotFolder folder_ = *snapshots::SnapshotFolder::open(test_ / "proxy");
  std::int64_t made_ = 0;
};

}  // namespace m3u_proxy::queries
