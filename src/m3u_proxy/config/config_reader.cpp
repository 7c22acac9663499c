#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/config_reader.hpp>

namespace m3u_proxy::config {
namespace {

using Kind = ConfigNode::Kind;

template <typename T>
std::optional<T> parse_whole(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The value as the user wrote it, for messages.
std::string shown(const ConfigNode& node) {
  switch (node.kind) {
    case Kind::kTable:
      return "a table";
    case Kind::kArray:
      return "a list";
    case Kind::kString:
    case Kind::kUntyped:
      return fmt::format("\"{}\"", excerpt(node.text, 40));
    case Kind::kInteger:
      return std::to_string(node.integer);
    case Kind::kNumber:
      return fmt::format("{}", node.number);
    case Kind::kBoolean:
      return node.boolean ? "true" : "false";
    case Kind::kDate:
      break;
  }
  return "a date";
}

/// Seconds: some thirty years, so that no sum of times is too large.
constexpr std::int64_t kLongestDuration = 1'000'000'000;

/// "1h30m", "90s", "5 m": seconds; nullopt when it is something else.
std::optional<std::int64_t> parse_duration(std::string_view text) {
  text = trim(text);
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || value < 0 || value > kLongestDuration) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const char unit = text.empty() ? 's' : text.front();
    if (!text.empty()) text.remove_prefix(1);
    text = trim(text);
    if (unit == 's')
      total += value;
    else if (unit == 'm')
      total += value * 60;
    else if (unit == 'h')
      total += value * 3600;
    else if (unit == 'd')
      total += value * 86400;
    else
      return std::nullopt;
    if (total > kLongestDuration) return std::nullopt;
  }
  return total;
}

/// As parse_duration() reads it: "1h30m", "1m30s", "0s".
std::string duration_text(std::chrono::seconds duration) {
  std::string text;
  std::int64_t left = duration.count();
  for (const auto& [unit, seconds] :
       {std::pair('h', 3600), std::pair('m', 60), std::pair('s', 1)}) {
    if (left >= seconds) text += fmt::format("{}{}", left / seconds, unit);
    left %= seconds;
  }
  return text.empty() ? "0s" : text;
}

std::string number_json(double value) {
  std::string text;
  append_json_number(text, value);
  return text;
}

std::string limit_json(const MemoryLimitSetting& limit) {
  switch (limit.kind) {
    case MemoryLimitSetting::Kind::kAuto:
      return "\"auto\"";
    case MemoryLimitSetting::Kind::kNone:
      return "\"none\"";
    case MemoryLimitSetting::Kind::kFixed:
      break;
  }
  return number_json(limit.fixed.mb());
}

std::string names_json(const std::vector<Named>& names) {
  std::string text;
  JsonWriter json(text);
  json.begin_array();
  for (const Named& name : names) json.value(std::string_view(name.name));
  json.end_array();
  return text;
}

}  // namespace

std::string to_string(const ConfigProblem& problem) {
  std::string text = to_string(problem.error);
  if (!problem.display.empty()) text += '\n' + problem.display;
  return text;
}

void ConfigReader::problem(const Where& where, std::string message, std::string hint) {
  problems_.push_back({.error = {.code = ErrorCode::kConfig,
                                 .message = std::move(message),
                                 .where = where,
                                 .hint = std::move(hint)}});
}

bool ConfigReader::describes(KeyShape shape) {
  if (shape_ == nullptr) return false;
  *shape_ = std::move(shape);
  return true;
}

void ConfigReader::describe_nothing() {
  if (shape_ != nullptr) shape_->value = "null";
}

std::string ConfigReader::as_json(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

void ConfigReader::wrong_type(const ConfigNode& node, std::string_view expected) {
  problem(node.where, fmt::format("{} is {}, expected {}", path_, shown(node), expected));
}

void ConfigReader::wrong_word(const ConfigNode& node, std::span<const std::string_view> words) {
  const auto word = as_text(node);
  const std::string_view close = word ? closest_word(*word, words) : std::string_view{};
  problem(node.where,
          fmt::format("{} is {}, expected one of: {}", path_, shown(node), fmt::join(words, ", ")),
          close.empty() ? "" : fmt::format("did you mean \"{}\"?", close));
}

std::optional<std::int64_t> ConfigReader::as_integer(const ConfigNode& node) const {
  if (node.kind == Kind::kInteger) return node.integer;
  if (node.kind == Kind::kUntyped) return parse_whole<std::int64_t>(trim(node.text));
  return std::nullopt;
}

std::optional<double> ConfigReader::as_number(const ConfigNode& node) const {
  if (node.kind == Kind::kInteger) return static_cast<double>(node.integer);
  if (node.kind == Kind::kNumber && std::isfinite(node.number)) return node.number;
  if (node.kind == Kind::kUntyped) return parse_whole<double>(trim(node.text));
  return std::nullopt;
}

std::optional<std::string_view> ConfigReader::as_text(const ConfigNode& node) {
  if (node.kind != Kind::kString && node.kind != Kind::kUntyped) return std::nullopt;
  return node.text;
}

void ConfigReader::integer(const ConfigNode& node, std::int64_t least, std::int64_t most,
                           std::int64_t& out) {
  if (describes({.type = KeyShape::Type::kInteger,
                 .least = static_cast<double>(least),
                 .most = static_cast<double>(most),
                 .value = std::to_string(out)}))
    return;
  const auto value = as_integer(node);
  if (!value || *value < least || *value > most)
    return wrong_type(node, fmt::format("a whole number from {} to {}", least, most));
  out = *value;
}

void ConfigReader::number(const ConfigNode& node, double least, double most, double& out) {
  if (describes({.type = KeyShape::Type::kNumber,
                 .least = least,
                 .most = most,
                 .value = number_json(out)}))
    return;
  const auto value = as_number(node);
  if (!value || *value < least || *value > most)
    return wrong_type(node, fmt::format("a number from {} to {}", least, most));
  out = *value;
}

void ConfigReader::boolean(const ConfigNode& node, bool& out) {
  if (describes({.type = KeyShape::Type::kBoolean, .value = out ? "true" : "false"})) return;
  if (node.kind == Kind::kBoolean) {
    out = node.boolean;
    return;
  }
  const std::string_view word = node.kind == Kind::kUntyped ? trim(node.text) : "";
  if (equals_ascii_case(word, "true") || word == "1")
    out = true;
  else if (equals_ascii_case(word, "false") || word == "0")
    out = false;
  else
    wrong_type(node, "true or false");
}

void ConfigReader::text(const ConfigNode& node, Empty empty, std::string& out) {
  if (describes({.type = KeyShape::Type::kText, .value = as_json(out)})) return;
  const auto value = as_text(node);
  if (!value) return wrong_type(node, "text in quotes");
  if (empty == Empty::kRefuse && trim(*value).empty())
    return problem(node.where, fmt::format("{} is empty", path_));
  out = *value;
}

void ConfigReader::duration(const ConfigNode& node, std::chrono::seconds& out) {
  if (describes({.type = KeyShape::Type::kDuration, .value = as_json(duration_text(out))})) return;
  const bool is_number =
      node.kind == Kind::kInteger && node.integer >= 0 && node.integer <= kLongestDuration;
  const auto value =
      is_number ? std::optional(node.integer) : parse_duration(as_text(node).value_or(""));
  if (!value) return wrong_type(node, "a duration such as \"90s\", \"5m\" or \"1h30m\"");
  out = std::chrono::seconds(*value);
}

void ConfigReader::share(const ConfigNode& node, std::optional<double>& out) {
  if (describes({.type = KeyShape::Type::kShare,
                 .least = 0,
                 .most = 1,
                 .value = out ? number_json(*out) : "null"}))
    return;
  auto value = as_number(node);
  if (const auto text = as_text(node); text && trim(*text).ends_with('%')) {
    std::string_view digits = trim(*text);
    digits.remove_suffix(1);
    value = parse_whole<double>(trim(digits));
    if (value) *value /= 100;
  }
  if (!value || *value < 0 || *value > 1)
    return wrong_type(node, "a part of the list, such as \"50%\" or 0.5");
  out = value;
}

void ConfigReader::memory_limit(const ConfigNode& node, MemoryLimitSetting& out) {
  if (describes({.type = KeyShape::Type::kSize, .value = limit_json(out)})) return;
  const auto word = as_text(node);
  if (word && trim(*word) == "auto") {
    out = {.kind = MemoryLimitSetting::Kind::kAuto};
    return;
  }
  if (word && trim(*word) == "none") {
    out = {.kind = MemoryLimitSetting::Kind::kNone};
    return;
  }
  std::optional<Bytes> size;
  if (word) {
    if (const auto parsed = parse_size(*word)) size = *parsed;
  } else if (const auto value = as_number(node); value && *value >= 0 && *value < 1e12) {
    size = Bytes{static_cast<std::uint64_t>(*value * 1048576.0)};
  }
  if (!size || size->count < mib(1).count)
    return wrong_type(node, "a number of MB (at least 1), \"auto\" or \"none\"");
  out = {.kind = MemoryLimitSetting::Kind::kFixed, .fixed = *size};
}

void ConfigReader::names(const ConfigNode& node, std::vector<Named>& out) {
  if (describes({.type = KeyShape::Type::kNames, .value = names_json(out)})) return;
  if (!expect(node, Kind::kArray, "a list of names")) return;
  out.clear();
  const std::string list = path_;
  for (const ConfigNode& item : node.items) {
    const auto name = as_text(item);
    set_path(fmt::format("{}[{}]", list, &item - node.items.data() + 1));
    if (!name) {
      wrong_type(item, "a name in quotes");
    } else if (std::ranges::find(out, *name, &Named::name) != out.end()) {
      problem(item.where, fmt::format("{} lists \"{}\" twice", list, *name));
    } else {
      out.push_back({.name = std::string(*name), .where = item.where});
    }
  }
  set_path(list);
}

void ConfigReader::text_map(const ConfigNode& node,
                            std::vector<std::pair<std::string, std::string>>& out) {
  if (!expect(node, Kind::kTable, "a table such as { \"X-Key\" = \"value\" }")) return;
  const std::string table = path_;
  for (const ConfigMember& member : node.members) {
    set_path(fmt::format("{}.{}", table, member.name));
    std::string value;
    const std::size_t before = problems_.size();
    text(member.value, Empty::kAllow, value);
    if (problems_.size() == before) out.emplace_back(member.name, std::move(value));
  }
  set_path(table);
}

bool ConfigReader::expect(const ConfigNode& node, Kind kind, std::string_view what) {
  if (node.kind == kind) return true;
  wrong_type(node, what);
  return false;
}

void ConfigReader::unknown_key(const ConfigMember& member,
                               std::span<const std::string_view> known) {
  const std::string_view close = closest_word(member.name, known);
  problem(member.where, fmt::format("{} is not a key", path_),
          close.empty() ? fmt::format("known here: {}", fmt::join(known, ", "))
                        : fmt::format("did you mean \"{}\"?", close));
}

void ConfigReader::not_acted_on(std::string_view key) { not_acted_on_.emplace(key); }

void ConfigReader::renamed(std::string_view key, std::string_view now) {
  warnings_.insert(fmt::format("{} is called {} now", key, now));
}

std::string_view to_string(KeyShape::Type type) {
  static constexpr std::array<std::string_view, 10> kWords = {
      "text",  "integer", "number", "boolean", "duration",
      "share", "size",    "choice", "names",   "table"};
  return kWords.at(static_cast<std::size_t>(type));
}

}  // namespace m3u_proxy::config
