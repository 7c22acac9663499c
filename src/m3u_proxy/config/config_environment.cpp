#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/config_environment.hpp>
#include <m3u_proxy/config/config_sections.hpp>

namespace m3u_proxy::config {
namespace {

constexpr std::string_view kPrefix = "M3U_PROXY_";
/// Names that begin like ours and are read elsewhere.
constexpr std::array<std::string_view, 5> kReadElsewhere = {
    "M3U_PROXY_LOG", "M3U_PROXY_ADMIN_NAME", "M3U_PROXY_ADMIN_PASSWORD",
    "M3U_PROXY_ADMIN_PASSWORD_FILE", "M3U_PROXY_SECRET_KEY_FILE"};

struct ShortName {
  std::string_view variable;
  std::string_view section;
  std::string_view key;
};
constexpr std::array<ShortName, 4> kShortNames = {{
    {"M3U_PROXY_LOG", "service", "log_level"},
    {"MEMORY_LIMIT_MB", "proxy_memory", "max_memory_mb"},
    {"CLEANUP_AGGRESSIVE", "memory_cleanup", "aggressive_cleanup"},
    {"PLUGIN_MEMORY_LIMIT_MB", "wasm_plugins", "max_memory_per_plugin"},
}};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = ascii_lower(c);
  return out;
}

void apply(ConfigReader& reader, std::string_view variable, std::string_view value,
           std::string_view section, std::string_view key, Configuration& out) {
  const Where where{.source = fmt::format("environment variable {}", variable)};
  ConfigNode node;
  node.kind = ConfigNode::Kind::kUntyped;
  node.where = where;
  node.text = std::string(value);
  read_single_key(reader, section,
                  {.name = std::string(key), .where = where, .value = std::move(node)}, out);
}

}  // namespace

std::vector<std::string> apply_environment(ConfigReader& reader, const Environment& environment,
                                           Configuration& out) {
  std::vector<std::string> said;
  const auto say = [&](std::string_view variable, std::string_view value, std::string_view section,
                       std::string_view key) {
    apply(reader, variable, value, section, key, out);
    said.push_back(fmt::format("{}.{}", section, key));
  };
  for (const ShortName& name : kShortNames)
    if (const auto found = environment.find(std::string(name.variable));
        found != environment.end() && !found->second.empty())
      say(name.variable, found->second, name.section, name.key);

  for (auto at = environment.lower_bound(std::string(kPrefix));
       at != environment.end() && at->first.starts_with(kPrefix); ++at) {
    const auto& [variable, value] = *at;
    if (std::ranges::find(kReadElsewhere, variable) != kReadElsewhere.end()) continue;
    const std::string rest = lower(std::string_view(variable).substr(kPrefix.size()));
    const std::size_t separator = rest.find("__");
    if (separator == std::string::npos) {
      reader.problem({.source = fmt::format("environment variable {}", variable)},
                     "not one of ours",
                     "write M3U_PROXY_<SECTION>__<KEY>, such as "
                     "M3U_PROXY_PROXY_MEMORY__BATCH_SIZE, or M3U_PROXY_LOG");
      continue;
    }
    say(variable, value, rest.substr(0, separator), rest.substr(separator + 2));
  }
  return said;
}

}  // namespace m3u_proxy::config
