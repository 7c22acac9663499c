#include <optional>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/net/curl_library.hpp>
#include <m3u_proxy/net/guarded_sockets.hpp>
#include <m3u_proxy/net/http_transfer.hpp>
#include <m3u_proxy/net/url.hpp>

namespace m3u_proxy::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPollMilliseconds = 100;
constexpr long kReceiveBuffer = 256L << 10;
constexpr std::size_t kExcerpt = 160;
/// Fewer bytes than this in the stall timeout are a stall: one byte now and then must not keep a
/// run waiting for ever.
constexpr std::uint64_t kStallBytes = 1024;

bool is_success(int status) { return status == 200 || status == 206; }

/// What the callbacks of one exchange share.
struct Exchange {
  const HttpExchange* request = nullptr;
  HttpResponse response;
  std::optional<Error> error;
  std::uint64_t received = 0;  ///< bytes of header and body
  bool body_started = false;
  GuardedSockets sockets{};

  bool take_body(std::string_view bytes) {
    if (!is_success(response.status)) {
      const std::size_t room = kExcerpt - std::min(kExcerpt, response.excerpt.size());
      response.excerpt += bytes.substr(0, room);
      return true;
    }
    Result<> taken;
    if (!body_started && request->on_body_start) taken = request->on_body_start(response);
    body_started = true;
    if (taken && request->on_body) taken = request->on_body(bytes);
    if (taken) return true;
    error = std::move(taken).error();
    return false;
  }
};

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.received += size * count;
  exchange.response.take_header_line({data, size * count});
  return size * count;
}

std::size_t on_write(char* data, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.received += size * count;
  constexpr std::size_t kStop = 0;
  return exchange.take_body({data, size * count}) ? size * count : kStop;
}

/// Tells when too little came for too long.
class StallWatch {
 public:
  explicit StallWatch(std::chrono::milliseconds timeout) : timeout_(timeout) {}
  bool stalled(std::uint64_t received) {
    const auto now = Clock::now();
    if (received >= seen_ + kStallBytes) {
      seen_ = received;
      since_ = now;
    }
    return now - since_ > timeout_;
  }

 private:
  std::chrono::milliseconds timeout_;
  Clock::time_point since_ = Clock::now();
  std::uint64_t seen_ = 0;
};

Error network_error(std::string message, std::string hint) {
  return Error{.code = ErrorCode::kNetwork,
               .message = std::move(message),
               .where = {},
               .hint = std::move(hint)};
}

std::string host_of(std::string_view url) {
  const auto origin = origin_of(url);
  return origin ? origin->host : std::string(excerpt(redact_url(url)));
}

constexpr std::string_view kTryLater = "the provider may be down: try again later";

/// The user's words for libcurl's code.
Error describe(CURLcode code, const char* text, const HttpExchange& request) {
  const std::string host = host_of(request.url);
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: {
      Error error = network_error(
          fmt::format("the address '{}' is not valid", excerpt(redact_url(request.url), 80)),
          "write it as https://host/path");
      error.code = ErrorCode::kInvalidArgument;
      return error;
    }
    case CURLE_COULDNT_RESOLVE_HOST:
      return network_error(fmt::format("cannot find the host '{}'", host),
                           "check the address, and that this machine is online");
    case CURLE_COULDNT_RESOLVE_PROXY:
      return network_error("cannot find the proxy server",
                           "check http_proxy and https_proxy in the environment");
    case CURLE_COULDNT_CONNECT:
      return network_error(fmt::format("cannot connect to '{}'", host),
                           "check the address and its port; the provider may be down");
    case CURLE_OPERATION_TIMEDOUT:
      return network_error(
          fmt::format("'{}' did not accept the connection within {} s", host,
                      std::chrono::ceil<std::chrono::seconds>(request.connect_timeout).count()),
          std::string(kTryLater));
    case CURLE_PEER_FAILED_VERIFICATION:
      return network_error(
          fmt::format("the certificate of '{}' is not trusted: {}", host, text),
          "check the address and this machine's date; the package ca-certificates is needed");
    case CURLE_SSL_CONNECT_ERROR:
      return network_error(fmt::format("cannot agree on encryption with '{}'", host),
                           "check whether the address should begin with http:// instead");
    case CURLE_PARTIAL_FILE:
      return network_error(fmt::format("'{}' closed the connection before the end", host),
                           std::string(kTryLater));
    case CURLE_GOT_NOTHING:
      return network_error(fmt::format("'{}' closed the connection without an answer", host),
                           std::string(kTryLater));
    default:
      return network_error(fmt::format("the connection to '{}' failed: {}", host, text),
                           std::string(kTryLater));
  }
}

bool may_pass(CURLcode code) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_OUT_OF_MEMORY:
      return false;
    default:
      return true;
  }
}

class CurlTransfer final : public HttpTransfer {
 public:
  CurlTransfer(const CurlLibrary& curl, CURL* easy, CURLM* multi)
      : curl_(curl), easy_(easy), multi_(multi) {}
  ~CurlTransfer() override {
    curl_.easy_cleanup(easy_);
    curl_.multi_cleanup(multi_);
  }

  HttpOutcome perform(const HttpExchange& request) override {
    Exchange exchange{
        .request = &request, .response = {}, .error = {}, .sockets = {.guard = request.guard}};
    curl_slist* headers = nullptr;
    for (const std::string& line : request.header_lines)
      headers = curl_.slist_append(headers, line.c_str());
    set_options(request, exchange, headers);
    curl_.multi_add_handle(multi_, easy_);
    const std::optional<CURLcode> code = run(request, exchange);
    HttpOutcome outcome = outcome_of(code, request, exchange);
    curl_.multi_remove_handle(multi_, easy_);
    curl_.slist_free_all(headers);
    return outcome;
  }

 private:
  template <typename Value>
  void set(CURLoption option, Value value) {
    // Options that this libcurl does not know keep its default.
    static_cast<void>(curl_.easy_setopt(easy_, option, value));
  }

  void set_options(const HttpExchange& request, Exchange& exchange, curl_slist* headers) {
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_HTTPHEADER, headers);
    set(CURLOPT_USERAGENT, request.user_agent.c_str());
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_BUFFERSIZE, kReceiveBuffer);
    set(CURLOPT_COOKIEFILE, "");  // keeps cookies in memory: some redirects need them
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(&exchange));
    set(CURLOPT_WRITEFUNCTION, &on_write);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&exchange));
    if (request.guard == nullptr) return;
    set(CURLOPT_OPENSOCKETFUNCTION, &GuardedSockets::open);
    set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(&exchange.sockets));
    // A proxy would connect to addresses that nobody has looked at.
    set(CURLOPT_PROXY, "");
  }

  /// libcurl's result; none when we stopped it, with the reason in `exchange.error`.
  std::optional<CURLcode> run(const HttpExchange& request, Exchange& exchange) {
    StallWatch watch(request.stall_timeout);
    const auto begin = Clock::now();
    int running = 1;
    while (true) {
      if (request.cancel != nullptr && request.cancel->cancelled()) {
        exchange.error =
            Error{.code = ErrorCode::kCancelled, .message = "stopped while downloading"};
        return std::nullopt;
      }
      curl_.multi_perform(multi_, &running);
      if (running == 0) return finished();
      if (watch.stalled(exchange.received)) {
        stalled_ = true;
        exchange.error = network_error(
            fmt::format("'{}' sent nothing for {} s", host_of(request.url),
                        std::chrono::ceil<std::chrono::seconds>(request.stall_timeout).count()),
            std::string(kTryLater));
        return std::nullopt;
      }
      if (request.longest.count() != 0 && Clock::now() - begin > request.longest) {
        exchange.error = network_error(
            fmt::format("'{}' takes longer than {} s", host_of(request.url),
                        std::chrono::ceil<std::chrono::seconds>(request.longest).count()),
            std::string(kTryLater));
        return std::nullopt;
      }
      curl_.multi_poll(multi_, nullptr, 0, kPollMilliseconds, nullptr);
    }
  }

  CURLcode finished() {
    int left = 0;
    while (const CURLMsg* message = curl_.multi_info_read(multi_, &left))
      if (message->msg == CURLMSG_DONE) return message->data.result;
    return CURLE_RECV_ERROR;
  }

  HttpOutcome outcome_of(std::optional<CURLcode> code, const HttpExchange& request,
                         Exchange& exchange) {
    using End = HttpOutcome::End;
    HttpOutcome outcome;
    outcome.response = std::move(exchange.response);
    if (exchange.error) {
      const bool stalled = std::exchange(stalled_, false);
      outcome.end = stalled ? End::kTransient : End::kFinal;
      outcome.error = stalled && stuck_in_handshake(request)
                          ? describe(CURLE_SSL_CONNECT_ERROR, "", request)
                          : *std::move(exchange.error);
    } else if (*code != CURLE_OK && exchange.sockets.refused) {
      outcome.end = End::kFinal;
      outcome.error = is_private(host_of(request.url));
    } else if (*code != CURLE_OK) {
      outcome.end = may_pass(*code) ? End::kTransient : End::kFinal;
      if (*code == CURLE_OPERATION_TIMEDOUT && stuck_in_handshake(request))
        code = CURLE_SSL_CONNECT_ERROR;
      outcome.error = describe(*code, curl_.easy_strerror(*code), request);
    } else {
      char* location = nullptr;
      curl_.easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &location);
      if (location != nullptr) outcome.redirect_url = location;
    }
    return outcome;
  }

  /// Whether the server was reached and then never spoke TLS: a plain HTTP server waits for the
  /// end of a line, which the client's first words may not hold.
  bool stuck_in_handshake(const HttpExchange& request) {
    long local_port = 0;         // known once there is a connection
    curl_off_t shake_hands = 0;  // how long it took; 0 until it is done
    curl_.easy_getinfo(easy_, CURLINFO_LOCAL_PORT, &local_port);
    curl_.easy_getinfo(easy_, CURLINFO_APPCONNECT_TIME_T, &shake_hands);
    return starts_with_ascii_case(request.url, "https:") && local_port != 0 && shake_hands == 0;
  }

  const CurlLibrary& curl_;
  CURL* easy_;
  CURLM* multi_;
  bool stalled_ = false;
};

}  // namespace

Result<std::unique_ptr<HttpTransfer>> HttpTransfer::create() {
  M3U_TRY(const CurlLibrary* curl, curl_library());
  CURL* easy = curl->easy_init();
  CURLM* multi = curl->multi_init();
  if (easy == nullptr || multi == nullptr)
    return fail(ErrorCode::kNetwork, "libcurl does not start");
  return std::make_unique<CurlTransfer>(*curl, easy, multi);
}

}  // namespace m3u_proxy::net
