#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/config/legacy_keys.hpp>
#include <m3u_proxy/config/node_toml.hpp>

namespace m3u_proxy::config {
namespace {

using Kind = ConfigNode::Kind;

constexpr std::string_view kMemory = "proxy_memory";
constexpr std::string_view kCleanup = "memory_cleanup";
constexpr std::string_view kPreset = "strategy_preset";
constexpr std::string_view kStrategies = "memory_strategy";

enum class Preset : std::uint8_t {
  kDefault,
  kConservative,
  kAggressive,
  kTempFileBased,
  kCustom,
};
constexpr Choice<Preset> kPresets[] = {{"default", Preset::kDefault},
                                       {"conservative", Preset::kConservative},
                                       {"aggressive", Preset::kAggressive},
                                       {"temp_file_based", Preset::kTempFileBased},
                                       {"custom", Preset::kCustom}};

enum class Strategy : std::uint8_t { kStop, kContinue, kChunks, kTempFiles };
constexpr Choice<Strategy> kStrategyWords[] = {{"stop_early", Strategy::kStop},
                                               {"continue_with_warning", Strategy::kContinue},
                                               {"chunked_processing", Strategy::kChunks},
                                               {"temp_file_spill", Strategy::kTempFiles}};

ConfigNode text_node(std::string_view text) {
  ConfigNode node;
  node.kind = Kind::kString;
  node.text = std::string(text);
  return node;
}
ConfigNode flag_node(bool value) {
  ConfigNode node;
  node.kind = Kind::kBoolean;
  node.boolean = value;
  return node;
}
MovedKey moved(std::string_view section, std::string_view key, ConfigNode value) {
  return {.section = std::string(section), .key = std::string(key), .value = std::move(value)};
}

void read_preset(ConfigReader& reader, const ConfigNode& node, LegacyChange& change) {
  auto preset = Preset::kDefault;
  reader.choice(node, kPresets, preset);
  switch (preset) {
    case Preset::kDefault:
      change.why = "the strategy of each stage is chosen by memory pressure";
      return;
    case Preset::kConservative:
      change.became.push_back(moved(kMemory, "cleanup_strategy", text_node("smart")));
      change.why = "every stage works in batches and cleans up where it is worth it";
      return;
    case Preset::kAggressive:
      change.became.push_back(moved(kMemory, "cleanup_strategy", text_node("aggressive")));
      change.became.push_back(moved(kCleanup, "aggressive_cleanup", flag_node(true)));
      change.why = "memory is given back to the system after every stage";
      return;
    case Preset::kTempFileBased:
      change.became.push_back(moved(kMemory, "use_case", text_node("memory_constrained")));
      change.why = "data moves to spill_dir by itself as memory gets short";
      return;
    case Preset::kCustom:
      change.why = "what memory_strategy says became keys of its own";
      return;
  }
}

std::string_view why(Strategy strategy, bool exceeded) {
  switch (strategy) {
    case Strategy::kStop:
      return "a run that does not fit ends with exit code 4 and replaces nothing";
    case Strategy::kContinue:
      return exceeded ? "the limit is kept; max_memory_mb = \"none\" goes without one"
                      : "a warning is logged from warning_threshold on";
    case Strategy::kChunks:
      return "channels always go through in batches of batch_size";
    case Strategy::kTempFiles:
      break;
  }
  return "data moves to spill_dir by itself as memory gets short";
}

void read_warning_strategy(ConfigReader& reader, const ConfigNode& node, LegacyChange& change) {
  auto strategy = Strategy::kContinue;
  reader.choice(node, kStrategyWords, strategy);
  change.why = why(strategy, false);
}
void read_exceeded_strategy(ConfigReader& reader, const ConfigNode& node, LegacyChange& change) {
  auto strategy = Strategy::kStop;
  reader.choice(node, kStrategyWords, strategy);
  change.why = why(strategy, true);
}
void read_chunk_size(ConfigReader& reader, const ConfigNode& node, LegacyChange& change) {
  constexpr std::int64_t kLargestBatch = 1'000'000;
  std::int64_t size = 0;
  reader.integer(node, 1, kLargestBatch, size);
  if (size == 0) return;
  change.became.push_back(moved(kMemory, "batch_size", node));
  change.why = "channels always go through in batches";
}
void read_temp_dir(ConfigReader& reader, const ConfigNode& node, LegacyChange& change) {
  std::string folder;
  reader.text(node, ConfigReader::Empty::kRefuse, folder);
  if (folder.empty()) return;
  change.became.push_back(moved(kMemory, "spill_dir", node));
  change.why = "temporary files go there; it must be on a disk, not on tmpfs";
}
void read_attempt_gc(ConfigReader& reader, const ConfigNode& node, LegacyChange& change) {
  bool attempt = true;
  reader.boolean(node, attempt);
  change.became.push_back(moved(kCleanup, "cleanup_between_stages", flag_node(attempt)));
  change.why = "memory is cleaned up between stages, not only when it is short";
}

struct LegacyKey {
  std::string_view name;
  void (*read)(ConfigReader&, const ConfigNode&, LegacyChange&);
};
constexpr LegacyKey kLegacyStrategies[] = {{"warning_strategy", read_warning_strategy},
                                           {"exceeded_strategy", read_exceeded_strategy},
                                           {"chunk_size", read_chunk_size},
                                           {"temp_dir", read_temp_dir},
                                           {"attempt_gc", read_attempt_gc}};

ConfigMember* find(ConfigNode& table, std::string_view name) {
  const auto found = std::ranges::find(table.members, name, &ConfigMember::name);
  return found == table.members.end() ? nullptr : &*found;
}

/// An inline table follows its key; a table made by its header or by dotted keys does not.
bool is_inline(const ConfigMember& member) {
  return member.value.where.line == member.where.line &&
         member.value.where.column > member.where.column;
}

/// Collects the changes; the legacy keys are still in the document.
class Collector {
 public:
  explicit Collector(ConfigReader& reader) : reader_(reader) {}

  void read(const ConfigNode& memory) {
    for (const ConfigMember& member : memory.members) {
      if (member.name == kPreset)
        add(member, member, fmt::format("{}.{}", kMemory, kPreset), read_preset);
      else if (member.name == kStrategies)
        read_strategies(member);
    }
  }
  std::vector<LegacyChange> take() { return std::move(changes_); }

 private:
  void add(const ConfigMember& key, const ConfigMember& statement, std::string name,
           void (*read_value)(ConfigReader&, const ConfigNode&, LegacyChange&)) {
    LegacyChange change{.old_key = std::move(name),
                        .where = key.where,
                        .statement = statement.where,
                        .value = statement.value.where,
                        .became = {},
                        .why = {}};
    reader_.set_path(change.old_key);
    read_value(reader_, key.value, change);
    changes_.push_back(std::move(change));
  }

  void read_strategies(const ConfigMember& strategies) {
    const std::string path = fmt::format("{}.{}", kMemory, kStrategies);
    reader_.set_path(path);
    if (!reader_.expect(strategies.value, Kind::kTable, "a table")) return;
    for (const ConfigMember& member : strategies.value.members) {
      const auto known = std::ranges::find(kLegacyStrategies, member.name, &LegacyKey::name);
      if (known != std::end(kLegacyStrategies)) {
        add(member, is_inline(strategies) ? strategies : member,
            fmt::format("{}.{}", path, member.name), known->read);
        continue;
      }
      std::vector<std::string_view> names;
      for (const LegacyKey& key : kLegacyStrategies) names.push_back(key.name);
      reader_.set_path(fmt::format("{}.{}", path, member.name));
      reader_.unknown_key(member, names);
    }
  }

  ConfigReader& reader_;
  std::vector<LegacyChange> changes_;
};

ConfigNode* section_of(ConfigNode& document, const MovedKey& key, const LegacyChange& change) {
  ConfigMember* section = find(document, key.section);
  if (section == nullptr) {
    document.members.push_back({.name = key.section, .where = change.where});
    section = &document.members.back();
    section->value.where = change.where;
  }
  return section->value.kind == Kind::kTable ? &section->value : nullptr;
}

/// Puts in what a change became; takes out of `became` what the document says already.
void apply(ConfigNode& document, LegacyChange& change) {
  std::string kept;
  std::erase_if(change.became, [&](MovedKey& key) {
    ConfigNode* section = section_of(document, key, change);
    if (section == nullptr) return true;  // of a wrong type: its reader says so
    if (find(*section, key.key) != nullptr) {
      kept = fmt::format("{}.{} is given as well and counts", key.section, key.key);
      return true;
    }
    key.value.where = change.value;
    section->members.push_back({.name = key.key, .where = change.where, .value = key.value});
    return false;
  });
  if (!kept.empty()) change.why = std::move(kept);
}

}  // namespace

std::string toml_value(const ConfigNode& value) {
  if (value.kind == Kind::kInteger) return std::to_string(value.integer);
  if (value.kind == Kind::kBoolean) return value.boolean ? "true" : "false";
  return toml_quoted(value.text);
}

std::string to_string(const LegacyChange& change) {
  if (change.became.empty())
    return fmt::format("{} is not needed any more: {}", change.old_key, change.why);
  std::string keys;
  for (const MovedKey& key : change.became)
    keys += fmt::format("{}{}.{} = {}", keys.empty() ? "" : " and ", key.section, key.key,
                        toml_value(key.value));
  return fmt::format("{} became {}: {}", change.old_key, keys, change.why);
}

std::vector<LegacyChange> replace_legacy_keys(ConfigReader& reader, ConfigNode& document) {
  ConfigMember* memory = find(document, kMemory);
  if (memory == nullptr || memory->value.kind != Kind::kTable) return {};
  Collector collector(reader);
  collector.read(memory->value);
  std::erase_if(memory->value.members, [](const ConfigMember& member) {
    return member.name == kPreset || member.name == kStrategies;
  });
  auto changes = collector.take();
  for (LegacyChange& change : changes) apply(document, change);
  return changes;
}

}  // namespace m3u_proxy::config
