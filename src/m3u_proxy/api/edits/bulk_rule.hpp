// Bulk rule: a change of more channels than are edited one by one, as a rule of the proxies that it
// is for, or as a filter where the channels go.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/edits/channel_edit.hpp>

namespace m3u_proxy::api {

struct BulkRule {
  store::EntityKind kind = store::EntityKind::kRule;
  std::string name{};
  std::string expression{};
  std::vector<store::Entity> proxies{};  ///< as they are stored now
};
/// The rule that makes of the channels that `filter` is true for what `set` says. Problems: 409
/// where the configuration file has one of the proxies, 422 where no rule can say it.
Outcome<BulkRule> plan_bulk_rule(const ApiContext& context, const std::string& filter,
                                 const edits::ChannelEdit& set, const std::optional<Uuid>& proxy);
/// Problems: as DryRun::look(); 422 where the rule does not fit the rest.
Outcome<void> look_at_bulk_rule(DryRun& run, const ApiContext& context, const BulkRule& rule);
/// Makes it, last of the proxies' rules, all or nothing, as it was planned at the store's revision
/// `checked`. Problems: as above; 409 when that is over.
Outcome<store::Entity> make_bulk_rule(const ApiContext& context, const Call& call,
                                      const BulkRule& rule, store::CheckedAt checked);

}  // namespace m3u_proxy::api
