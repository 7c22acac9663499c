#include <gtest/gtest.h>

#include <m3u_proxy/api/backup_contents.hpp>

namespace m3u_proxy::api {
namespace {

bool is_only_copy(const std::string& refresh, const std::string& service = "12h") {
  config::ServiceConfig config;
  config.refresh = service;
  return only_copies(config)(refresh);
}

TEST(BackupContents, WhatNobodyFetchesIsAnOnlyCopyHoweverItIsWritten) {
  for (const std::string manual : {"manual", "Manual", " manual "})
    EXPECT_TRUE(is_only_copy(manual)) << manual;
  EXPECT_TRUE(is_only_copy("", "manual"));
  EXPECT_TRUE(is_only_copy("", "MANUAL "));
  EXPECT_TRUE(is_only_copy("nonsense", "manual"));
  EXPECT_FALSE(is_only_copy(""));
  EXPECT_FALSE(is_only_copy("6h", "manual"));
  EXPECT_FALSE(is_only_copy("0 4 * * *", "manual"));
  EXPECT_FALSE(is_only_copy("nonsense"));
}

TEST(BackupContents, SecretsOfASourceAreHiddenAndThoseOfSettingsLeftOut) {
  EXPECT_EQ(hide_in_backup(R"({"headers":{"X-Key":"k"},"url":"http://u:pw@h/x"})").value(),
            R"({"headers":{"X-Key":"***"},"url":"http://***@h/x"})");
  EXPECT_EQ(
      hide_in_backup(R"({"http":{"metrics_token":"abc"},"service":{"refresh":"6h"}})").value(),
      R"({"http":{},"service":{"refresh":"6h"}})");
  EXPECT_FALSE(hide_in_backup("secret"));
}

}  // namespace
}  // namespace m3u_proxy::api
