#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/net/curl_handle.hpp>

namespace m3u_proxy::net {
namespace {

constexpr long kTimeoutMs = 20'000;

int on_progress(void* token, curl_off_t /*all*/, curl_off_t /*now*/, curl_off_t /*up*/,
                curl_off_t /*up_now*/) {
  return token != nullptr && static_cast<const CancelToken*>(token)->cancelled() ? 1 : 0;
}

std::size_t ignore(char* /*data*/, std::size_t size, std::size_t count, void* /*user*/) {
  return size * count;
}

}  // namespace

CurlHandle::CurlHandle(const CurlLibrary* curl, CURL* handle, const CancelToken* cancel)
    : curl_(curl), handle_(handle), cancel_(cancel) {}

CurlHandle::CurlHandle(CurlHandle&& other) noexcept
    : curl_(other.curl_),
      handle_(std::exchange(other.handle_, nullptr)),
      cancel_(other.cancel_),
      lists_(std::exchange(other.lists_, {})),
      guard_(std::move(other.guard_)),
      sockets_(std::move(other.sockets_)) {}

CurlHandle::~CurlHandle() {
  if (handle_ != nullptr) curl_->easy_cleanup(handle_);
  for (curl_slist* const list : lists_) curl_->slist_free_all(list);
}

Result<CurlHandle> CurlHandle::create(const CancelToken* cancel) {
  M3U_TRY(const CurlLibrary* const curl, curl_library());
  CURL* const handle = curl->easy_init();
  if (handle == nullptr) return fail(ErrorCode::kNetwork, "libcurl does not start");
  CurlHandle out(curl, handle, cancel);
  out.set(CURLOPT_NOSIGNAL, 1L);
  out.set(CURLOPT_TIMEOUT_MS, kTimeoutMs);
  out.set(CURLOPT_NOPROGRESS, 0L);
  out.set(CURLOPT_XFERINFOFUNCTION, &on_progress);
  out.set(CURLOPT_XFERINFODATA, static_cast<const void*>(cancel));
  out.set(CURLOPT_WRITEFUNCTION, &ignore);
  return out;
}

void CurlHandle::set_list(CURLoption option, const std::vector<std::string>& lines) {
  curl_slist* list = nullptr;
  for (const std::string& line : lines)
    if (curl_slist* const longer = curl_->slist_append(list, line.c_str()); longer != nullptr)
      list = longer;
  lists_.push_back(list);
  set(option, list);
}

void CurlHandle::set_guard(std::shared_ptr<const AddressGuard> guard) {
  if (!guard) return;
  guard_ = std::move(guard);
  sockets_ = std::make_unique<GuardedSockets>(GuardedSockets{.guard = guard_.get()});
  set(CURLOPT_OPENSOCKETFUNCTION, &GuardedSockets::open);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(sockets_.get()));
  // A proxy would connect to addresses that nobody has looked at.
  set(CURLOPT_PROXY, "");
}

Result<> CurlHandle::perform(std::string_view what) {
  const CURLcode code = curl_->easy_perform(handle_);
  if (cancel_ != nullptr && cancel_->cancelled())
    return fail(ErrorCode::kCancelled, fmt::format("sending to {} was cancelled", what));
  if (code == CURLE_OK) return {};
  if (sockets_ && sockets_->refused) {
    Error refused = is_private(what);
    refused.code = ErrorCode::kInvalidArgument;
    return fail(std::move(refused));
  }
  return fail(ErrorCode::kNetwork,
              fmt::format("cannot send to {}: {}{}", what, curl_->easy_strerror(code), answered()));
}

std::string CurlHandle::answered() const {
  const long last = status();
  return last == 0 ? std::string() : fmt::format(" (its answer: {})", last);
}

long CurlHandle::status() const {
  long status = 0;
  (void)curl_->easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

}  // namespace m3u_proxy::net
