// Run records: the figures of a proxy's last runs, from which the next one's need is predicted.
#pragma once

#include <m3u_proxy/memory/prediction.hpp>
#include <m3u_proxy/store/sql/database.hpp>

namespace m3u_proxy::store {

/// Thread-safe. Every function has the errors of the database.
class RunRecords {
 public:
  explicit RunRecords(sql::Database& database) : database_(&database) {}

  /// Empty for a proxy that never ran.
  Result<memory::RunHistory> history(const Uuid& proxy);
  /// Adds a run and forgets all but the last RunHistory::kMaxRuns.
  Result<> add(const Uuid& proxy, const memory::RunRecord& run);

 private:
  sql::Database* database_;
};

}  // namespace m3u_proxy::store
