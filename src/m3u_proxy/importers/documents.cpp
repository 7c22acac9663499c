#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/load_configuration.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/importers/documents.hpp>
#include <m3u_proxy/importers/yaml.hpp>

namespace m3u_proxy::importers {

using Kind = ConfigNode::Kind;

namespace {

constexpr std::ptrdiff_t kMostValues = 1'000'000;  // they take some 300 bytes each

}  // namespace

Result<ConfigNode> read_json(const std::filesystem::path& file) {
  M3U_TRY(const config::ConfigDocument document, config::read_document(file));
  if (std::ranges::count(document.text, ',') > kMostValues)
    return fail(Error{.code = ErrorCode::kConfig,
                      .message = "has more than a million values",
                      .where = {.source = file.filename().string()}});
  return config::parse_json(document.text, file.filename().string());
}

Result<ConfigNode> read_yaml(const std::filesystem::path& file) {
  M3U_TRY(const config::ConfigDocument document, config::read_document(file));
  return parse_yaml(document.text, file.filename().string());
}

const ConfigNode* find(const ConfigNode& table, std::string_view key) {
  if (table.kind != Kind::kTable) return nullptr;
  const ConfigMember* const member = table.find(key);
  return member == nullptr ? nullptr : &member->value;
}

std::string text_of(const ConfigNode& node) {
  switch (node.kind) {
    case Kind::kTable:
    case Kind::kArray:
      return "";
    case Kind::kInteger:
      return node.text.empty() ? fmt::format("{}", node.integer) : node.text;
    case Kind::kNumber:
      return node.text.empty() ? fmt::format("{}", node.number) : node.text;
    case Kind::kBoolean:
      return node.boolean ? "true" : "false";
    case Kind::kString:
    case Kind::kDate:
    case Kind::kUntyped:
      break;
  }
  return node.text;
}

std::string text_of(const ConfigNode& table, std::string_view key) {
  const ConfigNode* const node = find(table, key);
  return node == nullptr ? "" : text_of(*node);
}

bool flag_of(const ConfigNode& table, std::string_view key, bool otherwise) {
  const ConfigNode* const node = find(table, key);
  if (node == nullptr) return otherwise;
  const std::string text = text_of(*node);
  return text == "1" || equals_ascii_case(text, "true") || equals_ascii_case(text, "yes");
}

std::optional<std::int64_t> number_of(const ConfigNode& table, std::string_view key) {
  const std::string text = text_of(table, key);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // "1000.0" counts as 1000: what comes from a floating-point field.
  const std::string_view rest(end, text.data() + text.size());
  if (text.empty() || error != std::errc{} ||
      (!rest.empty() && rest.find_first_not_of("0", 1) != std::string_view::npos) ||
      (!rest.empty() && rest.front() != '.'))
    return std::nullopt;
  return value;
}

std::vector<ConfigNode> items_of(const ConfigNode& table, std::string_view key) {
  const ConfigNode* const node = find(table, key);
  if (node == nullptr) return {};
  if (node->kind == Kind::kArray) return node->items;
  return {*node};
}

std::vector<ConfigNode> by_number(std::vector<ConfigNode> items, std::string_view key,
                                  NumberOrder order) {
  std::multimap<std::int64_t, ConfigNode> sorted;
  for (ConfigNode& item : items) {
    const std::int64_t number =
        std::max(number_of(item, key).value_or(0), -std::numeric_limits<std::int64_t>::max());
    sorted.emplace(order == NumberOrder::kSmallestFirst ? number : -number, std::move(item));
  }
  std::vector<ConfigNode> out;
  out.reserve(sorted.size());
  for (auto& [number, item] : sorted) out.push_back(std::move(item));
  return out;
}

std::string interval_of(std::int64_t seconds) {
  if (seconds <= 0) return "";
  if (seconds % 3600 == 0) return fmt::format("{}h", seconds / 3600);
  if (seconds % 60 == 0) return fmt::format("{}m", seconds / 60);
  return fmt::format("{}s", seconds);
}

}  // namespace m3u_proxy::importers
