#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/importers/expressions.hpp>
#include <m3u_proxy/importers/tuliprox_language.hpp>

namespace m3u_proxy::importers {
namespace {

bool is_name(char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_'; }

/// Takes a name, with a `@` in front where there is one.
std::string_view take_name(std::string_view& rest) {
  rest = trim(rest);
  std::size_t end = rest.starts_with('@') ? 1 : 0;
  while (end < rest.size() && is_name(rest[end])) ++end;
  const std::string_view name = rest.substr(0, end);
  rest = trim(rest.substr(end));
  return name;
}

/// Takes "…", in which only \" is an escape.
std::optional<std::string> take_text(std::string_view& rest) {
  rest = trim(rest);
  if (!rest.starts_with('"')) return std::nullopt;
  std::string out;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest = trim(rest.substr(i + 1));
      return out;
    }
    if (rest.substr(i).starts_with("\\\"")) ++i;
    out += rest[i];
  }
  return std::nullopt;
}

bool take(std::string_view& rest, std::string_view symbol) {
  rest = trim(rest);
  if (!rest.starts_with(symbol)) return false;
  rest = trim(rest.substr(symbol.size()));
  return true;
}

/// Reads a script and collects what it comes to.
class ScriptReader {
 public:
  explicit ScriptReader(const Templates& templates) : templates_(templates) {}

  Result<> read_line(std::string_view line) {
    line = trim(line);
    if (line.ends_with(';')) line = trim(line.substr(0, line.size() - 1));
    if (line.empty() || line.starts_with('#')) return {};
    std::string_view rest = line;
    const std::string_view name = take_name(rest);
    if (name.empty() || !take(rest, "=")) return not_known(line);
    return name.starts_with('@') ? assign(name, rest, line) : capture(name, rest, line);
  }

  Result<std::string> rule(std::string_view condition) const {
    if (actions_.empty()) return fail(ErrorCode::kConfig, "the script changes nothing");
    std::string whole = fmt::format("{}", fmt::join(conditions_, " AND "));
    if (!condition.empty() && !is_always_true(condition))
      whole += whole.empty() ? std::string(condition) : fmt::format(" AND ({})", condition);
    return fmt::format("{}{}SET {}", whole, whole.empty() ? "" : " ", fmt::join(actions_, ", "));
  }

 private:
  static std::unexpected<Error> not_known(std::string_view line) {
    return fail(ErrorCode::kConfig,
                fmt::format("\"{}\" is more than a rule can say", excerpt(line)));
  }

  /// name = @Field ~ "pattern"
  Result<> capture(std::string_view name, std::string_view rest, std::string_view line) {
    const std::string_view field = tuliprox_field(take_name(rest));
    if (field.empty() || !take(rest, "~")) return not_known(line);
    const auto pattern = take_text(rest);
    if (!pattern || !rest.empty()) return not_known(line);
    M3U_TRY(const std::string expanded, templates_.expanded(*pattern));
    M3U_TRY(const std::string ours, pattern_for_us(expanded));
    captures_[std::string(name)] = {.first_group = groups_ + 1, .groups = group_count(ours)};
    groups_ += group_count(ours);
    conditions_.push_back(matches(field, ours));
    return {};
  }

  /// @Field = value
  Result<> assign(std::string_view name, std::string_view rest, std::string_view line) {
    const std::string_view field = tuliprox_field(name);
    if (field.empty() || field == "source_name" || field == "media_type") return not_known(line);
    std::string value;
    if (take(rest, "concat(")) {
      do {
        const auto one = operand(rest);
        if (!one) return not_known(line);
        value += *one;
      } while (take(rest, ","));
      if (!take(rest, ")")) return not_known(line);
    } else {
      const auto one = operand(rest);
      if (!one) return not_known(line);
      value = *one;
    }
    if (!rest.empty()) return not_known(line);
    actions_.push_back(fmt::format("{} = {}", field, text_literal(value)));
    return {};
  }

  /// "text", @Field, variable, variable.1 or variable.name, as a value of ours without quotes.
  std::optional<std::string> operand(std::string_view& rest) const {
    if (const auto text = take_text(rest)) {
      const auto expanded = templates_.expanded(*text);
      if (!expanded) return std::nullopt;
      std::string out;  // text_literal() comes last, for the whole value
      for (const char c : *expanded) out += c == '$' ? std::string("$$") : std::string(1, c);
      return out;
    }
    const std::string_view name = take_name(rest);
    if (name.starts_with('@')) {
      const std::string_view field = tuliprox_field(name);
      return field.empty() ? std::nullopt : std::optional(fmt::format("@field:{}", field));
    }
    const auto found = captures_.find(name);
    if (found == captures_.end()) return std::nullopt;
    if (!take(rest, "."))
      return found->second.groups == 1 ? std::optional(group(found->second, 1)) : std::nullopt;
    const std::string_view part = take_name(rest);
    if (part.size() == 1 && is_ascii_digit(part.front())) {
      const int number = part.front() - '0';
      if (number < 1 || number > found->second.groups) return std::nullopt;
      return group(found->second, number);
    }
    return part.empty() ? std::nullopt : std::optional(fmt::format("${{{}}}", part));
  }

  struct Capture {
    int first_group = 1;
    int groups = 0;
  };
  static std::string group(const Capture& capture, int number) {
    return fmt::format("${{{}}}", capture.first_group + number - 1);
  }

  const Templates& templates_;
  std::map<std::string, Capture, std::less<>> captures_;
  int groups_ = 0;
  std::vector<std::string> conditions_;
  std::vector<std::string> actions_;
};

}  // namespace

Result<std::string> tuliprox_script(std::string_view script, std::string_view condition,
                                    const Templates& templates) {
  ScriptReader reader(templates);
  while (!script.empty()) {
    const std::size_t end = std::min(script.find('\n'), script.size());
    M3U_CHECK(reader.read_line(script.substr(0, end)));
    script.remove_prefix(std::min(end + 1, script.size()));
  }
  return reader.rule(condition);
}

}  // namespace m3u_proxy::importers
