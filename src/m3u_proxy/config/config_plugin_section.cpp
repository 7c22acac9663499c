// [wasm_plugins]: a table with two tables inside, of stages and of plugins.
#include <array>

#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/config_keys.hpp>
#include <m3u_proxy/config/config_sections.hpp>
#include <m3u_proxy/plugins/manifest.hpp>
#include <m3u_proxy/plugins/plugin_settings.hpp>

namespace m3u_proxy::config {
namespace {

using pipeline::SelectionCriteria;
using plugins::OnFailure;
using plugins::Permission;
using plugins::Permissions;
using plugins::PluginOverride;
using plugins::PluginSettings;
using Empty = ConfigReader::Empty;

// A program that was built without plugins checks these keys and does nothing about them.
#if defined(M3U_PROXY_WASM) && M3U_PROXY_WASM == 0
constexpr Acted kActed = Acted::kLater;
#else
constexpr Acted kActed = Acted::kNow;
#endif

/// The memory of a module has 32 bits.
constexpr std::int64_t kMostPluginMb = 4096;

template <typename Enum, std::size_t kCount>
struct Choices {
  Choice<Enum> of[kCount];
};
template <typename Enum, std::size_t kCount>
consteval Choices<Enum, kCount> choices_of(const std::array<std::string_view, kCount>& words) {
  Choices<Enum, kCount> choices{};
  for (std::size_t i = 0; i < kCount; ++i) choices.of[i] = {words[i], static_cast<Enum>(i)};
  return choices;
}
constexpr auto kPermissions = choices_of<Permission>(plugins::kPermissionNames);
constexpr auto kOnFailures = choices_of<OnFailure>(plugins::kOnFailureNames);
// The second spellings are those of older versions.
constexpr Choice<SelectionCriteria> kCriteria[] = {
    {"configured", SelectionCriteria::kConfigured},
    {"fastest", SelectionCriteria::kFastest},
    {"memory_efficient", SelectionCriteria::kMemoryEfficient},
    {"Configured", SelectionCriteria::kConfigured},
    {"Fastest", SelectionCriteria::kFastest},
    {"MemoryEfficient", SelectionCriteria::kMemoryEfficient}};

Permissions permissions(ConfigReader& reader, const ConfigNode& node) {
  Permissions allowed;
  if (!reader.expect(node, ConfigNode::Kind::kArray, R"(a list such as ["log", "temp_files"])"))
    return allowed;
  const std::string list = reader.path();
  for (const ConfigNode& item : node.items) {
    reader.set_path(fmt::format("{}[{}]", list, &item - node.items.data() + 1));
    auto permission = Permission::kLog;
    const std::size_t before = reader.problem_count();
    reader.choice(item, kPermissions.of, permission);
    if (reader.problem_count() == before) allowed.add(permission);
  }
  reader.set_path(list);
  return allowed;
}

void write_permissions(JsonWriter<std::string>& json, Permissions allowed) {
  json.begin_array();
  for (std::size_t i = 0; i < plugins::kPermissionCount; ++i)
    if (const auto permission = static_cast<Permission>(i); allowed.has(permission))
      json.value(to_string(permission));
  json.end_array();
}

KeyShape shape_of(Permissions allowed) {
  KeyShape shape{.type = KeyShape::Type::kNames,
                 .choices = {plugins::kPermissionNames.begin(), plugins::kPermissionNames.end()}};
  shape.value.clear();
  JsonWriter json(shape.value);
  write_permissions(json, allowed);
  return shape;
}

/// What is said of single plugins, by name.
KeyShape shape_of(const std::vector<PluginOverride>& all) {
  KeyShape shape{.type = KeyShape::Type::kTable};
  shape.value.clear();
  JsonWriter json(shape.value);
  json.begin_object();
  for (const PluginOverride& own : all) {
    json.key(own.name).begin_object().member("enabled", own.enabled);
    if (own.on_failure) json.member("on_failure", to_string(*own.on_failure));
    if (own.allow) {
      json.key("allow");
      write_permissions(json, *own.allow);
    }
    if (!own.config_json.empty()) json.key("config").raw(own.config_json);
    json.end_object();
  }
  json.end_object();
  return shape;
}

KeyShape shape_of(const std::array<std::vector<std::string>, plugins::kPluginStageCount>& order) {
  KeyShape shape{.type = KeyShape::Type::kTable};
  shape.value.clear();
  JsonWriter json(shape.value);
  json.begin_object();
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order.at(i).empty()) continue;
    json.key(plugins::kPluginStageNames.at(i)).begin_array();
    for (const std::string& name : order.at(i)) json.value(std::string_view(name));
    json.end_array();
  }
  json.end_object();
  return shape;
}

void allow(ConfigReader& reader, const ConfigNode& node, PluginSettings& out) {
  if (reader.describes(shape_of(out.allow))) return;
  out.allow = permissions(reader, node);
}

void own_allow(ConfigReader& reader, const ConfigNode& node, PluginOverride& out) {
  out.allow = permissions(reader, node);
}

void own_on_failure(ConfigReader& reader, const ConfigNode& node, PluginOverride& out) {
  auto value = OnFailure::kFail;
  const std::size_t before = reader.problem_count();
  reader.choice(node, kOnFailures.of, value);
  if (reader.problem_count() == before) out.on_failure = value;
}

void own_config(ConfigReader& reader, const ConfigNode& node, PluginOverride& out) {
  if (!reader.expect(node, ConfigNode::Kind::kTable, "a table")) return;
  auto json = plugins::config_to_json(node);
  if (json) {
    out.config_json = *std::move(json);
  } else {
    const Error& error = json.error();
    reader.problem(error.where, reader.path() + ": " + error.message, error.hint);
  }
}

constexpr Key<PluginOverride> kOverride[] = {
    {"enabled", kActed, flag<&PluginOverride::enabled>},
    {"on_failure", kActed, own_on_failure},
    {"allow", kActed, own_allow},
    {"config", kActed, own_config},
};

void check_plugin_name(ConfigReader& reader, const Where& where, std::string_view name) {
  if (!plugins::is_plugin_name(name))
    reader.problem(where,
                   fmt::format("{}: \"{}\" is no plugin's name", reader.path(), excerpt(name)),
                   "names have 1 to 64 letters, digits, '-' and '_'");
}

void overrides(ConfigReader& reader, const ConfigNode& node, PluginSettings& out) {
  if (reader.describes(shape_of(out.plugins))) return;
  if (!reader.expect(node, ConfigNode::Kind::kTable, "tables headed [wasm_plugins.plugins.NAME]"))
    return;
  const std::string path = reader.path();
  for (const ConfigMember& member : node.members) {
    check_plugin_name(reader, member.where, member.name);
    reader.set_path(fmt::format("{}.{}", path, member.name));
    if (!reader.expect(member.value, ConfigNode::Kind::kTable, "a table")) continue;
    PluginOverride own{.name = member.name};
    read_table(reader, member.value, "wasm_plugins.plugins", kOverride, {}, own);
    out.plugins.push_back(std::move(own));
  }
  reader.set_path(path);
}

void order(ConfigReader& reader, const ConfigNode& node, PluginSettings& out) {
  if (reader.describes(shape_of(out.order))) return;
  if (!reader.expect(node, ConfigNode::Kind::kTable,
                     R"(a table such as { data_mapping = ["first", "second"] })"))
    return;
  const std::string path = reader.path();
  for (const ConfigMember& member : node.members) {
    reader.set_path(fmt::format("{}.{}", path, member.name));
    const auto stage = plugins::find_stage(member.name);
    if (!stage) {
      reader.unknown_key(member, plugins::kPluginStageNames);
      continue;
    }
    std::vector<Named> names;
    reader.names(member.value, names);
    for (Named& name : names) {
      check_plugin_name(reader, name.where, name.name);
      out.order.at(static_cast<std::size_t>(*stage)).push_back(std::move(name.name));
    }
  }
  reader.set_path(path);
}

constexpr Key<PluginSettings> kSettings[] = {
    {"enabled", kActed, flag<&PluginSettings::enabled>},
    {"plugin_directory", kActed, text<Empty::kRefuse, &PluginSettings::plugin_directory>},
    {"max_memory_per_plugin", kActed,
     whole<1, kMostPluginMb, &PluginSettings::max_memory_per_plugin>},
    {"timeout_seconds", kActed, whole<1, kMany, &PluginSettings::timeout_seconds>},
    {"chunk_timeout_seconds", kActed, whole<1, kMany, &PluginSettings::chunk_timeout_seconds>},
    {"max_plugin_failures", kActed, whole<0, kMany, &PluginSettings::max_plugin_failures>},
    {"enable_hot_reload", kActed, flag<&PluginSettings::enable_hot_reload>},
    {"max_temp_mb", kActed, whole<0, kManyMb, &PluginSettings::max_temp_mb>},
    {"selection_criteria", kActed, choice<kCriteria, &PluginSettings::selection_criteria>},
    {"prefer_streaming_plugins", kActed, flag<&PluginSettings::prefer_streaming_plugins>},
    {"fallback_to_native", kActed, flag<&PluginSettings::fallback_to_native>},
    {"cache_directory", kActed, text<Empty::kAllow, &PluginSettings::cache_directory>},
    {"allow", kActed, allow},
    {"order", kActed, order},
    {"plugins", kActed, overrides},
};

}  // namespace

void read_plugin_section(ConfigReader& reader, const ConfigNode& table,
                         plugins::PluginSettings& out) {
  read_table(reader, table, "wasm_plugins", kSettings, {}, out);
}

SectionKeys plugin_section() { return {"wasm_plugins", key_names(kSettings)}; }

SectionKeys plugin_override_section() {
  return {"wasm_plugins.plugins.NAME", key_names(kOverride)};
}

}  // namespace m3u_proxy::config
