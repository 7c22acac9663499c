// EditFiles: the edits of each proxy as files that generations read, made out of the store again
// when they have changed.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <m3u_proxy/edits/channel_edit.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::jobs {

/// Thread-safe.
class EditFiles {
 public:
  /// Files are in `folder`. All outlive this.
  EditFiles(store::Store& store, memory::Budget& budget, std::filesystem::path folder)
      : store_(store), budget_(budget), folder_(std::move(folder)) {}

  /// Edits have changed: what is known of them is looked up again.
  void forget();
  /// Differs where a proxy's edits do; "" where it has none. Errors: of the store.
  Result<std::string> hash_of(const Uuid& proxy);
  /// A proxy's edits; nullptr where it has none. Errors: of the store; kIo, kDiskFull, kOverBudget.
  Result<std::shared_ptr<const edits::ChannelEdits>> open(const Uuid& proxy);
  /// Deletes the files of proxies that are not there any more. Error: kIo.
  Result<> delete_removed(const Model& model) const;

 private:
  class Hashes;
  Result<> make(const Uuid& proxy, const std::filesystem::path& path);
  void delete_others(const Uuid& proxy, const std::filesystem::path& kept) const;
  /// With the lock held.
  [[nodiscard]] std::string known_hash_of(const Uuid& proxy) const;

  store::Store& store_;
  memory::Budget& budget_;
  std::filesystem::path folder_;
  std::mutex mutex_;  // of what follows
  std::uint64_t changes_ = 0;
  bool known_ = false;
  std::string of_all_;                    // hash of the edits that hold for every proxy
  std::map<Uuid, std::string> of_proxy_;  // of those of one proxy, where there are any
};

}  // namespace m3u_proxy::jobs
