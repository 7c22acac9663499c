#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/catalog/batch_frame.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/catalog/frame_builder.hpp>

namespace m3u_proxy::catalog {
namespace {

using ::testing::ElementsAre;

class ChannelBatchTest : public testing::Test {
 protected:
  std::size_t add(std::string_view name) {
    const std::size_t row = batch_.add_row(3);
    batch_.set_text(ChannelField::kChannelName, row, name);
    return row;
  }
  std::vector<std::string> attributes(std::size_t row) {
    std::vector<std::string> all;
    for (const Attribute& a : batch_.attributes(row))
      all.push_back(std::string(a.key) + "=" + std::string(a.value));
    return all;
  }

  memory::Budget budget_;
  memory::SlabPool slabs_{budget_};
  ChannelBatch batch_{slabs_};
  ChannelBatch loaded_{slabs_};
};

TEST_F(ChannelBatchTest, AttributesAreFoundWithoutCaseAndKeepTheirOrder) {
  const std::size_t row = add("A");
  batch_.push_attribute({.key = "Radio", .value = "true"});
  batch_.push_attribute({.key = "x", .value = "1"});
  EXPECT_EQ(batch_.attribute(row, "radio"), "true");
  EXPECT_EQ(batch_.attribute(row, "y"), "");
  EXPECT_THAT(attributes(row), ElementsAre("Radio=true", "x=1"));
}

TEST_F(ChannelBatchTest, SettingAnAttributeOfAnEarlierRowLeavesTheOthers) {
  const std::size_t first = add("A");
  batch_.push_attribute({.key = "a", .value = "1"});
  const std::size_t second = add("B");
  batch_.push_attribute({.key = "b", .value = "2"});
  batch_.set_attribute(first, "A", "one");
  batch_.set_attribute(first, "c", "3");
  batch_.set_attribute(first, "d", "4");
  batch_.set_attribute(second, "b", "");
  EXPECT_THAT(attributes(first), ElementsAre("a=one", "c=3", "d=4"));
  EXPECT_TRUE(attributes(second).empty());
}

TEST_F(ChannelBatchTest, RetainKeepsRowsInOrderWithAllTheyHave) {
  for (const char* name : {"A", "B", "C", "D"}) {
    const std::size_t row = add(name);
    batch_.push_attribute({.key = "k", .value = name});
    batch_.push_directive(name);
    batch_.set_key(row, spill::key_of(name));
  }
  batch_.retain([](std::size_t row) { return row % 2 == 1; });
  ASSERT_EQ(batch_.rows(), 2U);
  EXPECT_EQ(batch_.text(ChannelField::kChannelName, 0), "B");
  EXPECT_EQ(batch_.text(ChannelField::kChannelName, 1), "D");
  EXPECT_THAT(attributes(1), ElementsAre("k=D"));
  EXPECT_THAT(batch_.directives(1), ElementsAre("D"));
  EXPECT_EQ(batch_.key(1), spill::key_of("D"));
}

TEST_F(ChannelBatchTest, AppendedRowsHaveAllTheyHadAndCopiesOutliveTheirBatch) {
  using Texts = ChannelBatch::Texts;
  add("first");
  {
    ChannelBatch from(slabs_);
    for (const char* name : {"A", "", "C", "D"}) {
      const std::size_t row = from.add_row(static_cast<std::uint16_t>(from.rows()));
      from.set_text(ChannelField::kChannelName, row, from.store(name));
      from.push_attribute({.key = from.store("k"), .value = from.store(name)});
      for (std::size_t i = 0; i < row; ++i) from.push_directive(from.store(name));
      from.set_media_type(row, MediaType::kMovie);
      from.set_key(row, spill::key_of(name));
      if (row == 2) from.set_id(row, source_id("C"));
    }
    batch_.append_rows(from, 1, 3, Texts::kCopy);
    ChannelBatch views(slabs_);
    views.append_rows(from, 3, 1, Texts::kStay);
    EXPECT_EQ(views.text(ChannelField::kChannelName, 0).data(),
              from.text(ChannelField::kChannelName, 3).data());
    batch_.append_rows(from, 4, 0, Texts::kCopy);
  }
  ASSERT_EQ(batch_.rows(), 4U);
  EXPECT_EQ(batch_.text(ChannelField::kChannelName, 0), "first");
  EXPECT_EQ(batch_.text(ChannelField::kChannelName, 1), "");
  EXPECT_EQ(batch_.text(ChannelField::kChannelName, 2), "C");
  EXPECT_EQ(batch_.text(ChannelField::kChannelName, 3), "D");
  EXPECT_EQ(batch_.source(3), 3);
  EXPECT_EQ(batch_.media_type(2), MediaType::kMovie);
  EXPECT_EQ(batch_.key(3), spill::key_of("D"));
  EXPECT_EQ(batch_.id(1), Uuid{});
  EXPECT_EQ(batch_.id(2), source_id("C"));
  EXPECT_THAT(attributes(0), ElementsAre());
  EXPECT_THAT(attributes(2), ElementsAre("k=C"));
  EXPECT_THAT(batch_.directives(2), ElementsAre("C", "C"));
  EXPECT_THAT(batch_.directives(3), ElementsAre("D", "D", "D"));
}

TEST_F(ChannelBatchTest, EverythingIsChargedAndClearKeepsTheCapacity) {
  for (int i = 0; i < 1000; ++i) add(batch_.store("some text"));
  const Bytes used = budget_.used(memory::Tag::kBatch);
  EXPECT_GT(used, kib(150));
  batch_.clear();
  EXPECT_EQ(budget_.used(memory::Tag::kBatch), used);
  EXPECT_EQ(batch_.rows(), 0U);
}

TEST_F(ChannelBatchTest, AFrameLoadsToTheSameRows) {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): repeatable on purpose
  const auto text = [&] {
    return batch_.store(std::string(std::uniform_int_distribution<std::size_t>(0, 9)(random), 'x'));
  };
  for (int i = 0; i < 100; ++i) {
    const std::size_t row = batch_.add_row(static_cast<std::uint16_t>(i % 3));
    for (std::size_t c = 0; c < ChannelBatch::kTextColumns; ++c) batch_.column(c)[row] = text();
    for (int a = 0; a < i % 4; ++a) batch_.push_attribute({.key = "k", .value = text()});
    for (int d = 0; d < i % 3; ++d) batch_.push_directive(text());
    batch_.set_media_type(row, static_cast<MediaType>(i % 3));
    batch_.set_id(row, channel_id(source_id("s"), std::to_string(i)));
  }
  batch_.set_attribute(5, "late", "v");
  FrameBuilder builder(budget_);
  const FrameBytes frame = builder.build(batch_);
  ASSERT_TRUE(verify_frame(frame));
  ChannelBatch loaded(slabs_);
  load_frame(frame, loaded);
  ASSERT_EQ(loaded.rows(), batch_.rows());
  for (std::size_t row = 0; row < loaded.rows(); ++row) {
    for (std::size_t c = 0; c < ChannelBatch::kTextColumns; ++c)
      ASSERT_EQ(loaded.column(c)[row], batch_.column(c)[row]);
    ASSERT_EQ(loaded.source(row), batch_.source(row));
    ASSERT_EQ(loaded.media_type(row), batch_.media_type(row));
    ASSERT_EQ(loaded.id(row), batch_.id(row));
    ASSERT_EQ(loaded.attributes(row).size(), batch_.attributes(row).size());
    for (std::size_t a = 0; a < loaded.attributes(row).size(); ++a) {
      ASSERT_EQ(loaded.attributes(row)[a].key, batch_.attributes(row)[a].key);
      ASSERT_EQ(loaded.attributes(row)[a].value, batch_.attributes(row)[a].value);
    }
    ASSERT_EQ(loaded.directives(row).size(), batch_.directives(row).size());
  }
}

TEST_F(ChannelBatchTest, AFrameKeepsTheIdsOfTheOthersWhenTheFirstRowHasNone) {
  add("new");
  const Uuid id = channel_id(source_id("s"), "old");
  batch_.set_id(add("old"), id);
  FrameBuilder builder(budget_);
  ChannelBatch loaded(slabs_);
  load_frame(builder.build(batch_), loaded);
  EXPECT_EQ(loaded.id(0), Uuid{});
  EXPECT_EQ(loaded.id(1), id);
}

TEST_F(ChannelBatchTest, AFrameCanBeOfSomeRows) {
  for (const char* name : {"first", "second", "third", "fourth"}) {
    add(name);
    batch_.push_attribute({.key = "key", .value = name});
    batch_.push_directive(name);
  }
  batch_.set_attribute(1, "late", "v");  // the second row's attributes are behind the others' now
  FrameBuilder builder(budget_);
  const FrameBytes frame = builder.build(batch_, 1, 2);
  ASSERT_TRUE(verify_frame(frame));
  load_frame(frame, loaded_);
  ASSERT_EQ(loaded_.rows(), 2U);
  EXPECT_EQ(loaded_.text(ChannelField::kChannelName, 0), "second");
  EXPECT_EQ(loaded_.text(ChannelField::kChannelName, 1), "third");
  EXPECT_EQ(loaded_.attribute(0, "late"), "v");
  EXPECT_EQ(loaded_.attribute(1, "key"), "third");
  EXPECT_EQ(loaded_.directives(1)[0], "third");
}

TEST_F(ChannelBatchTest, AnEmptyBatchHasAFrame) {
  FrameBuilder builder(budget_);
  const FrameBytes frame = builder.build(batch_);
  ASSERT_TRUE(verify_frame(frame));
  ChannelBatch loaded(slabs_);
  load_frame(frame, loaded);
  EXPECT_EQ(loaded.rows(), 0U);
}

TEST_F(ChannelBatchTest, ADamagedFrameIsRefusedOrHarmless) {
  for (const char* name : {"first", "second", "third"}) {
    const std::size_t row = add(name);
    batch_.push_attribute({.key = "key", .value = name});
    batch_.push_directive("#EXTVLCOPT:x");
    batch_.set_id(row, source_id(name));
  }
  FrameBuilder builder(budget_);
  const FrameBytes good = builder.build(batch_);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::vector<std::uint8_t> bad(good.begin(), good.end());
    bad[i] ^= 0xA5U;
    if (!verify_frame(bad)) {
      ++refused;
      continue;
    }
    ChannelBatch loaded(slabs_);  // what passes the check must be safe to read
    load_frame(bad, loaded);
    for (std::size_t row = 0; row < loaded.rows(); ++row)
      for (std::size_t c = 0; c < ChannelBatch::kTextColumns; ++c)
        ASSERT_LE(loaded.column(c)[row].size(), good.size());
  }
  EXPECT_GT(refused, good.size() / 4);
  EXPECT_FALSE(verify_frame(good.first(good.size() / 2)));
  EXPECT_FALSE(verify_frame({}));
}

}  // namespace
}  // namespace m3u_proxy::catalog
