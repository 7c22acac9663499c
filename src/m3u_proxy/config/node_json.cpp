#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <m3u_proxy/config/node_json.hpp>

namespace m3u_proxy::config {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kDeepest = 64;

Json json_of(const ConfigNode& node) {
  using enum ConfigNode::Kind;
  switch (node.kind) {
    case kTable: {
      std::vector<const ConfigMember*> members;
      for (const ConfigMember& member : node.members) members.push_back(&member);
      std::ranges::sort(members, {}, [](const ConfigMember* member) { return member->name; });
      Json table = Json::object();
      for (const ConfigMember* const member : members) table[member->name] = json_of(member->value);
      return table;
    }
    case kArray: {
      Json list = Json::array();
      for (const ConfigNode& item : node.items) list.push_back(json_of(item));
      return list;
    }
    case kInteger:
      return node.integer;
    case kNumber:
      return node.number;
    case kBoolean:
      return node.boolean;
    case kString:
    case kDate:
    case kUntyped:
      break;
  }
  return node.text;
}

/// Line and column of a byte.
Where place_of(std::string_view text, std::size_t byte, std::string_view what) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const std::size_t line_begin = before.rfind('\n') + 1;
  return {.source = std::string(what),
          .line = static_cast<std::uint64_t>(std::ranges::count(before, '\n')) + 1,
          .column = before.size() - line_begin + 1};
}

Result<ConfigNode> node_of(const Json& json, const Where& where, int depth) {
  using enum ConfigNode::Kind;
  if (depth == 0)
    return fail(Error{.code = ErrorCode::kConfig,
                      .message = "the document is nested too deeply",
                      .where = where});
  ConfigNode node;
  node.where = where;
  if (json.is_object()) {
    for (const auto& [name, value] : json.items()) {
      if (value.is_null()) continue;
      M3U_TRY(ConfigNode member, node_of(value, where, depth - 1));
      node.members.push_back({.name = name, .where = where, .value = std::move(member)});
    }
  } else if (json.is_array()) {
    node.kind = kArray;
    for (const Json& value : json) {
      M3U_TRY(ConfigNode item, node_of(value, where, depth - 1));
      node.items.push_back(std::move(item));
    }
  } else if (json.is_boolean()) {
    node.kind = kBoolean;
    node.boolean = json.get<bool>();
  } else if (json.is_number_integer() && (!json.is_number_unsigned() ||
                                          json.get<std::uint64_t>() <= std::uint64_t{INT64_MAX})) {
    node.kind = kInteger;
    node.integer = json.get<std::int64_t>();
  } else if (json.is_number()) {
    node.kind = kNumber;
    node.number = json.get<double>();
  } else {
    node.kind = kString;
    node.text = json.is_null() ? "" : json.get<std::string>();
  }
  return node;
}

}  // namespace

std::string to_json(const ConfigNode& node) {
  return json_of(node).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<ConfigNode> parse_json(std::string_view text, std::string_view what) {
  int depth = 0;
  bool too_deep = false;
  const auto watch = [&](int nesting, Json::parse_event_t, Json&) {
    depth = std::max(depth, nesting);
    too_deep = too_deep || nesting > kDeepest;
    return !too_deep;
  };
  try {
    const Json json = Json::parse(text, watch);
    Where where{.source = std::string(what), .line = 1, .column = 1};
    if (too_deep) return node_of(Json(), where, 0);
    return node_of(json, where, kDeepest + 2);
  } catch (const Json::parse_error& error) {
    const std::size_t byte = error.byte == 0 ? 0 : error.byte - 1;
    return fail(Error{.code = ErrorCode::kConfig,
                      .message = "this is no JSON: something else is expected here",
                      .where = place_of(text, byte, what)});
  }
}

Result<ConfigNode> parse_entity(std::string_view kind, const std::string& name,
                                std::string_view body) {
  M3U_TRY(ConfigNode table, parse_json(body, fmt::format("{} \"{}\"", kind, name)));
  ConfigMember member{.name = "name"};
  member.value.kind = ConfigNode::Kind::kString;
  member.value.text = name;
  table.members.insert(table.members.begin(), std::move(member));
  return table;
}

}  // namespace m3u_proxy::config
