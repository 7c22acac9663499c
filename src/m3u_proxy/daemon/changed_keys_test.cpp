#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/daemon/changed_keys.hpp>

namespace m3u_proxy::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> changed(const std::string& before, const std::string& now) {
  return changed_keys({.text = before, .file = "a", .folder = {}},
                      {.text = now, .file = "a", .folder = {}});
}

TEST(ChangedKeys, ThoseWithAnotherValueTheNewAndTheGone) {
  EXPECT_THAT(changed("[service]\nrefresh = \"1h\"\njitter = \"5s\"\n[http]\nlisten = \"8080\"\n",
                      "[service]\nrefresh = \"2h\"\njitter = \"5s\"\n[database]\nurl = \"\"\n"),
              ElementsAre("service.refresh", "database.url", "http.listen"));
}

TEST(ChangedKeys, OrderAndSpaceAndListsAreNoChange) {
  EXPECT_THAT(changed("[service]\nrefresh = \"1h\"\njitter = \"5s\"\n",
                      "[service]\njitter   = \"5s\"\n\nrefresh = \"1h\" # often\n"
                      "[[sources]]\nname = \"tv\"\npath = \"x\"\n"),
              IsEmpty());
}

TEST(ChangedKeys, AnEntryOfAListIsAChange) {
  EXPECT_THAT(changed("[http]\nallowed_hosts = [\"a\"]\n", "[http]\nallowed_hosts = [\"b\"]\n"),
              ElementsAre("http.allowed_hosts"));
}

TEST(ChangedKeys, WhatNeedsARestart) {
  EXPECT_TRUE(applies_at_once("service.refresh"));
  EXPECT_TRUE(applies_at_once("service.allowed_folders"));
  EXPECT_TRUE(applies_at_once("service.allowed_networks"));
  EXPECT_TRUE(applies_at_once("http.public_url"));
  EXPECT_FALSE(applies_at_once("service.log_format"));
  EXPECT_TRUE(applies_at_once("login.user_header"));
  EXPECT_FALSE(applies_at_once("http.listen"));
  EXPECT_FALSE(applies_at_once("database.url"));
  EXPECT_FALSE(applies_at_once("proxy_memory.max_memory_mb"));
}

}  // namespace
}  // namespace m3u_proxy::daemon
