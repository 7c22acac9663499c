#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/http/connection/doors.hpp>

namespace m3u_proxy::http {
namespace {

/// A router of one route a door; the route's number is the door's.
class DoorRouter : public Router {
 public:
  explicit DoorRouter(std::initializer_list<std::string> doors) {
    for (const std::string& door : doors)
      EXPECT_TRUE(
          add(Method::kGet, "/" + door, [](Request&) { return Response(); }, {.door = door}));
  }
};

std::size_t enter_all(Doors& doors, std::size_t slot) {
  std::size_t count = 0;
  while (doors.enter(slot)) ++count;
  return count;
}

TEST(Doors, OneMayTakeAllButWhatTheOthersHave) {
  const DoorRouter router({"api", "outputs", "status"});
  Doors doors({&router}, 640);
  EXPECT_EQ(enter_all(doors, 0), 620U);
  EXPECT_EQ(enter_all(doors, 1), 10U);
  EXPECT_EQ(enter_all(doors, 2), 10U);
  const auto counters = doors.read();
  ASSERT_EQ(counters.size(), 4U);
  EXPECT_EQ(counters[0].name, "api");
  EXPECT_EQ(counters[0].under_way, 620U);
  EXPECT_EQ(counters[0].refused, 1U);
  // What one gives back beyond its own is anybody's; of its own it is not.
  doors.leave(0);
  EXPECT_TRUE(doors.enter(1));
  doors.leave(2);
  EXPECT_FALSE(doors.enter(0));
  EXPECT_TRUE(doors.enter(2));
}

TEST(Doors, RoutesOfSeveralRoutersShareTheirDoor) {
  const DoorRouter first({"api"});
  const DoorRouter second({"status", "api"});
  Doors doors({&first, &second}, 128);
  EXPECT_EQ(doors.read().size(), 3U);
  EXPECT_EQ(enter_all(doors, 0), 126U);
  EXPECT_FALSE(doors.enter(2));
  EXPECT_TRUE(doors.enter(1));
}

TEST(Doors, OneAloneMayTakeAll) {
  const DoorRouter router({"only"});
  Doors doors({&router}, 3);
  EXPECT_EQ(enter_all(doors, 0), 3U);
}

TEST(Doors, WhatNoRouteTakesHasNothingOfItsOwn) {
  const DoorRouter router({"api", "status"});
  Doors doors({&router}, 128);
  constexpr std::size_t kNone = 2;
  EXPECT_EQ(enter_all(doors, kNone), 124U);
  EXPECT_EQ(enter_all(doors, 0), 2U);
  EXPECT_EQ(doors.read().back().name, "none");
  EXPECT_EQ(doors.read().back().under_way, 124U);
  doors.leave(kNone);
  EXPECT_TRUE(doors.enter(0));
  EXPECT_FALSE(doors.enter(kNone));
}

TEST(Doors, WhereThereAreFewEachHasOneAtLeast) {
  const DoorRouter router({"a", "b", "c"});
  Doors doors({&router}, 2);
  constexpr std::size_t kNone = 3;
  EXPECT_TRUE(doors.enter(kNone));
  EXPECT_FALSE(doors.enter(kNone));
  for (std::size_t slot = 0; slot < 3; ++slot) EXPECT_EQ(enter_all(doors, slot), 1U);
}

TEST(Doors, OneThatTheNetworkDoesNotReachNeverRefuses) {
  const DoorRouter network({"api", "status"});
  const DoorRouter local({"control"});
  Doors doors({&network, &local}, 128, {&local});
  EXPECT_EQ(enter_all(doors, 0), 126U);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(doors.enter(2));
  EXPECT_EQ(doors.read()[2].under_way, 100U);
  for (int i = 0; i < 100; ++i) doors.leave(2);
  // The others' are as they were.
  EXPECT_FALSE(doors.enter(0));
  EXPECT_EQ(enter_all(doors, 1), 2U);
}

TEST(Doors, OneThatTheNetworkReachesTooIsAsAnyOther) {
  const DoorRouter network({"status", "api"});
  const DoorRouter local({"status"});
  Doors local_first({&local, &network}, 128, {&local});
  EXPECT_EQ(enter_all(local_first, 0), 126U);
  EXPECT_EQ(enter_all(local_first, 2), 2U);
  Doors local_last({&network, &local}, 128, {&local});
  EXPECT_EQ(enter_all(local_last, 2), 126U);
  EXPECT_EQ(enter_all(local_last, 1), 2U);
}

TEST(Doors, ManyThreadsLeaveThemAsTheyWere) {
  const DoorRouter router({"a", "b"});
  Doors doors({&router}, 16);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i)
    threads.emplace_back([&doors, i] {
      for (int k = 0; k < 5000; ++k) {
        std::size_t inside = 0;
        while (inside < 6 && doors.enter(i % 2)) ++inside;
        for (; inside > 0; --inside) doors.leave(i % 2);
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const DoorCounters& door : doors.read()) EXPECT_EQ(door.under_way, 0U);
  EXPECT_EQ(enter_all(doors, 0), 15U);
  EXPECT_EQ(enter_all(doors, 1), 1U);
}

}  // namespace
}  // namespace m3u_proxy::http
