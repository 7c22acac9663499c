#include <algorithm>
#include <cerrno>
#include <fstream>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/plugins/manifest.hpp>
#include <m3u_proxy/plugins/words.hpp>

namespace m3u_proxy::plugins {
namespace {

using Kind = ConfigNode::Kind;
using Words = std::span<const std::string_view>;

constexpr std::size_t kLargestManifest = 65536;
constexpr std::size_t kMaxVersion = 64;
constexpr std::size_t kMaxPath = 255;
constexpr std::int64_t kAbi = 1;

constexpr std::array<std::string_view, 4> kSections = {"plugin", "capabilities", "permissions",
                                                       "config"};
constexpr std::array<std::string_view, 4> kPluginKeys = {"name", "version", "wasm", "abi"};
constexpr std::array<std::string_view, 5> kCapabilityKeys = {"stages", "position", "parallel",
                                                             "equivalent_to", "on_failure"};
constexpr std::array<std::string_view, 1> kPermissionKeys = {"needs"};
constexpr std::array<std::string_view, 1> kEquivalents = {"native"};

std::unexpected<Error> wrong(const Where& where, std::string message, std::string hint = {}) {
  return fail(Error{.code = ErrorCode::kConfig,
                    .message = std::move(message),
                    .where = where,
                    .hint = std::move(hint)});
}

std::string known_words(std::string_view word, Words words) {
  const std::string_view close = closest_word(word, words);
  return close.empty() ? fmt::format("known here: {}", fmt::join(words, ", "))
                       : fmt::format("did you mean \"{}\"?", close);
}

/// One table of the manifest: knows what its keys are called in messages.
class Section {
 public:
  /// The table `name` of `root`; a missing one is empty.
  static Result<Section> open(const ConfigNode& root, std::string_view name, Words keys) {
    const ConfigMember* member = root.find(name);
    if (member == nullptr) return Section(name, nullptr, root.where);
    if (member->value.kind != Kind::kTable)
      return wrong(member->where, fmt::format("{} is not a table", name),
                   fmt::format("write it as [{}]", name));
    for (const ConfigMember& key : member->value.members)
      if (std::ranges::find(keys, key.name) == keys.end())
        return wrong(key.where, fmt::format("{}.{} is not a key", name, key.name),
                     known_words(key.name, keys));
    return Section(name, &member->value, member->where);
  }

  [[nodiscard]] const ConfigNode* find(std::string_view key) const {
    const ConfigMember* member = table_ == nullptr ? nullptr : table_->find(key);
    return member == nullptr ? nullptr : &member->value;
  }
  [[nodiscard]] std::string path(std::string_view key) const {
    return fmt::format("{}.{}", name_, key);
  }
  [[nodiscard]] std::unexpected<Error> missing(std::string_view key, std::string hint) const {
    return wrong(where_, fmt::format("{} is missing", path(key)), std::move(hint));
  }
  /// The text of `key`; nullptr when it is not there.
  [[nodiscard]] Result<const ConfigNode*> text(std::string_view key) const {
    const ConfigNode* node = find(key);
    if (node != nullptr && node->kind != Kind::kString)
      return wrong(node->where, fmt::format("{} is not a text in quotes", path(key)));
    return node;
  }
  [[nodiscard]] Result<bool> flag(std::string_view key) const {
    const ConfigNode* node = find(key);
    if (node == nullptr) return false;
    if (node->kind != Kind::kBoolean)
      return wrong(node->where, fmt::format("{} is not true or false", path(key)));
    return node->boolean;
  }
  /// The value that the text of `key` is a word for.
  template <typename Enum, std::size_t kCount>
  [[nodiscard]] Result<std::optional<Enum>> word(
      std::string_view key, const std::array<std::string_view, kCount>& words) const {
    M3U_TRY(const ConfigNode* node, text(key));
    if (node == nullptr) return std::nullopt;
    const auto value = find_word<Enum>(words, node->text);
    if (!value) return unknown_word(key, *node, words);
    return value;
  }
  /// The same for a list of words, each once.
  template <typename Enum, std::size_t kCount>
  [[nodiscard]] Result<std::vector<Enum>> list(
      std::string_view key, const std::array<std::string_view, kCount>& words) const {
    const ConfigNode* node = find(key);
    std::vector<Enum> values;
    if (node == nullptr) return values;
    if (node->kind != Kind::kArray)
      return wrong(node->where, fmt::format("{} is not a list", path(key)),
                   fmt::format("write it as {} = [\"{}\"]", key, words[0]));
    for (const ConfigNode& item : node->items) {
      const auto value =
          item.kind == Kind::kString ? find_word<Enum>(words, item.text) : std::nullopt;
      if (!value) return unknown_word(key, item, words);
      if (std::ranges::find(values, *value) != values.end())
        return wrong(item.where, fmt::format("{} lists \"{}\" twice", path(key), item.text));
      values.push_back(*value);
    }
    return values;
  }

 private:
  Section(std::string_view name, const ConfigNode* table, Where where)
      : name_(name), table_(table), where_(std::move(where)) {}

  [[nodiscard]] std::unexpected<Error> unknown_word(std::string_view key, const ConfigNode& node,
                                                    Words words) const {
    if (node.kind != Kind::kString)
      return wrong(node.where, fmt::format("{} holds something else than text", path(key)));
    return wrong(node.where, fmt::format("{}: \"{}\" is not known", path(key), excerpt(node.text)),
                 known_words(node.text, words));
  }

  std::string_view name_;
  const ConfigNode* table_;
  Where where_;
};

/// The module's path, which must stay in the manifest's folder.
Result<std::filesystem::path> wasm_path(const Section& plugin, const std::filesystem::path& file) {
  M3U_TRY(const ConfigNode* node, plugin.text("wasm"));
  if (node == nullptr) return std::filesystem::path(file).replace_extension(".wasm");
  const bool has_nul = node->text.find('\0') != std::string::npos;
  const std::filesystem::path path =
      std::filesystem::path(has_nul ? "" : node->text).lexically_normal();
  if (path.empty() || !path.has_filename() || node->text.size() > kMaxPath)
    return wrong(node->where, "plugin.wasm does not name a file",
                 "give the module beside the manifest, such as \"tagger.wasm\"");
  if (path.is_absolute() || *path.begin() == ".." || *path.begin() == ".")
    return wrong(
        node->where,
        fmt::format("plugin.wasm leads out of the manifest's folder: \"{}\"", excerpt(node->text)),
        "put the module beside the manifest");
  return file.parent_path() / path;
}

Result<> read_plugin(const Section& plugin, const std::filesystem::path& file, Manifest& out) {
  M3U_TRY(const ConfigNode* name, plugin.text("name"));
  if (name == nullptr) return plugin.missing("name", "write name = \"my-plugin\"");
  if (!is_plugin_name(name->text))
    return wrong(name->where, fmt::format("plugin.name can't be \"{}\"", excerpt(name->text)),
                 "use 1 to 64 letters, digits, '-' and '_'");
  out.name = name->text;

  M3U_TRY(const ConfigNode* version, plugin.text("version"));
  if (version == nullptr) return plugin.missing("version", "write version = \"1.0.0\"");
  const bool printable =
      std::ranges::all_of(version->text, [](char c) { return c > ' ' && c < '\x7f'; });
  if (version->text.empty() || version->text.size() > kMaxVersion || !printable)
    return wrong(version->where, "plugin.version is not a version", "such as \"1.0.0\"");
  out.version = version->text;

  const ConfigNode* abi = plugin.find("abi");
  if (abi == nullptr) return plugin.missing("abi", "write abi = 1");
  if (abi->kind != Kind::kInteger || abi->integer != kAbi)
    return wrong(abi->where, "plugin.abi is not one that this program speaks",
                 "it speaks abi = 1, see docs/plugin-abi.md");
  M3U_TRY(out.wasm, wasm_path(plugin, file));
  return {};
}

bool allows(PluginStage stage, Position position) {
  switch (stage) {
    case PluginStage::kSourceLoading:
      return position == Position::kInstead;
    case PluginStage::kM3uGeneration:
    case PluginStage::kEpg:
      return position == Position::kAfter;
    case PluginStage::kDataMapping:
    case PluginStage::kFiltering:
    case PluginStage::kChannelNumbering:
      break;
  }
  return true;
}

/// Where `key` is, or what it is missing from.
Where place_of(const Section& section, std::string_view key, std::string_view other) {
  const ConfigNode* node = section.find(key);
  return node != nullptr ? node->where : section.find(other)->where;
}

Result<> read_position(const Section& capabilities, Manifest& out) {
  M3U_TRY(const auto given, capabilities.word<Position>("position", kPositionNames));
  const bool loads = out.stages.front() == PluginStage::kSourceLoading;
  out.position = given.value_or(loads ? Position::kInstead : Position::kAfter);
  for (const PluginStage stage : out.stages) {
    if (allows(stage, out.position)) continue;
    return wrong(place_of(capabilities, "position", "stages"),
                 fmt::format("capabilities.position: \"{}\" does not go with stage \"{}\"",
                             to_string(out.position), to_string(stage)),
                 fmt::format("that stage has \"{}\"; stages that differ need a manifest each",
                             to_string(allows(stage, Position::kInstead) ? Position::kInstead
                                                                         : Position::kAfter)));
  }
  return {};
}

Result<> read_capabilities(const Section& capabilities, Manifest& out) {
  M3U_TRY(out.stages, capabilities.list<PluginStage>("stages", kPluginStageNames));
  if (out.stages.empty())
    return capabilities.missing("stages", "write stages = [\"data_mapping\"]");
  M3U_CHECK(read_position(capabilities, out));
  M3U_TRY(out.parallel, capabilities.flag("parallel"));
  if (out.parallel && out.stages.front() == PluginStage::kSourceLoading)
    return wrong(capabilities.find("parallel")->where,
                 "capabilities.parallel does not go with stage \"source_loading\"",
                 "a source's bytes come in order; leave it out");
  M3U_TRY(const auto equivalent, capabilities.word<std::size_t>("equivalent_to", kEquivalents));
  out.equivalent_to_native = equivalent.has_value();
  if (out.equivalent_to_native && out.position != Position::kInstead)
    return wrong(capabilities.find("equivalent_to")->where,
                 "capabilities.equivalent_to needs position = \"instead\"",
                 "only what replaces the native strategy can have its result");
  M3U_TRY(out.on_failure, capabilities.word<OnFailure>("on_failure", kOnFailureNames));
  return {};
}

Result<std::string> read_config(const ConfigNode& root) {
  const ConfigMember* config = root.find("config");
  if (config == nullptr) return "{}";
  if (config->value.kind != Kind::kTable)
    return wrong(config->where, "config is not a table", "write it as [config]");
  return config_to_json(config->value);
}

Result<std::string> read_text(const std::filesystem::path& file) {
  std::error_code status;
  if (std::filesystem::is_directory(file, status))
    return fail(ErrorCode::kIo, file.string() + " is a folder", "give the manifest in it");
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail(system_error("cannot read " + file.string(), errno));
  std::string text(kLargestManifest + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return fail(system_error("cannot read " + file.string(), EIO));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

bool is_module(const std::filesystem::path& file) {
  return file.extension() == ".wasm" || file.extension() == ".wat";
}

}  // namespace

std::string_view to_string(Position position) { return word_of(kPositionNames, position); }

bool is_plugin_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxPluginName && std::ranges::all_of(name, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_';
  });
}

Result<Manifest> parse_manifest(std::string_view text, const std::filesystem::path& file) {
  if (text.size() > kLargestManifest)
    return fail(ErrorCode::kConfig, file.string() + " is larger than 64 KB",
                "is it a plugin's manifest?");
  M3U_TRY(const ConfigNode root, parse_toml(text, file.string()));
  for (const ConfigMember& member : root.members)
    if (std::ranges::find(kSections, member.name) == kSections.end())
      return wrong(member.where, fmt::format("[{}] is not a section", member.name),
                   known_words(member.name, kSections));
  Manifest manifest;
  manifest.file = file;
  M3U_TRY(const Section plugin, Section::open(root, "plugin", kPluginKeys));
  M3U_CHECK(read_plugin(plugin, file, manifest));
  M3U_TRY(const Section capabilities, Section::open(root, "capabilities", kCapabilityKeys));
  M3U_CHECK(read_capabilities(capabilities, manifest));
  M3U_TRY(const Section permissions, Section::open(root, "permissions", kPermissionKeys));
  M3U_TRY(const auto needs, permissions.list<Permission>("needs", kPermissionNames));
  for (const Permission permission : needs) manifest.needs.add(permission);
  M3U_TRY(manifest.config_json, read_config(root));
  return manifest;
}

Result<std::vector<std::filesystem::path>> find_manifests(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error))
    if (at->path().extension() == ".toml") files.push_back(at->path());
  if (error) return fail(system_error("cannot read folder " + folder.string(), error.value()));
  std::ranges::sort(files);
  return files;
}

Result<Manifest> read_manifest(const std::filesystem::path& file) {
  if (!is_module(file)) {
    M3U_TRY(const std::string text, read_text(file));
    return parse_manifest(text, file);
  }
  const std::filesystem::path beside = std::filesystem::path(file).replace_extension(".toml");
  auto text = read_text(beside);
  if (!text && text.error().code == ErrorCode::kNotFound)
    text.error().hint = "a module needs a manifest of its name beside it";
  if (!text) return std::unexpected(std::move(text).error());
  M3U_TRY(Manifest manifest, parse_manifest(*text, beside));
  if (manifest.wasm.lexically_normal() != file.lexically_normal())
    return fail(ErrorCode::kConfig,
                fmt::format("{} is the manifest of {}", beside.string(), manifest.wasm.string()),
                "give the manifest itself, or correct plugin.wasm in it");
  return manifest;
}

}  // namespace m3u_proxy::plugins
