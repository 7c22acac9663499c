#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/temporary_name.hpp>
#include <m3u_proxy/logos/logo_cache.hpp>

namespace m3u_proxy::logos {
namespace {

constexpr std::size_t kMostWanted = 500;
constexpr std::size_t kMostWaitingForOne = 1000;
constexpr std::size_t kMostMissing = 4096;
constexpr std::size_t kMostHosts = 1024;
/// What one kept picture takes in the index: a node of the list and one of the map.
constexpr std::uint64_t kIndexBytes = 192;
constexpr std::string_view kLeftAlone = "its server failed and is left alone for a while";
constexpr std::size_t kDigits = 16;  // of a 64-bit number

std::string host_of(std::string_view url) {
  std::string_view rest = url.substr(std::min(url.size(), url.find("://") + 3));
  rest = rest.substr(0, rest.find_first_of("/?#"));
  const std::size_t at = rest.rfind('@');
  std::string host(at == std::string_view::npos ? rest : rest.substr(at + 1));
  std::ranges::transform(host, host.begin(), ascii_lower);
  return host;
}

}  // namespace

LogoCache::LogoCache(memory::Budget& budget, Options options, FetchLogo fetch, Clock clock)
    : budget_(budget),
      options_(std::move(options)),
      fetch_(std::move(fetch)),
      clock_(std::move(clock)) {
  index_ = budget_.reserve(memory::Tag::kHttp, Bytes{}).value_or(memory::Reservation());
  load();
  for (unsigned i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { work(); });
}

LogoCache::~LogoCache() {
  std::map<Key, Wanted> left;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  cancel_.cancel();
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  left.swap(wanted_);
  for (auto& [key, wanted] : left)
    for (const Done& done : wanted.done)
      done(fail(ErrorCode::kCancelled, "the service is stopping"));
}

LogoCache::Key LogoCache::key_of(std::string_view url) {
  const XXH128_hash_t hash = XXH3_128bits(url.data(), url.size());
  return {.high = hash.high64, .low = hash.low64};
}

std::string LogoCache::name_of(const Kept& kept) {
  return fmt::format("{:016x}{:016x}-{:016x}", kept.key.high, kept.key.low, kept.hash);
}

/// nullopt: a file of that name is none of ours.
std::optional<LogoCache::Kept> LogoCache::kept_of(std::string_view name) {
  constexpr std::size_t kLength = 3 * kDigits + 1;
  if (name.size() != kLength || name[2 * kDigits] != '-') return std::nullopt;
  const auto read = [name](std::size_t from, std::uint64_t& out) {
    const char* const begin = name.data() + from;
    const auto [end, failed] = std::from_chars(begin, begin + kDigits, out, 16);
    return failed == std::errc() && end == begin + kDigits;
  };
  Kept kept;
  if (!read(0, kept.key.high) || !read(kDigits, kept.key.low) || !read(2 * kDigits + 1, kept.hash))
    return std::nullopt;
  return kept;
}

/// What an earlier process left, the oldest first.
void LogoCache::load() {
  std::error_code error;
  std::filesystem::create_directories(options_.folder, error);
  std::filesystem::permissions(options_.folder, std::filesystem::perms::owner_all, error);
  io::remove_stale_temporaries(options_.folder);
  std::vector<Kept> found;
  std::filesystem::directory_iterator entries(options_.folder, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const std::filesystem::directory_entry& entry = *entries;
    struct stat info{};
    auto kept = kept_of(entry.path().filename().string());
    if (!kept || ::lstat(entry.path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
      std::error_code ignored;
      std::filesystem::remove_all(entry.path(), ignored);
      continue;
    }
    kept->bytes = static_cast<std::uint64_t>(info.st_size);
    kept->made = info.st_mtim.tv_sec;
    found.push_back(*kept);
  }
  std::ranges::sort(found, {}, &Kept::made);
  for (const Kept& kept : found) keep(kept);
}

Result<LogoFile> LogoCache::open(const Kept& kept) const {
  return open_logo(options_.folder / name_of(kept), fmt::format("{:016x}", kept.hash));
}

void LogoCache::get(const std::string& url, Done done) {
  const Key key = key_of(url);
  std::unique_lock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return want(key, url, std::move(done), std::move(lock));
  kept_.splice(kept_.begin(), kept_, found->second);
  const Kept kept = kept_.front();
  lock.unlock();
  auto opened = open(kept);
  const bool is_gone = !opened && (opened.error().code == ErrorCode::kNotFound ||
                                   opened.error().code == ErrorCode::kParse);
  if (is_gone) {  // somebody removed or damaged it
    lock.lock();
    if (const auto still = by_key_.find(key); still != by_key_.end()) {
      if (still->second->hash != kept.hash) {  // it was replaced meanwhile
        const Kept newer = *still->second;
        lock.unlock();
        return done(open(newer));
      }
      drop(still->second);
    }
    return want(key, url, std::move(done), std::move(lock));
  }
  if (kept.made + options_.fresh.count() < clock_()) {
    lock.lock();
    if (const auto still = by_key_.find(key);
        still != by_key_.end() && still->second->made == kept.made)
      want(key, url, {}, std::move(lock));
    else
      lock.unlock();
  }
  done(std::move(opened));
}

/// Lets somebody fetch it, unless it could not be had a while ago. An empty `done` may be refused
/// in silence.
void LogoCache::want(const Key& key, const std::string& url, Done done,
                     std::unique_lock<std::mutex> lock) {
  const auto refuse = [&](ErrorCode code, std::string message) {
    lock.unlock();
    if (done) done(fail(code, std::move(message)));
  };
  const std::int64_t now = clock_();
  if (const auto missing = missing_.find(key); missing != missing_.end()) {
    if (missing->second.until > now)
      return refuse(missing->second.code, "it could not be had a while ago");
    missing_.erase(missing);
  }
  std::string host = host_of(url);
  if (const auto known = hosts_.find(host); known != hosts_.end() && known->second.not_before > now)
    return refuse(ErrorCode::kUnavailable, std::string(kLeftAlone));
  const auto found = wanted_.find(key);
  if (stopping_ || (found == wanted_.end() && wanted_.size() >= kMostWanted) ||
      (found != wanted_.end() && found->second.done.size() >= kMostWaitingForOne))
    return refuse(ErrorCode::kUnavailable, "too many logos are being fetched");
  Wanted& wanted =
      found != wanted_.end()
          ? found->second
          : wanted_
                .emplace(key, Wanted{.url = url, .host = std::move(host), .since = now, .done = {}})
                .first->second;
  if (done) wanted.done.push_back(std::move(done));
  lock.unlock();
  changed_.notify_all();
}

/// What may be fetched now, of that what waited the longest.
std::map<LogoCache::Key, LogoCache::Wanted>::iterator LogoCache::next() {
  auto chosen = wanted_.end();
  for (auto entry = wanted_.begin(); entry != wanted_.end(); ++entry) {
    const Wanted& wanted = entry->second;
    if (wanted.running || (chosen != wanted_.end() && chosen->second.since <= wanted.since))
      continue;
    const auto host = hosts_.find(wanted.host);
    if (host == hosts_.end() || host->second.active < options_.per_host) chosen = entry;
  }
  return chosen;
}

void LogoCache::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || next() != wanted_.end(); });
    if (stopping_) return;
    const auto chosen = next();
    chosen->second.running = true;
    const Key key = chosen->first;
    const std::string url = chosen->second.url;
    const std::string host = chosen->second.host;
    Host& of = hosts_[host];
    const std::int64_t now = clock_();
    const bool is_left_alone = of.not_before > now;
    const bool is_too_late = chosen->second.since + options_.patience.count() < now;
    ++of.active;
    lock.unlock();
    const Result<Kept> fetched = is_left_alone
                                     ? fail(ErrorCode::kUnavailable, std::string(kLeftAlone))
                                 : is_too_late ? fail(ErrorCode::kUnavailable, "its server is slow")
                                               : fetch(key, url);
    auto opened = fetched ? open(*fetched) : Result<LogoFile>(fail(fetched.error()));
    lock.lock();
    take_in(key, host, fetched);
    const std::vector<Done> done = std::move(wanted_.extract(key).mapped().done);
    lock.unlock();
    changed_.notify_all();  // another one of this host may be fetched now
    for (const Done& tell : done) tell(opened);
    lock.lock();
  }
}

Result<LogoCache::Kept> LogoCache::fetch(const Key& key, const std::string& url) {
  M3U_TRY(const memory::Reservation room, budget_.reserve(memory::Tag::kHttp, Bytes{kLargestLogo}));
  M3U_TRY(const std::string bytes, fetch_(url, cancel_));
  if (picture_type(bytes).empty() || bytes.size() > kLargestLogo)
    return fail(ErrorCode::kParse, "what came is no picture of at most 1 MB");
  Kept kept{.key = key,
            .hash = XXH3_64bits(bytes.data(), bytes.size()),
            .bytes = bytes.size(),
            .made = clock_()};
  std::error_code ignored;
  std::filesystem::create_directories(options_.folder, ignored);  // somebody may have removed it
  M3U_TRY(const auto file, io::AtomicFile::create(options_.folder / name_of(kept)));
  M3U_CHECK(file->write(bytes));
  M3U_CHECK(file->publish(io::AtomicFile::Durability::kNotNeeded));
  return kept;
}

/// What a fetch says about the picture and about its host.
void LogoCache::take_in(const Key& key, const std::string& host, const Result<Kept>& fetched) {
  Host& of = hosts_[host];
  --of.active;
  if (fetched) {
    of.failures = 0;
    missing_.erase(key);
    keep(*fetched);
  } else {
    note_failure(key, host, fetched.error());
  }
  forget_hosts();
}

void LogoCache::note_failure(const Key& key, const std::string& host, const Error& error) {
  Host& of = hosts_[host];
  switch (error.code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kOverBudget:
    case ErrorCode::kCancelled:
    case ErrorCode::kDiskFull:
      return;  // that is about us
    case ErrorCode::kNotFound:
    case ErrorCode::kParse:
    case ErrorCode::kInvalidArgument:
      of.failures = 0;
      return note_missing(key, options_.missing, error.code);
    default:
      note_missing(key, options_.failed, error.code);
  }
  if (error.code != ErrorCode::kNetwork || ++of.failures < options_.tolerated) return;
  constexpr unsigned kMostDoublings = 10;
  const unsigned doublings = std::min(of.failures - options_.tolerated, kMostDoublings);
  const auto pause = std::min(options_.first_pause * (1U << doublings), options_.longest_pause);
  of.not_before = clock_() + pause.count();
  log::info("outputs", "logos of {} are not fetched for {} s: {}", host, pause.count(),
            redact_urls_in(to_string(error)));
}

void LogoCache::note_missing(const Key& key, std::chrono::seconds how_long, ErrorCode code) {
  const std::int64_t now = clock_();
  if (missing_.size() >= kMostMissing)
    std::erase_if(missing_, [now](const auto& entry) { return entry.second.until <= now; });
  if (missing_.size() >= kMostMissing) missing_.erase(missing_.begin());
  missing_[key] = {.until = now + how_long.count(), .code = code};
}

/// Those of which there is nothing to remember; of too many also those that failed.
void LogoCache::forget_hosts() {
  std::erase_if(hosts_, [](const auto& entry) {
    return entry.second.active == 0 && entry.second.failures == 0;
  });
  for (auto host = hosts_.begin(); host != hosts_.end() && hosts_.size() > kMostHosts;)
    host = host->second.active == 0 ? hosts_.erase(host) : std::next(host);
}

void LogoCache::keep(const Kept& kept) {
  if (const auto older = by_key_.find(kept.key); older != by_key_.end()) {
    if (older->second->hash == kept.hash) {  // the same file again
      older->second->made = kept.made;
      return;
    }
    drop(older->second);
  }
  bytes_ += kept.bytes;
  kept_.push_front(kept);
  by_key_[kept.key] = kept_.begin();
  while (bytes_ > options_.most_bytes || kept_.size() > options_.most_logos)
    drop(std::prev(kept_.end()));
  // Without memory for a larger index it stays as large as it was.
  if (!index_.resize(Bytes{kept_.size() * kIndexBytes})) drop(std::prev(kept_.end()));
}

void LogoCache::drop(std::list<Kept>::iterator kept) {
  std::error_code ignored;
  std::filesystem::remove(options_.folder / name_of(*kept), ignored);
  bytes_ -= kept->bytes;
  by_key_.erase(kept->key);
  kept_.erase(kept);
}

}  // namespace m3u_proxy::logos
