#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/jobs/downloader.hpp>
#include <m3u_proxy/jobs/source_server.hpp>
#include <m3u_proxy/net/content_coding.hpp>
#include <m3u_proxy/net/fetch.hpp>
#include <m3u_proxy/sources/source_cache.hpp>
#include <m3u_proxy/sources/source_fetch.hpp>

namespace m3u_proxy::jobs {
namespace {

constexpr std::chrono::days kRepliesKept(90);  // what an account does not name for so long goes

std::unexpected<Error> cancelled() {
  return fail(ErrorCode::kCancelled, "the refresh was cancelled");
}

/// Counts the channels of a playlist that comes in pieces.
class ChannelCount {
 public:
  void add(std::string_view piece) {
    constexpr std::size_t kBegun = kMark.size() - 1;  // of a mark that goes on in the next piece
    const std::string seam = end_ + std::string(piece.substr(0, kBegun));
    count_ += marks_in(seam) + marks_in(piece);
    const std::string_view last = piece.size() < kBegun ? std::string_view(seam) : piece;
    end_ = last.substr(last.size() - std::min(last.size(), kBegun));
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  static constexpr std::string_view kMark = "\n#EXTINF";
  static std::uint64_t marks_in(std::string_view text) {
    std::uint64_t marks = 0;
    for (std::size_t at = text.find(kMark); at != std::string_view::npos;
         at = text.find(kMark, at + kMark.size()))
      ++marks;
    return marks;
  }
  std::string end_;
  std::uint64_t count_ = 0;
};

/// Copies all that a source gives into a temporary file. Error: as check_download_size(): a pipe
/// may have no end, and an account's list is longer than the replies that it is made from.
Result<> copy(io::ByteSource& from, io::TempFile& to, std::uint64_t max_bytes,
              const JobContext& job) {
  std::array<char, 65536> buffer{};
  ChannelCount channels;
  while (true) {
    if (job.cancel.cancelled()) return cancelled();
    M3U_TRY(const std::size_t size, from.read(buffer));
    if (size == 0) return {};
    const std::string_view piece(buffer.data(), size);
    M3U_CHECK(net::check_download_size(to.size() + size, max_bytes));
    M3U_CHECK(to.write(piece));
    channels.add(piece);
    job.progress({.stage = "read",
                  .items = channels.count(),
                  .done = from.consumed(),
                  .total = from.size().value_or(0)});
  }
}

}  // namespace

Result<Download> Downloader::empty() const {
  Download download;
  M3U_TRY(download.folder, io::TempFolder::create(process_.spill_folder()));
  M3U_TRY(download.file, download.folder->create_file());
  return download;
}

Result<Download> Downloader::fetch(const Request& request) {
  const auto server = server_of(request.source.config);
  std::optional<std::chrono::seconds> unused;
  if (!server) {
    M3U_TRY(Download download, empty());
    M3U_CHECK(fetch_by_run(request, download, unused));
    return download;
  }
  Result<Download> result = cancelled();
  const auto turn = process_.account_paces()->of("host " + server->host);
  M3U_CHECK(turn->run(std::chrono::milliseconds(0), &request.job.cancel,
                      [&] { result = fetch_from_server(request); }));
  return result;
}

Result<Download> Downloader::fetch_from_server(const Request& request) {
  const SourceServer server = *server_of(request.source.config);
  const std::int64_t now = store::seconds_of(clock_());
  const std::int64_t until = breaker_.open_until(server.key, now).value_or(now);
  if (!breaker_.allows(server.key, now))
    return fail(ErrorCode::kNetwork,
                fmt::format("{} failed again and again, or asked to be left alone: it is not asked "
                            "for another {} s",
                            server.host, until - now),
                "it is tried again by itself");
  M3U_TRY(Download download, empty());
  std::optional<std::chrono::seconds> wait;
  const bool is_http = is_http_url(trim(request.source.config.location));
  const auto done =
      is_http ? fetch_http(request, download, wait) : fetch_by_run(request, download, wait);
  if (request.job.cancel.cancelled()) return cancelled();
  if (!done) {
    if (done.error().code == ErrorCode::kNetwork)
      breaker_.failed(server.key, store::seconds_of(clock_()), wait);
    else if (is_http && done.error().code == ErrorCode::kNotFound)
      breaker_.succeeded(server.key);  // it answers
    return fail(done.error());
  }
  breaker_.succeeded(server.key);
  return download;
}

Result<> Downloader::fetch_http(const Request& request, Download& download,
                                std::optional<std::chrono::seconds>& wait) {
  const config::SourceConfig& config = request.source.config;
  net::FetchRequest wanted{.url = config.location,
                           .user_agent = config.user_agent,
                           .etag = request.etag,
                           .last_modified = request.last_modified};
  for (const auto& [name, value] : config.headers)
    wanted.headers.push_back({.name = name, .value = value});
  net::FetchOptions options = sources::source_fetch_options();
  options.guard = request.guard;
  options.max_bytes = request.max_bytes;
  options.on_progress = [&](std::uint64_t done, std::uint64_t total) {
    request.job.progress({.stage = "download", .items = 0, .done = done, .total = total});
  };
  options.on_retry_after = [&](std::chrono::seconds asked) { wait = asked; };
  M3U_TRY(const net::FetchResult result,
          net::fetch(wanted, options, *download.file, &request.job.cancel));
  if (result.partial) return fail(result.broken);
  download.not_modified = result.not_modified;
  download.etag = result.etag;
  download.last_modified = result.last_modified;
  if (!result.deflated || result.not_modified) return {};
  M3U_TRY(std::shared_ptr<io::TempFile> plain, download.folder->create_file());
  M3U_TRY(const net::Inflated outcome, net::inflate_body(download.file, options.max_bytes, *plain));
  if (outcome == net::Inflated::kTruncated)
    return fail(ErrorCode::kNetwork, "the deflated data is truncated",
                "it is tried again by itself");
  if (outcome == net::Inflated::kWhole) download.file = std::move(plain);
  return {};
}

/// What the sources of a run know to open: files, and accounts.
Result<> Downloader::fetch_by_run(const Request& request, Download& download,
                                  std::optional<std::chrono::seconds>& wait) {
  const SourceEntry& source = request.source;
  runtime::Run run(process_, {.cache_dir = request.replies,
                              .threads = 1,
                              .now = store::seconds_of(clock_()),
                              .cancel = &request.job.cancel,
                              .guard = request.guard,
                              .folders = request.folders,
                              .max_download = request.max_bytes,
                              .on_retry_after = [&](std::chrono::seconds asked) { wait = asked; }});
  const auto tell = [&](const sources::FetchProgress& fetched) {
    request.job.progress({.stage = fetched.series_total == 0 ? "download" : "episodes",
                          .items = fetched.series,
                          .items_total = fetched.series_total,
                          .done = fetched.bytes,
                          .total = fetched.total});
  };
  M3U_TRY(const auto bytes, run.sources().stored(source.config, source.is_guide, tell));
  M3U_CHECK(copy(*bytes, *download.file, request.max_bytes, request.job));
  if (!source.is_guide) download.account = run.sources().playlist(source.config).origin().account;
  if (request.replies.empty()) return {};
  if (const auto cache = sources::SourceCache::open(request.replies))
    cache->remove_older_than(kRepliesKept);
  return {};
}

std::optional<store::Time> Downloader::left_alone_until(const SourceEntry& source) const {
  const auto server = server_of(source.config);
  if (!server) return std::nullopt;
  const auto until = breaker_.open_until(server->key, store::seconds_of(clock_()));
  if (!until) return std::nullopt;
  return store::Time(std::chrono::seconds(*until));
}

}  // namespace m3u_proxy::jobs
