// Settings: single values that people change while the service runs, by key, with revisions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/store/sql/database.hpp>

namespace m3u_proxy::store {

struct Setting {
  std::string key{};
  std::string value{};        ///< JSON
  std::int64_t revision = 0;  ///< from 1
  Time updated{};
};

/// Thread-safe. Beside the errors below every function has those of the database.
class Settings {
 public:
  explicit Settings(sql::Database& database) : database_(&database) {}

  Result<std::optional<Setting>> find(std::string_view key);
  /// By key.
  Result<std::vector<Setting>> list();
  /// `expected` is the revision that was seen, 0 for a new one. Error: kConflict, when there is
  /// another by now.
  Result<Setting> put(std::string_view key, std::string_view value, std::int64_t expected,
                      Time now);
  /// Back to the default. Errors: kNotFound, kConflict.
  Result<> erase(std::string_view key, std::int64_t expected);

 private:
  sql::Database* database_;
};

}  // namespace m3u_proxy::store
