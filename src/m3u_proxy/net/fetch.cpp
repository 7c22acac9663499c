#include <algorithm>
#include <ctime>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/net/content_coding.hpp>
#include <m3u_proxy/net/curl_library.hpp>
#include <m3u_proxy/net/fetch.hpp>
#include <m3u_proxy/net/http_status.hpp>
#include <m3u_proxy/net/http_transfer.hpp>
#include <m3u_proxy/net/url.hpp>

namespace m3u_proxy::net {
namespace {

constexpr std::string_view kUserAgent = "m3u-proxy";
constexpr int kNotModified = 304;
constexpr int kRangeNotSatisfiable = 416;

/// How one try ended.
struct Attempt {
  enum class End : std::uint8_t { kDone, kAgain, kGiveUp };
  End end = End::kGiveUp;
  Error error{};                               ///< unless done
  std::optional<std::chrono::seconds> wait{};  ///< what the server asks for before the next
};

bool has_line_break(std::string_view text) {
  return text.find_first_of("\r\n") != std::string_view::npos;
}

class Fetcher {
 public:
  Fetcher(const FetchRequest& request, const FetchOptions& options, io::TempFile& file,
          const CancelToken* cancel, HttpTransfer& transfer, Origin origin)
      : request_(request),
        options_(options),
        file_(file),
        cancel_(cancel),
        transfer_(transfer),
        origin_(std::move(origin)) {}

  Result<FetchResult> run() {
    M3U_CHECK(file_.clear());
    auto wait = options_.first_wait;
    for (int number = 1;; ++number) {
      Attempt attempt = attempt_once();
      if (attempt.end == Attempt::End::kDone) break;
      if (attempt.end == Attempt::End::kGiveUp) return fail(std::move(attempt.error));
      const std::chrono::milliseconds next = attempt.wait ? *attempt.wait : wait;
      if (number >= options_.tries || next > options_.longest_wait) {
        if (attempt.wait && options_.on_retry_after) options_.on_retry_after(*attempt.wait);
        if (file_.size() == 0) return fail(std::move(attempt.error));
        result_.partial = true;
        result_.broken = std::move(attempt.error);
        break;
      }
      M3U_CHECK(pause(next));
      wait *= 2;
    }
    result_.bytes = file_.size();
    return std::move(result_);
  }

 private:
  /// One try: the address and where it redirects to.
  Attempt attempt_once() {
    std::string url = without_blanks(request_.url);
    resuming_ = file_.size() != 0 && !validator_.empty();
    for (int hop = 0; hop <= options_.max_redirects; ++hop) {
      HttpOutcome outcome = transfer_.perform(exchange_for(url));
      if (outcome.end != HttpOutcome::End::kComplete) return broken(std::move(outcome));
      if (outcome.redirect_url.empty()) return answered(outcome.response);
      auto next = redirected(outcome.redirect_url);
      if (!next) return {.end = Attempt::End::kGiveUp, .error = std::move(next).error()};
      url = *std::move(next);
    }
    return give_up(ErrorCode::kNetwork,
                   fmt::format("it redirects more than {} times", options_.max_redirects),
                   "check the address; the provider may want cookies or a login");
  }

  HttpExchange exchange_for(const std::string& url) {
    HttpExchange exchange{
        .url = url,
        .header_lines = header_lines(url),
        .user_agent = request_.user_agent.empty() ? std::string(kUserAgent) : request_.user_agent,
        .connect_timeout = options_.connect_timeout,
        .stall_timeout = options_.stall_timeout,
        .longest = options_.longest,
        .cancel = cancel_,
        .guard = options_.guard.get(),
        .on_body_start = {},
        .on_body = {}};
    body_started_ = false;
    exchange.on_body_start = [this](const HttpResponse& response) { return start_body(response); };
    exchange.on_body = [this](std::string_view bytes) { return take_body(bytes); };
    return exchange;
  }

  std::vector<std::string> header_lines(const std::string& url) {
    const auto origin = origin_of(url);
    const bool own = origin && shares_credentials(origin_, *origin);
    std::vector<std::string> lines;
    bool has_accept_encoding = false;
    for (const HttpHeader& header : request_.headers) {
      if (!own && !is_harmless_header(header.name)) continue;
      has_accept_encoding |= equals_ascii_case(header.name, "accept-encoding");
      lines.push_back(header.value.empty() ? header.name + ";"
                                           : fmt::format("{}: {}", header.name, header.value));
    }
    if (!has_accept_encoding) lines.emplace_back("Accept-Encoding: gzip");
    if (resuming_) {
      lines.push_back(fmt::format("Range: bytes={}-", file_.size()));
      lines.push_back("If-Range: " + validator_);
    } else {
      if (!request_.etag.empty()) lines.push_back("If-None-Match: " + request_.etag);
      if (!request_.last_modified.empty())
        lines.push_back("If-Modified-Since: " + request_.last_modified);
    }
    return lines;
  }

  /// The address to go on with: user and password only where they belong.
  Result<std::string> redirected(const std::string& location) {
    auto origin = origin_of(location);
    if (!origin) {
      Error error = std::move(origin).error();
      error.code = ErrorCode::kNetwork;
      error.message = "it redirects to something else: " + error.message;
      return fail(std::move(error));
    }
    std::string next = without_blanks(location);
    if (origin->user_info.empty() && !origin_.user_info.empty() &&
        shares_credentials(origin_, *origin))
      next = with_user_info(next, origin_.user_info);
    return next;
  }

  Result<> start_body(const HttpResponse& response) {
    body_started_ = true;
    content_encoding_ = response.content_encoding;
    constexpr int kPartialContent = 206;
    if (response.status == kPartialContent) {
      wrong_range_ = !resuming_ || response.range_start != file_.size();
      if (wrong_range_) return fail(ErrorCode::kNetwork, "the server sent another part than asked");
    } else {
      M3U_CHECK(begin_anew(response));
    }
    total_ = response.content_length ? file_.size() + *response.content_length : 0;
    if (options_.beyond == FetchOptions::Beyond::kCut) return {};
    return check_download_size(total_, options_.max_bytes);
  }

  Result<> begin_anew(const HttpResponse& response) {
    M3U_CHECK(file_.clear());
    result_.etag = response.etag;
    result_.last_modified = response.last_modified;
    validator_ = response.validator();
    return {};
  }

  Result<> take_body(std::string_view bytes) {
    const auto fits = check_download_size(file_.size() + bytes.size(), options_.max_bytes);
    if (!fits && options_.beyond == FetchOptions::Beyond::kRefuse) return fits;
    if (!fits) bytes = bytes.substr(0, options_.max_bytes - file_.size());
    if (file_.size() == 0) M3U_CHECK(check_coding(bytes));
    M3U_CHECK(file_.write(bytes));
    if (options_.on_progress) options_.on_progress(file_.size(), total_);
    result_.partial = !fits;
    return fits;
  }

  Result<> check_coding(std::string_view head) {
    const ContentCoding coding = coding_of(content_encoding_);
    result_.deflated = coding == ContentCoding::kDeflate;
    if (coding != ContentCoding::kUnreadable || is_readable_body(head)) return {};
    return fail(ErrorCode::kNetwork,
                fmt::format("the server sent the encoding '{}', which was not asked for",
                            excerpt(content_encoding_, 40)),
                "tell the provider, or use another address");
  }

  Attempt broken(HttpOutcome outcome) {
    if (result_.partial) {  // it was cut
      result_.broken = std::move(outcome.error);
      return {.end = Attempt::End::kDone};
    }
    if (std::exchange(wrong_range_, false)) {
      validator_.clear();  // from the beginning next time
      return {.end = Attempt::End::kAgain, .error = std::move(outcome.error)};
    }
    const bool transient = outcome.end == HttpOutcome::End::kTransient;
    return {.end = transient ? Attempt::End::kAgain : Attempt::End::kGiveUp,
            .error = std::move(outcome.error)};
  }

  /// A whole answer that is no redirect.
  Attempt answered(const HttpResponse& response) {
    const int status = response.status;
    if (status == 200 || status == 206) {
      if (!body_started_)
        if (auto begun = begin_anew(response); !begun)
          return {.end = Attempt::End::kGiveUp, .error = std::move(begun).error()};
      return {.end = Attempt::End::kDone};
    }
    const bool conditional = !request_.etag.empty() || !request_.last_modified.empty();
    if (status == kNotModified && conditional && !resuming_) {
      result_.not_modified = true;
      if (auto cleared = file_.clear(); !cleared)
        return {.end = Attempt::End::kGiveUp, .error = std::move(cleared).error()};
      return {.end = Attempt::End::kDone};
    }
    const bool refused_resume = resuming_ && status == kRangeNotSatisfiable;
    if (refused_resume) validator_.clear();
    Attempt attempt{.error = status_error(response, user_agent())};
    if (refused_resume || is_temporary(status) || status == options_.also_temporary) {
      attempt.end = Attempt::End::kAgain;
      attempt.wait = wait_of(response);
    }
    return attempt;
  }

  [[nodiscard]] UserAgent user_agent() const {
    const auto is_user_agent = [](const HttpHeader& header) {
      return equals_ascii_case(header.name, "user-agent");
    };
    const bool given =
        !request_.user_agent.empty() || std::ranges::any_of(request_.headers, is_user_agent);
    return given ? UserAgent::kUsers : UserAgent::kOurs;
  }

  static std::optional<std::chrono::seconds> wait_of(const HttpResponse& response) {
    const auto curl = curl_library();
    const std::int64_t date =
        curl ? (*curl)->getdate(response.retry_after.c_str(), nullptr) : std::int64_t{-1};
    return requested_wait(response, std::time(nullptr), date);
  }

  static Attempt give_up(ErrorCode code, std::string message, std::string hint) {
    return {.end = Attempt::End::kGiveUp,
            .error = {
                .code = code, .message = std::move(message), .where = {}, .hint = std::move(hint)}};
  }

  [[nodiscard]] Result<> pause(std::chrono::milliseconds left) const {
    constexpr std::chrono::milliseconds kSlice(100);
    while (left.count() > 0) {
      if (cancel_ != nullptr && cancel_->cancelled())
        return fail(ErrorCode::kCancelled, "stopped while waiting for the server");
      const auto slice = std::min(left, kSlice);
      std::this_thread::sleep_for(slice);
      left -= slice;
    }
    return {};
  }

  const FetchRequest& request_;
  const FetchOptions& options_;
  io::TempFile& file_;
  const CancelToken* cancel_;
  HttpTransfer& transfer_;
  Origin origin_;
  FetchResult result_;
  std::string content_encoding_;
  std::string validator_;  ///< of what the file holds; "": it cannot be resumed
  std::uint64_t total_ = 0;
  bool resuming_ = false;
  bool body_started_ = false;
  bool wrong_range_ = false;
};

Result<> check_headers(const FetchRequest& request) {
  for (const HttpHeader& header : request.headers)
    if (header.name.empty() || has_line_break(header.name) || has_line_break(header.value))
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("the header '{}' is not valid", excerpt(header.name, 40)),
                  "a header is a name and a value on one line");
  if (has_line_break(request.user_agent))
    return fail(ErrorCode::kInvalidArgument, "the user agent is not valid", "write it on one line");
  return {};
}

}  // namespace

Result<> check_download_size(std::uint64_t size, std::uint64_t max_bytes) {
  if (max_bytes == 0 || size <= max_bytes) return {};
  return fail(ErrorCode::kIo,
              fmt::format("it is larger than the {:.1f} MB that a download may have",
                          Bytes{max_bytes}.mb()),
              "raise max_download_mb in [proxy_memory] if it is meant to be");
}

Result<FetchResult> fetch(const FetchRequest& request, const FetchOptions& options,
                          io::TempFile& file, const CancelToken* cancel) {
  M3U_CHECK(check_headers(request));
  M3U_TRY(Origin origin, origin_of(trim(request.url)));
  M3U_TRY(const auto transfer, HttpTransfer::create());
  auto result = Fetcher(request, options, file, cancel, *transfer, std::move(origin)).run();
  const auto name_address = [&](Error& error) {
    error.message =
        fmt::format("cannot download {}: {}", excerpt(redact_url(request.url), 120), error.message);
  };
  if (!result) name_address(result.error());
  if (result && result->partial) name_address(result->broken);
  return result;
}

}  // namespace m3u_proxy::net
