#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/importers/expressions.hpp>
#include <m3u_proxy/rules/pattern.hpp>

namespace m3u_proxy::importers {
namespace {

constexpr std::size_t kLongestList = 8192;  // of one condition, in bytes

bool is_word(char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_'; }

std::string escaped(std::string_view text, bool dollars) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    // A backslash is itself, unless it would escape what follows.
    const bool escapes = c == '\\' && (i + 1 == text.size() || text[i + 1] == '\\' ||
                                       text[i + 1] == '"' || text[i + 1] == '\'');
    if (c == '"' || escapes) out += '\\';
    if (c == '$' && dollars) out += '$';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::string text_literal(std::string_view text) { return escaped(text, false); }
std::string value_literal(std::string_view text) { return escaped(text, true); }

std::string is_exactly(std::string_view field, std::string_view text) {
  return fmt::format("{} case_sensitive equals {}", field, text_literal(text));
}
std::string matches(std::string_view field, std::string_view pattern) {
  return fmt::format("{} case_sensitive matches {}", field, text_literal(pattern));
}

std::string escaped_pattern(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 0x7F && !is_word(c)) out += '\\';
    out += c;
  }
  return out;
}

std::vector<std::string> is_one_of(std::string_view field, const std::vector<std::string>& texts) {
  std::vector<std::string> out;
  std::string list;
  const auto flush = [&] {
    if (!list.empty()) out.push_back(matches(field, fmt::format("^(?:{})$", list)));
    list.clear();
  };
  for (const std::string& text : texts) {
    if (!list.empty()) list += '|';
    list += escaped_pattern(text);
    if (list.size() > kLongestList) flush();
  }
  flush();
  return out;
}

std::string any_of(const std::vector<std::string>& conditions) {
  return fmt::format("{}", fmt::join(conditions, " OR "));
}

Result<std::string> pattern_for_us(std::string_view pattern) {
  std::string out;
  bool escapes = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    out += pattern[i];
    const std::string_view rest = pattern.substr(i);
    // (?<name> is (?P<name> here; (?<= and (?<! are refused below.
    if (!escapes && rest.starts_with("(?<") && rest.size() > 3 && is_word(rest[3])) {
      out += "?P<";
      i += 2;
    }
    escapes = !escapes && pattern[i] == '\\';
  }
  const auto compiled = rules::Pattern::compile(out, rules::CaseRule::kExact);
  if (!compiled)
    return fail(ErrorCode::kConfig, fmt::format("the pattern {} is not one of RE2: {}",
                                                excerpt(pattern), compiled.error()));
  return out;
}

int group_count(std::string_view pattern) {
  const auto compiled = rules::Pattern::compile(pattern, rules::CaseRule::kExact);
  return compiled ? (*compiled)->group_count() : 0;
}

std::string replacement_for_us(std::string_view replacement, int shift) {
  std::string out;
  for (std::size_t i = 0; i < replacement.size();) {
    const char c = replacement[i];
    if (c != '$' && c != '\\') {
      out += c;
      ++i;
      continue;
    }
    const bool braces = i + 1 < replacement.size() && replacement[i + 1] == '{';
    std::size_t end = i + (braces ? 2 : 1);
    const std::size_t begin = end;
    const bool digits = end < replacement.size() && is_ascii_digit(replacement[end]);
    while (end < replacement.size() && end - begin < 60 &&
           (digits ? is_ascii_digit(replacement[end]) && end - begin < 2
                   : c == '$' && is_word(replacement[end])))
      ++end;
    const std::string_view name = replacement.substr(begin, end - begin);
    if (name.empty() || (braces && (end == replacement.size() || replacement[end] != '}'))) {
      out += c == '$' ? "$$" : "\\";
      // "$$" is one dollar there as it is here.
      i += c == '$' && replacement.substr(i).starts_with("$$") ? 2 : 1;
      continue;
    }
    if (digits) {
      int number = 0;
      for (const char digit : name) number = number * 10 + (digit - '0');
      out += fmt::format("${{{}}}", number + shift);
    } else {
      out += fmt::format("${{{}}}", name);
    }
    i = end + (braces ? 1 : 0);
  }
  return out;
}

Result<std::string> replacing_rule(std::string_view field, std::string_view pattern,
                                   std::string_view replacement) {
  M3U_TRY(const std::string ours, pattern_for_us(pattern));
  const std::string whole = fmt::format("^(.*?)(?:{})(.*)$", ours);
  const std::string value =
      fmt::format("${{1}}{}${{{}}}", replacement_for_us(replacement, 1), group_count(ours) + 2);
  return fmt::format("{} SET {} = {}", matches(field, whole), field, text_literal(value));
}

}  // namespace m3u_proxy::importers
