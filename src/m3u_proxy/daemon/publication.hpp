// Publication: puts what the store names in place of what is served. What has not changed since
// stays open and is not looked at again; what cannot be read now stays as it was, and is tried
// again by a thread of its own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <m3u_proxy/jobs/generator.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/outputs/gzip_variants.hpp>
#include <m3u_proxy/outputs/published.hpp>
#include <m3u_proxy/store/secret_key.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::daemon {

/// Thread-safe.
class Publication {
 public:
  /// All outlive this.
  Publication(store::Store& store, const store::SecretKey& key, const jobs::Generator& generator,
              outputs::Published& published, outputs::GzipVariants& variants, jobs::Clock clock);
  ~Publication();
  Publication(const Publication&) = delete;
  Publication& operator=(const Publication&) = delete;

  /// What cannot be opened is said in the log. What was served of it before still is; where that
  /// is nothing, its addresses answer that it is being made.
  void publish(std::shared_ptr<const jobs::Model> model);

 private:
  using Snapshot = std::shared_ptr<const snapshots::Snapshot>;
  using Tokens = std::vector<std::pair<std::string, store::Time>>;  // by hash: when they end
  using Disabled = Result<std::set<Uuid>>;                          // users who may not come in
  struct Open {
    std::string name;
    std::vector<std::pair<std::int64_t, store::GenerationState>> rows;
    std::map<std::int64_t, Snapshot> snapshots;
    std::shared_ptr<outputs::PublishedProxy> proxy;
    Tokens tokens;
  };
  /// With the lock held.
  void put_in_place();
  Result<> open(const jobs::ProxyEntry& entry, Open& known);
  Result<> read_tokens(const jobs::ProxyEntry& entry, const Disabled& disabled, Open& known);
  Disabled disabled_users();
  void try_again();
  std::int64_t published_since(const outputs::PublishedProxy* before,
                               const snapshots::Snapshot* now) const;

  store::Store& store_;
  const store::SecretKey& key_;
  const jobs::Generator& generator_;
  outputs::Published& published_;
  outputs::GzipVariants& variants_;
  jobs::Clock clock_;
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::shared_ptr<const jobs::Model> model_;
  std::map<Uuid, Open> open_;
  std::string failures_;  // what could not be read; empty: all is as the store says
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace m3u_proxy::daemon
