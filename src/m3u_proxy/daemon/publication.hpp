// Publication: puts what the store names in place of what is served. What has not changed since
// stays open and is not looked at again; what cannot be read now stays as it was, and is tried
// again by a thread of its own, which also fetches what another replica has made.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
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
              outputs::Published& published, outputs::GzipVariants& variants, jobs::Clock clock,
              std::function<Result<>()> bring_logos);
  ~Publication();
  Publication(const Publication&) = delete;
  Publication& operator=(const Publication&) = delete;

  /// What cannot be opened is said in the log. What was served of it before still is; where that
  /// is nothing, its addresses answer that it is being made.
  void publish(std::shared_ptr<const jobs::Model> model);
  /// Uploaded logos are others than before: `bring_logos` is called by the thread, until it works.
  void logos_changed();

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
  /// A generation that is not in this process's folder.
  struct Missing {
    Uuid proxy{};
    std::int64_t number = 0;
    bool is_served = false;  ///< or will be, as soon as it is here
    std::string name;        ///< of the proxy
  };
  /// With the lock held.
  void put_in_place();
  void fetch_missing(std::unique_lock<std::mutex>& lock);
  void fetch_logos(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool has_work() const;
  [[nodiscard]] bool is_missing(const jobs::ProxyEntry& entry, const store::GenerationRow& row,
                                const Error& error);
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
  std::vector<Missing> missing_;
  std::set<std::pair<Uuid, std::int64_t>> given_up_;  // unless one is served again
  std::string not_fetched_;                           // why what is to be served could not be
  std::function<Result<>()> bring_logos_;
  bool logos_wait_ = false;
  std::string logo_failure_;
  std::string failures_;  // what could not be read; empty: all is as the store says
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace m3u_proxy::daemon
