// Restore impact: what putting a backup in the place of what there is would do to the proxies.
#pragma once

#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/backup/restore.hpp>

namespace m3u_proxy::api {

/// Looks at each proxy that would be made of something else, with other edits or of the copies that
/// the backup has. What the configuration file manages would hold again. `restore` is one that is
/// only looked at. Problems: as look_at_models(); those of the backup's store.
Outcome<void> look_at_restore(DryRun& run, const ApiContext& context, backup::Restore& restore);

}  // namespace m3u_proxy::api
