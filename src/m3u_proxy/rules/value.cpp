#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/rules/limits.hpp>
#include <m3u_proxy/rules/value.hpp>

namespace m3u_proxy::rules {
namespace {

constexpr std::string_view kFieldHelper = "@field:";
constexpr std::string_view kLogoHelper = "@logo:";
constexpr std::string_view kTimeHelper = "@time:";
constexpr std::array kHelpers = {kFieldHelper, kLogoHelper, kTimeHelper};

std::unexpected<ValueError> bad_helper(std::string message, std::string suggestion = {}) {
  return std::unexpected(ValueError{.code = Code::kInvalidHelper,
                                    .message = std::move(message),
                                    .suggestion = std::move(suggestion)});
}

bool is_name_char(char c) {
  return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || c == ':' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// The field name at the start of `text`; dashes and dots count only inside.
std::string_view leading_name(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_name_char(text[i]))
      end = i + 1;
    else if (text[i] != '-' && text[i] != '.')
      break;
  }
  return text.substr(0, end);
}

/// "@word:" at the start of `text`, or nothing.
std::string_view helper_name(std::string_view text) {
  if (!text.starts_with('@')) return {};
  std::size_t end = 1;
  while (end < text.size() && (is_ascii_alpha(text[end]) || text[end] == '_')) ++end;
  return end > 1 && end < text.size() && text[end] == ':' ? text.substr(0, end + 1)
                                                          : std::string_view();
}

Value constant(std::string text) {
  Value value;
  value.parts.push_back({.kind = ValuePart::Kind::kText, .text = std::move(text)});
  return value;
}

std::expected<Value, ValueError> parse_logo(std::string_view id) {
  const auto uuid = parse_uuid(id);
  if (!uuid) return bad_helper(uuid.error().message + "; " + uuid.error().hint);
  Value value = constant(std::string(kLogoHelper) + to_string(*uuid));
  value.logo = true;
  return value;
}

/// Removes one pair of quotes around the text, if there is one.
std::string_view unquoted(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
      text.back() == text.front())
    return text.substr(1, text.size() - 2);
  return text;
}

/// `± N` at the end of a @time helper, in seconds.
std::optional<std::int64_t> parse_shift(std::string_view text) {
  text = trim(text);
  if (text.empty()) return 0;
  const char sign = text.front();
  if (sign != '+' && sign != '-') return std::nullopt;
  text = trim(text.substr(1));
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || !is_ascii_digit(text.front()) || error != std::errc{} ||
      end != text.data() + text.size())
    return std::nullopt;
  return sign == '-' ? -seconds : seconds;
}

std::expected<Value, ValueError> parse_time(std::string_view text, const Environment& environment) {
  constexpr std::string_view kNow = "now()";
  constexpr std::string_view kParse = "parse(";
  std::int64_t base = environment.now;
  if (text.starts_with(kNow)) {
    text.remove_prefix(kNow.size());
  } else if (text.starts_with(kParse) && text.contains(')')) {
    const std::size_t close = text.find(')');
    const std::string_view argument = unquoted(text.substr(kParse.size(), close - kParse.size()));
    const auto date = parse_date(argument);
    if (!date)
      return bad_helper(fmt::format("'{}' is not a date", excerpt(argument)),
                        "2024-05-01 18:30:00");
    base = *date;
    text.remove_prefix(close + 1);
  } else {
    return bad_helper("@time: is followed by now() or parse(\"…\")", "@time:now()");
  }
  const auto shift = parse_shift(text);
  std::int64_t instant = 0;
  if (!shift || __builtin_add_overflow(base, *shift, &instant))
    return bad_helper(
        fmt::format("'{}' is not a number of seconds with its sign", excerpt(trim(text))),
        "@time:now() + 3600");
  if (!parse_date(std::to_string(instant)))
    return bad_helper("the result is beyond the years 0 to 9999");
  Value value = constant(std::to_string(instant));
  value.instant = instant;
  return value;
}

// Splits a value into its parts, from left to right.
class Splitter {
 public:
  Splitter(std::string_view text, ValueUse use, catalog::Domain domain)
      : text_(text), use_(use), domain_(domain) {}

  std::expected<Value, ValueError> run() {
    while (at_ < text_.size()) {
      if (use_ == ValueUse::kAction && text_[at_] == '$' && reference()) continue;
      if (at_field()) {
        if (auto error = field()) return std::unexpected(std::move(*error));
        continue;
      }
      literal_ += text_[at_++];
    }
    flush();
    return std::move(value_);
  }

 private:
  [[nodiscard]] bool at_field() const {
    const bool in_word =
        !literal_.empty() && (is_ascii_alpha(literal_.back()) || is_ascii_digit(literal_.back()));
    return !in_word && text_.substr(at_).starts_with(kFieldHelper);
  }

  /// `$$`, `$0` … `$99` or `${name}`; false when the dollar stands for itself.
  bool reference() {
    const std::string_view rest = text_.substr(at_ + 1);
    if (rest.starts_with('$')) {
      literal_ += '$';
      at_ += 2;
      return true;
    }
    if (rest.starts_with('{')) return named(rest);
    if (rest.empty() || !is_ascii_digit(rest[0])) return false;
    int number = rest[0] - '0';
    std::size_t digits = 1;
    if (number != 0 && rest.size() > 1 && is_ascii_digit(rest[1])) {
      number = number * 10 + (rest[1] - '0');
      digits = 2;
    }
    flush();
    value_.parts.push_back({.kind = ValuePart::Kind::kCapture, .capture = number});
    at_ += 1 + digits;
    return true;
  }

  bool named(std::string_view rest) {
    const std::size_t close = rest.find('}');
    if (close == std::string_view::npos || close == 1) return false;
    const std::string_view name = rest.substr(1, close - 1);
    const auto in_name = [](char c) { return is_name_char(c) && c != ':'; };
    if (!std::ranges::all_of(name, in_name)) return false;
    flush();
    value_.parts.push_back(
        {.kind = ValuePart::Kind::kNamedCapture, .text = std::string(name), .capture = 0});
    at_ += 1 + close + 1;
    return true;
  }

  std::optional<ValueError> field() {
    const std::string_view name = leading_name(text_.substr(at_ + kFieldHelper.size()));
    auto resolved = resolve_field(domain_, name);
    if (!resolved) return std::move(resolved).error();
    flush();
    value_.parts.push_back({.kind = ValuePart::Kind::kField, .field = *std::move(resolved)});
    at_ += kFieldHelper.size() + name.size();
    return std::nullopt;
  }

  void flush() {
    if (literal_.empty()) return;
    value_.parts.push_back({.kind = ValuePart::Kind::kText, .text = std::move(literal_)});
    literal_.clear();
  }

  std::string_view text_;
  ValueUse use_;
  catalog::Domain domain_;
  std::size_t at_ = 0;
  std::string literal_;
  Value value_;
};

}  // namespace

std::expected<Value, ValueError> parse_value(std::string_view text, ValueUse use,
                                             catalog::Domain domain,
                                             const Environment& environment) {
  const std::string_view helper = helper_name(text);
  if (helper == kLogoHelper) return parse_logo(text.substr(helper.size()));
  if (helper == kTimeHelper) return parse_time(text.substr(helper.size()), environment);
  if (!helper.empty() && helper != kFieldHelper)
    return bad_helper(fmt::format("there is no helper '{}'", helper),
                      std::string(closest_word(folded(helper), kHelpers)));
  return Splitter(text, use, domain).run();
}

std::expected<catalog::FieldRef, ValueError> resolve_field(catalog::Domain domain,
                                                           std::string_view name) {
  if (auto field = catalog::find_field(domain, name)) return *std::move(field);
  // Field names are lower case; another case or spelling is suggested, not accepted.
  const std::string lower = folded(name);
  std::string suggestion = catalog::find_field(domain, lower)
                               ? lower
                               : std::string(closest_word(lower, catalog::known_names(domain)));
  return std::unexpected(ValueError{.code = Code::kUnknownField,
                                    .message = fmt::format("there is no field '{}'", excerpt(name)),
                                    .suggestion = std::move(suggestion)});
}

}  // namespace m3u_proxy::rules
