#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/config/config_checks.hpp>
#include <m3u_proxy/config/config_expressions.hpp>
#include <m3u_proxy/config/config_sections.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/config/plain_keys.hpp>
#include <m3u_proxy/jobs/current_model.hpp>
#include <m3u_proxy/jobs/model.hpp>

namespace m3u_proxy::jobs {
namespace {

using store::EntityKind;

struct KindList {
  EntityKind kind;
  std::string_view section;
};
/// In the order in which others refer to them.
constexpr std::array<KindList, 5> kLists = {{{EntityKind::kSource, "sources"},
                                             {EntityKind::kEpgSource, "epg_sources"},
                                             {EntityKind::kFilter, "filters"},
                                             {EntityKind::kRule, "rules"},
                                             {EntityKind::kProxy, "proxies"}}};

std::string body_key(EntityKind kind, std::string_view name) {
  return fmt::format("{} {}", store::to_string(kind), name);
}

std::string take_text(ConfigNode& table, std::string_view name) {
  const auto found = std::ranges::find(table.members, name, &ConfigMember::name);
  if (found == table.members.end()) return {};
  std::string text = std::move(found->value.text);
  table.members.erase(found);
  return text;
}

void anchor_path(ConfigNode& table, const std::filesystem::path& folder) {
  const auto found = std::ranges::find(table.members, "path", &ConfigMember::name);
  if (found == table.members.end() || found->value.text.empty() || found->value.text == "-") return;
  const std::filesystem::path path(found->value.text);
  if (path.is_relative()) found->value.text = (folder / path).lexically_normal().string();
}

template <typename Entry>
const Entry* find_by_id(const std::vector<Entry>& entries, const Uuid& id) {
  const auto found = std::ranges::find(entries, id, &Entry::id);
  return found == entries.end() ? nullptr : &*found;
}

void add_body(const Model& model, EntityKind kind, std::string_view name, std::string& text) {
  const auto found = model.bodies.find(body_key(kind, name));
  if (found != model.bodies.end()) text.append(found->first).append("\n").append(found->second);
  text.push_back('\n');
}

void put_drafts(std::span<const DraftEntity> drafts, EntityKind kind,
                std::vector<store::Entity>& entities) {
  for (const DraftEntity& draft : drafts) {
    if (draft.kind != kind) continue;
    const auto found = std::ranges::find_if(entities, [&](const store::Entity& entity) {
      return draft.id ? entity.id == *draft.id : entity.name == draft.name;
    });
    if (found != entities.end() && draft.is_gone) {
      entities.erase(found);
      continue;
    }
    if (found != entities.end()) {
      found->name = draft.name;
      found->body = draft.body;
      continue;
    }
    store::Entity entity;
    entity.id = draft.id.value_or(Uuid{});
    entity.kind = kind;
    entity.name = draft.name;
    entity.body = draft.body;
    entities.push_back(std::move(entity));
  }
}

template <typename Item>
void leave_out_unknown(const std::string& proxy, std::string_view section,
                       std::vector<config::Named>& names, const std::vector<Item>& items) {
  std::erase_if(names, [&](const config::Named& name) {
    const auto is_it = [&](const Item& item) { return item.name.name == name.name; };
    if (std::ranges::any_of(items, is_it)) return false;
    log::warn("config",
              "proxy \"{}\" goes without \"{}\": there is nothing of that name in [[{}]] any more",
              proxy, name.name, section);
    return true;
  });
}

void leave_out_unknown(config::Configuration& out) {
  for (config::ProxyConfig& proxy : out.proxies) {
    const std::string& name = proxy.name.name;
    leave_out_unknown(name, "sources", proxy.sources, out.sources);
    leave_out_unknown(name, "epg_sources", proxy.epg_sources, out.epg_sources);
    // Without one of its filters it would show what that kept out: it keeps what it has published.
    const std::size_t filters = proxy.filters.size();
    leave_out_unknown(name, "filters", proxy.filters, out.filters);
    if (proxy.filters.size() != filters) proxy.sources.clear();
    leave_out_unknown(name, "rules", proxy.rules, out.rules);
    std::erase_if(proxy.ranges, [&](const channels::NumberRange& range) {
      return !range.source.empty() &&
             std::ranges::find(proxy.sources, range.source, &config::Named::name) ==
                 proxy.sources.end();
    });
    if (proxy.numbering == channels::NumberingMode::kRanges && proxy.ranges.empty())
      proxy.numbering = config::ProxyConfig().numbering;
  }
}

enum class UnknownNames : std::uint8_t { kRefused, kLeftOut };

/// What load_model() and load_current_model() do.
Result<std::shared_ptr<const Model>> load(store::Store& store, const config::Configuration& base,
                                          std::span<const DraftEntity> drafts,
                                          UnknownNames unknown) {
  const auto model = std::make_shared<Model>();
  model->configuration = base;
  std::array<std::vector<store::Entity>, kLists.size()> entities;
  ConfigNode document;
  for (std::size_t i = 0; i < kLists.size(); ++i) {
    M3U_TRY(entities[i], store.entities().list(kLists[i].kind));
    put_drafts(drafts, kLists[i].kind, entities[i]);
    ConfigMember list{.name = std::string(kLists[i].section)};
    list.value.kind = ConfigNode::Kind::kArray;
    for (const store::Entity& entity : entities[i]) {
      M3U_TRY(ConfigNode table,
              config::parse_entity(store::to_string(entity.kind), entity.name, entity.body));
      list.value.items.push_back(std::move(table));
      model->bodies.emplace(body_key(entity.kind, entity.name), entity.body);
    }
    document.members.push_back(std::move(list));
  }
  config::Configuration& out = model->configuration;
  out.sources.clear();
  out.epg_sources.clear();
  out.filters.clear();
  out.rules.clear();
  out.proxies.clear();
  out.edits.clear();  // those of the file are in the store
  config::ConfigReader reader;
  config::read_document(reader, document, out);
  for (config::ProxyConfig& proxy : out.proxies) proxy.base_url = kOwnAddress;
  if (unknown == UnknownNames::kLeftOut) leave_out_unknown(out);
  config::check_references(reader, out);
  config::check_expressions(reader, out, {});
  if (auto problems = reader.take_problems(); !problems.empty())
    return fail(std::move(problems.front().error));
  for (std::size_t i = 0; i < out.sources.size(); ++i) out.sources[i].id = entities[0][i].id;
  for (std::size_t i = 0; i < out.sources.size(); ++i)
    model->sources.push_back({.id = entities[0][i].id,
                              .is_guide = false,
                              .config = out.sources[i],
                              .revision = entities[0][i].revision,
                              .updated = entities[0][i].updated,
                              .is_users = entities[0][i].managed_by == store::ManagedBy::kUser});
  for (std::size_t i = 0; i < out.epg_sources.size(); ++i)
    model->sources.push_back({.id = entities[1][i].id,
                              .is_guide = true,
                              .config = out.epg_sources[i],
                              .revision = entities[1][i].revision,
                              .updated = entities[1][i].updated,
                              .is_users = entities[1][i].managed_by == store::ManagedBy::kUser});
  for (std::size_t i = 0; i < out.proxies.size(); ++i)
    model->proxies.push_back(
        {.id = entities[4][i].id, .config = out.proxies[i], .revision = entities[4][i].revision});
  return model;
}

}  // namespace

const SourceEntry* Model::find_source(const Uuid& id) const { return find_by_id(sources, id); }
const ProxyEntry* Model::find_proxy(const Uuid& id) const { return find_by_id(proxies, id); }

const SourceEntry* Model::find_source(std::string_view name, bool is_guide) const {
  const auto found = std::ranges::find_if(sources, [&](const SourceEntry& source) {
    return source.is_guide == is_guide && source.config.name.name == name;
  });
  return found == sources.end() ? nullptr : &*found;
}

const ProxyEntry* Model::find_proxy(std::string_view name) const {
  const auto found = std::ranges::find_if(
      proxies, [&](const ProxyEntry& proxy) { return proxy.config.name.name == name; });
  return found == proxies.end() ? nullptr : &*found;
}

Result<std::shared_ptr<const Model>> load_model(store::Store& store,
                                                const config::Configuration& base,
                                                std::span<const DraftEntity> drafts) {
  return load(store, base, drafts, UnknownNames::kRefused);
}

Result<std::shared_ptr<const Model>> load_current_model(store::Store& store,
                                                        const config::Configuration& base,
                                                        std::span<const DraftEntity> drafts) {
  return load(store, base, drafts, UnknownNames::kLeftOut);
}

Result<std::vector<store::FileEntity>> entities_of(const ConfigNode& document,
                                                   const std::filesystem::path& folder) {
  std::vector<store::FileEntity> entities;
  for (const auto& [kind, section] : kLists) {
    const ConfigMember* const list = document.find(section);
    if (list == nullptr) continue;
    for (ConfigNode table : list->value.items) {
      store::FileEntity entity{.kind = kind};
      entity.name = take_text(table, "name");
      entity.renamed_from = take_text(table, "renamed_from");
      if (const std::string id = take_text(table, "id"); !id.empty()) {
        M3U_TRY(entity.id, parse_uuid(id));
      }
      anchor_path(table, folder);
      entity.body = config::to_json(table);
      entities.push_back(std::move(entity));
    }
  }
  return entities;
}

std::string definition_of(const Model& model, const ProxyEntry& proxy) {
  std::string text;
  const config::ProxyConfig& config = proxy.config;
  add_body(model, EntityKind::kProxy, config.name.name, text);
  for (const auto& [names, kind] : {std::pair(&config.sources, EntityKind::kSource),
                                    std::pair(&config.epg_sources, EntityKind::kEpgSource),
                                    std::pair(&config.filters, EntityKind::kFilter),
                                    std::pair(&config.rules, EntityKind::kRule)})
    for (const config::Named& name : *names) add_body(model, kind, name.name, text);
  if (model.configuration.wasm_plugins.enabled)
    for (const config::PlainKey& key : config::plain_keys(model.configuration))
      if (key.section == "wasm_plugins") text.append(key.name).append(key.shape.value);
  return text;
}

}  // namespace m3u_proxy::jobs
