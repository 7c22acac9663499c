// [[edits]]: what is changed of single channels.
#include <fmt/format.h>

#include <m3u_proxy/channels/edit_channels.hpp>
#include <m3u_proxy/config/config_keys.hpp>
#include <m3u_proxy/config/config_sections.hpp>

namespace m3u_proxy::config {
namespace {

using Empty = ConfigReader::Empty;
using Edit = edits::ChannelEdit;

template <std::optional<std::string> Edit::* kField>
void field(ConfigReader& reader, const ConfigNode& node, EditConfig& out) {
  const std::size_t before = reader.problem_count();
  std::string value;
  reader.text(node, Empty::kAllow, value);
  if (reader.problem_count() == before) out.edit.*kField = std::move(value);
}

void number(ConfigReader& reader, const ConfigNode& node, EditConfig& out) {
  if (node.kind == ConfigNode::Kind::kInteger)
    out.edit.number = std::to_string(node.integer);
  else
    field<&Edit::number>(reader, node, out);
}

void hidden(ConfigReader& reader, const ConfigNode& node, EditConfig& out) {
  bool value = true;
  reader.boolean(node, value);
  out.edit.hidden = value;
}

void id(ConfigReader& reader, const ConfigNode& node, Uuid& out) {
  std::string text;
  reader.text(node, Empty::kRefuse, text);
  if (text.empty()) return;
  if (const auto parsed = parse_uuid(text))
    out = *parsed;
  else
    reader.problem(node.where, fmt::format("{}: {}", reader.path(), parsed.error().message),
                   "as an address of its stream has it, or m3u-proxy ctl channels");
}

void channel(ConfigReader& reader, const ConfigNode& node, EditConfig& out) {
  id(reader, node, out.edit.channel);
}

template <edits::Place kPlace>
void place(ConfigReader& reader, const ConfigNode& node, EditConfig& out) {
  if (out.edit.place != edits::Place::kStays)
    return reader.problem(node.where, reader.path() + " is beside the other of before and after",
                          "give one of them");
  out.edit.place = kPlace;
  id(reader, node, out.edit.anchor);
}

void proxy(ConfigReader& reader, const ConfigNode& node, EditConfig& out) {
  reader.text(node, Empty::kRefuse, out.proxy.name);
  out.proxy.where = node.where;
}

constexpr Key<EditConfig> kEdits[] = {
    {"channel", Acted::kNow, channel},
    {"proxy", Acted::kNow, proxy},
    {"number", Acted::kNow, number},
    {"name", Acted::kNow, field<&Edit::name>},
    {"group", Acted::kNow, field<&Edit::group>},
    {"logo", Acted::kNow, field<&Edit::logo>},
    {"guide_id", Acted::kNow, field<&Edit::guide_id>},
    {"hidden", Acted::kNow, hidden},
    {"before", Acted::kNow, place<edits::Place::kBefore>},
    {"after", Acted::kNow, place<edits::Place::kAfter>},
};

}  // namespace

EditConfig read_edit(ConfigReader& reader, const ConfigNode& item) {
  EditConfig out;
  out.where = item.where;
  const std::size_t before = reader.problem_count();
  read_table(reader, item, "edits", kEdits, {}, out);
  if (item.find("channel") == nullptr)
    reader.problem(item.where, reader.path() + " has no channel");
  if (reader.problem_count() != before) return out;
  if (const auto mistake = channels::mistake_in(out.edit)) {
    const ConfigMember* const member = item.find(mistake->field);
    reader.problem(member == nullptr ? item.where : member->value.where,
                   fmt::format("{}: {}", reader.path(), mistake->error.message),
                   mistake->error.hint);
  }
  return out;
}

SectionKeys edit_section() { return {"edits", key_names(kEdits)}; }

}  // namespace m3u_proxy::config
