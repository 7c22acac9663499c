#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/edits/bulk_rule.hpp>
#include <m3u_proxy/api/entities/entity_view.hpp>
#include <m3u_proxy/api/entities/renaming.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/node_json.hpp>

namespace m3u_proxy::api {
namespace {

using store::Entity;
using store::EntityKind;

constexpr std::size_t kLongestExcerpt = 60;
constexpr std::size_t kLongestHint = 2000;

/// A text of the rule language that stands for exactly `value`.
std::string literal_of(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '$') out += '$';
    out += c;
  }
  return out + '"';
}

std::string actions_of(const edits::ChannelEdit& set) {
  std::string actions;
  for (const auto& [field, value] :
       {std::pair("group_title", &set.group), std::pair("tvg_logo", &set.logo),
        std::pair("tvg_id", &set.guide_id)}) {
    if (!*value) continue;
    if (!actions.empty()) actions += ", ";
    actions += (*value)->empty() ? fmt::format("REMOVE {}", field)
                                 : fmt::format("{} = {}", field, literal_of(**value));
  }
  return actions;
}

ConfigNode text_node(std::string text) {
  ConfigNode node;
  node.kind = ConfigNode::Kind::kString;
  node.text = std::move(text);
  return node;
}

std::string body_of(const BulkRule& rule) {
  ConfigNode config;
  if (rule.kind == EntityKind::kFilter)
    config.members.push_back({.name = "action", .value = text_node("exclude")});
  config.members.push_back({.name = "expression", .value = text_node(rule.expression)});
  return config::to_json(config);
}

/// A proxy's body with the rule behind its others.
Result<std::string> body_with(const Entity& proxy, const BulkRule& rule) {
  M3U_TRY(ConfigNode config, config::parse_json(proxy.body, proxy.name));
  const std::string_view list = rule.kind == EntityKind::kFilter ? "filters" : "rules";
  auto found = std::ranges::find(config.members, list, &ConfigMember::name);
  if (found == config.members.end()) {
    ConfigNode names;
    names.kind = ConfigNode::Kind::kArray;
    config.members.push_back({.name = std::string(list), .value = std::move(names)});
    found = config.members.end() - 1;
  }
  found->value.items.push_back(text_node(rule.name));
  return config::to_json(config);
}

Outcome<std::shared_ptr<const jobs::Model>> model_with_rule(const ApiContext& context,
                                                            const BulkRule& rule) {
  std::vector<jobs::DraftEntity> drafts = {
      {.kind = rule.kind, .name = rule.name, .body = body_of(rule)}};
  for (const Entity& proxy : rule.proxies) {
    M3U_TRY(std::string body, body_with(proxy, rule));
    drafts.push_back({.kind = EntityKind::kProxy, .name = proxy.name, .body = std::move(body)});
  }
  return model_with(context, drafts);
}

Outcome<std::string> free_name(const ApiContext& context, EntityKind kind, std::string_view base) {
  std::string name(base);
  for (int number = 2;; ++number) {
    const auto taken = context.store.entities().find(kind, name);
    if (!taken && taken.error().code == ErrorCode::kNotFound) return name;
    if (!taken) return std::unexpected<Problem>(Problem(taken.error()));
    name = fmt::format("{} {}", base, number);
  }
}

}  // namespace

Outcome<BulkRule> plan_bulk_rule(const ApiContext& context, const std::string& filter,
                                 const edits::ChannelEdit& set, const std::optional<Uuid>& proxy) {
  BulkRule rule;
  const std::string_view wanted = trim(filter);
  const std::string actions = actions_of(set);
  if (set.hidden && !*set.hidden)
    return field_problem("set.hidden", "invalid", "no rule can show so many channels again",
                         "take back the edits or the filter that hide them");
  if (set.hidden) {
    rule.kind = EntityKind::kFilter;
    rule.expression = wanted.empty() ? R"(channel_name != "")" : filter;
  } else {
    rule.expression = wanted.empty() ? fmt::format("SET {}", actions)
                                     : fmt::format("({}) SET {}", filter, actions);
  }
  const std::string what = set.hidden ? "hidden: " + (wanted.empty() ? "all" : filter) : actions;
  M3U_TRY(rule.name, free_name(context, rule.kind, excerpt(what, kLongestExcerpt)));
  M3U_TRY(const auto all, context.store.entities().list(EntityKind::kProxy));
  for (const Entity& entity : all) {
    if (proxy && *proxy != entity.id) continue;
    if (entity.managed_by == store::ManagedBy::kFile)
      return problem(409,
                     fmt::format("so many channels are changed by a {}, and \"{}\" is managed by "
                                 "the configuration file",
                                 store::to_string(rule.kind), entity.name),
                     fmt::format("put it there: {}", excerpt(rule.expression, kLongestHint)));
    rule.proxies.push_back(entity);
  }
  return rule;
}

Outcome<void> look_at_bulk_rule(DryRun& run, const ApiContext& context, const BulkRule& rule) {
  M3U_TRY(const auto model, model_with_rule(context, rule));
  for (const Entity& entity : rule.proxies)
    if (const jobs::ProxyEntry* const proxy = model->find_proxy(entity.id))
      M3U_CHECK(run.look(*model, *proxy));
  return {};
}

Outcome<store::Entity> make_bulk_rule(const ApiContext& context, const Call& call,
                                      const BulkRule& rule, store::CheckedAt checked) {
  M3U_CHECK(model_with_rule(context, rule));
  std::vector<Follower> followers;
  for (const Entity& proxy : rule.proxies) {
    M3U_TRY(std::string body, body_with(proxy, rule));
    followers.push_back({.proxy = proxy, .body = std::move(body)});
  }
  M3U_TRY(const Entity made,
          put_with_followers(context.store,
                             {.kind = rule.kind, .name = rule.name, .body = body_of(rule)},
                             followers, checked, context.clock()));
  M3U_TRY(std::string is, entity_json(made));
  const bool is_filter = rule.kind == EntityKind::kFilter;
  M3U_CHECK(record(context, call,
                   {.action = is_filter ? "filters.create" : "rules.create",
                    .target = to_string(made.id),
                    .after = std::move(is)}));
  M3U_CHECK(record_followers(context, call, followers));
  return made;
}

}  // namespace m3u_proxy::api
