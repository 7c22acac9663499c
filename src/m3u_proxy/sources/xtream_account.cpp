#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <span>

#include <fmt/format.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/net/url.hpp>
#include <m3u_proxy/sources/xtream_account.hpp>

namespace m3u_proxy::sources {
namespace {

constexpr std::string_view kPlain = "xtream://";
constexpr std::string_view kSecure = "xtreams://";
constexpr std::size_t kLongestPassword = 4096;

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message),
              "write it as xtream://USER:PASSWORD@HOST:PORT?live&vod&series");
}

std::string_view path_word(XtreamKind kind) {
  switch (kind) {
    case XtreamKind::kLive:
      return "live";
    case XtreamKind::kVod:
      return "movie";
    case XtreamKind::kSeries:
      return "series";
  }
  return "";
}

Result<std::string> password_of_file(const std::string& path, const io::FolderGuard* folders) {
  const auto file = io::open_file(path, nullptr, folders);
  if (!file && file.error().code == ErrorCode::kInvalidArgument) return fail(file.error());
  if (!file)
    return fail(ErrorCode::kNotFound, fmt::format("cannot read password_file {}", excerpt(path)),
                "check the path; the file holds the password and nothing else");
  std::string text(kLongestPassword + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    M3U_TRY(const std::size_t n, (*file)->read(std::span(text).subspan(size)));
    if (n == 0) break;
    size += n;
  }
  text.resize(size);
  text = trim(text);
  if (text.empty() || text.size() > kLongestPassword || text.contains('\n'))
    return wrong(fmt::format("password_file {} holds no password", excerpt(path)));
  return text;
}

Result<std::string> password_of_variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): only read
  if (value == nullptr || *value == '\0')
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("password_env: the variable {} is not set", excerpt(name)),
                "set it where m3u-proxy runs, or name a file by password_file");
  return std::string(value);
}

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string one = folded(trim(percent_decoded(text.substr(0, comma))));
    if (!one.empty()) out.push_back(one);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

Result<std::uint32_t> number_of(std::string_view name, std::string_view text) {
  constexpr std::uint32_t kMost = 100'000;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || number > kMost)
    return wrong(fmt::format("{} is not a number from 0 to {}", name, kMost));
  return number;
}

/// Takes one parameter; what is not known is an error, since it would do nothing.
Result<> take_parameter(std::string_view parameter, XtreamAccount& out) {
  const std::size_t equals = std::min(parameter.find('='), parameter.size());
  const std::string_view name = parameter.substr(0, equals);
  const std::string_view value = parameter.substr(std::min(equals + 1, parameter.size()));
  if (name == "live" || name == "vod" || name == "series") {
    bool& wanted = name == "live" ? out.live : name == "vod" ? out.vod : out.series;
    wanted = value != "0" && value != "false";
  } else if (name == "categories") {
    out.categories = list_of(value);
  } else if (name == "output") {
    if (value != "ts" && value != "m3u8") return wrong("output is ts or m3u8");
    out.output = value;
  } else if (name == "episodes") {
    M3U_TRY(out.episodes, number_of(name, value));
  } else if (name == "delay_ms") {
    M3U_TRY(const std::uint32_t delay, number_of(name, value));
    out.delay = std::chrono::milliseconds(delay);
  } else if (name == "password_file") {
    out.password_file = percent_decoded(value);
  } else if (name == "password_env") {
    out.password_env = percent_decoded(value);
  } else if (!name.empty()) {
    return wrong(fmt::format("'{}' is not a parameter of an xtream address", excerpt(name, 30)));
  }
  return {};
}

}  // namespace

bool XtreamAccount::wants(XtreamKind kind) const {
  switch (kind) {
    case XtreamKind::kLive:
      return live || (!vod && !series);
    case XtreamKind::kVod:
      return vod;
    case XtreamKind::kSeries:
      return series;
  }
  return false;
}

std::string XtreamAccount::api_url(std::string_view action, std::string_view parameters) const {
  std::string url = fmt::format("{}/player_api.php?username={}&password={}", server,
                                percent_encoded(user), percent_encoded(password));
  if (!action.empty()) url += fmt::format("&action={}{}", action, parameters);
  return url;
}

std::string XtreamAccount::guide_url() const {
  return fmt::format("{}/xmltv.php?username={}&password={}", server, percent_encoded(user),
                     percent_encoded(password));
}

std::string XtreamAccount::stream_url(XtreamKind kind, std::string_view id,
                                      std::string_view extension) const {
  return fmt::format("{}/{}/{}/{}/{}.{}", server, path_word(kind), percent_encoded(user),
                     percent_encoded(password), id, extension);
}

std::string XtreamAccount::key() const { return server + '\n' + user; }

bool is_xtream_url(std::string_view text) {
  return starts_with_ascii_case(text, kPlain) || starts_with_ascii_case(text, kSecure);
}

Result<XtreamAccount> read_xtream_url(std::string_view url) {
  const bool secure = starts_with_ascii_case(url, kSecure);
  std::string_view rest = url.substr(secure ? kSecure.size() : kPlain.size());
  const std::size_t query_at = std::min(rest.find('?'), rest.size());
  std::string_view query = rest.substr(std::min(query_at + 1, rest.size()));
  rest = rest.substr(0, query_at);
  const std::size_t at = rest.rfind('@');
  if (at == std::string_view::npos) return wrong("the xtream address has no user");
  const std::string_view login = rest.substr(0, at);
  std::string_view host = rest.substr(at + 1);
  while (host.ends_with('/')) host.remove_suffix(1);

  XtreamAccount account;
  const std::size_t colon = std::min(login.find(':'), login.size());
  account.user = percent_decoded(login.substr(0, colon));
  account.password = percent_decoded(login.substr(std::min(colon + 1, login.size())));
  account.server = fmt::format("{}://{}", secure ? "https" : "http", host);
  if (account.user.empty()) return wrong("the xtream address has no user");
  if (host.empty() || host.find_first_of(" \t\r\n#") != std::string_view::npos ||
      !net::origin_of(account.server))
    return wrong("the xtream address has no host");
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    M3U_CHECK(take_parameter(query.substr(0, end), account));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  if (account.password.empty() && !account.password_file && !account.password_env)
    return fail(ErrorCode::kInvalidArgument, "the xtream address has no password",
                "write it behind the user, or give ?password_file=PATH or ?password_env=NAME");
  return account;
}

Result<> check_password_place(const XtreamAccount& account, const io::FolderGuard& folders) {
  if (account.password_env)
    return fail(ErrorCode::kInvalidArgument,
                "password_env reads the service's own environment, and is for the configuration "
                "file only",
                "write the password behind the user, where it is kept sealed");
  return account.password_file ? folders.check(*account.password_file) : Result<>();
}

Result<XtreamAccount> parse_xtream_url(std::string_view url, const io::FolderGuard* folders) {
  M3U_TRY(XtreamAccount account, read_xtream_url(url));
  if (folders != nullptr) M3U_CHECK(check_password_place(account, *folders));
  if (account.password_file) {
    M3U_TRY(account.password, password_of_file(*account.password_file, folders));
  }
  if (account.password_env) {
    M3U_TRY(account.password, password_of_variable(*account.password_env));
  }
  return account;
}

}  // namespace m3u_proxy::sources
