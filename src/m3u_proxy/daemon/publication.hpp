// Publication: puts what the store names in place of what is served. What has not changed since
// stays open and is not looked at again.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include <m3u_proxy/jobs/generator.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/outputs/gzip_variants.hpp>
#include <m3u_proxy/outputs/published.hpp>
#include <m3u_proxy/store/secret_key.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::daemon {

/// For one thread at a time.
class Publication {
 public:
  /// All outlive this.
  Publication(store::Store& store, const store::SecretKey& key, const jobs::Generator& generator,
              outputs::Published& published, outputs::GzipVariants& variants, jobs::Clock clock)
      : store_(store),
        key_(key),
        generator_(generator),
        published_(published),
        variants_(variants),
        clock_(std::move(clock)) {}

  /// What cannot be opened is said in the log; its addresses answer that it is being made.
  void publish(const jobs::Model& model);

 private:
  using Snapshot = std::shared_ptr<const snapshots::Snapshot>;
  struct Open {
    std::string name;
    std::vector<std::pair<std::int64_t, store::GenerationState>> rows;
    std::map<std::int64_t, Snapshot> snapshots;
    std::shared_ptr<outputs::PublishedProxy> proxy;
  };
  Result<std::shared_ptr<outputs::PublishedProxy>> open(const jobs::ProxyEntry& entry);
  void add_doors(const jobs::ProxyEntry& entry, outputs::Published::Doors& doors);

  store::Store& store_;
  const store::SecretKey& key_;
  const jobs::Generator& generator_;
  outputs::Published& published_;
  outputs::GzipVariants& variants_;
  jobs::Clock clock_;
  std::map<Uuid, Open> open_;
};

}  // namespace m3u_proxy::daemon
