// Logo rows: pictures that people uploaded. Their bytes lie in files beside the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/store/sql/database.hpp>

namespace m3u_proxy::store {

struct Logo {
  Uuid id{};  ///< what `@logo:` names
  std::string name{};
  std::string mime{};
  std::uint64_t bytes = 0;
  std::string content_hash{};
  Time created{};
};

/// Thread-safe. Beside the errors below every function has those of the database.
class Logos {
 public:
  explicit Logos(sql::Database& database) : database_(&database) {}

  /// Error: kConflict (the id is there).
  Result<> add(const Logo& logo);
  Result<std::optional<Logo>> find(const Uuid& id);
  /// By name.
  Result<std::vector<Logo>> list();
  /// Whether another logo has the same bytes, whose file has to stay. Error: kNotFound.
  Result<bool> erase(const Uuid& id);

 private:
  sql::Database* database_;
};

}  // namespace m3u_proxy::store
