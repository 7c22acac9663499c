// DepotKeeper: what is done to a depot as a whole, by a thread of its own: it may take as long as
// the depot takes, while schedules and news are followed.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include <m3u_proxy/jobs/generator.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/jobs/refresher.hpp>

namespace m3u_proxy::jobs {

/// Thread-safe. What fails is said in the log.
class DepotKeeper {
 public:
  /// All outlive this. `model`: what holds now.
  DepotKeeper(Refresher& refresher, Generator& generator,
              std::function<std::shared_ptr<const Model>()> model);
  /// Waits for what is being done: Depot::stop() ends it.
  ~DepotKeeper();
  DepotKeeper(const DepotKeeper&) = delete;
  DepotKeeper& operator=(const DepotKeeper&) = delete;

  /// Puts there what rows name and is only here.
  void share();
  /// Deletes there what no row names and was written before that moment.
  void tidy(store::Time before);

 private:
  void work();

  Refresher& refresher_;
  Generator& generator_;
  std::function<std::shared_ptr<const Model>()> model_;
  std::mutex mutex_;  // of what follows
  std::condition_variable wanted_;
  bool share_ = false;
  std::optional<store::Time> tidy_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace m3u_proxy::jobs
