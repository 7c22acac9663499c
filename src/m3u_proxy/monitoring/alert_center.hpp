// AlertCenter: tells people what needs them: once when it begins, and once when it is over.
//
// Each alert goes to the log at once and to every channel from a thread of its own, so that who
// raises one waits for nobody. A channel that the network fails is tried again twice; after that
// the log says so. Texts are redacted before they leave.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::monitoring {

struct Alert {
  std::string kind;   ///< "source_failed", "quarantine", "disk_low" …
  std::string about;  ///< whose it is: a source, a proxy; may be empty
  std::string text;   ///< one line for people
};

/// An alert on its way.
struct Message {
  Alert alert;
  bool is_over = false;
  std::int64_t time = 0;  ///< seconds since 1970

  /// "source_failed: tv", or "over: source_failed: tv".
  [[nodiscard]] std::string title() const;
};

/// Where alerts go. Called on one thread.
class AlertChannel {
 public:
  AlertChannel() = default;
  AlertChannel(const AlertChannel&) = delete;
  AlertChannel& operator=(const AlertChannel&) = delete;
  virtual ~AlertChannel() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  virtual Result<> send(const Message& message, const CancelToken& cancel) = 0;
};

/// Thread-safe. Asleep while there is nothing to send.
class AlertCenter {
 public:
  using Clock = std::function<std::int64_t()>;  ///< seconds since 1970
  /// `pause`: between two tries of a channel.
  AlertCenter(std::vector<std::unique_ptr<AlertChannel>> channels, Clock clock,
              std::chrono::milliseconds pause = std::chrono::seconds(10));
  /// Sends no more: what is under way is cut.
  ~AlertCenter();
  AlertCenter(const AlertCenter&) = delete;
  AlertCenter& operator=(const AlertCenter&) = delete;

  /// Says it, unless it was said already and is not over. The text may change meanwhile.
  void raise(Alert alert);
  /// Says that it is over, if it had begun.
  void resolve(std::string_view kind, std::string_view about);
  /// raise() or resolve().
  void set(bool is_so, Alert alert);
  /// Says that everything of a kind is over that is about something else than these.
  void keep_only(std::string_view kind, const std::vector<std::string>& about);
  /// How many of each kind are not over.
  [[nodiscard]] std::map<std::string, std::size_t> active() const;
  struct Standing {
    Alert alert;
    std::int64_t since = 0;  ///< seconds since 1970
  };
  /// What is not over, by kind and whose it is.
  [[nodiscard]] std::vector<Standing> standing() const;
  /// Where alerts go from now on; what waits goes there too.
  void set_channels(std::vector<std::unique_ptr<AlertChannel>> channels);

 private:
  using Cause = std::pair<std::string, std::string>;
  using Channels = std::vector<std::shared_ptr<AlertChannel>>;
  void say(Alert alert, bool is_over);
  void run();
  void send(AlertChannel& channel, const Message& message);
  bool rest();

  Clock clock_;
  std::chrono::milliseconds pause_;
  mutable std::mutex mutex_;  // of what follows, to stopping_
  std::condition_variable changed_;
  Channels channels_;
  std::map<Cause, Standing> active_;
  std::deque<Message> waiting_;
  bool stopping_ = false;
  CancelToken cancel_;
  std::thread thread_;
};

}  // namespace m3u_proxy::monitoring
