#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/cleanable.hpp>

namespace m3u_proxy::memory {
namespace {

using enum CleanupStrategy;

std::string text_with_capacity(std::string_view text, std::size_t capacity) {
  std::string s;
  s.reserve(capacity);
  s = text;
  return s;
}

TEST(Clean, VectorGivesUpItsUnusedSlots) {
  std::vector<int> numbers = {1, 2, 3};
  numbers.reserve(1000);
  EXPECT_EQ(clean(numbers, kBasic), 997U);
  EXPECT_EQ(numbers.capacity(), 3U);
  EXPECT_EQ(numbers, (std::vector<int>{1, 2, 3}));
}

TEST(Clean, WhatIsFullIsLeftAlone) {
  std::vector<int> numbers = {1, 2, 3};
  const int* data = numbers.data();
  EXPECT_EQ(clean(numbers, kBasic), 0U);
  EXPECT_EQ(numbers.data(), data);
}

TEST(Clean, StringCountsAsOneItem) {
  std::string text = text_with_capacity("a name that is longer than the object", 5000);
  EXPECT_EQ(clean(text, kBasic), 1U);
  EXPECT_EQ(text, "a name that is longer than the object");
  EXPECT_LT(text.capacity(), 100U);
}

TEST(Clean, ShortStringHasNothingToGive) {
  std::string text = "short";
  EXPECT_EQ(clean(text, kBasic), 0U);
}

TEST(Clean, HashTableDropsItsSpareBuckets) {
  std::unordered_map<int, int> table;
  table.reserve(10'000);
  table[1] = 2;
  const std::size_t buckets = table.bucket_count();
  const std::size_t cleaned = clean(table, kBasic);
  EXPECT_EQ(cleaned, buckets - table.bucket_count());
  EXPECT_LT(table.bucket_count(), 20U);
  EXPECT_EQ(table.at(1), 2);
}

TEST(Clean, ReachesWhatIsNested) {
  std::map<std::string, std::vector<std::string>> groups;
  groups["news"].push_back(text_with_capacity("a text longer than sixteen", 200));
  groups["news"].reserve(11);
  EXPECT_EQ(clean(groups, kBasic), 11U);  // ten slots and one string
  EXPECT_EQ(groups["news"].capacity(), 1U);
}

TEST(Clean, ReachesPairs) {
  std::vector<std::pair<int, std::string>> names;
  names.emplace_back(1, text_with_capacity("a text longer than sixteen", 200));
  names.shrink_to_fit();
  EXPECT_EQ(clean(names, kBasic), 1U);
}

TEST(Clean, SmartLeavesSmallOrWellUsedContainers) {
  std::vector<char> small(10);
  small.reserve(1000);
  EXPECT_EQ(clean(small, kSmart), 0U);
  std::vector<char> well_used(80'000);
  well_used.reserve(100'000);
  EXPECT_EQ(clean(well_used, kSmart), 0U);
  std::vector<char> wasteful(70'000);
  wasteful.reserve(100'000);
  EXPECT_EQ(clean(wasteful, kSmart), 30'000U);
}

TEST(Clean, PolymorphicContainersGiveBackToTheirBudget) {
  Budget budget;
  BudgetResource resource(budget, Tag::kGuide);
  std::pmr::vector<std::pmr::string> names(&resource);
  names.reserve(100'000);
  names.emplace_back("a text longer than sixteen");
  EXPECT_GT(budget.used(Tag::kGuide), mib(3));
  EXPECT_EQ(clean(names, kBasic), 99'999U);
  EXPECT_LT(budget.used(Tag::kGuide), kib(4));
}

TEST(Clean, RefusedMemoryLeavesTheContainerAsItWas) {
  Budget budget;
  BudgetResource resource(budget, Tag::kGuide);
  std::pmr::vector<int> numbers({1, 2, 3}, &resource);
  numbers.reserve(1000);
  budget.set_limit(budget.used());
  EXPECT_EQ(clean(numbers, kBasic), 0U);
  EXPECT_EQ(numbers.capacity(), 1000U);
  EXPECT_EQ(numbers.size(), 3U);
}

TEST(MemoryUsage, CountsHeldAndUnusedBytes) {
  std::vector<std::uint64_t> numbers(10);
  numbers.reserve(100);
  EXPECT_EQ(memory_usage(numbers).held, Bytes{800});
  EXPECT_EQ(memory_usage(numbers).unused, Bytes{720});
  const std::string text = text_with_capacity("twenty-five characters ..", 100);
  EXPECT_EQ(memory_usage(text).held, Bytes{101});
  EXPECT_EQ(memory_usage(text).unused, Bytes{75});
  EXPECT_EQ(memory_usage(std::string("short")).held, Bytes{0});
}

/// A stage's output as an application defines it: some of it is dropped when memory is short.
class CustomOutput final : public MemoryCleanable {
 public:
  std::size_t basic_cleanup() override { return clean(data, kBasic); }
  std::size_t aggressive_cleanup() override {
    const std::size_t dropped = temporary.size();
    temporary = {};
    return basic_cleanup() + dropped;
  }
  [[nodiscard]] MemoryUsage memory_usage() const override { return memory::memory_usage(data); }

  std::vector<int> data;
  std::vector<std::string> temporary;
};

TEST(CleanableParts, CleansEachPartByTheStrategy) {
  CustomOutput custom;
  custom.temporary = {"a", "b"};
  std::vector<int> numbers = {1};
  numbers.reserve(5);
  CleanableParts output(custom, numbers);
  EXPECT_EQ(output.memory_usage().held, Bytes{20});
  EXPECT_EQ(output.basic_cleanup(), 4U);
  EXPECT_EQ(custom.temporary.size(), 2U);
  EXPECT_EQ(output.aggressive_cleanup(), 2U);
  EXPECT_TRUE(custom.temporary.empty());
}

TEST(CleanableParts, NestedCleanablesAreReached) {
  std::vector<CustomOutput> outputs(2);
  outputs[0].data.reserve(7);
  outputs[1].data.reserve(3);
  outputs.shrink_to_fit();
  CleanableParts all(outputs);
  EXPECT_EQ(all.basic_cleanup(), 10U);
}

}  // namespace
}  // namespace m3u_proxy::memory
