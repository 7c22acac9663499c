#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/spill/blob_sorter.hpp>
#include <m3u_proxy/spill/record_sorter.hpp>
#include <m3u_proxy/spill/sort_key.hpp>

namespace m3u_proxy::spill {
namespace {

struct Numbered {
  std::uint32_t key;
  std::uint32_t position;
  bool operator==(const Numbered&) const = default;
};
struct ByKey {
  bool operator()(const Numbered& a, const Numbered& b) const { return a.key < b.key; }
};
struct ByPrefix : ByKey {
  static std::uint64_t prefix(const Numbered& record) { return std::uint64_t{record.key} << 32U; }
};

std::vector<Numbered> numbered(std::size_t count, std::uint32_t different) {
  std::mt19937 random(5);
  std::vector<Numbered> records(count);
  for (std::uint32_t i = 0; i < count; ++i)
    records[i] = {.key = static_cast<std::uint32_t>(random() % different * 7919U), .position = i};
  return records;
}

template <typename Sorter>
std::vector<Numbered> sorted_by(Sorter& sorter, const std::vector<Numbered>& records) {
  std::vector<Numbered> sorted;
  for (const Numbered& record : records)
    if (!sorter.add(record)) return sorted;
  if (!sorter.finish()) return sorted;
  Numbered record{};
  while (sorter.next(record).value()) sorted.push_back(record);
  return sorted;
}

class Sorters : public testing::Test {
 protected:
  io::TestFolder folder_;
  spill::SpillSpace space_{
      {.folder = folder_.path(), .max = {}, .tmpfs = io::TempFolder::Tmpfs::kAllow}};
};

TEST_F(Sorters, OfNothingGiveNothing) {
  memory::Budget budget;
  RecordSorter<Numbered, ByKey> records(budget, &space_);
  EXPECT_TRUE(sorted_by(records, {}).empty());
  BlobSorter blobs(budget, &space_);
  ASSERT_TRUE(blobs.finish());
  std::string_view key;
  std::string_view payload;
  EXPECT_FALSE(blobs.next(key, payload).value());
}

TEST_F(Sorters, KeepTheOrderOfEqualRecordsWithAnyMemory) {
  const auto records = numbered(100'000, 1000);
  auto expected = records;
  std::ranges::stable_sort(expected, ByKey());
  // From 16 buffers and several passes to everything in memory.
  for (const std::uint64_t limit : {80, 100, 300, 1000, 16'000}) {
    memory::Budget budget(kib(limit));
    {
      RecordSorter<Numbered, ByKey> sorter(budget, &space_, {.memory = mib(8)});
      EXPECT_TRUE(sorted_by(sorter, records) == expected) << limit;
      EXPECT_EQ(sorter.on_disk(), limit < 16'000);
      EXPECT_EQ(sorter.size(), records.size());
    }
    {
      RecordSorter<Numbered, ByPrefix> sorter(budget, &space_, {.memory = mib(8)});
      EXPECT_TRUE(sorted_by(sorter, records) == expected) << limit;
    }
    EXPECT_EQ(budget.used(), Bytes{});
    EXPECT_EQ(space_.stats().live, 0U);
  }
}

TEST_F(Sorters, GiveTheirRecordsAgain) {
  for (const std::uint64_t limit : {80, 16'000}) {
    memory::Budget budget(kib(limit));
    RecordSorter<std::uint64_t, AscendingNumbers> sorter(budget, &space_);
    for (std::uint64_t i = 0; i < 50'000; ++i) ASSERT_TRUE(sorter.add((50'000 - i) << 40U));
    ASSERT_TRUE(sorter.finish());
    for (int round = 0; round < 2; ++round) {
      std::uint64_t number = 0;
      for (std::uint64_t i = 1; i <= 50'000; ++i) {
        ASSERT_TRUE(sorter.next(number).value());
        ASSERT_EQ(number, i << 40U);
      }
      EXPECT_FALSE(sorter.next(number).value());
      ASSERT_TRUE(sorter.rewind());
    }
    sorter.clear();
    EXPECT_EQ(budget.used(), Bytes{});
  }
}

TEST_F(Sorters, WithoutDiskRefusedMemoryIsAnError) {
  memory::Budget budget(kib(64));
  RecordSorter<std::uint64_t> sorter(budget, nullptr);
  Result<> added;
  while ((added = sorter.add(1)));
  EXPECT_EQ(added.error().code, ErrorCode::kOverBudget);
}

/// What a BlobSorter gives, in one text.
std::string all_of(BlobSorter& sorter) {
  std::string all;
  std::string_view key;
  std::string_view payload;
  while (sorter.next(key, payload).value()) {
    all += key;
    all += '=';
    all += payload;
    all += '\n';
  }
  return all;
}

TEST_F(Sorters, OrderBlobsByTheirKeysWithAnyMemory) {
  std::mt19937 random(3);
  std::vector<std::pair<std::string, std::string>> blobs;
  for (std::size_t i = 0; i < 20'000; ++i) {
    std::string key = "channel " + std::to_string(random() % 3000);
    if (i % 7 == 0) key.resize(random() % 12);
    // Some are larger than a block, a few larger than the least memory.
    const std::size_t large = i % 1000 == 0 ? 20'000 : i % 5000 == 1 ? 150'000 : i % 100;
    blobs.emplace_back(key, std::to_string(i) + std::string(large, 'x'));
  }
  auto expected = blobs;
  std::ranges::stable_sort(expected, {}, [](const auto& blob) { return blob.first; });
  std::string expected_text;
  for (const auto& [key, payload] : expected)
    expected_text.append(key).append("=").append(payload).append("\n");
  for (const std::uint64_t limit : {1000, 3000, 64'000}) {
    memory::Budget budget(kib(limit));
    {
      BlobSorter sorter(budget, &space_);
      for (const auto& [key, payload] : blobs) {
        const auto added = sorter.add(key, payload);
        ASSERT_TRUE(added) << to_string(added.error());
      }
      ASSERT_TRUE(sorter.finish());
      EXPECT_EQ(sorter.on_disk(), limit < 64'000);
      EXPECT_TRUE(all_of(sorter) == expected_text) << limit;
      ASSERT_TRUE(sorter.rewind());
      EXPECT_TRUE(all_of(sorter) == expected_text) << limit;
    }
    EXPECT_EQ(budget.used(), Bytes{});
    EXPECT_EQ(space_.stats().live, 0U);
  }
}

TEST(SortKey, ComparesAsItsFieldsDoOneAfterTheOther) {
  using enum SortOrder;
  const auto key = [](std::string_view text, std::uint64_t number, SortOrder of_text,
                      SortOrder of_number) {
    SortKey made;
    made.add_text(text, of_text);
    made.add_number(number, of_number);
    return std::string(made.bytes());
  };
  const std::string_view with_zero("a\0b", 3);
  EXPECT_LT(key("a", 9, kAscending, kAscending), key("b", 1, kAscending, kAscending));
  EXPECT_LT(key("a", 9, kAscending, kAscending), key("ab", 1, kAscending, kAscending));
  EXPECT_LT(key("a", 9, kAscending, kAscending), key(with_zero, 1, kAscending, kAscending));
  EXPECT_LT(key(with_zero, 9, kAscending, kAscending), key("ab", 1, kAscending, kAscending));
  EXPECT_LT(key("a", 1, kAscending, kAscending), key("a", 256, kAscending, kAscending));
  EXPECT_LT(key("b", 1, kDescending, kAscending), key("a", 1, kDescending, kAscending));
  EXPECT_LT(key("ab", 1, kDescending, kAscending), key("a", 1, kDescending, kAscending));
  EXPECT_LT(key("a", 256, kAscending, kDescending), key("a", 1, kAscending, kDescending));
}

}  // namespace
}  // namespace m3u_proxy::spill
