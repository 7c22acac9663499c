// Entity impact: what a change of a source, filter, rule or proxy would do to the proxies.
#pragma once

#include <span>

#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/jobs/model.hpp>

namespace m3u_proxy::api {

/// Looks at each proxy that would be made of something else. `draft` is checked; `followers` are
/// what changes with it. Problems: as DryRun::look(); 422 where it does not fit the rest.
Outcome<void> look_at_change(DryRun& run, const ApiContext& context, const jobs::DraftEntity& draft,
                             std::span<const jobs::DraftEntity> followers = {});

}  // namespace m3u_proxy::api
