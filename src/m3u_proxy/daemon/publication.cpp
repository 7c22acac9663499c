#include <algorithm>
#include <chrono>
#include <set>

#include <fmt/format.h>

#include <m3u_proxy/api/entities/output_tokens.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/daemon/publication.hpp>

namespace m3u_proxy::daemon {
namespace {

constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kLongestPause{60};
constexpr std::chrono::seconds kLongestPauseOfReplicas{2};

}  // namespace

Publication::Publication(store::Store& store, const store::SecretKey& key,
                         const jobs::Generator& generator, outputs::Published& published,
                         outputs::GzipVariants& variants, jobs::Clock clock,
                         std::function<Result<>()> bring_logos)
    : store_(store),
      key_(key),
      generator_(generator),
      published_(published),
      variants_(variants),
      clock_(std::move(clock)),
      bring_logos_(std::move(bring_logos)),
      thread_([this] { try_again(); }) {}

Publication::~Publication() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

/// When a generation was made says nothing about who has which one: an older one may follow it.
std::int64_t Publication::published_since(const outputs::PublishedProxy* before,
                                          const snapshots::Snapshot* now) const {
  const std::int64_t moment = store::seconds_of(clock_());
  if (before == nullptr || !before->has_generation()) return moment;
  if (now != nullptr && before->generation() == now->name()) return before->made();
  return std::max(moment, before->made() + 1);
}

/// Whether a generation that cannot be opened is to be fetched; then it is noted.
bool Publication::is_missing(const jobs::ProxyEntry& entry, const store::GenerationRow& row,
                             const Error& error) {
  const bool is_served = row.state == store::GenerationState::kCurrent;
  if (!generator_.has_depot()) return false;
  if (!is_served && given_up_.contains({entry.id, row.number})) return false;
  if (error.code != ErrorCode::kNotFound && error.code != ErrorCode::kParse) return false;
  missing_.insert(is_served ? missing_.begin() : missing_.end(), {.proxy = entry.id,
                                                                  .number = row.number,
                                                                  .is_served = is_served,
                                                                  .name = entry.config.name.name});
  return true;
}

/// On an error `known` is as it was.
Result<> Publication::open(const jobs::ProxyEntry& entry, Open& known) {
  M3U_TRY(const auto rows, store_.generations().list(entry.id));
  decltype(known.rows) now;
  for (const store::GenerationRow& row : rows) now.emplace_back(row.number, row.state);
  const std::string& name = entry.config.name.name;
  if (known.proxy && known.rows == now && known.name == name) return {};
  Snapshot current;
  bool whole = true;
  std::vector<Snapshot> older;
  std::map<std::int64_t, Snapshot> opened;
  for (const store::GenerationRow& row : rows) {
    if (row.state == store::GenerationState::kCandidate) continue;
    const auto before = known.snapshots.find(row.number);
    Result<Snapshot> snapshot = before != known.snapshots.end()
                                    ? Result<Snapshot>(before->second)
                                    : generator_.open_here(entry.id, row.number);
    if (!snapshot && is_missing(entry, row, snapshot.error())) {
      if (row.state == store::GenerationState::kCurrent) return {};  // the former stays until then
      whole = false;
      continue;
    }
    if (row.state == store::GenerationState::kCurrent) {
      M3U_TRY(current, snapshot);
    } else if (snapshot) {
      older.push_back(*snapshot);
    }
    if (snapshot) opened.emplace(row.number, *std::move(snapshot));
  }
  const std::int64_t published = published_since(known.proxy.get(), current.get());
  M3U_TRY(known.proxy, outputs::PublishedProxy::make(entry.id, name, std::move(current),
                                                     std::move(older), published));
  known.name = name;
  known.rows = whole ? std::move(now) : decltype(now)();
  known.snapshots = std::move(opened);
  return {};
}

Result<> Publication::read_tokens(const jobs::ProxyEntry& entry, const Disabled& disabled,
                                  Open& known) {
  if (!disabled) return fail(disabled.error());
  const auto own = api::output_token(store_, key_, entry.id, clock_());  // made where there is none
  M3U_TRY(const auto all, store_.tokens().list(store::TokenKind::kOutput, entry.id));
  known.tokens.clear();
  for (const store::AccessToken& token : all)
    if (!token.user || !disabled->contains(*token.user))
      known.tokens.emplace_back(token.hash, token.expires);
  if (!own) return fail(own.error());
  return {};
}

Publication::Disabled Publication::disabled_users() {
  M3U_TRY(const auto users, store_.users().list());
  std::set<Uuid> disabled;
  for (const store::User& user : users)
    if (user.disabled) disabled.insert(user.id);
  return disabled;
}

void Publication::put_in_place() {
  missing_.clear();
  const Disabled disabled = disabled_users();
  std::vector<std::shared_ptr<outputs::PublishedProxy>> proxies;
  outputs::Published::Doors doors;
  std::set<std::string> hashes;
  std::string failures;
  for (const jobs::ProxyEntry& entry : model_->proxies) {
    const std::string& name = entry.config.name.name;
    Open& known = open_[entry.id];
    const auto note = [&](const Result<>& done) {
      if (!done) failures += fmt::format("\"{}\": {}\n", name, to_string(done.error()));
    };
    note(open(entry, known));
    note(read_tokens(entry, disabled, known));
    auto proxy = known.proxy;
    if (!proxy) {
      auto nothing = outputs::PublishedProxy::make(entry.id, name, nullptr, {}, 0);
      if (!nothing) continue;
      proxy = *std::move(nothing);
    }
    for (const auto& [file, content] : proxy->files()) hashes.insert(content.hash);
    proxies.push_back(std::move(proxy));
    if (entry.config.is_public) doors.by_name.emplace(name, entry.id);
    for (const auto& [hash, end] : known.tokens) {
      doors.by_token_hash.emplace(hash, entry.id);
      if (end != store::Time()) doors.ends.emplace(hash, end);
    }
  }
  std::erase_if(open_,
                [&](const auto& entry) { return model_->find_proxy(entry.first) == nullptr; });
  if (std::ranges::none_of(missing_, &Missing::is_served)) not_fetched_.clear();
  failures += not_fetched_;
  published_.replace(std::move(proxies), std::move(doors));
  variants_.keep_only(hashes);
  // The same again is not said again.
  if (!failures.empty() && failures != failures_)
    log::error("outputs", "what was served before still is: {}",
               std::string_view(failures).substr(0, failures.size() - 1));
  if (failures.empty() && !failures_.empty())
    log::info("outputs", "everything is served as it is stored again");
  failures_ = std::move(failures);
}

void Publication::publish(std::shared_ptr<const jobs::Model> model) {
  {
    const std::scoped_lock lock(mutex_);
    model_ = std::move(model);
    put_in_place();
    if (!has_work()) return;
  }
  changed_.notify_all();
}

void Publication::logos_changed() {
  {
    const std::scoped_lock lock(mutex_);
    logos_wait_ = bring_logos_ != nullptr;
  }
  changed_.notify_all();
}

bool Publication::has_work() const {
  return !failures_.empty() || !missing_.empty() || logos_wait_;
}

/// Brings here what was made elsewhere, without the lock: what is served goes on being served, and
/// what changes meanwhile is heard of.
void Publication::fetch_missing(std::unique_lock<std::mutex>& lock) {
  const std::vector<Missing> missing = missing_;
  std::string not_fetched;
  for (const Missing& one : missing) {
    if (stopping_) return;
    lock.unlock();
    const auto fetched = generator_.open(one.proxy, one.number);
    lock.lock();
    if (fetched) continue;
    const ErrorCode why = fetched.error().code;
    if (one.is_served)
      not_fetched +=
          fmt::format("\"{}\" #{}: {}\n", one.name, one.number, to_string(fetched.error()));
    else if (why == ErrorCode::kNotFound || why == ErrorCode::kParse || why == ErrorCode::kDiskFull)
      given_up_.emplace(one.proxy, one.number);
  }
  not_fetched_ = std::move(not_fetched);
}

void Publication::fetch_logos(std::unique_lock<std::mutex>& lock) {
  logos_wait_ = false;
  lock.unlock();
  const auto brought = bring_logos_();
  lock.lock();
  if (brought) {
    logo_failure_.clear();
    return;
  }
  logos_wait_ = true;
  if (std::string failure = to_string(brought.error()); failure != logo_failure_) {
    log::warn("outputs", "uploaded logos are not all here: {}", failure);
    logo_failure_ = std::move(failure);
  }
}

void Publication::try_again() {
  const std::chrono::seconds longest =
      generator_.has_depot() ? kLongestPauseOfReplicas : kLongestPause;
  std::unique_lock lock(mutex_);
  for (auto pause = kFirstPause; !stopping_;) {
    changed_.wait(lock, [this] { return stopping_ || has_work(); });
    if (!stopping_ && !missing_.empty()) {
      fetch_missing(lock);
      if (!stopping_) put_in_place();
    }
    if (!stopping_ && logos_wait_) fetch_logos(lock);
    if (!has_work()) {
      pause = kFirstPause;
      continue;
    }
    changed_.wait_for(lock, pause, [this] { return stopping_ || !has_work(); });
    pause = std::min(pause * 2, longest);
    if (!stopping_ && has_work()) put_in_place();
  }
}

}  // namespace m3u_proxy::daemon
