#include <algorithm>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/daemon/archives/restoring.hpp>
#include <m3u_proxy/jobs/current_model.hpp>
#include <m3u_proxy/settings/saved_settings.hpp>

namespace m3u_proxy::daemon {
namespace {

/// No job runs as long as this lives.
class Pause {
 public:
  explicit Pause(jobs::Workers& workers) : workers_(workers) { workers_.pause(); }
  ~Pause() { workers_.resume(); }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;

 private:
  jobs::Workers& workers_;
};

}  // namespace

Result<> Restoring::check(store::Store& restored, By by) const {
  M3U_CHECK(jobs::load_current_model(restored, parts_.conductor.model()->configuration));
  if (by == By::kApi) {
    M3U_TRY(const auto saved, settings::read_saved(restored, restored.key()));
    M3U_CHECK(parts_.check_settings(saved.tree));
  }
  M3U_TRY(const auto users, restored.users().list());
  if (std::ranges::any_of(
          users, [](const store::User& user) { return user.role == "admin" && !user.disabled; }))
    return {};
  return fail(ErrorCode::kConfig, "the backup has no administrator: nobody could log in",
              "stop the service and use m3u-proxy restore; its next start prints a link with "
              "which one is made");
}

Result<backup::RestoreSummary> Restoring::run(const backup::RestoreRequest& request, By by) {
  const std::unique_lock lock(one_at_a_time_, std::try_to_lock);
  if (!lock) return fail(ErrorCode::kConflict, "another restore is under way");
  M3U_TRY(const auto restore,
          backup::Restore::prepare(
              parts_.store, parts_.process.budget(),
              {.data = parts_.data,
               .passphrase = request.passphrase,
               .secrets = request.secrets,
               .program = parts_.version,
               .now = parts_.clock(),
               .check = [this, by](store::Store& restored) { return check(restored, by); },
               .cancel = &stopping_,
               .is_looked_at = request.only_check && request.look},
              request.open));
  if (request.only_check) {
    if (request.look) request.look(*restore);
    return restore->summary();
  }
  const Pause pause(parts_.workers);
  M3U_TRY(const backup::RestoreSummary done, restore->apply());
  log::info("backup",
            "a backup of {} is restored: {} rows, {} sources and {} proxies with their data",
            done.about.created, done.rows, done.sources, done.published);
  if (done.edits_of_the_file > 0)
    log::warn("backup", "{} edits that people had made gave way to the configuration file's",
              done.edits_of_the_file);
  parts_.conductor.restored();
  if (const auto taken = parts_.take_file(); !taken)
    log::error("config", "after the restore the configuration file is not taken over: {}",
               to_string(taken.error()));
  return done;
}

}  // namespace m3u_proxy::daemon
