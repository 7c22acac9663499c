// LogoCache: pictures of other servers, each fetched once and kept on disk as it came.
//
// Polite to where they come from: two at a time from one host, none for a while from a host that
// fails again and again, and what could not be had is not asked for again soon. What is older than
// a week is served, and fetched anew meanwhile. At most so many bytes and pictures are kept; those
// go first that nobody asked for the longest. Addresses may hold passwords: files are called by
// hashes, and the log has hosts only.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/logos/logo_fetch.hpp>
#include <m3u_proxy/logos/logo_file.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::logos {

/// Thread-safe. Without work its threads sleep.
class LogoCache {
 public:
  struct Options {
    std::filesystem::path folder;
    std::uint64_t most_bytes = std::uint64_t{256} << 20U;
    std::size_t most_logos = 10'000;
    unsigned threads = 4;
    unsigned per_host = 2;
    std::chrono::seconds fresh{7 * 24 * 3600};
    /// A host that failed so many times in a row is left alone for a while, and for twice as long
    /// each further time.
    unsigned tolerated = 3;
    std::chrono::seconds first_pause{30};
    std::chrono::seconds longest_pause{3600};
    /// What is not there, or no picture, is not asked for again before that …
    std::chrono::seconds missing{6 * 3600};
    /// … and what failed otherwise not before that.
    std::chrono::seconds failed{600};
    /// What waited longer than this for others of its host is not fetched.
    std::chrono::seconds patience{10};
  };
  using Clock = std::function<std::int64_t()>;  ///< seconds since 1970
  /// Goes on with what is in the folder. `budget` outlives this.
  LogoCache(memory::Budget& budget, Options options, FetchLogo fetch, Clock clock);
  ~LogoCache();
  LogoCache(const LogoCache&) = delete;
  LogoCache& operator=(const LogoCache&) = delete;

  using Done = std::function<void(Result<LogoFile>)>;
  /// Gives `done` the picture, now or later on another thread. `url`: of bounded length. Errors: of
  /// the fetch; kParse for what is no picture; kUnavailable (the host is left alone, or too much
  /// waits); kOverBudget; kCancelled at the end.
  void get(const std::string& url, Done done);

 private:
  struct Key {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    auto operator<=>(const Key&) const = default;
  };
  struct Kept {
    Key key;
    std::uint64_t hash = 0;  // of the bytes
    std::uint64_t bytes = 0;
    std::int64_t made = 0;
  };
  struct Wanted {
    std::string url;
    std::string host;
    std::int64_t since = 0;
    std::vector<Done> done;
    bool running = false;
  };
  struct Host {
    unsigned active = 0;
    unsigned failures = 0;  // since the last success
    std::int64_t not_before = 0;
  };
  struct Missing {
    std::int64_t until = 0;
    ErrorCode code = ErrorCode::kNotFound;
  };

  static Key key_of(std::string_view url);
  static std::string name_of(const Kept& kept);
  static std::optional<Kept> kept_of(std::string_view name);
  void load();
  void work();
  [[nodiscard]] std::map<Key, Wanted>::iterator next();
  void want(const Key& key, const std::string& url, Done done, std::unique_lock<std::mutex> lock);
  Result<Kept> fetch(const Key& key, const std::string& url);
  void take_in(const Key& key, const std::string& host, const Result<Kept>& fetched);
  void note_failure(const Key& key, const std::string& host, const Error& error);
  void note_missing(const Key& key, std::chrono::seconds how_long, ErrorCode code);
  void forget_hosts();
  void keep(const Kept& kept);
  void drop(std::list<Kept>::iterator kept);
  [[nodiscard]] Result<LogoFile> open(const Kept& kept) const;

  memory::Budget& budget_;
  Options options_;
  FetchLogo fetch_;
  Clock clock_;
  CancelToken cancel_;
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  bool stopping_ = false;
  std::list<Kept> kept_;  // the one that was asked for last first
  std::map<Key, std::list<Kept>::iterator> by_key_;
  std::uint64_t bytes_ = 0;
  std::map<Key, Wanted> wanted_;
  std::map<std::string, Host> hosts_;
  std::map<Key, Missing> missing_;
  memory::Reservation index_;  // for kept_ and by_key_
  std::vector<std::thread> threads_;
};

}  // namespace m3u_proxy::logos
