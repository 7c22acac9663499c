#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/importers/documents.hpp>
#include <m3u_proxy/importers/expressions.hpp>
#include <m3u_proxy/importers/tuliprox_language.hpp>

namespace m3u_proxy::importers {
namespace {

constexpr std::size_t kLongestText = std::size_t{64} << 10U;
constexpr int kDeepest = 32;

bool is_name(char c) {
  return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || c == '-' || c == '.';
}

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::kConfig, std::move(message));
}

/// Reads one filter from its beginning to its end.
class FilterReader {
 public:
  explicit FilterReader(std::string_view text) : rest_(text) {}

  Result<std::string> read() {
    M3U_TRY(std::string out, expression(0));
    skip_blanks();
    if (!rest_.empty()) return wrong(fmt::format("{} is not expected", excerpt(rest_, 30)));
    return out;
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && is_ascii_space(rest_.front())) rest_.remove_prefix(1);
  }
  bool take(std::string_view symbol) {
    skip_blanks();
    if (!rest_.starts_with(symbol)) return false;
    rest_.remove_prefix(symbol.size());
    return true;
  }
  bool take_word(std::string_view word) {
    skip_blanks();
    if (!starts_with_ascii_case(rest_, word)) return false;
    if (rest_.size() > word.size() && is_name(rest_[word.size()])) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  std::string word() {
    skip_blanks();
    std::size_t end = 0;
    while (end < rest_.size() && is_name(rest_[end])) ++end;
    std::string out(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return out;
  }
  /// "…", in which only \" is an escape.
  Result<std::string> text() {
    if (!take("\"")) return wrong(fmt::format("a text is expected at {}", excerpt(rest_, 30)));
    std::string out;
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return out;
      }
      if (rest_.substr(i).starts_with("\\\"")) ++i;
      out += rest_[i];
    }
    return wrong("a text has no end");
  }

  Result<std::string> expression(int depth) {
    if (depth > kDeepest) return wrong("it is nested too deeply");
    const bool negated = take_word("not");
    M3U_TRY(std::string out, operand(depth));
    if (negated) out = fmt::format("NOT ({})", out);
    for (const std::string_view word : {"and", "or"}) {
      if (!take_word(word)) continue;
      M3U_TRY(const std::string right, expression(depth + 1));
      return fmt::format("({}) {} ({})", out, word == "and" ? "AND" : "OR", right);
    }
    return out;
  }

  Result<std::string> operand(int depth) {
    if (!take("(")) return comparison();
    M3U_TRY(std::string out, expression(depth + 1));
    if (!take(")")) return wrong("a ) is missing");
    return out;
  }

  Result<std::string> comparison() {
    const std::string name = word();
    if (equals_ascii_case(name, "type")) return type();
    const std::string_view field = tuliprox_field(name);
    if (field.empty()) return wrong(fmt::format("there is no field {} here", excerpt(name, 30)));
    if (take("~")) {
      M3U_TRY(const std::string pattern, text());
      M3U_TRY(const std::string ours, pattern_for_us(pattern));
      return matches(field, ours);
    }
    if (take_word("is")) {
      const bool negated = take_word("not");
      return empty(field, negated);
    }
    if (take_word("in")) return one_of(field);
    for (const auto& [theirs, ours] :
         {std::pair{"contains", "contains"}, std::pair{"startswith", "starts_with"}})
      if (take_word(theirs)) {
        M3U_TRY(const std::string value, text());
        return fmt::format("{} case_sensitive {} {}", field, ours, text_literal(value));
      }
    for (const std::string_view comparison : {">=", "<=", "!=", ">", "<", "="})
      if (take(comparison)) return compared(field, comparison);
    return wrong(fmt::format("no comparison follows {}", name));
  }

  Result<std::string> type() {
    if (!take("=")) return wrong("type is compared with =");
    const std::string value = word();
    for (const auto& [theirs, ours] :
         {std::pair{"live", "live"}, std::pair{"vod", "movie"}, std::pair{"video", "movie"},
          std::pair{"movie", "movie"}, std::pair{"series", "series"}})
      if (equals_ascii_case(value, theirs)) return fmt::format("media_type == \"{}\"", ours);
    return wrong(fmt::format("there is no type {}", excerpt(value, 30)));
  }

  Result<std::string> empty(std::string_view field, bool negated) {
    if (!take_word("empty")) return wrong("empty is expected behind is");
    return fmt::format("{} {} \"\"", field, negated ? "!=" : "==");
  }

  Result<std::string> one_of(std::string_view field) {
    if (!take("[")) return wrong("a list is expected behind in");
    std::vector<std::string> values;
    do {
      M3U_TRY(std::string value, text());
      values.push_back(std::move(value));
    } while (take(","));
    if (!take("]")) return wrong("a ] is missing");
    return any_of(is_one_of(field, values));
  }

  Result<std::string> compared(std::string_view field, std::string_view comparison) {
    if (take_word("empty"))
      return fmt::format("{} {} \"\"", field, comparison == "=" ? "==" : "!=");
    skip_blanks();
    if (rest_.starts_with('"')) {
      M3U_TRY(const std::string value, text());
      const std::string same = is_exactly(field, value);
      return comparison == "=" ? same : fmt::format("NOT ({})", same);
    }
    const std::string number = word();
    if (number.empty() || !std::ranges::all_of(number, is_ascii_digit))
      return wrong("a number or a text is expected behind a comparison");
    return fmt::format("{} {} {}", field, comparison == "=" ? "==" : comparison, number);
  }

  std::string_view rest_;
};

}  // namespace

void Templates::add(const ConfigNode& table) {
  for (const ConfigNode& item : items_of(table, "templates")) {
    std::vector<std::string> values;
    for (const ConfigNode& value : items_of(item, "value")) values.push_back(text_of(value));
    values_[text_of(item, "name")] = std::move(values);
  }
}

Result<> Templates::expand(std::string_view text, int depth, std::string& out) const {
  if (depth > kDeepest) return wrong("templates name each other in a circle");
  while (!text.empty()) {
    std::size_t end = 1;
    while (end < text.size() && is_name(text[end])) ++end;
    if (text.front() != '!' || end == 1 || end == text.size() || text[end] != '!') {
      out += text.front();
      text.remove_prefix(1);
    } else {
      const auto found = values_.find(text.substr(1, end - 1));
      if (found == values_.end())
        return wrong(fmt::format("there is no template {}", text.substr(0, end + 1)));
      if (found->second.size() != 1)
        return wrong(fmt::format("the template {} is a list", text.substr(0, end + 1)));
      M3U_CHECK(expand(found->second.front(), depth + 1, out));
      text.remove_prefix(end + 1);
    }
    if (out.size() > kLongestText) return wrong("it is longer than 64 KB with its templates");
  }
  return {};
}

Result<std::string> Templates::expanded(std::string_view text) const {
  std::string out;
  M3U_CHECK(expand(text, 0, out));
  return out;
}

Result<std::vector<std::string>> Templates::expanded_list(
    const std::vector<ConfigNode>& texts) const {
  std::vector<std::string> out;
  for (const ConfigNode& node : texts) {
    const std::string text = text_of(node);
    const std::string_view name = std::string_view(text).substr(text.starts_with('!') ? 1 : 0);
    const auto found = values_.find(name.substr(0, name.size() - (name.ends_with('!') ? 1 : 0)));
    if (text.starts_with('!') && text.ends_with('!') && found != values_.end()) {
      for (const std::string& value : found->second) {
        M3U_TRY(std::string one, expanded(value));
        out.push_back(std::move(one));
      }
    } else {
      M3U_TRY(std::string one, expanded(text));
      out.push_back(std::move(one));
    }
  }
  return out;
}

std::string_view tuliprox_field(std::string_view name) {
  constexpr std::pair<std::string_view, std::string_view> kFields[] = {
      {"group", "group_title"},     {"title", "channel_name"},
      {"name", "channel_name"},     {"caption", "channel_name"},
      {"url", "stream_url"},        {"input", "source_name"},
      {"genre", "attr:genre"},      {"epgid", "tvg_id"},
      {"epg_channel_id", "tvg_id"}, {"epg_id", "tvg_id"},
      {"chno", "tvg_chno"},         {"logo", "tvg_logo"},
      {"type", "media_type"},       {"time_shift", "attr:timeshift"},
  };
  if (name.starts_with('@')) name.remove_prefix(1);
  for (const auto& [theirs, ours] : kFields)
    if (equals_ascii_case(name, theirs)) return ours;
  return "";
}

Result<std::string> tuliprox_filter(std::string_view filter, const Templates& templates) {
  M3U_TRY(const std::string text, templates.expanded(filter));
  return FilterReader(text).read();
}

bool is_always_true(std::string_view condition) {
  const std::size_t at = condition.find(" case_sensitive matches ");
  if (at == std::string_view::npos || condition.substr(0, at).contains(' ')) return false;
  const std::string_view pattern = condition.substr(condition.find('"'));
  return pattern == "\".*\"" || pattern == "\"^.*$\"" || pattern == "\"\"" || pattern == "\"(.*)\"";
}

}  // namespace m3u_proxy::importers
