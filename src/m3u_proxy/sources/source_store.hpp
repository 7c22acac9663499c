// SourceStore: from what the user named (a path, file://…, "-", http(s)://…, xtream(s)://…) to
// bytes that can be read as often as needed.
//
// Every URL is downloaded once per run, however many proxies use it, into a temporary file; files
// are read where they are; standard input and pipes are kept only if they must be read again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/io/folder_guard.hpp>
#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/net/fetch.hpp>
#include <m3u_proxy/sources/request_pace.hpp>
#include <m3u_proxy/sources/source_cache.hpp>

namespace m3u_proxy::sources {

/// How far a source is while it is fetched.
struct FetchProgress {
  std::uint64_t bytes = 0;         ///< that came; of an account, with all its replies
  std::uint64_t total = 0;         ///< of them in all; 0: not known
  std::uint64_t series = 0;        ///< of an account, whose episodes were asked for
  std::uint64_t series_total = 0;  ///< whose episodes are asked for in this run
};

struct SourceRequest {
  std::string name{};      ///< the source's name, for messages
  std::string location{};  ///< a path, file://…, "-", http(s)://…, xtream(s)://…
  std::string user_agent{};
  std::vector<net::HttpHeader> headers{};
  /// How often open() will be called: what can be read only once is kept for kSeveralTimes.
  enum class Reads : std::uint8_t { kOnce, kSeveralTimes };
  Reads reads = Reads::kOnce;
  /// What is wanted of an Xtream account.
  enum class Wanted : std::uint8_t { kPlaylist, kGuide };
  Wanted wanted = Wanted::kPlaylist;
  bool any_content = false;  ///< a plugin reads it: it need not be a playlist or a guide
  /// Told while it is fetched, on the thread that does so; may be empty.
  std::function<void(const FetchProgress&)> on_progress{};
};

/// What a provider says of an account.
struct XtreamStatus {
  std::string status{};                   ///< its own word, such as "Active"
  std::optional<std::int64_t> expires{};  ///< seconds since 1970; none: never
  std::int64_t active_connections = 0;
  std::int64_t max_connections = 0;
};

/// What is known about a source before it is read; part of the report.
struct SourceInfo {
  std::optional<std::uint64_t> bytes{};  ///< stored (compressed); none for a pipe read on the fly
  bool from_cache = false;               ///< the last good copy, since the provider failed
  std::int64_t age_s = 0;                ///< of that copy: since it was last known to be current
  bool not_modified = false;             ///< the server said 304: the kept copy is current
  bool partial = false;                  ///< the download broke off and this is its beginning
  std::optional<Error> error{};          ///< why it is from the cache or partial
  std::optional<XtreamStatus> account{};
};

class StoredSource {
 public:
  using Open = std::function<Result<std::unique_ptr<io::ByteSource>>()>;
  using OpenCounting =
      std::function<Result<std::unique_ptr<io::ByteSource>>(std::shared_ptr<ProblemLog>)>;

  StoredSource(SourceInfo info, Open open)
      : info_(std::move(info)),
        open_([open = std::move(open)](const std::shared_ptr<ProblemLog>&) { return open(); }) {}
  StoredSource(SourceInfo info, OpenCounting open)
      : info_(std::move(info)), open_(std::move(open)) {}

  /// The bytes as stored, from the start; they may be compressed. Thread-safe. What is found odd in
  /// the replies of an Xtream account is counted in `problems` (may be nullptr) while it is read.
  /// Errors: kIo, kNotFound (the file vanished), kInvalidArgument (a pipe that is read
  /// twice although the request said once).
  [[nodiscard]] Result<std::unique_ptr<io::ByteSource>> open(
      std::shared_ptr<ProblemLog> problems = nullptr) const {
    return open_(problems ? std::move(problems) : std::make_shared<ProblemLog>());
  }
  [[nodiscard]] const SourceInfo& info() const { return info_; }

 private:
  SourceInfo info_;
  OpenCounting open_;
};

struct SourceStoreOptions {
  memory::Budget* budget = nullptr;  ///< for reading Xtream accounts; nullptr: there are none
  /// Where downloads and kept pipes go; called when first needed, from one thread at a time.
  std::function<Result<io::TempFolder*>()> temp_folder{};
  std::filesystem::path cache_dir{};    ///< "" = no cache
  net::FetchOptions fetch{};            ///< `max_bytes` bounds a kept pipe too
  const CancelToken* cancel = nullptr;  ///< may be nullptr
  /// Where files may be read, also those that accounts name; nullptr: anywhere.
  std::shared_ptr<const io::FolderGuard> folders{};
  /// Of accounts; the same ones for all stores that may ask an account at the same time.
  std::shared_ptr<AccountPaces> paces = std::make_shared<AccountPaces>();
  /// Seconds since 1970, for ages; empty = the system's clock.
  std::function<std::int64_t()> clock{};
  /// Looks at a download before it counts as good: an error (an HTML page, say) is treated like a
  /// failed download, so that it never replaces a good copy in the cache. May be empty: plain web
  /// pages are told apart without it.
  std::function<Result<>(const SourceRequest&, std::unique_ptr<io::ByteSource>)> validate{};
};

/// Thread-safe; different URLs download at the same time.
class SourceStore {
 public:
  explicit SourceStore(SourceStoreOptions options) : options_(std::move(options)) {}

  /// The source of a request; for the same URL, user agent and headers the same one again, and
  /// the same error again. Errors, with `where.source` = the name: kNotFound, kIo,
  /// kInvalidArgument (a folder, an unknown scheme …), kParse (an empty file), kNetwork,
  /// kCancelled, and validate()'s.
  Result<std::shared_ptr<const StoredSource>> get(const SourceRequest& request);

  /// Bytes in temporary files so far, for the report's spill.
  [[nodiscard]] std::uint64_t spilled_bytes() const;

 private:
  using Stored = Result<std::shared_ptr<const StoredSource>>;
  struct Slot {
    std::mutex mutex;
    std::optional<Stored> result;
  };

  /// The result of `load` for this request, made only once.
  Stored remembered(const SourceRequest& request, const std::function<Stored()>& load);
  Stored get_file(const std::string& path, const SourceRequest& request);
  Stored get_pipe(const std::string& path, const SourceRequest& request);
  Stored get_standard_input(const SourceRequest& request);
  Stored keep_if_needed(std::unique_ptr<io::ByteSource> pipe, const std::string& what,
                        const SourceRequest& request);
  Stored keep(io::ByteSource& pipe, const std::string& what);
  Stored download(const SourceRequest& request);
  Stored get_xtream(const SourceRequest& request);
  /// One reply of an account's API, without the cache.
  Result<std::shared_ptr<io::TempFile>> fetch_reply(const SourceRequest& request);
  /// Of an account its guide and the replies of its API.
  enum class Content : std::uint8_t { kDocument, kAccountGuide, kReply };
  /// How a request is fetched, as long as it lives.
  [[nodiscard]] net::FetchOptions fetch_options(Content content,
                                                const SourceRequest& request) const;
  /// kParse for a reply without anything in it where the kept one had something.
  [[nodiscard]] Result<> check_reply(const SourceRequest& request,
                                     const std::shared_ptr<io::TempFile>& reply,
                                     const CachedCopy& copy) const;
  Stored download_as(Content content, const SourceRequest& request);
  Stored accept(Content content, const SourceRequest& request, net::FetchResult fetched,
                std::shared_ptr<io::TempFile> file, const std::optional<CachedCopy>& copy);
  /// The file that holds the body inflated: another one, or `file` where it is no deflated data.
  Result<std::shared_ptr<io::TempFile>> inflated(std::shared_ptr<io::TempFile> file,
                                                 net::FetchResult& fetched);
  Stored use_copy(const CachedCopy& copy, const Error& error) const;

  Result<std::shared_ptr<io::TempFile>> new_file();
  const SourceCache* cache();
  [[nodiscard]] std::int64_t now() const;
  void count_spill(std::uint64_t bytes);

  SourceStoreOptions options_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Slot>> slots_;  ///< by URL, user agent and headers
  std::optional<SourceCache> cache_;
  bool cache_opened_ = false;
  std::uint64_t spilled_ = 0;
};

}  // namespace m3u_proxy::sources
