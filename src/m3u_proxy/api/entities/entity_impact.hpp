// Entity impact: what a change of a source, filter, rule or proxy would do to the proxies.
#pragma once

#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/jobs/model.hpp>

namespace m3u_proxy::api {

/// Looks at each proxy that would be made of something else. `draft` is checked. Problems: as
/// DryRun::look(); 422 where it does not fit the rest.
Outcome<void> look_at_change(DryRun& run, const ApiContext& context,
                             const jobs::DraftEntity& draft);

}  // namespace m3u_proxy::api
