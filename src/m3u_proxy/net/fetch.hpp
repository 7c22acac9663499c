// Fetching: an http(s) address into a temporary file, patiently.
//
// Follows redirects, tries again when the network fails or the server asks to wait, resumes where
// it broke off, and never tells another host what was meant for the first. What is stored is what
// was sent: a body compressed for the way stays so, and the inflating source knows it by its bytes,
// whatever Content-Encoding says (content_coding.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/net/address_guard.hpp>

namespace m3u_proxy::net {

struct HttpHeader {
  std::string name{};
  std::string value{};
  bool operator==(const HttpHeader&) const = default;
};

struct FetchRequest {
  std::string url{};
  std::string user_agent{};           ///< "" = m3u-proxy's own
  std::vector<HttpHeader> headers{};  ///< sent to the address's own host only
  std::string etag{};                 ///< of the copy that is there; "" = none
  std::string last_modified{};        ///< of the copy that is there; "" = none
};

struct FetchOptions {
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(15);
  std::chrono::milliseconds stall_timeout = std::chrono::seconds(30);
  std::chrono::milliseconds longest{0};  ///< that one answer may take; 0: as long as bytes come
  int tries = 3;                         ///< ≥ 1
  int max_redirects = 5;                 ///< of one try
  int also_temporary = 0;       ///< a status that is tried again too, beside is_temporary()
  std::uint64_t max_bytes = 0;  ///< of a body; 0 = no bound
  /// What becomes of a longer one: it is refused, or its beginning is taken as a partial one, with
  /// the same error.
  enum class Beyond : std::uint8_t { kRefuse, kCut };
  Beyond beyond = Beyond::kRefuse;
  /// Before the second try; doubled for each further one.
  std::chrono::milliseconds first_wait = std::chrono::seconds(1);
  /// A server that asks to wait longer than this is not waited for.
  std::chrono::milliseconds longest_wait = std::chrono::seconds(60);
  /// Asked for every address before it is connected to, redirects too; nullptr: any may be.
  std::shared_ptr<const AddressGuard> guard{};
  /// Told the bytes so far and the whole, 0 if not known; may be empty.
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress{};
  /// Told for how long a server asked to be left alone that the fetch failed with; may be empty.
  std::function<void(std::chrono::seconds wait)> on_retry_after{};
};

struct FetchResult {
  std::uint64_t bytes = 0;    ///< in the file
  bool not_modified = false;  ///< 304: the copy that is there is still right, the file is empty
  std::string etag{};
  std::string last_modified{};
  /// The server says that the body is deflated, which its bytes do not show: see inflate_body().
  bool deflated = false;
  /// The body broke off each time, or was cut, and this is what came: `broken` says how.
  bool partial = false;
  Error broken{};
};

/// Error: kIo, when `size` is more than `max_bytes` (0: no bound), with the setting that says so
/// ([proxy_memory] max_download_mb).
Result<> check_download_size(std::uint64_t size, std::uint64_t max_bytes);

/// Downloads into `file`, which is emptied first. Thread-safe for different files.
/// Errors: kNetwork, kNotFound (404, 410), kInvalidArgument (not a usable address), kIo,
/// kCancelled (within a second); each with the address without credentials, and a remedy.
Result<FetchResult> fetch(const FetchRequest& request, const FetchOptions& options,
                          io::TempFile& file, const CancelToken* cancel = nullptr);

}  // namespace m3u_proxy::net
