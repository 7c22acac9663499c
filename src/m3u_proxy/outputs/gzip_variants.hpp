// GzipVariants: the compressed forms of published files, with values in place of the placeholders:
// made when they are first asked for, kept as files, at most so many for each proxy.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/outputs/published.hpp>

namespace m3u_proxy::outputs {

/// Thread-safe. One thread compresses, and is there only while there is something to do.
class GzipVariants {
 public:
  /// `folder` is emptied; it is made when it is missing. `slabs` outlives this.
  GzipVariants(std::filesystem::path folder, memory::SlabPool& slabs, std::size_t most_per_proxy);
  ~GzipVariants();
  GzipVariants(const GzipVariants&) = delete;
  GzipVariants& operator=(const GzipVariants&) = delete;

  struct File {
    std::shared_ptr<const io::Descriptor> descriptor;
    std::uint64_t bytes = 0;
  };
  using Done = std::function<void(Result<File>)>;
  /// Gives `done` the compressed form, now or later on another thread. Who asks for what is being
  /// made waits for that. Errors: kCancelled (there is too much else to do, or the end is near),
  /// kIo (a full disk).
  void get(const Uuid& proxy, const PublishedFile& file,
           std::shared_ptr<const Placeholders> placeholders, Placeholders values, Done done);
  /// Deletes what was made of other files than those with these hashes.
  void keep_only(const std::set<std::string>& hashes);

 private:
  struct Task {
    Uuid proxy;
    std::string key;
    PublishedFile file;
    std::shared_ptr<const Placeholders> placeholders;
    Placeholders values;
    std::vector<Done> waiting{};
  };
  struct Kept {
    Uuid proxy;
    std::string key;
    std::string source;  // the hash of what it was made of
    File file;
  };
  void work();
  Result<File> make(const Task& task);
  void keep(const Task& task, const File& file);
  /// With the lock held.
  const File* find(std::string_view key);
  std::list<Kept>::iterator drop(std::list<Kept>::iterator entry);

  std::filesystem::path folder_;
  memory::SlabPool& slabs_;
  std::size_t most_per_proxy_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Kept> kept_;    // the last used first
  std::deque<Task> tasks_;  // the first one may be under way; references to it hold
  CancelToken cancel_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace m3u_proxy::outputs
