// Downloader: gets what a source gives now into a temporary file, with regard for who gives it: a
// host is asked by one source at a time, and one that fails again and again, or says so itself, is
// left alone for a while.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <m3u_proxy/channels/source_stats.hpp>
#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/jobs/circuit_breaker.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/jobs/workers.hpp>
#include <m3u_proxy/net/address_guard.hpp>
#include <m3u_proxy/runtime/process.hpp>
#include <m3u_proxy/runtime/run.hpp>

namespace m3u_proxy::jobs {

struct Download {
  std::unique_ptr<io::TempFolder> folder;  ///< of the file
  std::shared_ptr<io::TempFile> file;
  bool not_modified = false;  ///< the server said so, and the file is empty
  std::string etag;
  std::string last_modified;
  std::optional<channels::AccountStats> account;
};

/// Thread-safe.
class Downloader {
 public:
  /// `process` outlives this.
  Downloader(runtime::Process& process, Clock clock)
      : process_(process), clock_(std::move(clock)) {}

  struct Request {
    const SourceEntry& source;
    const JobContext& job;
    std::string etag{};           ///< of what is there; "": all of it is wanted
    std::string last_modified{};  ///< the same
    std::shared_ptr<const net::AddressGuard> guard{};  ///< nullptr: anybody
    std::shared_ptr<const io::FolderGuard> folders{};  ///< nullptr: any file
    std::uint64_t max_bytes = 0;  ///< of each reply, and of what is kept of them; 0: no bound
    /// Where an account's last good replies are; "": nowhere.
    std::filesystem::path replies{};
  };
  /// Errors: kNetwork (also of a server that is left alone), kNotFound, kParse, kIo, kDiskFull,
  /// kInvalidArgument, kCancelled.
  Result<Download> fetch(const Request& request);

  /// Until when the source's server is left alone; nullopt: it may be asked.
  [[nodiscard]] std::optional<store::Time> left_alone_until(const SourceEntry& source) const;

 private:
  Result<Download> fetch_from_server(const Request& request);
  Result<> fetch_http(const Request& request, Download& download,
                      std::optional<std::chrono::seconds>& wait);
  Result<> fetch_by_run(const Request& request, Download& download,
                        std::optional<std::chrono::seconds>& wait);
  [[nodiscard]] Result<Download> empty() const;

  runtime::Process& process_;
  Clock clock_;
  CircuitBreaker breaker_;
};

}  // namespace m3u_proxy::jobs
