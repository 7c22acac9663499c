#include <map>
#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/spill/key_map.hpp>
#include <m3u_proxy/spill/key_set.hpp>

namespace m3u_proxy::spill {
namespace {

Key128 number_key(std::uint64_t i) { return key_of(std::to_string(i)); }

TEST(KeySet, SaysWhetherAKeyIsNew) {
  memory::Budget budget;
  KeySet keys(budget);
  EXPECT_TRUE(keys.insert(key_of("a")).value());
  EXPECT_TRUE(keys.insert(key_of("b")).value());
  EXPECT_FALSE(keys.insert(key_of("a")).value());
  EXPECT_TRUE(keys.contains(key_of("b")).value());
  EXPECT_FALSE(keys.contains(key_of("c")).value());
  EXPECT_EQ(keys.size(), 2U);
}

TEST(KeySet, EmptyOneHasNothingAndTakesNothing) {
  memory::Budget budget;
  const KeySet keys(budget);
  EXPECT_FALSE(keys.contains({}).value());
  EXPECT_FALSE(keys.contains(key_of("a")).value());
  EXPECT_EQ(keys.footprint(), Bytes{});
}

TEST(KeySet, TheZeroKeyIsAKeyLikeOthers) {
  memory::Budget budget;
  KeySet keys(budget);
  EXPECT_FALSE(keys.contains({}).value());
  EXPECT_TRUE(keys.insert({}).value());
  EXPECT_FALSE(keys.insert({}).value());
  EXPECT_TRUE(keys.contains({}).value());
  EXPECT_EQ(keys.size(), 1U);
}

/// The key whose mixed form marks a free slot.
Key128 free_key() {
  // mix() multiplies by an odd number: its inverse, by Newton's iteration.
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
  std::uint64_t inverse = kOdd;
  for (int i = 0; i < 5; ++i) inverse *= 2 - kOdd * inverse;
  const MixedKey with_zero = mix({.low = 0, .high = kFree});
  return {.low = (kFree * inverse) ^ (with_zero.first * inverse), .high = kFree};
}

TEST(KeySet, TheKeyThatMarksAFreeSlotIsAKeyLikeOthers) {
  ASSERT_EQ(mix(free_key()), kFreeKey);
  memory::Budget budget;
  KeySet keys(budget);
  EXPECT_FALSE(keys.contains(free_key()).value());
  EXPECT_TRUE(keys.insert(free_key()).value());
  EXPECT_FALSE(keys.insert(free_key()).value());
  EXPECT_TRUE(keys.contains(free_key()).value());
  EXPECT_EQ(keys.size(), 1U);
}

TEST(KeySet, StaysExactWhileItGrows) {
  memory::Budget budget;
  KeySet keys(budget);
  for (std::uint64_t i = 1; i <= 300'000; ++i) ASSERT_TRUE(keys.insert(number_key(i)).value());
  for (std::uint64_t i = 1; i <= 300'000; ++i) ASSERT_FALSE(keys.insert(number_key(i)).value());
  EXPECT_EQ(keys.size(), 300'000U);
}

TEST(KeySet, StaysExactWhenKeysCrowd) {
  // Keys of one mixed half, far from what hashes give, all want the same last place.
  memory::Budget budget;
  KeySet keys(budget);
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
  std::uint64_t inverse = kOdd;
  for (int i = 0; i < 5; ++i) inverse *= 2 - kOdd * inverse;
  const auto crowded = [&](std::uint64_t i) {
    return Key128{.low = (kFree - i % 3) * inverse ^ mix({.low = 0, .high = i}).first * inverse,
                  .high = i};
  };
  for (std::uint64_t i = 0; i < 3000; ++i) ASSERT_TRUE(keys.insert(crowded(i)).value()) << i;
  for (std::uint64_t i = 0; i < 3000; ++i) ASSERT_TRUE(keys.contains(crowded(i)).value()) << i;
  EXPECT_FALSE(keys.contains(crowded(3000)).value());
}

TEST(KeySet, TakesLittleMoreThanItsKeysWhereMemoryIsShort) {
  memory::Budget budget(mib(64));
  KeySet keys(budget);
  for (std::uint64_t i = 1; i <= 1'000'000; ++i)
    ASSERT_TRUE(keys.insert({.low = i, .high = 0}).value());
  EXPECT_LE(keys.footprint(), Bytes{16'000'000 * 5 / 3});
  EXPECT_EQ(budget.peak(), keys.footprint());  // never two tables at once
}

TEST(KeySet, IsChargedToTheBudgetAndGivesBack) {
  memory::Budget budget;
  KeySet keys(budget);
  for (std::uint64_t i = 1; i <= 10'000; ++i) ASSERT_TRUE(keys.insert({.low = i, .high = 0}));
  EXPECT_EQ(budget.used(memory::Tag::kKeySet), keys.footprint());
  EXPECT_GE(keys.footprint(), kib(160));
  keys.clear();
  EXPECT_EQ(budget.used(), Bytes{});
  EXPECT_EQ(keys.size(), 0U);
  EXPECT_TRUE(keys.insert({.low = 1, .high = 0}).value());
}

TEST(KeySet, RefusedGrowthWithoutDiskIsAnErrorAndKeepsTheKeys) {
  memory::Budget budget(kib(40));
  KeySet keys(budget);
  std::uint64_t inserted = 0;
  Result<bool> answer;
  while ((answer = keys.insert({.low = ++inserted, .high = 0}))) ASSERT_TRUE(*answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kOverBudget);
  EXPECT_EQ(keys.size(), inserted - 1);
  EXPECT_TRUE(keys.contains({.low = 1, .high = 0}).value());
  EXPECT_FALSE(keys.contains({.low = inserted, .high = 0}).value());
}

TEST(Keys, OfTwoTextsDependOnWhereTheyMeet) {
  EXPECT_EQ(key_of("ab", "c"), key_of("ab", "c"));
  EXPECT_NE(key_of("ab", "c"), key_of("a", "bc"));
  EXPECT_NE(key_of("", "abc"), key_of("abc", ""));
}

class KeysOnDisk : public testing::Test {
 protected:
  /// The same as `count` inserts into a std::map, then lookups of as many keys that are there and
  /// that are not.
  template <typename Hook>
  void expect_exact(KeyMap& keys, std::uint64_t count, const Hook& hook) {
    std::mt19937_64 random(7);
    std::map<std::uint64_t, std::uint32_t> expected;
    for (std::uint32_t i = 0; i < count; ++i) {
      hook(i);
      const std::uint64_t number = random() % count;
      const auto [at, is_new] = expected.try_emplace(number, i);
      const auto answer = keys.insert(number_key(number), i);
      ASSERT_TRUE(answer) << to_string(answer.error());
      ASSERT_EQ(answer->has_value(), !is_new) << i;
      if (!is_new) {
        ASSERT_EQ(**answer, at->second) << i;
      }
    }
    EXPECT_EQ(keys.size(), expected.size());
    for (std::uint64_t number = 0; number < count; ++number) {
      const auto answer = keys.find(number_key(number));
      ASSERT_TRUE(answer);
      const auto at = expected.find(number);
      ASSERT_EQ(answer->has_value(), at != expected.end()) << number;
      if (at != expected.end()) {
        ASSERT_EQ(**answer, at->second);
      }
    }
  }

  io::TestFolder folder_;
  spill::SpillSpace space_{
      {.folder = folder_.path(), .max = {}, .tmpfs = io::TempFolder::Tmpfs::kAllow}};
};

TEST_F(KeysOnDisk, AnswersAreTheSameFromTheStart) {
  memory::Budget budget;
  {
    KeyMap keys(budget, &space_, {.memtable = kib(16)});
    keys.move_down();
    expect_exact(keys, 60'000, [](std::uint32_t) {});
    EXPECT_TRUE(keys.on_disk());
    EXPECT_LE(keys.footprint(), kib(300));
    EXPECT_GT(space_.stats().live, 700'000U);
  }
  EXPECT_EQ(budget.used(), Bytes{});
  EXPECT_EQ(space_.stats().live, 0U);
}

TEST_F(KeysOnDisk, AnswersAreTheSameWhenTheyMoveDownMidStream) {
  memory::Budget budget;
  KeyMap keys(budget, &space_, {.memtable = kib(64)});
  expect_exact(keys, 100'000, [&](std::uint32_t i) {
    if (i == 50'000) keys.move_down();
  });
  EXPECT_TRUE(keys.on_disk());
}

TEST_F(KeysOnDisk, AnswersAreTheSameAtAnyLimit) {
  for (const std::uint64_t limit : {16, 20, 32, 64, 100, 300, 1000, 3000}) {
    memory::Budget budget(kib(limit));
    {
      KeyMap keys(budget, &space_, {.memtable = kib(64)});
      expect_exact(keys, 20'000, [](std::uint32_t) {});
      EXPECT_EQ(keys.on_disk(), limit <= 300) << limit;
    }
    EXPECT_LE(budget.peak(), kib(limit));
    EXPECT_EQ(budget.used(), Bytes{});
    EXPECT_EQ(space_.stats().live, 0U);
  }
}

TEST_F(KeysOnDisk, TheBudgetGetsTheirMemoryBackWhenItAsks) {
  memory::Budget budget(mib(8));
  KeyMap keys(budget, &space_, {.memtable = kib(64)});
  for (std::uint32_t i = 0; i < 100'000; ++i) ASSERT_TRUE(keys.insert(number_key(i), i));
  EXPECT_FALSE(keys.on_disk());
  EXPECT_GT(keys.footprint(), mib(2));
  EXPECT_TRUE(budget.reserve(memory::Tag::kBatch, mib(7)));
  EXPECT_TRUE(keys.on_disk());
  EXPECT_LT(keys.footprint(), kib(256));
  for (std::uint32_t i = 0; i < 100'000; ++i) ASSERT_EQ(keys.find(number_key(i)).value(), i);
}

TEST_F(KeysOnDisk, ThreadsLookUpWhatIsThereTogether) {
  memory::Budget budget;
  KeyMap keys(budget, &space_, {.memtable = kib(16)});
  keys.move_down();
  for (std::uint32_t i = 0; i < 20'000; ++i) ASSERT_TRUE(keys.insert(number_key(i), i));
  std::atomic<std::uint32_t> found{0};
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (std::uint32_t first = 0; first < 4; ++first)
      threads.emplace_back([&, first] {
        for (std::uint32_t i = first; i < 25'000; i += 4) {
          const auto answer = keys.find(number_key(i));
          if (answer && *answer == i) ++found;
        }
      });
  }
  EXPECT_EQ(found, 20'000U);
}

TEST_F(KeysOnDisk, ThreadsMayReclaimWhileOneInserts) {
  memory::Budget budget(mib(4));
  KeySet keys(budget, &space_, {.memtable = kib(32)});
  std::atomic<bool> done{false};
  std::jthread other([&] {
    while (!done) {
      const auto big = budget.reserve(memory::Tag::kBatch, mib(3));
      std::this_thread::yield();
    }
  });
  bool exact = true;
  for (int round = 0; round < 5; ++round) {
    keys.clear();
    for (std::uint64_t i = 0; i < 30'000; ++i) {
      const auto first = keys.insert(number_key(i));
      const auto again = keys.insert(number_key(i / 2));
      exact = exact && first && again && *first && !*again;
    }
  }
  done = true;
  EXPECT_TRUE(exact);
}

TEST_F(KeysOnDisk, ClearBeginsAnewInMemory) {
  memory::Budget budget(kib(400));
  KeySet keys(budget, &space_, {.memtable = kib(64)});
  for (std::uint64_t i = 0; i < 50'000; ++i) ASSERT_TRUE(keys.insert(number_key(i)).value());
  ASSERT_TRUE(keys.on_disk());
  keys.clear();
  EXPECT_EQ(space_.stats().live, 0U);
  EXPECT_EQ(budget.used(), Bytes{});
  for (std::uint64_t i = 0; i < 50'000; ++i) ASSERT_TRUE(keys.insert(number_key(i)).value());
  EXPECT_EQ(keys.size(), 50'000U);
}

}  // namespace
}  // namespace m3u_proxy::spill
