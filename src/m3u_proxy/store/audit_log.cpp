#include <limits>

#include <m3u_proxy/store/audit_log.hpp>

namespace m3u_proxy::store {
namespace {

using sql::Access;
using sql::Columns;
using sql::Connection;

constexpr int kLongestPage = 1000;

}  // namespace

Result<> AuditLog::add(const AuditEntry& entry) {
  return database_->transact(Access::kWrite, [&](Connection& connection) -> Result<> {
    M3U_CHECK(sql::execute(connection,
                           "INSERT INTO audit_log (at, actor, action, target, detail)"
                           " VALUES ($1, $2, $3, $4, $5)",
                           {entry.at, entry.actor, entry.action, entry.target, entry.detail}));
    return {};
  });
}

Result<std::vector<AuditEntry>> AuditLog::page(const std::optional<std::int64_t>& before,
                                               int limit) {
  if (limit < 1 || limit > kLongestPage)
    return fail(ErrorCode::kInvalidArgument, "a page has 1 to 1000 entries");
  return sql::transact<std::vector<AuditEntry>>(
      *database_, Access::kRead, [&](Connection& connection) {
        return sql::query_all(connection,
                              "SELECT id, at, actor, action, target, detail FROM audit_log"
                              " WHERE id < $1 ORDER BY id DESC LIMIT $2",
                              {before.value_or(std::numeric_limits<std::int64_t>::max()), limit},
                              [](Columns& columns) {
                                AuditEntry entry;
                                entry.id = columns.integer();
                                entry.at = columns.time();
                                entry.actor = columns.text();
                                entry.action = columns.text();
                                entry.target = columns.text();
                                entry.detail = columns.text();
                                return entry;
                              });
      });
}

Result<std::int64_t> AuditLog::prune(Time moment) {
  return sql::transact<std::int64_t>(*database_, Access::kWrite, [&](Connection& connection) {
    return sql::execute(connection, "DELETE FROM audit_log WHERE at < $1", {moment});
  });
}

}  // namespace m3u_proxy::store
