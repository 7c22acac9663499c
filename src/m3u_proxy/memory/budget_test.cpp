#include <atomic>
#include <memory_resource>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/process_memory.hpp>

namespace m3u_proxy::memory {
namespace {

using Order = Budget::ReclaimOrder;

TEST(Budget, ReservationIsGivenBackByItsScope) {
  Budget budget(mib(10));
  {
    const auto reservation = budget.reserve(Tag::kSpool, mib(4));
    ASSERT_TRUE(reservation);
    EXPECT_EQ(reservation->size(), mib(4));
    EXPECT_EQ(budget.used(), mib(4));
    EXPECT_EQ(budget.used(Tag::kSpool), mib(4));
  }
  EXPECT_EQ(budget.used(), Bytes{0});
  EXPECT_EQ(budget.used(Tag::kSpool), Bytes{0});
}

TEST(Budget, LimitItselfMayBeReserved) {
  Budget budget(mib(10));
  EXPECT_TRUE(budget.reserve(Tag::kBatch, mib(10)));
  EXPECT_FALSE(budget.reserve(Tag::kBatch, mib(10) + Bytes{1}));
}

TEST(Budget, RefusalNamesUsersAndRemedy) {
  Budget budget(mib(64));
  const auto batches = budget.reserve(Tag::kBatch, mib(50)).value();
  const auto rules = budget.reserve(Tag::kRules, mib(10)).value();
  const auto refused = budget.reserve(Tag::kSpool, mib(8));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kOverBudget);
  EXPECT_EQ(refused.error().message,
            "the memory limit does not allow 8.0 MB more for 'spool': 60.0 of 64.0 MB are in use "
            "(batch 50.0 MB, rules 10.0 MB)");
  EXPECT_EQ(refused.error().hint, "raise --memory-limit");
  EXPECT_EQ(budget.used(), mib(60));
}

TEST(Budget, RefusalCountsTheProgramToBothFigures) {
  Budget budget(mib(44));
  budget.set_program_size(mib(20));
  const auto batches = budget.reserve(Tag::kBatch, mib(40)).value();
  EXPECT_EQ(budget.reserve(Tag::kSpool, mib(8)).error().message,
            "the memory limit does not allow 8.0 MB more for 'spool': 60.0 of 64.0 MB are in use "
            "(program 20.0 MB, batch 40.0 MB)");
}

TEST(Budget, RefusalOfAnEmptyBudgetNamesNobody) {
  Budget budget(mib(4));
  EXPECT_EQ(budget.reserve(Tag::kInput, mib(8)).error().message,
            "the memory limit does not allow 8.0 MB more for 'input': 0.0 of 4.0 MB are in use");
}

TEST(Budget, HugeRequestDoesNotWrapAround) {
  Budget budget(mib(10));
  const auto one = budget.reserve(Tag::kBatch, mib(1)).value();
  EXPECT_FALSE(budget.reserve(Tag::kBatch, Bytes{UINT64_MAX}));
  EXPECT_EQ(budget.used(), mib(1));
}

TEST(Budget, PeaksRemainAfterRelease) {
  Budget budget(mib(100));
  {
    const auto a = budget.reserve(Tag::kBatch, mib(30)).value();
    const auto b = budget.reserve(Tag::kSpool, mib(20)).value();
  }
  const auto c = budget.reserve(Tag::kSpool, mib(10)).value();
  EXPECT_EQ(budget.peak(), mib(50));
  EXPECT_EQ(budget.peak(Tag::kBatch), mib(30));
  EXPECT_EQ(budget.peak(Tag::kSpool), mib(20));
}

TEST(Budget, RetagMovesTheAccountAndNotTheSum) {
  Budget budget;
  ASSERT_TRUE(budget.try_add(Tag::kPool, mib(2)));
  budget.retag(Tag::kPool, Tag::kBatch, mib(2));
  EXPECT_EQ(budget.used(Tag::kPool), Bytes{0});
  EXPECT_EQ(budget.used(Tag::kBatch), mib(2));
  EXPECT_EQ(budget.used(), mib(2));
  budget.subtract(Tag::kBatch, mib(2));
}

TEST(Budget, LoweredLimitKeepsReservationsAndRefusesNewOnes) {
  Budget budget(mib(10));
  const auto held = budget.reserve(Tag::kBatch, mib(8)).value();
  budget.set_limit(mib(4));
  EXPECT_EQ(budget.used(), mib(8));
  EXPECT_FALSE(budget.reserve(Tag::kBatch, Bytes{1}));
}

TEST(Reservation, RefusedGrowthChangesNothing) {
  Budget budget(mib(10));
  auto reservation = budget.reserve(Tag::kBatch, mib(6)).value();
  EXPECT_EQ(reservation.resize(mib(11)).error().code, ErrorCode::kOverBudget);
  EXPECT_EQ(reservation.size(), mib(6));
  EXPECT_EQ(budget.used(), mib(6));
  EXPECT_TRUE(reservation.resize(mib(9)));
  EXPECT_TRUE(reservation.resize(mib(2)));
  EXPECT_EQ(budget.used(), mib(2));
}

TEST(Reservation, MovesWithoutCountingTwice) {
  Budget budget(mib(10));
  auto first = budget.reserve(Tag::kBatch, mib(4)).value();
  auto second = budget.reserve(Tag::kSpool, mib(3)).value();
  second = std::move(first);
  EXPECT_EQ(budget.used(), mib(4));
  EXPECT_EQ(budget.used(Tag::kSpool), Bytes{0});
}

TEST(Reclaimers, AreAskedCheapestFirstAndOnlyForWhatIsMissing) {
  Budget budget(mib(10));
  std::vector<std::string> asked;
  std::vector<Reservation> kept;
  kept.push_back(budget.reserve(Tag::kSpool, mib(2)).value());
  kept.push_back(budget.reserve(Tag::kHttp, mib(2)).value());
  kept.push_back(budget.reserve(Tag::kPool, mib(2)).value());
  const auto reclaimer = [&](const char* name, std::size_t i) {
    return [&asked, &kept, name, i](Bytes wanted) {
      asked.push_back(std::string(name) + " " + std::to_string(wanted.count >> 20U));
      const Bytes freed = kept[i].size();
      kept[i].release();
      return freed;
    };
  };
  budget.add_reclaimer(Order::kSpools, reclaimer("spool", 0));
  budget.add_reclaimer(Order::kCaches, reclaimer("cache", 1));
  budget.add_reclaimer(Order::kPools, reclaimer("pool", 2));

  const auto within = budget.reserve(Tag::kBatch, mib(4)).value();
  EXPECT_TRUE(asked.empty());
  const auto over = budget.reserve(Tag::kBatch, mib(3));
  EXPECT_TRUE(over);
  EXPECT_EQ(asked, (std::vector<std::string>{"pool 3", "cache 1"}));
}

TEST(Reclaimers, AreNotAskedForWhatCanNeverFit) {
  Budget budget(mib(10));
  int asked = 0;
  budget.add_reclaimer(Order::kCaches, [&](Bytes /*wanted*/) {
    ++asked;
    return Bytes{};
  });
  EXPECT_FALSE(budget.reserve(Tag::kBatch, mib(11)));
  EXPECT_EQ(asked, 0);
}

TEST(Reclaimers, RemovedOneIsNotAsked) {
  Budget budget(mib(10));
  int asked = 0;
  const std::size_t handle = budget.add_reclaimer(Order::kCaches, [&](Bytes /*wanted*/) {
    ++asked;
    return Bytes{};
  });
  const auto all = budget.reserve(Tag::kBatch, mib(10)).value();
  EXPECT_FALSE(budget.reserve(Tag::kBatch, mib(1)));
  EXPECT_EQ(asked, 1);
  budget.remove_reclaimer(handle);
  EXPECT_FALSE(budget.reserve(Tag::kBatch, mib(1)));
  EXPECT_EQ(asked, 1);
}

TEST(Budget, ThreadsNeverGetMoreThanTheLimitTogether) {
  constexpr std::uint64_t kLimit = 1000;
  Budget budget(Bytes{kLimit});
  std::atomic<std::uint64_t> held{0};
  std::atomic<bool> exceeded{false};
  std::atomic<std::uint64_t> granted{0};
  const auto worker = [&](std::uint64_t size) {
    for (int i = 0; i < 20'000; ++i) {
      auto reservation = budget.reserve(Tag::kBatch, Bytes{size});
      if (!reservation) continue;
      if (held.fetch_add(size) + size > kLimit) exceeded = true;
      held.fetch_sub(size);
      ++granted;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (const std::uint64_t size : {300, 400, 500, 600}) threads.emplace_back(worker, size);
  }
  EXPECT_FALSE(exceeded);
  EXPECT_GT(granted, 0U);
  EXPECT_LE(budget.peak(), Bytes{kLimit});
  EXPECT_EQ(budget.used(), Bytes{0});
  EXPECT_EQ(budget.used(Tag::kBatch), Bytes{0});
}

TEST(Budget, ThreadsThatReclaimGetOnlyWhatWasFreed) {
  Budget budget(mib(8));
  std::mutex mutex;
  std::vector<Reservation> cache;
  budget.add_reclaimer(Order::kCaches, [&](Bytes /*wanted*/) {
    const std::unique_lock lock(mutex, std::try_to_lock);
    if (!lock || cache.empty()) return Bytes{};
    const Bytes freed = cache.back().size();
    cache.pop_back();
    return freed;
  });
  const auto worker = [&] {
    for (int i = 0; i < 5'000; ++i) {
      auto reservation = budget.reserve(Tag::kHttp, mib(1));
      if (!reservation) continue;
      const std::lock_guard lock(mutex);
      cache.push_back(*std::move(reservation));
    }
  };
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) threads.emplace_back(worker);
  }
  EXPECT_LE(budget.peak(), mib(8));
  EXPECT_EQ(budget.used(), mib(cache.size()));
}

TEST(Tag, EachHasAName) {
  EXPECT_EQ(to_string(Tag::kBatch), "batch");
  EXPECT_EQ(to_string(Tag::kKeySet), "key_set");
  EXPECT_EQ(to_string(Tag::kUnaccounted), "unaccounted");
}

TEST(BudgetResource, VectorChargesWhatItHolds) {
  Budget budget;
  BudgetResource resource(budget, Tag::kGuide);
  {
    std::pmr::vector<std::uint64_t> numbers(&resource);
    numbers.resize(1'000'000);
    EXPECT_EQ(budget.used(Tag::kGuide), Bytes{8'003'584});  // in whole pages
  }
  EXPECT_EQ(budget.used(Tag::kGuide), Bytes{0});
}

TEST(BudgetResource, SmallBlocksAreChargedAsTheHeapTakesThem) {
  Budget budget;
  BudgetResource resource(budget, Tag::kGuide);
  void* tiny = resource.allocate(1, 1);
  EXPECT_EQ(budget.used(), Bytes{32});
  void* small = resource.allocate(40, 8);
  EXPECT_EQ(budget.used(), Bytes{32 + 48});
  resource.deallocate(tiny, 1, 1);
  resource.deallocate(small, 40, 8);
  EXPECT_EQ(budget.used(), Bytes{0});
}

TEST(BudgetResource, RefusalIsAnOverBudgetWithItsError) {
  Budget budget(kib(100));
  BudgetResource resource(budget, Tag::kNumbers);
  std::pmr::vector<char> bytes(&resource);
  bytes.resize(50'000, 'x');
  try {
    bytes.resize(200'000);
    FAIL() << "the limit was not kept";
  } catch (const OverBudget& refused) {
    EXPECT_EQ(refused.error().code, ErrorCode::kOverBudget);
  }
  EXPECT_EQ(bytes.size(), 50'000U);
  EXPECT_EQ(bytes[49'999], 'x');
}

TEST(BudgetResource, KeepsAlignmentBeyondAPage) {
  Budget budget;
  BudgetResource resource(budget, Tag::kGuide);
  void* p = resource.allocate(100'000, 65'536);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % 65'536, 0U);
  resource.deallocate(p, 100'000, 65'536);
  EXPECT_EQ(budget.used(), Bytes{0});
}

TEST(BudgetResource, LargeBlocksLeaveTheProcessAtOnce) {
  Budget budget;
  BudgetResource resource(budget, Tag::kGuide);
  Bytes with_block;
  {
    const std::pmr::vector<char> bytes(mib(64).count, 'x', &resource);
    with_block = process_memory().resident().value();
  }
  EXPECT_LE(process_memory().resident().value() + mib(60), with_block);
}

}  // namespace
}  // namespace m3u_proxy::memory
