#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/config/config_sections.hpp>

namespace m3u_proxy::config {
namespace {

std::vector<std::string_view> names_of(const std::vector<SectionKeys>& sections) {
  std::vector<std::string_view> names;
  names.reserve(sections.size());
  for (const SectionKeys& section : sections) names.push_back(section.section);
  return names;
}

bool is_among(const std::vector<std::string_view>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

void read_document(ConfigReader& reader, const ConfigNode& document, Configuration& out) {
  const auto plain = names_of(plain_sections());
  auto all = names_of(list_sections());
  all.insert(all.begin(), plain.begin(), plain.end());
  for (const ConfigMember& member : document.members) {
    reader.set_path(member.name);
    if (!is_among(all, member.name)) {
      reader.unknown_key(member, all);
    } else if (!is_among(plain, member.name)) {
      read_list_section(reader, member.name, member.value, out);
    } else if (reader.expect(member.value, ConfigNode::Kind::kTable,
                             fmt::format("a table headed [{}]", member.name))) {
      read_plain_section(reader, member.name, member.value, out);
    }
  }
}

void read_single_key(ConfigReader& reader, std::string_view section, const ConfigMember& key,
                     Configuration& out) {
  reader.set_path(std::string(section));
  ConfigNode table;
  table.where = key.where;
  table.members.push_back(key);
  if (read_plain_section(reader, section, table, out)) return;
  const ConfigMember unknown{.name = std::string(section), .where = key.where};
  reader.unknown_key(unknown, names_of(plain_sections()));
}

}  // namespace m3u_proxy::config
