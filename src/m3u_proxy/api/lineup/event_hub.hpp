// EventHub: tells those who listen what happens: jobs, sources, generations, memory pressure, what
// needs somebody's attention, and the log.
//
// What was told last stays in a ring of a fixed size, so that who comes back with the id of the
// last event misses nothing, or hears that it has. Without listeners nothing is looked at. Who may
// not listen any more is cut off when access changes, or some seconds after what they came by is
// over, and everybody after an hour: who still may comes back by themselves.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/http/stream.hpp>
#include <m3u_proxy/store/changes.hpp>

namespace m3u_proxy::api {

/// What a listener wants.
struct Listening {
  std::uint64_t after = 0;             ///< id of the last event it has; 0: of none
  std::optional<log::Level> logs{};    ///< the least level; nullopt: no log
  std::function<bool()> may_listen{};  ///< asked now and then, on the hub's thread
};

/// Thread-safe.
class EventHub {
 public:
  static constexpr std::size_t kMostEvents = 512;
  static constexpr std::size_t kMostBytes = std::size_t{256} << 10U;
  static constexpr std::size_t kMostListeners = 64;

  /// The context outlives it. `on_edits` is called when edits have changed; it may be empty.
  EventHub(const ApiContext& context, std::function<void()> on_edits);
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  /// Begins to tell `stream`. False: there are as many as there may be.
  bool listen(http::Stream stream, const Listening& listening);
  /// Whether there is room for one more.
  [[nodiscard]] bool has_room() const;
  /// Tells all; `level` is of a line of the log.
  void tell(std::string_view name, std::string data, std::optional<log::Level> level = {});

 private:
  struct Event {
    std::uint64_t id = 0;
    std::string name;
    std::string data;
    std::optional<log::Level> level;
  };
  struct Listener {
    http::Stream stream;
    std::optional<log::Level> logs;
    std::function<bool()> may_listen;
    std::chrono::steady_clock::time_point since;
  };
  void run();
  /// Whether anybody listens. Forgets those who went.
  bool is_heard();
  void look_at_listeners(store::Topics topics);
  void look(store::Topics topics);
  /// Looks at the generations as soon as they are served, which is after the store has them.
  void look_at_served();
  void look_at_jobs();
  void look_at_sources();
  void look_at_generations();
  /// Whether `number` is what is served of the proxy; 0: nothing.
  [[nodiscard]] bool is_published(const Uuid& proxy, std::int64_t number) const;
  void look_at_pressure();
  void look_at_alerts();
  void alert(std::string_view cause, std::string_view message, bool is_over = false);
  void write_log(std::string_view line);
  [[nodiscard]] static bool wants(const Listener& listener, const Event& event);

  const ApiContext& context_;
  std::function<void()> on_edits_;
  mutable std::mutex mutex_;  // of what follows
  std::vector<Listener> listeners_;
  std::deque<Event> ring_;
  std::size_t ring_bytes_ = 0;
  std::uint64_t last_id_ = 0;
  bool somebody_came_ = false;  // their access may have changed on the way here
  bool served_ = false;         // something else is served since the last look

  // Of the thread:
  std::unique_ptr<store::ChangeFeed> feed_;
  std::map<Uuid, std::string> jobs_;  // what was told of each
  std::map<Uuid, std::string> sources_;
  std::map<Uuid, std::string> generations_;
  std::string pressure_;
  std::map<std::pair<std::string, std::string>, std::string> alerts_;  // texts by cause and whose
  std::chrono::steady_clock::time_point asked_;  // all listeners, whether they still may
  bool looks_ = false;                           // somebody listens: what is known is up to date
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

/// A job as the API shows it.
std::string job_json(const store::Job& job, std::string_view target_name);

}  // namespace m3u_proxy::api
