#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/importers/imported.hpp>

namespace m3u_proxy::importers {
namespace {

/// `wanted`, or with a number behind it when something in `list` is called so.
template <typename Item>
std::string free_name(const std::vector<Item>& list, std::string_view wanted) {
  const std::string name(wanted.empty() ? "unnamed" : wanted);
  const auto taken = [&](const std::string& candidate) {
    return std::ranges::find(list, candidate, &Item::name) != list.end();
  };
  if (!taken(name)) return name;
  std::size_t number = 2;
  while (taken(fmt::format("{} {}", name, number))) ++number;
  return fmt::format("{} {}", name, number);
}

constexpr std::size_t kMostOfAKind = 1000;
constexpr std::size_t kLongestName = 190;  // with a number behind it at most 200

/// Letters, digits and `_`, for a variable or a file.
std::string plain_word(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_ascii_alpha(c) || is_ascii_digit(c))
      out += c;
    else if (!out.ends_with('_'))
      out += '_';
  }
  return out.substr(0, 60);
}

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

}  // namespace

template <typename Item>
std::string Imported::add_named(std::vector<Item>& list, Item item, const char* kind) {
  if (list.size() == kMostOfAKind) {
    too_many_ = kind;
    return {};
  }
  item.name = free_name(list, excerpt(trim(item.name), kLongestName));
  list.push_back(std::move(item));
  return list.back().name;
}

void Imported::note(const Where& where, std::string what, std::string why) {
  Where place = where;
  if (place.line == 1 && place.column == 1) place.line = place.column = 0;  // of JSON: unknown
  notes.push_back({.where = place, .what = std::move(what), .why = std::move(why)});
}

std::string Imported::add_source(ImportedSource source) {
  return add_named(sources, std::move(source), "sources");
}
std::string Imported::add_epg_source(ImportedSource source) {
  return add_named(epg_sources, std::move(source), "EPG sources");
}
std::string Imported::add_filter(std::string name, std::string action, std::string expression) {
  return add_named(filters,
                   ImportedExpression{.name = std::move(name),
                                      .action = std::move(action),
                                      .expression = std::move(expression)},
                   "filters");
}
std::string Imported::add_rule(std::string name, std::string expression) {
  return add_named(rules,
                   ImportedExpression{.name = std::move(name), .expression = std::move(expression)},
                   "rules");
}
void Imported::add_proxy(ImportedProxy proxy) {
  // The name is a file's name too.
  std::ranges::replace_if(
      proxy.name, [](char c) { return c == '/' || c == '\\' || c == '\0'; }, '-');
  while (proxy.name.starts_with('.')) proxy.name.erase(0, 1);
  add_named(proxies, std::move(proxy), "proxies");
}

std::string Imported::secret_parameter(std::string_view name, std::string_view password) {
  constexpr std::string_view kBegin = "${env:";
  if (password.starts_with(kBegin) && password.ends_with('}'))
    return "password_env=" +
           percent_encoded(password.substr(kBegin.size(), password.size() - kBegin.size() - 1));
  if (secrets.size() == kMostOfAKind) {
    too_many_ = "passwords";
    return {};
  }
  const auto known = std::ranges::find_if(secrets, [&](const ImportedSecret& secret) {
    return secret.what == name && secret.value == password;
  });
  std::size_t at = static_cast<std::size_t>(known - secrets.begin());
  if (known == secrets.end()) {
    std::string word = plain_word(name);
    const auto taken = [&](const ImportedSecret& secret) { return secret.file == word; };
    while (std::ranges::any_of(secrets, taken)) word += "_2";
    secrets.push_back({.what = std::string(name),
                       .variable = "IPTV_PASSWORD_" + upper(word),
                       .file = word,
                       .value = std::string(password)});
    at = secrets.size() - 1;
  }
  if (secrets_folder_.empty()) return "password_env=" + secrets[at].variable;
  return "password_file=" + percent_encoded((secrets_folder_ / secrets[at].file).string(), "/");
}

std::string Imported::account(std::string_view name, std::string_view server, std::string_view user,
                              std::string_view password, std::string_view parameters) {
  constexpr std::string_view kHttps = "https://";
  constexpr std::string_view kHttp = "http://";
  const bool secure = starts_with_ascii_case(server, kHttps);
  if (secure || starts_with_ascii_case(server, kHttp))
    server.remove_prefix(secure ? kHttps.size() : kHttp.size());
  if (server.starts_with("${env:") || user.starts_with("${env:"))
    note({}, fmt::format("account {}", name),
         "its address or user is a variable of the environment; write its value there");
  server = server.substr(0, server.find_first_of("?#"));
  while (server.ends_with('/')) server.remove_suffix(1);
  return fmt::format("{}://{}@{}?{}{}{}", secure ? "xtreams" : "xtream", percent_encoded(user),
                     server, parameters, parameters.empty() ? "" : "&",
                     secret_parameter(name, password));
}

}  // namespace m3u_proxy::importers
