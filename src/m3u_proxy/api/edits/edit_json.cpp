#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/api/edits/edit_json.hpp>
#include <m3u_proxy/config/config_sections.hpp>
#include <m3u_proxy/records/stored_edits.hpp>

namespace m3u_proxy::api {
namespace {

using Kind = ConfigNode::Kind;
using edits::ChannelEdit;

constexpr std::string_view kPlace = "place";
/// What the file has beside the edit, and the API in the address or in `place`.
constexpr std::array<std::string_view, 4> kElsewhere = {"channel", "proxy", "before", "after"};

/// Puts members into a table of [[edits]], each with the field's path as its place.
void take_members(const ConfigNode& object, const std::string& prefix, ConfigNode& table) {
  for (const ConfigMember& member : object.members) {
    ConfigMember taken = member;
    taken.where = {.source = prefix + member.name};
    taken.value.where = taken.where;
    table.members.push_back(std::move(taken));
  }
}

ConfigMember channel_member(const Uuid& channel) {
  ConfigMember member{.name = "channel"};
  member.value.kind = Kind::kString;
  member.value.text = to_string(channel);
  return member;
}

std::string without_path(std::string_view message) {
  constexpr std::string_view kBefore = "edit: ";
  if (message.starts_with(kBefore)) message.remove_prefix(kBefore.size());
  constexpr std::string_view kOf = "edit.";
  if (message.starts_with(kOf)) message.remove_prefix(kOf.size());
  return std::string(message);
}

}  // namespace

Outcome<ChannelEdit> read_edit(const ConfigNode& object, const Uuid& channel,
                               const std::string& prefix) {
  std::vector<FieldProblem> wrong;
  const auto is_wrong = [&](std::string field, std::string code, std::string message,
                            std::string hint = {}) {
    wrong.push_back({.field = std::move(field),
                     .code = std::move(code),
                     .message = std::move(message),
                     .hint = std::move(hint)});
  };
  ConfigNode own = object;
  std::erase_if(own.members, [](const ConfigMember& member) { return member.name == kPlace; });
  for (const std::string_view name : kElsewhere)
    if (own.find(name) != nullptr)
      is_wrong(fmt::format("{}{}", prefix, name), "unknown",
               fmt::format("{}{} is not known here", prefix, name));
  ConfigNode table;
  take_members(own, prefix, table);
  table.members.push_back(channel_member(channel));
  if (const ConfigMember* const place = object.find(kPlace)) {
    const std::string path = fmt::format("{}{}", prefix, kPlace);
    if (place->value.kind != Kind::kTable || place->value.members.size() != 1)
      is_wrong(path, "type", fmt::format("{} has to be an object with before or after", path));
    else if (const std::string& name = place->value.members.front().name;
             name != "before" && name != "after")
      is_wrong(fmt::format("{}.{}", path, name), "unknown", "a place is before or after a channel");
    else
      take_members(place->value, path + ".", table);
  }
  if (!wrong.empty()) return std::unexpected<Problem>(Problem(std::move(wrong)));
  config::ConfigReader reader;
  reader.set_path("edit");
  const config::EditConfig read = config::read_edit(reader, table);
  for (const config::ConfigProblem& found : reader.take_problems())
    is_wrong(found.error.where.source, "invalid", without_path(found.error.message),
             found.error.hint);
  if (!wrong.empty()) return std::unexpected<Problem>(Problem(std::move(wrong)));
  return read.edit;
}

void write_edit(Json& json, const store::ChannelEdit& stored) {
  const ChannelEdit edit = records::to_edit(stored);
  json.begin_object();
  id_member(json, "channel", edit.channel);
  json.key("proxy");
  if (stored.proxy)
    json.value(std::string_view(to_string(*stored.proxy)));
  else
    json.null();
  for (const edits::TextField& text : edits::kTextFields)
    if (edit.*text.value) json.member(text.name, std::string_view(*(edit.*text.value)));
  if (edit.hidden) json.member("hidden", *edit.hidden);
  if (edit.place != edits::Place::kStays) {
    json.key(kPlace).begin_object();
    id_member(json, edit.place == edits::Place::kBefore ? "before" : "after", edit.anchor);
    json.end_object();
  }
  json.member("managed_by", to_string(stored.managed_by)).member("revision", stored.revision);
  time_member(json, "created", stored.created);
  time_member(json, "updated", stored.updated);
  time_member(json, "missing_since", stored.missing_since);
  json.end_object();
}

std::string edit_json(const std::optional<store::ChannelEdit>& edit) {
  std::string text;
  if (!edit) return text;
  Json json(text);
  write_edit(json, *edit);
  return text;
}

}  // namespace m3u_proxy::api
