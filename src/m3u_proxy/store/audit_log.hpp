// The audit log: who changed what, and when.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/store/sql/database.hpp>

namespace m3u_proxy::store {

struct AuditEntry {
  std::int64_t id = 0;  ///< ascending, given by the store
  Time at{};
  std::string actor{};   ///< a user's or token's name
  std::string action{};  ///< "sources.create" …
  std::string target{};  ///< an id
  std::string detail{};  ///< JSON, without secrets
};

/// Thread-safe. Beside the errors below every function has those of the database.
class AuditLog {
 public:
  explicit AuditLog(sql::Database& database) : database_(&database) {}

  Result<> add(const AuditEntry& entry);
  /// The `limit` (1 to 1000) entries before one, newest first. Error: kInvalidArgument.
  Result<std::vector<AuditEntry>> page(const std::optional<std::int64_t>& before, int limit);
  /// Forgets what is older; how many.
  Result<std::int64_t> prune(Time moment);

 private:
  sql::Database* database_;
};

}  // namespace m3u_proxy::store
