// LocalSources: sources that are files of this machine are refreshed when the files change.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <vector>

#include <m3u_proxy/daemon/file_watch.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/jobs/workers.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::daemon {

/// The file that a source is; empty when it is none, or is refreshed only when somebody asks.
/// `refresh` is when those are that say nothing themselves.
std::filesystem::path watched_file_of(const jobs::SourceEntry& source, const std::string& refresh);

class LocalSources {
 public:
  /// All outlive this, which outlives the watch's thread.
  LocalSources(FileWatch& watch, store::Store& store, jobs::Clock clock)
      : watch_(watch), store_(store), clock_(std::move(clock)) {}

  /// Watches what this model has. A file that is newer than what was fetched last is asked for at
  /// once. For one thread at a time.
  void follow(const jobs::Model& model);

 private:
  void refresh(const std::vector<Uuid>& sources);
  [[nodiscard]] bool is_newer(const std::filesystem::path& file, const Uuid& source);

  FileWatch& watch_;
  store::Store& store_;
  jobs::Clock clock_;
  std::set<std::filesystem::path> known_;
};

}  // namespace m3u_proxy::daemon
