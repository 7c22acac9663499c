#include <map>

#include <fmt/format.h>

#include <m3u_proxy/api/entities/entity_kinds.hpp>
#include <m3u_proxy/api/entities/entity_secrets.hpp>
#include <m3u_proxy/api/transfer/configuration_export.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/config/node_toml.hpp>

namespace m3u_proxy::api {
namespace {

ConfigMember text_member(std::string name, std::string text) {
  ConfigMember member{.name = std::move(name)};
  member.value.kind = ConfigNode::Kind::kString;
  member.value.text = std::move(text);
  return member;
}

Result<std::string> text_of(const store::Entity& entity, std::string_view section,
                            ShowSecrets secrets) {
  M3U_TRY(ConfigNode table, config::parse_json(entity.body, entity.name));
  if (secrets == ShowSecrets::kNo) {
    hide_secrets(table);
    hide_in_addresses(table);
  }
  table.members.insert(table.members.begin(),
                       {text_member("name", entity.name), text_member("id", to_string(entity.id))});
  return config::to_toml(fmt::format("\n[[{}]]", section), table);
}

std::string text_of(const store::ChannelEdit& edit, const std::string& proxy) {
  ConfigNode table;
  const auto add = [&table](const char* name, const std::optional<std::string>& text) {
    if (text) table.members.push_back(text_member(name, *text));
  };
  add("channel", to_string(edit.channel));
  if (!proxy.empty()) add("proxy", proxy);
  add("number", edit.number);
  add("name", edit.name);
  add("group", edit.group);
  add("logo", edit.logo);
  add("guide_id", edit.guide_id);
  if (edit.hidden) {
    ConfigMember member{.name = "hidden"};
    member.value.kind = ConfigNode::Kind::kBoolean;
    member.value.boolean = *edit.hidden;
    table.members.push_back(std::move(member));
  }
  if (edit.place == store::EditPlace::kBefore) add("before", to_string(edit.place_channel));
  if (edit.place == store::EditPlace::kAfter) add("after", to_string(edit.place_channel));
  return config::to_toml("\n[[edits]]", table);
}

}  // namespace

Result<> export_configuration(store::Store& store, ShowSecrets secrets, const std::string& program,
                              io::ByteSink& to) {
  M3U_CHECK(to.write(
      fmt::format("# Exported by m3u-proxy {}, for m3u-proxy import and --config.\n", program)));
  if (secrets == ShowSecrets::kNo)
    M3U_CHECK(to.write(
        "# Accounts, in any address, and values of headers are left out: *** is in their place.\n"
        "# Enter them, or export with --with-secrets. What is imported where they are known keeps\n"
        "# them.\n"));
  std::map<Uuid, std::string> proxies;
  for (const EntityKindName& kind : kEntityKinds) {
    M3U_TRY(const auto entities, store.entities().list(kind.kind));
    for (const store::Entity& entity : entities) {
      if (kind.kind == store::EntityKind::kProxy) proxies.emplace(entity.id, entity.name);
      M3U_TRY(const std::string text, text_of(entity, kind.section, secrets));
      M3U_CHECK(to.write(text));
    }
  }
  return store.edits().for_each([&](const store::ChannelEdit& edit) -> Result<> {
    const auto proxy = edit.proxy ? proxies.find(*edit.proxy) : proxies.end();
    // Its proxy was removed a moment ago, and it with that.
    if (edit.proxy && proxy == proxies.end()) return {};
    return to.write(text_of(edit, edit.proxy ? proxy->second : std::string()));
  });
}

}  // namespace m3u_proxy::api
