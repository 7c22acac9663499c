// Configuration tables as JSON, which is what plugins get.
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <m3u_proxy/plugins/manifest.hpp>

namespace m3u_proxy::plugins {
namespace {

using Json = nlohmann::ordered_json;
using Kind = ConfigNode::Kind;

Result<Json> convert(const ConfigNode& node);

Result<Json> convert_table(const ConfigNode& table) {
  Json object = Json::object();
  for (const ConfigMember& member : table.members) {
    M3U_TRY(Json value, convert(member.value));
    object[member.name] = std::move(value);
  }
  return object;
}

Result<Json> convert_array(const ConfigNode& array) {
  Json list = Json::array();
  for (const ConfigNode& item : array.items) {
    M3U_TRY(Json value, convert(item));
    list.push_back(std::move(value));
  }
  return list;
}

Result<Json> convert(const ConfigNode& node) {
  switch (node.kind) {
    case Kind::kTable:
      return convert_table(node);
    case Kind::kArray:
      return convert_array(node);
    case Kind::kInteger:
      return Json(node.integer);
    case Kind::kBoolean:
      return Json(node.boolean);
    case Kind::kNumber:
      if (!std::isfinite(node.number))
        return fail(Error{.code = ErrorCode::kConfig,
                          .message = "JSON, in which a plugin gets this, has no inf and no nan",
                          .where = node.where,
                          .hint = "write it as text"});
      return Json(node.number);
    case Kind::kString:
    case Kind::kDate:
    case Kind::kUntyped:
      break;
  }
  return Json(node.text);
}

Result<Json> parse_object(std::string_view text) {
  if (text.empty()) return Json::object();
  Json object = Json::parse(text, nullptr, false);
  if (!object.is_object())
    return fail(ErrorCode::kConfig, "a plugin's configuration is not a JSON object",
                R"(write it as {"key": "value"})");
  return object;
}

}  // namespace

Result<std::string> config_to_json(const ConfigNode& table) {
  M3U_TRY(const Json json, convert(table));
  return json.dump();
}

Result<std::string> merge_config(std::string_view base, std::string_view over) {
  M3U_TRY(Json merged, parse_object(base));
  M3U_TRY(const Json own, parse_object(over));
  for (const auto& [key, value] : own.items()) merged[key] = value;
  return merged.dump();
}

}  // namespace m3u_proxy::plugins
