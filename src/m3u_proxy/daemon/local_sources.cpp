#include <sys/stat.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/daemon/local_sources.hpp>
#include <m3u_proxy/jobs/conductor.hpp>
#include <m3u_proxy/jobs/refresh_plan.hpp>
#include <m3u_proxy/net/url.hpp>

namespace m3u_proxy::daemon {

std::filesystem::path watched_file_of(const jobs::SourceEntry& source, const std::string& refresh) {
  const std::string& location = source.config.location;
  if (location == "-") return {};
  if (jobs::RefreshPlan::schedule_of(source, {.refresh = refresh}).is_manual()) return {};
  if (location.starts_with("file:")) {
    auto path = net::path_of_file_url(location);
    return path ? std::filesystem::path(*std::move(path)) : std::filesystem::path();
  }
  return net::has_scheme(location) ? std::filesystem::path() : std::filesystem::path(location);
}

bool LocalSources::is_newer(const std::filesystem::path& file, const Uuid& source) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  const auto state = store_.snapshots().fetch_state(source);
  const auto changed =
      std::chrono::seconds(info.st_mtim.tv_sec) +
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::nanoseconds(info.st_mtim.tv_nsec));
  return state && *state && store::Time(changed) > (*state)->tried;
}

void LocalSources::refresh(const std::vector<Uuid>& sources) {
  const store::Time now = clock_();
  for (const Uuid& source : sources)
    if (const auto asked = store_.jobs().enqueue(
            jobs::refresh_job(source, jobs::JobPriority::kFollowUp, now), now);
        !asked)
      log::warn("jobs", "a changed file is not read: {}", to_string(asked.error()));
}

void LocalSources::follow(const jobs::Model& model) {
  std::map<std::filesystem::path, std::vector<Uuid>> sources;
  std::vector<Uuid> newer;
  for (const jobs::SourceEntry& source : model.sources) {
    const std::filesystem::path file = watched_file_of(source, model.configuration.service.refresh);
    if (file.empty()) continue;
    sources[file].push_back(source.id);
    if (!known_.contains(file) && is_newer(file, source.id)) newer.push_back(source.id);
  }
  std::vector<std::filesystem::path> files;
  known_.clear();
  for (const auto& [file, ids] : sources) {
    files.push_back(file);
    known_.insert(file);
  }
  watch_.watch("sources", files, [this, sources](const std::filesystem::path& file) {
    if (const auto found = sources.find(file); found != sources.end()) refresh(found->second);
  });
  refresh(newer);
}

}  // namespace m3u_proxy::daemon
