// What is packed comes back as it was, whatever texts have in common.
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/catalog/batch_packer.hpp>
#include <m3u_proxy/catalog/frame_builder.hpp>

namespace m3u_proxy::catalog {
namespace {

class BatchPackerTest : public testing::Test {
 protected:
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }
  /// Texts that begin alike, of which some are long.
  std::string_view text() {
    std::string text(below(4) == 0 ? 0 : below(40), 'a');
    for (auto left = below(12); left > 0; --left) text += static_cast<char>('a' + below(3));
    if (below(200) == 0) text += std::string(below(2000), 'b');
    return batch_.store(text);
  }
  void add_random_row() {
    const std::size_t row = batch_.add_row(static_cast<std::uint16_t>(below(2) * below(70'000)));
    for (std::size_t i = 0; i < ChannelBatch::kTextColumns; ++i)
      if (below(5) != 0) batch_.column(i)[row] = text();
    if (below(2) == 0)
      batch_.set_text(ChannelField::kTvgName, row, batch_.text(ChannelField::kChannelName, row));
    for (auto left = below(4); left > 0; --left)
      batch_.push_attribute({.key = text(), .value = text()});
    for (auto left = below(3); left > 0; --left) batch_.push_directive(text());
    batch_.set_media_type(row, static_cast<MediaType>(below(3)));
  }
  void add_ordinary_row(std::uint32_t number) {
    const std::size_t row = batch_.add_row(1);
    const std::string digits = std::to_string(number);
    batch_.set_text(ChannelField::kChannelName, row, batch_.store("Channel " + digits));
    batch_.set_text(ChannelField::kTvgName, row, batch_.store("Channel " + digits));
    batch_.set_text(ChannelField::kTvgId, row, batch_.store("ch" + digits + ".ES"));
    batch_.set_text(ChannelField::kTvgLogo, row,
                    batch_.store("https://logos.example.net/ES/" + digits + ".png"));
    batch_.set_text(ChannelField::kGroupTitle, row, number % 2 == 0 ? "Movies" : "Sports");
    batch_.set_text(ChannelField::kStreamUrl, row,
                    batch_.store("http://example.org:8080/live/user/secret/" + digits + ".ts"));
    batch_.set_duration(row, "-1");
    batch_.push_attribute({.key = "tvg-country", .value = "ES"});
  }
  /// Packs the batch and compares what comes out; the packed size.
  std::size_t check() {
    const auto packed = packer_.pack(batch_, bytes_);
    packer_.unpack(packed, loaded_);
    EXPECT_EQ(loaded_.rows(), batch_.rows());
    for (std::size_t row = 0; row < batch_.rows(); ++row) expect_same(row);
    return packed.size();
  }

  std::mt19937 random_{9};  // NOLINT(cert-msc51-cpp): repeatable on purpose
  memory::Budget budget_;
  memory::SlabPool slabs_{budget_};
  ChannelBatch batch_{slabs_};
  ChannelBatch loaded_{slabs_};
  BatchPacker packer_{budget_};
  std::pmr::vector<std::uint8_t> bytes_;

 private:
  void expect_same(std::size_t row) {
    const ChannelBatch& batch = batch_;
    const ChannelBatch& loaded = loaded_;
    for (std::size_t i = 0; i < ChannelBatch::kTextColumns; ++i)
      EXPECT_EQ(loaded.column(i)[row], batch.column(i)[row]);
    EXPECT_EQ(loaded.source(row), batch.source(row));
    EXPECT_EQ(loaded.media_type(row), batch.media_type(row));
    EXPECT_EQ(loaded.id(row), batch.id(row));
    ASSERT_EQ(loaded.attributes(row).size(), batch.attributes(row).size());
    for (std::size_t i = 0; i < batch.attributes(row).size(); ++i) {
      EXPECT_EQ(loaded.attributes(row)[i].key, batch.attributes(row)[i].key);
      EXPECT_EQ(loaded.attributes(row)[i].value, batch.attributes(row)[i].value);
    }
    ASSERT_EQ(loaded.directives(row).size(), batch.directives(row).size());
    for (std::size_t i = 0; i < batch.directives(row).size(); ++i)
      EXPECT_EQ(loaded.directives(row)[i], batch.directives(row)[i]);
  }
};

TEST_F(BatchPackerTest, RandomBatchesComeBackAsTheyWere) {
  for (int round = 0; round < 100; ++round) {
    batch_.clear();
    for (auto left = below(60); left > 0; --left) add_random_row();
    if (round % 3 == 0 && batch_.rows() != 0)
      batch_.set_id(below(static_cast<std::uint32_t>(batch_.rows())), source_id("tv"));
    check();
  }
}

TEST_F(BatchPackerTest, WhatWasSetLaterComesBackInItsRow) {
  for (int i = 0; i < 20; ++i) add_random_row();
  batch_.set_attribute(3, "late", "v");
  batch_.set_attribute(0, "late", "");
  batch_.retain([](std::size_t row) { return row % 3 != 1; });
  check();
}

TEST_F(BatchPackerTest, AnEmptyBatchComesBackEmpty) { check(); }

TEST_F(BatchPackerTest, NothingOfTheBatchBeforeIsLeft) {
  for (int i = 0; i < 10; ++i) add_random_row();
  batch_.set_id(2, source_id("tv"));
  check();
  batch_.clear();
  add_ordinary_row(1);
  check();
}

TEST_F(BatchPackerTest, OrdinaryChannelsTakeLessThanAThirdOfTheirFrame) {
  for (std::uint32_t i = 0; i < 1000; ++i) add_ordinary_row(530'000 + i);
  const std::size_t packed = check();
  FrameBuilder builder(budget_);
  EXPECT_LT(packed, builder.build(batch_).size() / 3);
}

TEST_F(BatchPackerTest, WhatItKeepsIsCharged) {
  for (std::uint32_t i = 0; i < 1000; ++i) add_ordinary_row(i);
  const Bytes before = budget_.used(memory::Tag::kBatch);
  check();
  EXPECT_GT(budget_.used(memory::Tag::kBatch), before);
}

}  // namespace
}  // namespace m3u_proxy::catalog
