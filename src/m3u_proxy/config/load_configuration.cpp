#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <tuple>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/config/config_checks.hpp>
#include <m3u_proxy/config/config_environment.hpp>
#include <m3u_proxy/config/config_expressions.hpp>
#include <m3u_proxy/config/config_sections.hpp>
#include <m3u_proxy/config/legacy_keys.hpp>
#include <m3u_proxy/config/load_configuration.hpp>

namespace m3u_proxy::config {
namespace {

constexpr std::size_t kLargestDocument = std::size_t{16} << 20U;

/// A relative path of the file starts where the file is.
void anchor(std::string& location, const std::filesystem::path& folder) {
  if (location.empty() || location == "-" || location.find("://") != std::string::npos) return;
  const std::filesystem::path path(location);
  if (path.is_relative()) location = (folder / path).lexically_normal().string();
}

void anchor_paths(Configuration& configuration, const std::filesystem::path& folder) {
  for (SourceConfig& source : configuration.sources) anchor(source.location, folder);
  for (SourceConfig& source : configuration.epg_sources) anchor(source.location, folder);
  anchor(configuration.proxy_memory.spill_dir, folder);
  anchor(configuration.wasm_plugins.plugin_directory, folder);
  anchor(configuration.wasm_plugins.cache_directory, folder);
  anchor(configuration.http.certificate, folder);
  anchor(configuration.http.key, folder);
}

/// Replaces the source of the same name, or adds a new one to the list and to every proxy's.
void put_source(const SourceConfig& flag, std::vector<SourceConfig>& sources,
                std::vector<ProxyConfig>& proxies, std::vector<Named> ProxyConfig::* list) {
  const auto same = [&](const SourceConfig& source) { return source.name.name == flag.name.name; };
  const auto found = std::ranges::find_if(sources, same);
  if (found != sources.end() && found->name.where.line != 0) {
    found->location = flag.location;
    return;
  }
  sources.push_back(flag);
  for (ProxyConfig& proxy : proxies) (proxy.*list).push_back(flag.name);
}

/// One proxy of everything, for configurations without [[proxies]].
ProxyConfig proxy_of_everything(const Configuration& configuration) {
  ProxyConfig proxy;
  proxy.name.name = "default";
  for (const auto& source : configuration.sources) proxy.sources.push_back(source.name);
  for (const auto& source : configuration.epg_sources) proxy.epg_sources.push_back(source.name);
  for (const auto& filter : configuration.filters) proxy.filters.push_back(filter.name);
  for (const auto& rule : configuration.rules) proxy.rules.push_back(rule.name);
  return proxy;
}

void put_expressions(const std::vector<ExpressionConfig>& flags,
                     std::vector<ExpressionConfig>& expressions, std::vector<ProxyConfig>& proxies,
                     std::vector<Named> ProxyConfig::* list) {
  for (const ExpressionConfig& flag : flags) {
    expressions.push_back(flag);
    for (ProxyConfig& proxy : proxies) (proxy.*list).push_back(flag.name);
  }
}

void apply_flags(const ConfigFlags& flags, Configuration& out) {
  const bool nothing_to_read =
      out.sources.empty() && flags.sources.empty() && flags.epg_sources.empty();
  if (out.proxies.empty() && !nothing_to_read) out.proxies.push_back(proxy_of_everything(out));
  for (const SourceConfig& source : flags.sources)
    put_source(source, out.sources, out.proxies, &ProxyConfig::sources);
  for (const SourceConfig& source : flags.epg_sources)
    put_source(source, out.epg_sources, out.proxies, &ProxyConfig::epg_sources);
  put_expressions(flags.filters, out.filters, out.proxies, &ProxyConfig::filters);
  put_expressions(flags.rules, out.rules, out.proxies, &ProxyConfig::rules);
  for (ProxyConfig& proxy : out.proxies) {
    if (flags.starting_channel_number)
      proxy.starting_channel_number = *flags.starting_channel_number;
    if (flags.base_url) proxy.base_url = *flags.base_url;
    if (flags.mode) proxy.mode = *flags.mode;
    if (flags.match) proxy.guide.match = *flags.match;
  }
  if (flags.memory_limit) out.proxy_memory.max_memory_mb = *flags.memory_limit;
  if (flags.batch_size) out.proxy_memory.batch_size = *flags.batch_size;
  if (flags.spill_dir) out.proxy_memory.spill_dir = *flags.spill_dir;
  if (flags.listen) out.http.listen = *flags.listen;
  if (flags.public_url) out.http.public_url = *flags.public_url;
  if (flags.log_level) out.service.log_level = *flags.log_level;
  if (flags.json_log) out.service.json_log = *flags.json_log;
}

std::vector<std::string_view> keys_of(const ConfigFlags& flags) {
  std::vector<std::string_view> keys;
  const auto add = [&](bool is_said, std::string_view key) {
    if (is_said) keys.push_back(key);
  };
  add(flags.memory_limit.has_value(), "proxy_memory.max_memory_mb");
  add(flags.batch_size.has_value(), "proxy_memory.batch_size");
  add(flags.spill_dir.has_value(), "proxy_memory.spill_dir");
  add(flags.listen.has_value(), "http.listen");
  add(flags.public_url.has_value(), "http.public_url");
  add(flags.log_level.has_value(), "service.log_level");
  add(flags.json_log.has_value(), "service.log_format");
  return keys;
}

bool is_plain(std::string_view section) {
  const auto all = plain_sections();
  return std::ranges::find(all, section, &SectionKeys::section) != all.end();
}

/// Notes who says the keys of the plain sections.
void note(const ConfigNode& document, SaidBy said_by,
          std::map<std::string, SaidBy, std::less<>>& out) {
  for (const ConfigMember& section : document.members)
    if (is_plain(section.name))
      for (const ConfigMember& key : section.value.members)
        out[fmt::format("{}.{}", section.name, key.name)] = said_by;
}

/// Puts what is saved where the document says nothing.
void put_saved(const ConfigNode& saved, ConfigNode& document) {
  for (const ConfigMember& section : saved.members) {
    const auto there = std::ranges::find(document.members, section.name, &ConfigMember::name);
    if (there == document.members.end()) {
      document.members.push_back(section);
      continue;
    }
    if (there->value.kind != ConfigNode::Kind::kTable) continue;  // its reader says so
    for (const ConfigMember& key : section.value.members)
      if (there->value.find(key.name) == nullptr) there->value.members.push_back(key);
  }
}

void sort_by_place(std::vector<ConfigProblem>& problems) {
  std::ranges::stable_sort(problems, [](const ConfigProblem& a, const ConfigProblem& b) {
    const Where& x = a.error.where;
    const Where& y = b.error.where;
    return std::tie(x.source, x.line, x.column) < std::tie(y.source, y.line, y.column);
  });
}

}  // namespace

std::string_view to_string(SaidBy said_by) {
  static constexpr std::array<std::string_view, 5> kWords = {"default", "database", "file",
                                                             "environment", "command_line"};
  return kWords.at(static_cast<std::size_t>(said_by));
}

Result<ConfigDocument> read_document(const std::filesystem::path& path) {
  errno = 0;
  std::error_code status;
  if (std::filesystem::is_directory(path, status))
    return fail(ErrorCode::kIo, fmt::format("{} is a folder", path.string()),
                "give the configuration file itself");
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(system_error("cannot read " + path.string(), errno));
  std::string text;
  std::array<char, 65536> piece{};
  while (file && text.size() <= kLargestDocument) {
    file.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) return fail(system_error("cannot read " + path.string(), EIO));
  if (text.size() > kLargestDocument)
    return fail(ErrorCode::kConfig, path.string() + " is larger than 16 MB",
                "is it a configuration?");
  return ConfigDocument{
      .text = std::move(text), .file = path.string(), .folder = path.parent_path()};
}

LoadedConfiguration load_configuration(const std::optional<ConfigDocument>& document,
                                       const Environment& environment, const ConfigFlags& flags,
                                       const ConfigNode* saved) {
  LoadedConfiguration loaded;
  Configuration& configuration = loaded.configuration;
  ConfigReader reader;
  ConfigNode tree;
  if (saved != nullptr) note(*saved, SaidBy::kDatabase, loaded.said_by);
  if (document) {
    auto parsed = parse_toml(document->text, document->file);
    if (!parsed) {
      loaded.problems.push_back({.error = parsed.error()});
      return loaded;
    }
    tree = *std::move(parsed);
    for (const LegacyChange& change : replace_legacy_keys(reader, tree))
      loaded.warnings.push_back(
          to_string(Error{.message = to_string(change), .where = change.where}));
    note(tree, SaidBy::kFile, loaded.said_by);
  }
  if (saved != nullptr) put_saved(*saved, tree);
  read_document(reader, tree, configuration);
  if (document) anchor_paths(configuration, document->folder);
  for (std::string& key : apply_environment(reader, environment, configuration))
    loaded.said_by[std::move(key)] = SaidBy::kEnvironment;
  apply_flags(flags, configuration);
  for (const std::string_view key : keys_of(flags))
    loaded.said_by[std::string(key)] = SaidBy::kCommandLine;
  check_references(reader, configuration);
  check_expressions(reader, configuration, document ? document->text : std::string_view{});
  configuration.not_acted_on = reader.take_not_acted_on();
  for (const std::string& warning : reader.take_warnings()) log::warn("config", "{}", warning);
  loaded.problems = reader.take_problems();
  sort_by_place(loaded.problems);
  return loaded;
}

}  // namespace m3u_proxy::config
