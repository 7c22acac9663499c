#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <m3u_proxy/config/config_expressions.hpp>
#include <m3u_proxy/config/config_sections.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/records/stored_edits.hpp>
#include <m3u_proxy/records/stored_history.hpp>
#include <m3u_proxy/service/database_services.hpp>
#include <m3u_proxy/service/proxy_service_state.hpp>
#include <m3u_proxy/store/open/open_store.hpp>

namespace m3u_proxy::service {
namespace {

using store::EntityKind;

struct KindList {
  EntityKind kind;
  std::string_view section;
};
constexpr std::array<KindList, 3> kLists = {{{EntityKind::kFilter, "filters"},
                                             {EntityKind::kRule, "rules"},
                                             {EntityKind::kProxy, "proxies"}}};

/// The rules, filters and proxies of a store.
Result<config::Configuration> read(store::Store& store) {
  ConfigNode document;
  for (const auto& [kind, section] : kLists) {
    M3U_TRY(const auto entities, store.entities().list(kind));
    ConfigMember list{.name = std::string(section)};
    list.value.kind = ConfigNode::Kind::kArray;
    for (const store::Entity& entity : entities) {
      M3U_TRY(ConfigNode table,
              config::parse_entity(store::to_string(entity.kind), entity.name, entity.body));
      list.value.items.push_back(std::move(table));
    }
    document.members.push_back(std::move(list));
  }
  config::Configuration out;
  config::ConfigReader reader;
  config::read_document(reader, document, out);
  if (auto problems = reader.take_problems(); !problems.empty())
    return fail(std::move(problems.front().error));
  return out;
}

/// The figures of runs in the store; beside files that are published, also those that the store
/// does not have: how many programmes the last guide has, which `max_shrink` asks for.
class HistoryOfBoth final : public generation::RunHistoryStore {
 public:
  HistoryOfBoth(store::Store& store, const Uuid& proxy, const std::filesystem::path& folder)
      : store_(store), proxy_(proxy), files_(folder) {}

  memory::RunHistory read(std::string_view name) override {
    records::StoredHistory stored(store_, proxy_,
                                  generation::last_guide_programmes(files_.read(name)));
    return stored.read(name);
  }
  Result<> write(std::string_view name, const memory::RunHistory& history) override {
    M3U_CHECK(records::StoredHistory(store_, proxy_, std::nullopt).write(name, history));
    return files_.write(name, history);
  }

 private:
  store::Store& store_;
  Uuid proxy_;
  generation::HistoryFiles files_;
};

config::ProxyConfig with_everything(const config::Configuration& configuration) {
  config::ProxyConfig proxy;
  for (const auto& filter : configuration.filters) proxy.filters.push_back(filter.name);
  for (const auto& rule : configuration.rules) proxy.rules.push_back(rule.name);
  return proxy;
}

}  // namespace

Result<Uuid> Database::proxy(std::string_view name) {
  const auto found = store_->entities().find(EntityKind::kProxy, name);
  if (found) return found->id;
  if (found.error().code == ErrorCode::kNotFound) return proxy_id(name);
  return fail(found.error());
}

Result<> DataMappingService::apply(generation::ResolvedProxyConfig& config,
                                   std::int64_t now) const {
  M3U_TRY(const config::Configuration made, read(database_->store()));
  const auto proxy = std::ranges::find_if(made.proxies, [&](const config::ProxyConfig& entry) {
    return entry.name.name == config.name;
  });
  M3U_TRY(config::ProxyExpressions compiled,
          config::compile_expressions(
              made, proxy != made.proxies.end() ? *proxy : with_everything(made), now));
  const auto take = [](auto& into, auto& from) {
    if (from) into = std::move(from);
  };
  take(config.channel_filters, compiled.channel_filters);
  take(config.channel_rules, compiled.channel_rules);
  take(config.programme_filters, compiled.programme_filters);
  take(config.programme_rules, compiled.programme_rules);
  take(config.guide_channel_rules, compiled.guide_channel_rules);
  return {};
}

Result<std::shared_ptr<Database>> ProxyService::open_database(const std::filesystem::path& data,
                                                              std::string url) {
  const std::scoped_lock lock(state_->mutex);
  M3U_CHECK(state_->prepare());
  M3U_CHECK(make_folder(data));
  M3U_TRY(auto store, store::open_store({.url = std::move(url),
                                         .data = data,
                                         .budget = &state_->process->budget(),
                                         .program = "library",
                                         .now = store::Time(std::chrono::seconds(state_->now()))}));
  return std::shared_ptr<Database>(new Database(state_, std::move(store)));
}

Result<ProxyGeneration> ProxyService::generate_proxy_with_config(
    const ResolvedProxyConfig& config, GenerationOutput output, Database& database,
    const DataMappingService& data_mapping_service, const LogoService& logo_service,
    std::string_view base_url) {
  const std::scoped_lock lock(state_->mutex);
  M3U_CHECK(state_->prepare());
  ResolvedProxyConfig full = config;
  M3U_CHECK(data_mapping_service.apply(full, state_->now()));
  logo_service.apply(full);
  M3U_TRY(const Uuid proxy, database.proxy(full.name));
  M3U_TRY(auto edits, records::load_edits(database.store(), proxy, state_->process->budget()));
  if (edits) full.edits = std::move(edits);
  if (output == GenerationOutput::kFile) {
    HistoryOfBoth history(database.store(), proxy, state_->storage.output_dir);
    return generate(state_, std::move(full), output, base_url, &history);
  }
  records::StoredHistory history(database.store(), proxy, std::nullopt);
  return generate(state_, std::move(full), output, base_url, &history);
}

}  // namespace m3u_proxy::service
