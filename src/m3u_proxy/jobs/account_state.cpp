#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/jobs/account_state.hpp>
#include <m3u_proxy/jobs/conductor.hpp>
#include <m3u_proxy/sources/xtream_account.hpp>

namespace m3u_proxy::jobs {
namespace {

std::int64_t number_of(const ConfigNode& table, std::string_view name) {
  const ConfigMember* const member = table.find(name);
  return member == nullptr ? 0 : member->value.integer;
}

/// What Refresher::refresh() says of the account.
std::optional<channels::AccountStats> account_in(std::string_view report) {
  const auto table = config::parse_json(report, "the report");
  if (!table) return std::nullopt;
  const ConfigMember* const account = table->find("account");
  if (account == nullptr) return std::nullopt;
  channels::AccountStats stats;
  if (const ConfigMember* const status = account->value.find("status"))
    stats.status = status->value.text;
  if (const std::int64_t expires = number_of(account->value, "expires"); expires != 0)
    stats.expires = expires;
  stats.active_connections = number_of(account->value, "active_connections");
  stats.max_connections = number_of(account->value, "max_connections");
  return stats;
}

}  // namespace

Result<std::optional<channels::AccountStats>> account_of(store::Store& store,
                                                         const SourceEntry& source) {
  if (source.is_guide || !sources::is_xtream_url(source.config.location)) return std::nullopt;
  M3U_TRY(const auto last, store.jobs().list({.state = store::JobState::kDone,
                                              .kind = std::string(kRefreshJob),
                                              .target = to_string(source.id),
                                              .limit = 1}));
  if (last.empty()) return std::nullopt;
  M3U_TRY(const store::Job job, store.jobs().get(last.front().id));
  return account_in(job.report);
}

}  // namespace m3u_proxy::jobs
