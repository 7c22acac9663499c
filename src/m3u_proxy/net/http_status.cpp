#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/net/http_status.hpp>

namespace m3u_proxy::net {
namespace {

std::string_view remedy(int status, UserAgent user_agent) {
  switch (status) {
    case 401:
    case 403:
      if (user_agent == UserAgent::kOurs)
        return "check the user name and the password, and that the subscription has not expired; "
               "many providers answer only players that they know: give the source a user_agent, "
               "such as user_agent = \"VLC/3.0.20 LibVLC/3.0.20\"";
      return "check the user name and the password, and that the subscription has not expired";
    case 404:
    case 410:
      return "check the address; the provider may have moved it";
    case 429:
      return "the provider limits how often it may be asked: run less often, or with --cache-dir";
    default:
      return status >= 500
                 ? "the provider has trouble: try again later; --cache-dir keeps the last "
                   "good copy for such times"
                 : "check the address";
  }
}

}  // namespace

Error status_error(const HttpResponse& response, UserAgent user_agent) {
  const int status = response.status;
  const std::string_view phrase = reason_phrase(status);
  std::string message =
      fmt::format("the server answered {}{}{}", status, phrase.empty() ? "" : " ", phrase);
  if (!response.retry_after.empty())
    message += fmt::format(", retry after {}", excerpt(response.retry_after, 40));
  const std::string words = excerpt(response.excerpt, 80);
  if (!words.empty() && !words.starts_with('<')) message += fmt::format(": \"{}\"", words);
  return Error{.code = status == 404 || status == 410 ? ErrorCode::kNotFound : ErrorCode::kNetwork,
               .message = std::move(message),
               .where = {},
               .hint = std::string(remedy(status, user_agent))};
}

bool is_temporary(int status) {
  constexpr int kFirstOfCdn = 520;  // 520 to 527: a content network cannot reach the server
  constexpr int kLastOfCdn = 527;
  switch (status) {
    case 408:
    case 425:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
    case 509:
      return true;
    default:
      return status >= kFirstOfCdn && status <= kLastOfCdn;
  }
}

std::optional<std::chrono::seconds> requested_wait(const HttpResponse& response, std::int64_t now,
                                                   std::int64_t date) {
  if (response.retry_after.empty()) return std::nullopt;
  constexpr std::uint64_t kLongest = 365ULL * 24 * 3600;
  if (is_ascii_digit(response.retry_after.front())) {
    const std::uint64_t seconds = leading_number(response.retry_after).value_or(kLongest);
    return std::chrono::seconds(std::min(seconds, kLongest));
  }
  if (date < 0) return std::nullopt;
  return std::chrono::seconds(std::max<std::int64_t>(0, date - now));
}

}  // namespace m3u_proxy::net
