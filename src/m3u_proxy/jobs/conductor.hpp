// Conductor: the one that decides what is done next: it hears of every change in the store, asks
// for refreshes when they are due and for generations when what they are made of has changed and
// is quiet, and tells those who keep something of the store in memory.
//
// Of several replicas one leads: its schedule is followed, and it deletes what nobody needs any
// more. The others do jobs, follow changes, and take the lead over within seconds when it is free.
//
// One thread, asleep until something changes or is due; with replicas it looks every two seconds.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <m3u_proxy/base/outage.hpp>
#include <m3u_proxy/jobs/depot_keeper.hpp>
#include <m3u_proxy/jobs/generator.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/jobs/refresh_plan.hpp>
#include <m3u_proxy/jobs/refresher.hpp>
#include <m3u_proxy/jobs/workers.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::jobs {

inline constexpr std::string_view kRefreshJob = "refresh";
inline constexpr std::string_view kGenerateJob = "generate";

/// A person's click goes before what a schedule asks for, and that before what follows from it.
enum class JobPriority : int { kFollowUp = 0, kSchedule = 10, kPerson = 20 };

/// The job that refreshes a source, or generates a proxy.
store::NewJob refresh_job(const Uuid& source, JobPriority priority, store::Time when);
store::NewJob generate_job(const Uuid& proxy, JobPriority priority, store::Time when);

class Conductor {
 public:
  struct Options {
    std::chrono::milliseconds quiet_period{5000};
    /// A change that never gets quiet is followed after this.
    std::chrono::milliseconds longest_quiet{60'000};
    RefreshPlan::Options refreshes{};
    std::chrono::hours reports_kept{24 * 30};
    /// What is superseded is deleted after this: nobody reads it any more.
    std::chrono::minutes grace{10};
    /// Other processes share the store: who leads is looked at every two seconds.
    bool replicas = false;
  };
  /// What it tells others; each may be empty. Called on its thread.
  struct Listeners {
    std::function<void(std::shared_ptr<const Model>)> model{};
    std::function<void()> generations{};
    std::function<void()> jobs{};
    std::function<void(store::Topics)> changes{};
  };
  /// All outlive this. `base`: the plain sections of the configuration.
  Conductor(store::Store& store, config::Configuration base, Refresher& refresher,
            Generator& generator, Clock clock, Options options, Listeners listeners);
  ~Conductor();
  Conductor(const Conductor&) = delete;
  Conductor& operator=(const Conductor&) = delete;

  /// Reads the model; what is not as it should be keeps it from starting. Errors: of load_model().
  Result<> start();
  void stop();
  /// What holds now. Thread-safe.
  [[nodiscard]] std::shared_ptr<const Model> model() const;
  /// What the store says now, for a job that another replica may have asked for a moment ago.
  /// Errors: of load_model(). Thread-safe.
  [[nodiscard]] Result<std::shared_ptr<const Model>> model_for_job() const;
  /// When a source is refreshed next, as RefreshPlan::next() says. Thread-safe.
  [[nodiscard]] Result<std::optional<store::Time>> next_refresh(const SourceEntry& source) const {
    return refreshes_.next(source);
  }
  /// Hears how a refresh ended. Thread-safe.
  void refresh_ended(const Uuid& source, const Result<std::string>& result);
  /// Hears how a generation ended: what failed is tried again as a source is, unless what it is
  /// made of changes before. Thread-safe.
  void generation_ended(const Uuid& proxy, const Result<std::string>& result);
  /// From now on. Thread-safe.
  void configure(config::Configuration base, Options options);

  /// What the store has was put there by a restore, and its queue is empty: what was asked for
  /// before is forgotten.
  void restored();

 private:
  struct Waiting {
    store::Time first{};  ///< change
    store::Time due{};
    bool unpublished = false;  ///< nothing was made of the proxy yet
  };
  struct Failure {
    std::int64_t in_a_row = 0;
    store::Time again{};
  };
  [[nodiscard]] Options options() const;
  void run();
  store::Topics follow(store::Topics topics);
  Result<> load();
  Result<> take_over();
  void share();
  Result<> look_at_lead(store::Topics& undone);
  void stand_down();
  Result<std::optional<store::Time>> stand_by();
  Result<bool> all_tried(const Model& model, const ProxyEntry& proxy);
  Result<> find_changed();
  Result<std::optional<store::Time>> enqueue_due();
  Result<std::optional<store::Time>> refreshes();
  Result<std::optional<store::Time>> clock_changes();
  std::optional<store::Time> generations();
  std::optional<store::Time> retries();
  Result<> tidy();
  Result<> tidy_here(store::Time before);
  void forget();

  store::Store& store_;
  Refresher& refresher_;
  Generator& generator_;
  Clock clock_;
  Listeners listeners_;
  std::unique_ptr<store::ChangeFeed> feed_;
  RefreshPlan refreshes_;     // has a lock of its own
  mutable std::mutex mutex_;  // of what follows, to failed_
  config::Configuration base_;
  Options options_;
  std::shared_ptr<const Model> model_;
  std::int64_t revision_ = 0;            // of the store, as model_ was read
  std::map<Uuid, Failure> failed_;       // generations, by proxy
  std::map<Uuid, std::string> made_of_;  // inputs of the newest job for each proxy
  std::map<Uuid, Waiting> waiting_;      // proxies that change
  std::optional<store::Time> by_clock_;  // when the clock changes one of them next
  bool model_is_current_ = false;        // what the store says now could be loaded
  store::Time tidied_{};
  store::Time tidied_here_{};
  bool leads_ = false;   // this replica's schedule is followed
  bool cut_off_ = true;  // what has changed was not heard of, as at the start
  std::atomic<bool> reconfigured_{false};
  std::atomic<bool> restored_{false};
  std::atomic<bool> stopping_{false};
  std::unique_ptr<DepotKeeper> keeper_;  // where there are replicas
  std::thread thread_;
  log::Outage changes_{"jobs", "changes cannot be followed", "changes are followed again"};
  log::Outage schedule_{"jobs", "the schedule cannot be followed",
                        "the schedule is followed again"};
  log::Outage news_{"store", "nothing is heard of changes", "changes are heard of again"};
};

}  // namespace m3u_proxy::jobs
