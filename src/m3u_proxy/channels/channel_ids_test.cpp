#include <set>

#include <gtest/gtest.h>

#include <m3u_proxy/channels/channel_ids.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>

namespace m3u_proxy::channels {
namespace {

using catalog::ChannelField;

class ChannelIdsTest : public testing::Test {
 protected:
  /// Adds a row with the id of its key, and makes that its own.
  Uuid add(std::string_view url, std::string_view name) {
    const std::size_t row = batch_.add_row(0);
    batch_.set_text(ChannelField::kStreamUrl, row, batch_.store(url));
    batch_.set_text(ChannelField::kChannelName, row, batch_.store(name));
    std::string space;
    batch_.set_id(row, channel_id(source_, formats::channel_key(url, name, space)));
    EXPECT_TRUE(ids_.make_own(source_, batch_, row));
    return batch_.id(row);
  }

  memory::Budget budget_;
  memory::SlabPool slabs_{budget_};
  catalog::ChannelBatch batch_{slabs_};
  Uuid source_ = source_id("tv");
  ChannelIds ids_{budget_, nullptr};
};

TEST_F(ChannelIdsTest, TheFirstOfAKeyKeepsIt) {
  EXPECT_EQ(add("http://h/a", "N"), channel_id(source_, "url:/a\nN"));
  EXPECT_EQ(add("http://h/b", "N"), channel_id(source_, "url:/b\nN"));
}

TEST_F(ChannelIdsTest, LaterOnesAreToldApartByMoreOfTheirAddress) {
  add("http://h/live/u/p/42.ts", "N");
  EXPECT_EQ(add("http://h/movie/u/p/42.mkv", "N"), channel_id(source_, "url:/movie/u/p/42.mkv\nN"));
  add("http://h/0123456789abcdef01234567/x?token=1", "M");
  EXPECT_EQ(add("http://h/76543210fedcba9876543210/x?token=2", "M"),
            channel_id(source_, "url:/76543210fedcba9876543210/x\nM"));
}

TEST_F(ChannelIdsTest, ThenByTheirOrdinal) {
  add("http://h/a?token=1", "N");
  // The variant of a plain address is its key.
  EXPECT_EQ(add("http://h/a?token=2", "N"), channel_id(source_, "url:/a\nN\n2"));
  EXPECT_EQ(add("http://h/a?token=3", "N"), channel_id(source_, "url:/a\nN\n3"));
  EXPECT_EQ(add("http://h/a?token=3", "M"), channel_id(source_, "url:/a\nM"));
}

TEST_F(ChannelIdsTest, NoTwoOfVeryManyAreTheSame) {
  constexpr int kMany = 3000;
  std::set<Uuid> ids;
  for (int i = 0; i < kMany; ++i) ids.insert(add("http://h/a?token=" + std::to_string(i), "N"));
  EXPECT_EQ(ids.size(), kMany);
  EXPECT_TRUE(ids.contains(channel_id(source_, "url:/a\nN\n" + std::to_string(kMany))));
}

TEST_F(ChannelIdsTest, AnotherSourceBeginsAnew) {
  const Uuid first = add("http://h/a", "N");
  ids_.clear();
  EXPECT_EQ(add("http://h/a", "N"), first);
}

}  // namespace
}  // namespace m3u_proxy::channels
