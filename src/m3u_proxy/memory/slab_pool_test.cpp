#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/memory/process_memory.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::memory {
namespace {

TEST(SlabPool, RoundsUpToItsSizes) {
  Budget budget;
  SlabPool pool(budget);
  EXPECT_EQ(pool.acquire(Tag::kBatch, 1).value().size(), kib(64).count);
  EXPECT_EQ(pool.acquire(Tag::kBatch, 65'536).value().size(), kib(64).count);
  EXPECT_EQ(pool.acquire(Tag::kBatch, 65'537).value().size(), kib(256).count);
  EXPECT_EQ(pool.acquire(Tag::kBatch, mib(4).count).value().size(), mib(4).count);
  EXPECT_EQ(pool.acquire(Tag::kBatch, mib(4).count + 1).value().size(), mib(5).count);
}

TEST(SlabPool, ReturnedSlabIsGivenOutAgain) {
  Budget budget;
  SlabPool pool(budget);
  char* data = pool.acquire(Tag::kBatch, 1000).value().data();
  EXPECT_EQ(budget.used(Tag::kBatch), Bytes{0});
  EXPECT_EQ(budget.used(Tag::kPool), kib(64));
  const Slab again = pool.acquire(Tag::kInput, 1000).value();
  EXPECT_EQ(again.data(), data);
  EXPECT_EQ(budget.used(Tag::kInput), kib(64));
  EXPECT_EQ(budget.used(Tag::kPool), Bytes{0});
  EXPECT_EQ(pool.stats().requests, 2U);
  EXPECT_EQ(pool.stats().hits, 1U);
}

TEST(SlabPool, KeepsNoMoreThanToldTo) {
  Budget budget;
  SlabPool pool(budget, kib(128));
  {
    std::vector<Slab> slabs;
    slabs.reserve(5);
    for (int i = 0; i < 5; ++i) slabs.push_back(pool.acquire(Tag::kBatch, 1).value());
  }
  EXPECT_EQ(budget.used(), kib(128));
}

TEST(SlabPool, LargeSlabsAreNotKept) {
  Budget budget;
  SlabPool pool(budget);
  {
    const Slab slab = pool.acquire(Tag::kBatch, mib(6).count).value();
  }
  EXPECT_EQ(budget.used(), Bytes{0});
}

TEST(SlabPool, TrimUnmapsAsMuchAsAskedFor) {
  Budget budget;
  SlabPool pool(budget);
  {
    std::vector<Slab> slabs;
    slabs.reserve(4);
    for (int i = 0; i < 4; ++i) slabs.push_back(pool.acquire(Tag::kBatch, 1).value());
  }
  EXPECT_EQ(pool.trim(kib(100)), kib(128));
  EXPECT_EQ(budget.used(Tag::kPool), kib(128));
  EXPECT_EQ(pool.trim(), kib(128));
  EXPECT_EQ(pool.trim(), Bytes{0});
  EXPECT_EQ(budget.used(), Bytes{0});
}

TEST(SlabPool, TrimReturnsMemoryToTheSystem) {
  Budget budget;
  SlabPool pool(budget, mib(64));
  {
    std::vector<Slab> slabs;
    slabs.reserve(16);
    for (int i = 0; i < 16; ++i) {
      slabs.push_back(pool.acquire(Tag::kBatch, mib(4).count).value());
      std::memset(slabs.back().data(), 1, slabs.back().size());
    }
  }
  const Bytes kept = process_memory().resident().value();
  pool.trim();
  EXPECT_LE(process_memory().resident().value() + mib(60), kept);
}

TEST(SlabPool, GivesWayToOthersWhenTheBudgetIsShort) {
  Budget budget(mib(1));
  SlabPool pool(budget);
  {
    std::vector<Slab> slabs;
    slabs.reserve(16);
    for (int i = 0; i < 16; ++i) slabs.push_back(pool.acquire(Tag::kBatch, 1).value());
  }
  EXPECT_EQ(budget.used(Tag::kPool), mib(1));
  const auto other = budget.reserve(Tag::kSpool, kib(200));
  EXPECT_TRUE(other);
  EXPECT_LE(budget.used(), mib(1));
}

TEST(SlabPool, RefusalIsAnError) {
  Budget budget(kib(64));
  SlabPool pool(budget);
  const Slab held = pool.acquire(Tag::kBatch, 1).value();
  EXPECT_EQ(pool.acquire(Tag::kBatch, 1).error().code, ErrorCode::kOverBudget);
}

TEST(SlabPool, MayBeUsedByManyThreads) {
  Budget budget(mib(4));
  SlabPool pool(budget, mib(1));
  const auto worker = [&](char mark) {
    for (int i = 0; i < 2'000; ++i) {
      auto slab = pool.acquire(Tag::kBatch, i % 3 == 0 ? 100'000 : 100);
      if (!slab) continue;
      std::memset(slab->data(), mark, 64);
      for (int k = 0; k < 64; ++k) ASSERT_EQ(slab->data()[k], mark);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (const char mark : {'a', 'b', 'c', 'd'}) threads.emplace_back(worker, mark);
  }
  EXPECT_EQ(budget.used(), budget.used(Tag::kPool));
  EXPECT_LE(budget.peak(), mib(4));
}

TEST(SlabPool, KeepsWhatTheConfigurationSays) {
  Budget budget;
  SlabPool pool(budget, {.channel_pool_size = 256, .metadata_pool_size = 128});
  {
    const Slab first = pool.acquire(Tag::kBatch, kib(256).count).value();
    const Slab second = pool.acquire(Tag::kBatch, kib(256).count).value();
  }
  EXPECT_EQ(pool.stats().kept, kib(256));  // room for 384 KB
  EXPECT_EQ(budget.used(Tag::kPool), kib(256));
}

TEST(SlabPool, KeepsNothingWhenToldSo) {
  Budget budget;
  SlabPool pool(budget, {.channel_pool_size = 0, .metadata_pool_size = 0});
  {
    const Slab slab = pool.acquire(Tag::kBatch, 1).value();
  }
  EXPECT_EQ(pool.stats().kept, Bytes{});
  EXPECT_EQ(budget.used(), Bytes{});
}

TEST(SlabPool, DefaultConfigurationKeepsFifteenThousandKilobytes) {
  EXPECT_EQ(pool_bytes({}), kib(15'000));
}

TEST(SlabPool, BufferHasTheConfiguredSize) {
  Budget budget;
  SlabPool pool(budget, {.temp_buffer_size = 256 << 10U});
  EXPECT_EQ(pool.acquire_buffer(Tag::kOutput).value().size(), 256U << 10U);
  SlabPool usual(budget);
  EXPECT_EQ(usual.acquire_buffer(Tag::kOutput).value().size(), 1U << 20U);
}

TEST(SlabPool, HitRateIsThePartOfRequestsThatWereKeptSlabs) {
  Budget budget;
  SlabPool pool(budget);
  EXPECT_EQ(pool.stats().hit_rate(), 0);
  for (int i = 0; i < 4; ++i) (void)pool.acquire(Tag::kBatch, 1).value();
  EXPECT_EQ(pool.stats().hit_rate(), 0.75);
}

TEST(SlabPool, KeepsLessAtHigherPressureAndAllAgainLater) {
  Budget budget;
  SlabPool pool(budget, mib(10));
  const auto use_ten = [&] {
    std::vector<Slab> slabs;
    for (int i = 0; i < 10; ++i) slabs.push_back(pool.acquire(Tag::kBatch, mib(1).count).value());
  };
  use_ten();
  pool.follow(MemoryPressureLevel::kModerate);
  EXPECT_EQ(pool.stats().kept, mib(10));
  pool.follow(MemoryPressureLevel::kHigh);
  EXPECT_EQ(pool.stats().kept, mib(5));
  pool.follow(MemoryPressureLevel::kCritical);
  EXPECT_EQ(pool.stats().kept, mib(2));
  use_ten();
  EXPECT_EQ(pool.stats().kept, mib(2));
  pool.follow(MemoryPressureLevel::kEmergency);
  EXPECT_EQ(budget.used(), Bytes{});
  pool.follow(MemoryPressureLevel::kOptimal);
  use_ten();
  EXPECT_EQ(pool.stats().kept, mib(10));
}

TEST(SlabPool, EachCleanupUnmapsWhatItsStrategySays) {
  Budget budget;
  SlabPool pool(budget, mib(64));
  const auto use = [&](int slabs) {
    std::vector<Slab> held;
    for (int i = 0; i < slabs; ++i) held.push_back(*pool.acquire(Tag::kBatch, SlabPool::kSizes[2]));
  };
  use(8);
  EXPECT_EQ(pool.basic_cleanup(), 0U);
  EXPECT_EQ(pool.stats().kept, mib(8));
  // All were taken since there is a pool; from now on three of them are.
  EXPECT_EQ(pool.smart_cleanup(), 0U);
  use(3);
  EXPECT_EQ(pool.memory_usage().held, mib(8));
  EXPECT_EQ(pool.memory_usage().unused, mib(5));
  EXPECT_EQ(pool.smart_cleanup(), 5U);
  EXPECT_EQ(pool.smart_cleanup(), 0U);  // at once again: nobody had time to take one
  EXPECT_EQ(pool.memory_usage().unused, Bytes{});
  EXPECT_EQ(pool.stats().kept, mib(3));
  EXPECT_EQ(pool.aggressive_cleanup(), 3U);
  EXPECT_EQ(budget.used(), Bytes{});
  EXPECT_EQ(pool.aggressive_cleanup(), 0U);
}

TEST(Arena, TextsStayWhereTheyAre) {
  Budget budget;
  SlabPool pool(budget);
  Arena arena(pool, Tag::kBatch);
  std::vector<std::string_view> texts;
  texts.reserve(20'000);
  for (int i = 0; i < 20'000; ++i) texts.push_back(arena.copy("channel " + std::to_string(i)));
  for (int i = 0; i < 20'000; ++i)
    ASSERT_EQ(texts[static_cast<std::size_t>(i)], "channel " + std::to_string(i));
  EXPECT_EQ(arena.footprint(), budget.used(Tag::kBatch));
}

TEST(Arena, TextLargerThanASlabGetsItsOwn) {
  Budget budget;
  SlabPool pool(budget);
  Arena arena(pool, Tag::kBatch);
  const std::string large(mib(5).count, 'x');
  EXPECT_EQ(arena.copy(large), large);
  EXPECT_EQ(arena.footprint(), mib(5));
}

TEST(Arena, ResetKeepsTheFirstSlabForTheNextBatch) {
  Budget budget;
  SlabPool pool(budget);
  Arena arena(pool, Tag::kBatch);
  const char* first = arena.copy("one").data();
  for (int i = 0; i < 100; ++i) (void)arena.allocate_text(10'000);
  arena.reset();
  EXPECT_EQ(arena.footprint(), kib(64));
  EXPECT_EQ(arena.copy("two").data(), first);
}

TEST(Arena, AlignsWhatContainersAskFor) {
  Budget budget;
  SlabPool pool(budget);
  Arena arena(pool, Tag::kBatch);
  (void)arena.allocate_text(3);
  void* p = arena.allocate(64, 32);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % 32, 0U);
}

TEST(Arena, MovedFromArenaIsEmptyAndUsable) {
  Budget budget;
  SlabPool pool(budget);
  Arena first(pool, Tag::kBatch);
  const std::string_view text = first.copy("kept");
  Arena second = std::move(first);
  const std::string_view other = first.copy("not over it");  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(text, "kept");
  EXPECT_EQ(other, "not over it");
  EXPECT_EQ(second.footprint(), kib(64));
  EXPECT_EQ(first.footprint(), kib(64));
  second = std::move(first);
  EXPECT_EQ(budget.used(Tag::kBatch), kib(64));
}

TEST(Arena, RefusedSlabThrowsItsError) {
  Budget budget(kib(64));
  SlabPool pool(budget);
  Arena arena(pool, Tag::kBatch);
  (void)arena.copy("fits");
  EXPECT_THROW((void)arena.allocate_text(65'536), OverBudget);
}

}  // namespace
}  // namespace m3u_proxy::memory
