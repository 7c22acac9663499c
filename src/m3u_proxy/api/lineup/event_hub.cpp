#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/api/lineup/event_hub.hpp>
#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy::api {
namespace {

constexpr std::chrono::seconds kPressureEvery{5};
/// Tokens and sessions end by themselves: nothing tells of it.
constexpr std::chrono::seconds kAskEvery{10};
constexpr std::chrono::hours kLongestSleep{24};
constexpr std::chrono::seconds kPause{2};
constexpr std::chrono::hours kLongestListening{1};
constexpr int kMostJobs = 50;  // the newest ones
constexpr std::uint64_t kBytesInMb = std::uint64_t{1} << 20U;

std::string name_of(const jobs::Model& model, std::string_view target) {
  const auto id = parse_uuid(target);
  if (!id) return {};
  if (const jobs::SourceEntry* const source = model.find_source(*id))
    return source->config.name.name;
  if (const jobs::ProxyEntry* const proxy = model.find_proxy(*id)) return proxy->config.name.name;
  return {};
}

/// nullptr: there is none.
const store::SourceSnapshot* first_of(const std::vector<store::SourceSnapshot>& all,
                                      store::SnapshotState state) {
  const auto found = std::ranges::find(all, state, &store::SourceSnapshot::state);
  return found == all.end() ? nullptr : &*found;
}

/// The level of a line of the log, as text or as JSON.
log::Level level_of(std::string_view line) {
  constexpr std::array<std::string_view, 5> kLabels = {"trace", "debug", "info", "warn", "error"};
  constexpr std::string_view kMember = "\"level\":\"";
  const std::size_t member = line.starts_with('{') ? line.find(kMember) : std::string_view::npos;
  if (member != std::string_view::npos) line.remove_prefix(member + kMember.size());
  for (std::size_t i = 0; i < kLabels.size(); ++i)
    if (starts_with_ascii_case(line, kLabels[i])) return static_cast<log::Level>(i);
  return log::Level::kInfo;
}

}  // namespace

std::string job_json(const store::Job& job, std::string_view target_name) {
  std::string text;
  Json json(text);
  json.begin_object();
  id_member(json, "id", job.id);
  json.member("kind", std::string_view(job.kind))
      .member("target", std::string_view(job.target))
      .member("target_name", target_name)
      .member("state", store::to_string(job.state));
  time_member(json, "created", job.created);
  time_member(json, "started", job.started);
  time_member(json, "finished", job.finished);
  json.member("attempts", job.attempts);
  text_or_null_member(json, "error", job.error);
  json.key("progress");
  if (job.progress.empty() || job.state != store::JobState::kRunning)
    json.null();
  else
    json.raw(job.progress);
  json.end_object();
  return text;
}

EventHub::EventHub(const ApiContext& context, std::function<void()> on_edits)
    : context_(context), on_edits_(std::move(on_edits)) {
  // Ids go on after a restart, so that who comes back hears that events are missing.
  last_id_ = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(context.clock().time_since_epoch())
          .count());
  log::set_writer([this](std::string_view line) { write_log(line); });
  context_.published.when_replaced([this] { look_at_served(); });
  thread_ = std::thread([this] { run(); });
}

EventHub::~EventHub() {
  context_.published.when_replaced({});
  log::set_writer({});
  stopping_ = true;
  {
    const std::scoped_lock lock(mutex_);
    if (feed_) feed_->wake();
    for (const Listener& listener : listeners_) listener.stream.close();
  }
  thread_.join();
}

bool EventHub::wants(const Listener& listener, const Event& event) {
  return !event.level || (listener.logs && *event.level >= *listener.logs);
}

bool EventHub::has_room() const {
  const std::scoped_lock lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(listeners_, [](const Listener& listener) {
           return !listener.stream.closed();
         })) < kMostListeners;
}

bool EventHub::listen(http::Stream stream, const Listening& listening) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(listeners_, [](const Listener& one) { return one.stream.closed(); });
  if (listeners_.size() >= kMostListeners) return false;
  Listener listener{.stream = std::move(stream),
                    .logs = listening.logs,
                    .may_listen = listening.may_listen,
                    .since = std::chrono::steady_clock::now()};
  std::string text;
  const std::uint64_t oldest = ring_.empty() ? last_id_ + 1 : ring_.front().id;
  const bool misses =
      listening.after != 0 && (listening.after + 1 < oldest || listening.after > last_id_);
  if (misses || listening.after == 0)
    http::append_event(text, std::to_string(last_id_), misses ? "reset" : "hello", "{}");
  if (!misses && listening.after != 0)
    for (const Event& event : ring_)
      if (event.id > listening.after && wants(listener, event))
        http::append_event(text, std::to_string(event.id), event.name, event.data);
  if (!listener.stream.send(text)) return true;  // it is gone already
  listeners_.push_back(std::move(listener));
  somebody_came_ = true;
  if (feed_) feed_->wake();
  return true;
}

void EventHub::tell(std::string_view name, std::string data, std::optional<log::Level> level) {
  const std::scoped_lock lock(mutex_);
  ring_bytes_ += data.size();
  ring_.push_back(
      {.id = ++last_id_, .name = std::string(name), .data = std::move(data), .level = level});
  const Event& event = ring_.back();
  std::string text;
  http::append_event(text, std::to_string(event.id), event.name, event.data);
  std::erase_if(listeners_, [&](const Listener& listener) {
    return wants(listener, event) && !listener.stream.send(text);
  });
  while (ring_.size() > kMostEvents || ring_bytes_ > kMostBytes) {
    ring_bytes_ -= ring_.front().data.size();
    ring_.pop_front();
  }
}

/// Called by the log, under its lock: nothing in here may write to it.
void EventHub::write_log(std::string_view line) {
  std::string text(line);
  text.push_back('\n');
  (void)std::fwrite(text.data(), 1, text.size(), stderr);  // nobody is left to tell
  text.clear();
  Json(text).begin_object().member("line", line).end_object();
  tell("log", std::move(text), level_of(line));
}

void EventHub::alert(std::string_view cause, std::string_view message, bool is_over) {
  std::string text;
  Json json(text);
  json.begin_object().member("cause", cause);
  time_member(json, is_over ? "over" : "since", context_.clock());
  json.member("message", message).end_object();
  tell("alert", std::move(text));
}

/// What is sent to the channels too, within seconds. Each failure of a source is told with it.
void EventHub::look_at_alerts() {
  std::map<std::pair<std::string, std::string>, std::string> now;
  for (const auto& [alert, since] : context_.alerts.standing())
    now.emplace(std::pair(alert.kind, alert.about), alert.text);
  if (looks_) {
    for (const auto& [cause, text] : now)
      if (!alerts_.contains(cause) && cause.first != "source_failed") alert(cause.first, text);
    for (const auto& [cause, text] : alerts_)
      if (!now.contains(cause)) alert(cause.first, text, true);
  }
  alerts_ = std::move(now);
}

void EventHub::run() {
  {
    auto feed = context_.store.watch();
    const std::scoped_lock lock(mutex_);
    if (feed) feed_ = *std::move(feed);
  }
  while (feed_ && !stopping_) {
    const auto sleep = is_heard() ? std::chrono::milliseconds(kPressureEvery)
                                  : std::chrono::milliseconds(kLongestSleep);
    auto topics = feed_->wait(sleep);
    if (stopping_) return;
    if (!topics) {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    {
      const std::scoped_lock lock(mutex_);
      if (std::exchange(served_, false))
        topics->set(static_cast<std::size_t>(store::Topic::kGenerations));
    }
    if (topics->test(static_cast<std::size_t>(store::Topic::kEdits)) && on_edits_) on_edits_();
    look_at_listeners(*topics);
    if (!is_heard()) {
      looks_ = false;
      continue;
    }
    // The first look only learns what is there.
    look(looks_ ? *topics : store::all_topics());
    looks_ = true;
  }
}

bool EventHub::is_heard() {
  const std::scoped_lock lock(mutex_);
  std::erase_if(listeners_, [](const Listener& listener) { return listener.stream.closed(); });
  return !listeners_.empty();
}

void EventHub::look_at_listeners(store::Topics topics) {
  std::vector<Listener> all;
  bool asks = topics.test(static_cast<std::size_t>(store::Topic::kAccess));
  {
    const std::scoped_lock lock(mutex_);
    asks = std::exchange(somebody_came_, false) || asks;
    all = listeners_;
  }
  const auto now = std::chrono::steady_clock::now();
  asks = asks || now - asked_ >= kAskEvery;
  if (asks) asked_ = now;
  for (const Listener& listener : all)
    if (now - listener.since > kLongestListening || (asks && !listener.may_listen()))
      listener.stream.close();
}

void EventHub::look_at_served() {
  const std::scoped_lock lock(mutex_);
  served_ = true;
  if (feed_) feed_->wake();
}

void EventHub::look(store::Topics topics) {
  const auto has = [&](store::Topic topic) { return topics.test(static_cast<std::size_t>(topic)); };
  if (has(store::Topic::kJobs)) look_at_jobs();
  if (has(store::Topic::kSnapshots)) look_at_sources();
  if (has(store::Topic::kGenerations)) look_at_generations();
  look_at_pressure();
  look_at_alerts();
}

void EventHub::look_at_jobs() {
  const auto model = context_.conductor.model();
  const auto found = context_.store.jobs().list({.limit = kMostJobs});
  if (!found || !model) return;
  std::map<Uuid, std::string> now;
  // The oldest news first.
  for (auto job = found->rbegin(); job != found->rend(); ++job) {
    const std::string name = name_of(*model, job->target);
    std::string text = job_json(*job, name);
    const auto known = jobs_.find(job->id);
    if (looks_ && (known == jobs_.end() || known->second != text)) {
      tell("job", text);
      if (job->state == store::JobState::kFailed)
        alert("job_failed", fmt::format("{} \"{}\": {}", job->kind, name, job->error));
    }
    now.emplace(job->id, std::move(text));
  }
  jobs_ = std::move(now);
}

void EventHub::look_at_sources() {
  const auto model = context_.conductor.model();
  if (!model) return;
  std::map<Uuid, std::string> now;
  for (const jobs::SourceEntry& source : model->sources) {
    const auto snapshots = context_.store.snapshots().list(source.id);
    const auto state = context_.store.snapshots().fetch_state(source.id);
    if (!snapshots || !state) return;
    const store::SourceSnapshot* const current =
        first_of(*snapshots, store::SnapshotState::kCurrent);
    std::string text;
    Json json(text);
    json.begin_object();
    id_member(json, "id", source.id);
    json.member("name", std::string_view(source.config.name.name))
        .member("kind", source.is_guide ? "epg-source" : "source")
        .member("items", current != nullptr ? current->items : 0);
    time_member(json, "fetched", current != nullptr ? current->fetched : store::Time());
    time_member(json, "confirmed", current != nullptr ? current->confirmed : store::Time());
    json.member("quarantined", first_of(*snapshots, store::SnapshotState::kQuarantined) != nullptr)
        .member("failures", *state ? (*state)->failures : 0)
        .member("error", *state ? std::string_view((*state)->error) : std::string_view())
        .end_object();
    const auto known = sources_.find(source.id);
    if (looks_ && (known == sources_.end() || known->second != text)) {
      tell("source", text);
      if (*state && !(*state)->error.empty())
        alert("source_failed", fmt::format("\"{}\": {}", source.config.name.name, (*state)->error));
    }
    now.emplace(source.id, std::move(text));
  }
  sources_ = std::move(now);
}

bool EventHub::is_published(const Uuid& proxy, std::int64_t number) const {
  const auto published = context_.published.of(proxy);
  if (!published) return false;
  return published->has_generation() ? std::stoll(published->generation()) == number : number == 0;
}

void EventHub::look_at_generations() {
  const auto model = context_.conductor.model();
  if (!model) return;
  std::map<Uuid, std::string> now;
  for (const jobs::ProxyEntry& proxy : model->proxies) {
    const auto rows = context_.store.generations().list(proxy.id);
    if (!rows) return;
    if (rows->empty()) continue;
    const store::GenerationRow& row = rows->front();
    const auto current =
        std::ranges::find(*rows, store::GenerationState::kCurrent, &store::GenerationRow::state);
    const std::int64_t served = current == rows->end() ? 0 : current->number;
    const auto known = generations_.find(proxy.id);
    // Who hears of it asks for it at once: told when it is what they get.
    if (!is_published(proxy.id, served)) {
      if (known != generations_.end()) now.insert(*known);
      continue;
    }
    std::string text;
    Json json(text);
    json.begin_object();
    id_member(json, "proxy", proxy.id);
    json.member("name", std::string_view(proxy.config.name.name))
        .member("number", row.number)
        .member("state", store::to_string(row.state))
        .member("served", served);
    time_member(json, "created", row.created);
    json.member("channels", row.channels)
        .member("programmes", row.programmes)
        .member("added", row.added)
        .member("removed", row.removed)
        .member("changed", row.changed)
        .end_object();
    if (looks_ && (known == generations_.end() || known->second != text)) tell("generation", text);
    now.emplace(proxy.id, std::move(text));
  }
  generations_ = std::move(now);
}

void EventHub::look_at_pressure() {
  const auto status = context_.process.memory().sample();
  const std::string level(memory::to_string(status.level));
  if (level == pressure_) return;
  std::string text;
  Json(text)
      .begin_object()
      .member("pressure", std::string_view(level))
      .member("used_mb", context_.process.budget().used().count / kBytesInMb)
      .end_object();
  tell("status", std::move(text));
  if (status.level >= memory::MemoryPressureLevel::kHigh)
    alert("memory_pressure", fmt::format("the pressure on memory is {}", level));
  pressure_ = level;
}

}  // namespace m3u_proxy::api
