#include <optional>

#include <gtest/gtest.h>

#include <m3u_proxy/memory/cleanable_set.hpp>

namespace m3u_proxy::memory {
namespace {

class Counted final : public MemoryCleanable {
 public:
  std::size_t basic_cleanup() override { return ++basic; }
  std::size_t aggressive_cleanup() override { return aggressive += 10; }
  std::size_t smart_cleanup() override { return smart += 100; }
  [[nodiscard]] MemoryUsage memory_usage() const override {
    return {.held = kib(2), .unused = kib(1)};
  }
  std::size_t basic = 0;
  std::size_t aggressive = 0;
  std::size_t smart = 0;
};

TEST(CleanableSet, CleansItsMembersByTheStrategyAsLongAsTheyAreThere) {
  CleanableSet set;
  Counted a;
  Counted b;
  const CleanableSet::Member first(set, a);
  {
    const CleanableSet::Member second(set, b);
    EXPECT_EQ(set.basic_cleanup(), 2U);
    EXPECT_EQ(set.aggressive_cleanup(), 20U);
    EXPECT_EQ(set.smart_cleanup(), 200U);
    EXPECT_EQ(set.memory_usage().held, kib(4));
    EXPECT_EQ(set.memory_usage().unused, kib(2));
  }
  EXPECT_EQ(set.basic_cleanup(), 2U);
  EXPECT_EQ(b.basic, 1U);
  EXPECT_EQ(set.memory_usage().held, kib(2));
}

}  // namespace
}  // namespace m3u_proxy::memory
