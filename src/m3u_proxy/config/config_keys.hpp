// Config keys: how a section's table of keys is written down and read.
//
// A key is a name, whether this version acts on it, and one of the reading functions below, which
// take the target as pointers to members (`flag<&ProxyConfig::guide, &GuideOptions::strict_dtd>`).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/config/config_reader.hpp>

namespace m3u_proxy::config {

/// Whether this version acts on a key or only accepts and checks it.
enum class Acted : std::uint8_t { kNow, kLater };

template <typename Section>
struct Key {
  std::string_view name;
  Acted acted;
  void (*read)(ConfigReader&, const ConfigNode&, Section&);
};

/// Bounds against slips of the hand: a PB in MB, and 2^31 - 1.
inline constexpr std::int64_t kManyMb = std::int64_t{1} << 30;
inline constexpr std::int64_t kMany = 2147483647;

template <auto kFirst, auto... kRest, typename Section>
auto& member(Section& section) {
  if constexpr (sizeof...(kRest) == 0)
    return section.*kFirst;
  else
    return member<kRest...>(section.*kFirst);
}

template <std::int64_t kLeast, std::int64_t kMost, auto... kMembers, typename Section>
void whole(ConfigReader& reader, const ConfigNode& node, Section& section) {
  reader.integer(node, kLeast, kMost, member<kMembers...>(section));
}
template <double kLeast, double kMost, auto... kMembers, typename Section>
void number(ConfigReader& reader, const ConfigNode& node, Section& section) {
  reader.number(node, kLeast, kMost, member<kMembers...>(section));
}
template <auto... kMembers, typename Section>
void flag(ConfigReader& reader, const ConfigNode& node, Section& section) {
  reader.boolean(node, member<kMembers...>(section));
}
template <auto& kChoices, auto... kMembers, typename Section>
void choice(ConfigReader& reader, const ConfigNode& node, Section& section) {
  reader.choice(node, kChoices, member<kMembers...>(section));
}
template <ConfigReader::Empty kEmpty, auto... kMembers, typename Section>
void text(ConfigReader& reader, const ConfigNode& node, Section& section) {
  reader.text(node, kEmpty, member<kMembers...>(section));
}
template <auto... kMembers, typename Section>
void seconds(ConfigReader& reader, const ConfigNode& node, Section& section) {
  reader.duration(node, member<kMembers...>(section));
}
/// The same for what may be left out; 0 says that it is.
template <double kLeast, double kMost, auto... kMembers, typename Section>
void optional_number(ConfigReader& reader, const ConfigNode& node, Section& section) {
  double value = member<kMembers...>(section).value_or(0);
  reader.number(node, kLeast, kMost, value);
  member<kMembers...>(section) = value == 0 ? std::nullopt : std::optional(value);
}
template <auto... kMembers, typename Section>
void optional_seconds(ConfigReader& reader, const ConfigNode& node, Section& section) {
  std::chrono::seconds value = member<kMembers...>(section).value_or(std::chrono::seconds{});
  reader.duration(node, value);
  member<kMembers...>(section) = value.count() == 0 ? std::nullopt : std::optional(value);
}
/// A choice that may be left out.
template <auto& kChoices, auto... kMembers, typename Section>
void optional_choice(ConfigReader& reader, const ConfigNode& node, Section& section) {
  const bool is_left_out = !member<kMembers...>(section).has_value();
  auto value = member<kMembers...>(section).value_or(kChoices[0].value);
  const std::size_t before = reader.problem_count();
  reader.choice(node, kChoices, value);
  if (is_left_out) reader.describe_nothing();
  if (reader.problem_count() == before) member<kMembers...>(section) = value;
}
template <auto... kMembers, typename Section>
void name_list(ConfigReader& reader, const ConfigNode& node, Section& section) {
  reader.names(node, member<kMembers...>(section));
}
/// A thing's own name, with its place.
template <auto... kMembers, typename Section>
void own_name(ConfigReader& reader, const ConfigNode& node, Section& section) {
  Named& name = member<kMembers...>(section);
  reader.text(node, ConfigReader::Empty::kRefuse, name.name);
  name.where = node.where;
}

/// The id that a thing keeps whatever it is called; where nothing hangs on it here, it is checked.
template <typename Section>
void given_id(ConfigReader& reader, const ConfigNode& node, Section& section) {
  std::string text;
  reader.text(node, ConfigReader::Empty::kRefuse, text);
  if (text.empty()) return;
  const auto id = parse_uuid(text);
  if (!id) reader.problem(node.where, fmt::format("{}: {}", reader.path(), id.error().message));
  if constexpr (requires { section.id; })
    if (id) section.id = *id;
}
/// What a thing was called before, for the service.
template <typename Section>
void old_name(ConfigReader& reader, const ConfigNode& node, Section& /*section*/) {
  std::string name;
  reader.text(node, ConfigReader::Empty::kRefuse, name);
}

template <typename Section, std::size_t kCount>
std::vector<std::string_view> key_names(const Key<Section> (&keys)[kCount]) {
  std::vector<std::string_view> names;
  for (const auto& key : keys) names.push_back(key.name);
  return names;
}

template <typename Section>
void read_key(ConfigReader& reader, const Key<Section>& key, const ConfigNode& value,
              std::string_view section, Section& out) {
  key.read(reader, value, out);
  if (key.acted == Acted::kLater) reader.not_acted_on(fmt::format("{}.{}", section, key.name));
}

/// Reads a table by its keys; `extra` are more of them.
template <typename Section, std::size_t kCount>
void read_table(ConfigReader& reader, const ConfigNode& table, std::string_view section,
                const Key<Section> (&keys)[kCount],
                std::span<const std::type_identity_t<Key<Section>>> extra, Section& out) {
  const std::string path = reader.path();
  std::vector<std::string_view> known = key_names(keys);
  for (const auto& key : extra) known.push_back(key.name);
  for (const ConfigMember& member : table.members) {
    reader.set_path(fmt::format("{}.{}", path, member.name));
    const auto found = std::ranges::find(keys, member.name, &Key<Section>::name);
    const auto further = std::ranges::find(extra, member.name, &Key<Section>::name);
    if (found != std::end(keys)) {
      read_key(reader, *found, member.value, section, out);
    } else if (further != extra.end()) {
      read_key(reader, *further, member.value, section, out);
    } else {
      reader.unknown_key(member, known);
    }
  }
  reader.set_path(path);
}

/// Calls `read(item)` for each table of a list of tables, with the path set to it.
template <typename Read>
void for_each_table(ConfigReader& reader, const ConfigNode& list, std::string_view what,
                    Read read) {
  const std::string path = reader.path();
  if (!reader.expect(list, ConfigNode::Kind::kArray, what)) return;
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    reader.set_path(fmt::format("{}[{}]", path, i + 1));
    if (reader.expect(list.items[i], ConfigNode::Kind::kTable, "a table")) read(list.items[i]);
  }
  reader.set_path(path);
}

}  // namespace m3u_proxy::config
