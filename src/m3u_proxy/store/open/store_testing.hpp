// StoreTest: the one suite of the store, run on each engine.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/store/open/open_store.hpp>
#include <m3u_proxy/store/open/postgres_testing.hpp>
#include <m3u_proxy/store/postgres/postgres_database.hpp>
#include <m3u_proxy/store/sqlite/sqlite_database.hpp>

namespace m3u_proxy::store::testing {

enum class Engine { kSqlite, kPostgres };

/// `seconds` after 2026-01-01T00:00:00Z.
constexpr Time at(std::int64_t seconds) {
  return Time(std::chrono::seconds(1'767'225'600 + seconds));
}

/// An id that ends in `n`.
inline Uuid id(std::uint8_t n) {
  Uuid uuid;
  uuid.bytes.back() = n;
  return uuid;
}

/// The value of a Result, or a failed test.
template <typename T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << to_string(result.error());
    return T{};
  }
  return *std::move(result);
}
inline void must(Result<> result) {
  if (!result) ADD_FAILURE() << to_string(result.error());
}

/// kInternal when it did not fail.
template <typename T>
ErrorCode code_of(const Result<T>& result) {
  return result ? ErrorCode::kInternal : result.error().code;
}

class StoreTest : public ::testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    std::string folder = "/var/tmp/m3u-proxy-store-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    if (GetParam() == Engine::kSqlite) return;
    PostgresServer& server = PostgresServer::instance();
    if (!server.missing().empty()) GTEST_SKIP() << server.missing();
    url_ = server.make_database();
  }
  void TearDown() override {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  [[nodiscard]] OpenOptions options() const {
    return {.url = url_, .data = folder_, .program = "1.2.3", .now = at(0)};
  }
  /// Another store on the same database, as of another process.
  [[nodiscard]] std::unique_ptr<Store> open() const {
    auto store = open_store(options());
    if (!store) {
      ADD_FAILURE() << to_string(store.error());
      std::abort();
    }
    return *std::move(store);
  }
  /// The store of the test.
  Store& store() {
    if (store_ == nullptr) store_ = open();
    return *store_;
  }
  /// The database without a store around it.
  [[nodiscard]] std::unique_ptr<sql::Database> database() const {
    auto opened = GetParam() == Engine::kSqlite
                      ? sqlite::open_database({.file = file(), .temporary = folder_})
                      : postgres::open_database({.url = url_});
    if (!opened) {
      ADD_FAILURE() << to_string(opened.error());
      std::abort();
    }
    return *std::move(opened);
  }
  [[nodiscard]] std::filesystem::path file() const { return folder_ / "m3u-proxy.sqlite"; }
  /// The first column of a query's rows, as text.
  [[nodiscard]] std::vector<std::string> texts(const std::string& query) const {
    return must(sql::transact<std::vector<std::string>>(
        *database(), sql::Access::kRead, [&](sql::Connection& connection) {
          return sql::query_all(connection, query, {},
                                [](sql::Columns& columns) { return columns.text(); });
        }));
  }

  std::filesystem::path folder_;
  std::string url_;
  std::unique_ptr<Store> store_;
};

inline std::string name_of(const ::testing::TestParamInfo<Engine>& info) {
  return info.param == Engine::kSqlite ? "Sqlite" : "Postgres";
}

#define M3U_ON_BOTH_ENGINES(suite)                                                                \
  INSTANTIATE_TEST_SUITE_P(Engines, suite, ::testing::Values(Engine::kSqlite, Engine::kPostgres), \
                           name_of)

}  // namespace m3u_proxy::store::testing
