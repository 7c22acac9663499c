#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/monitoring/alert_center.hpp>

namespace m3u_proxy::monitoring {
namespace {

constexpr std::size_t kMostWaiting = 200;
constexpr std::size_t kMostActive = 10'000;
constexpr int kTries = 3;

}  // namespace

std::string Message::title() const {
  return fmt::format("{}{}{}{}", is_over ? "over: " : "", alert.kind,
                     alert.about.empty() ? "" : ": ", alert.about);
}

AlertCenter::AlertCenter(std::vector<std::unique_ptr<AlertChannel>> channels, Clock clock,
                         std::chrono::milliseconds pause)
    : clock_(std::move(clock)), pause_(pause) {
  set_channels(std::move(channels));
}

AlertCenter::~AlertCenter() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  cancel_.cancel();
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

/// With the lock held.
void AlertCenter::say(Alert alert, bool is_over) {
  if (is_over)
    log::info("alerts", "over: {}: {}", alert.kind, alert.text);
  else
    log::warn("alerts", "{}: {}", alert.kind, alert.text);
  if (channels_.empty()) return;
  if (waiting_.size() >= kMostWaiting) waiting_.pop_front();
  waiting_.push_back({.alert = std::move(alert), .is_over = is_over, .time = clock_()});
  changed_.notify_all();
}

void AlertCenter::raise(Alert alert) {
  alert.text = redact_urls_in(alert.text);
  const std::scoped_lock lock(mutex_);
  const Cause cause(alert.kind, alert.about);
  if (active_.contains(cause) || active_.size() >= kMostActive) return;
  active_.emplace(cause, Standing{.alert = alert, .since = clock_()});
  say(std::move(alert), false);
}

void AlertCenter::resolve(std::string_view kind, std::string_view about) {
  const std::scoped_lock lock(mutex_);
  const auto found = active_.find(Cause(kind, about));
  if (found == active_.end()) return;
  Alert alert = std::move(found->second.alert);
  active_.erase(found);
  say(std::move(alert), true);
}

void AlertCenter::set(bool is_so, Alert alert) {
  if (is_so)
    raise(std::move(alert));
  else
    resolve(alert.kind, alert.about);
}

void AlertCenter::keep_only(std::string_view kind, const std::vector<std::string>& about) {
  std::vector<std::string> gone;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [cause, alert] : active_)
      if (cause.first == kind && std::ranges::find(about, cause.second) == about.end())
        gone.push_back(cause.second);
  }
  for (const std::string& other : gone) resolve(kind, other);
}

std::map<std::string, std::size_t> AlertCenter::active() const {
  const std::scoped_lock lock(mutex_);
  std::map<std::string, std::size_t> counts;
  for (const auto& [cause, alert] : active_) ++counts[cause.first];
  return counts;
}

std::vector<AlertCenter::Standing> AlertCenter::standing() const {
  const std::scoped_lock lock(mutex_);
  std::vector<Standing> all;
  all.reserve(active_.size());
  for (const auto& [cause, standing] : active_) all.push_back(standing);
  return all;
}

void AlertCenter::set_channels(std::vector<std::unique_ptr<AlertChannel>> channels) {
  const std::scoped_lock lock(mutex_);
  channels_.assign(std::make_move_iterator(channels.begin()),
                   std::make_move_iterator(channels.end()));
  if (channels_.empty()) waiting_.clear();
  if (!channels_.empty() && !thread_.joinable()) thread_ = std::thread([this] { run(); });
}

/// False: it is to end.
bool AlertCenter::rest() {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, pause_, [this] { return stopping_; });
}

void AlertCenter::send(AlertChannel& channel, const Message& message) {
  for (int attempt = 1;; ++attempt) {
    const auto sent = channel.send(message, cancel_);
    if (sent || cancel_.cancelled()) return;
    if (attempt == kTries || sent.error().code != ErrorCode::kNetwork) {
      log::error("alerts", "\"{}\" could not be sent by {}: {}", message.title(), channel.name(),
                 redact_urls_in(to_string(sent.error())));
      return;
    }
    if (!rest()) return;
  }
}

void AlertCenter::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const Message message = std::move(waiting_.front());
    waiting_.pop_front();
    const Channels channels = channels_;
    lock.unlock();
    for (const auto& channel : channels) send(*channel, message);
    lock.lock();
  }
}

}  // namespace m3u_proxy::monitoring
