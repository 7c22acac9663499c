// Import impact: what taking a configuration file into the database would do to the proxies.
#pragma once

#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/api/transfer/configuration_import.hpp>

namespace m3u_proxy::api {

/// Looks at each proxy that would be made of something else, or with other edits. `planned`
/// outlives the call. Problems: as look_at_models(); 503 when memory does not suffice for the
/// edits.
Outcome<void> look_at_import(DryRun& run, const ApiContext& context, const PlannedImport& planned,
                             store::ImportMode mode);

}  // namespace m3u_proxy::api
