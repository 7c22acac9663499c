#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <m3u_proxy/api/entities/checked_change.hpp>
#include <m3u_proxy/api/entities/entity_kinds.hpp>
#include <m3u_proxy/api/entities/entity_secrets.hpp>
#include <m3u_proxy/api/transfer/configuration_import.hpp>
#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/config/config_sections.hpp>
#include <m3u_proxy/config/legacy_keys.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/jobs/schedule/schedule.hpp>
#include <m3u_proxy/records/stored_edits.hpp>

namespace m3u_proxy::api {
namespace {

using store::Entity;
using store::EntityKind;
using store::FileEntity;

/// Bytes of the tree and of what is made of it for each of the text.
constexpr std::uint64_t kBytesPerByte = 12;
constexpr std::string_view kHidden = "***";
constexpr std::array<std::string_view, 2> kPlaces = {"url", "path"};

bool is_source(EntityKind kind) {
  return kind == EntityKind::kSource || kind == EntityKind::kEpgSource;
}

std::string_view text_of(const ConfigNode& table, std::string_view name) {
  const ConfigMember* const member = table.find(name);
  return member == nullptr ? std::string_view() : std::string_view(member->value.text);
}

/// Whether an account was left out of an address in it, at any depth.
bool has_hidden_address(const ConfigNode& node) {
  return (node.text.contains("://") && node.text.contains(kHidden)) ||
         std::ranges::any_of(node.members,
                             [](const auto& member) { return has_hidden_address(member.value); }) ||
         std::ranges::any_of(node.items, has_hidden_address);
}

bool lacks_secrets(const ConfigNode& source) {
  const auto is_hidden = [](std::string_view text) { return text.contains(kHidden); };
  const ConfigMember* const channels = source.find("channels");
  if (channels != nullptr && has_hidden_address(channels->value)) return true;
  if (std::ranges::any_of(kPlaces, [&](auto name) { return is_hidden(text_of(source, name)); }))
    return true;
  const ConfigMember* const headers = source.find("headers");
  return headers != nullptr &&
         std::ranges::any_of(headers->value.members, [&](const ConfigMember& header) {
           return header.value.text == kHidden;
         });
}

/// A file as what is to be stored.
struct Read {
  std::vector<FileEntity> entities;
  std::vector<store::FileEdit> edits;
  std::vector<std::string> ignored;
};

/// The first mistake that a reader found, and how many there are.
Result<> finish(config::ConfigReader& reader, const ImportOptions& options) {
  auto problems = reader.take_problems();
  if (problems.empty()) return {};
  Error first = problems.front().error;
  if (problems.size() > 1) first.message += fmt::format(" (and {} more)", problems.size() - 1);
  if (options.problems != nullptr) *options.problems = std::move(problems);
  return fail(std::move(first));
}

/// What only the service refuses.
Result<> check_for_service(const config::Configuration& read) {
  for (const config::ProxyConfig& proxy : read.proxies)
    if (proxy.mode == generation::UrlMode::kProxy)
      return fail(Error{.code = ErrorCode::kConfig,
                        .message = fmt::format("proxy \"{}\": mode = \"proxy\" is not there yet, "
                                               "since streams are not relayed",
                                               proxy.name.name),
                        .where = proxy.name.where,
                        .hint = "use mode = \"redirect\", or \"direct\""});
  for (const auto* const sources : {&read.sources, &read.epg_sources})
    for (const config::SourceConfig& source : *sources)
      if (const auto schedule = jobs::Schedule::parse(source.refresh); !schedule)
        return fail(Error{.code = ErrorCode::kConfig,
                          .message = schedule.error().message,
                          .where = source.name.where,
                          .hint = schedule.error().hint});
  return {};
}

Result<Read> read(const ConfigurationFile& file, const ImportOptions& options) {
  M3U_TRY(ConfigNode tree, parse_toml(file.text, file.name));
  config::ConfigReader reader;
  (void)config::replace_legacy_keys(reader, tree);
  config::Configuration configuration;
  config::read_document(reader, tree, configuration);
  M3U_CHECK(finish(reader, options));
  M3U_CHECK(check_for_service(configuration));
  Read out;
  M3U_TRY(out.entities, jobs::entities_of(tree, file.folder));
  for (const config::EditConfig& edit : configuration.edits)
    out.edits.push_back(
        {.edit = records::to_stored(edit.edit, std::nullopt), .proxy = edit.proxy.name});
  for (const ConfigMember& section : tree.members)
    if (section.value.kind == ConfigNode::Kind::kTable) out.ignored.push_back(section.name);
  return out;
}

/// What an entity of a file becomes, given what is there.
Result<std::string> merged(const FileEntity& wanted, const Entity* stored,
                           const ImportOptions& options) {
  if (!is_source(wanted.kind) && stored == nullptr) return wanted.body;
  M3U_TRY(ConfigNode config, config::parse_json(wanted.body, wanted.name));
  ConfigNode before;
  if (stored != nullptr) {
    M3U_TRY(before, config::parse_json(stored->body, stored->name));
    if (is_source(wanted.kind)) restore_secrets(config, before);
    restore_in_addresses(config, before);
  }
  if (!is_source(wanted.kind)) return config::to_json(config);
  for (const std::string_view place : kPlaces) {
    const std::string_view location = text_of(config, place);
    if (!options.check_place || location == text_of(before, place)) continue;
    if (auto allowed = options.check_place(location); !allowed) {
      Error error = std::move(allowed).error();
      error.message =
          fmt::format("{} \"{}\": {}", to_string(wanted.kind), wanted.name, error.message);
      return fail(std::move(error));
    }
  }
  return config::to_json(config);
}

std::string title(const Entity& entity) {
  return fmt::format("{} \"{}\"", to_string(entity.kind), entity.name);
}

/// Whether all would be right together, and what would be another or gone.
Result<> check_together(store::Store& store, const config::Configuration& base, const Read& file,
                        store::ImportMode mode, const store::MergeBody& merge,
                        ImportSummary& summary, std::vector<jobs::DraftEntity>& drafts) {
  std::vector<Entity> existing;
  for (const EntityKindName& kind : kEntityKinds) {
    M3U_TRY(auto some, store.entities().list(kind.kind));
    std::ranges::move(some, std::back_inserter(existing));
  }
  M3U_TRY(const store::ImportPlan plan, plan_import(existing, file.entities, mode, merge));
  for (const store::ImportPlan::Step& step : plan.steps) {
    if (step.becomes == store::ImportPlan::Becomes::kChanged)
      summary.changed.push_back(title(step.entity));
    const bool is_new = step.becomes == store::ImportPlan::Becomes::kCreated;
    drafts.push_back({.kind = step.entity.kind,
                      .name = step.entity.name,
                      .body = step.entity.body,
                      .id = is_new && !step.has_id ? std::nullopt : std::optional(step.entity.id)});
    M3U_TRY(const ConfigNode config, config::parse_json(step.entity.body, step.entity.name));
    const bool lacks =
        is_source(step.entity.kind) ? lacks_secrets(config) : has_hidden_address(config);
    if (lacks) ++summary.without_secrets;
  }
  for (const Entity& gone : plan.removed) {
    summary.removed.push_back(title(gone));
    drafts.push_back({.kind = gone.kind, .name = {}, .body = {}, .id = gone.id, .is_gone = true});
  }
  M3U_CHECK(jobs::load_model(store, base, drafts));
  return {};
}

void counts_member(JsonWriter<std::string>& json, std::string_view name,
                   const store::ImportCounts& counts) {
  json.key(name)
      .begin_object()
      .member("created", counts.created)
      .member("changed", counts.changed)
      .member("unchanged", counts.unchanged)
      .member("removed", counts.removed)
      .end_object();
}

void names_member(JsonWriter<std::string>& json, std::string_view name,
                  const std::vector<std::string>& names) {
  json.key(name).begin_array();
  for (const std::string& one : names) json.value(std::string_view(one));
  json.end_array();
}

}  // namespace

std::string replaced_json(const ImportSummary& summary) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  names_member(json, "changed", summary.changed);
  names_member(json, "removed", summary.removed);
  json.end_object();
  return text;
}

void write(JsonWriter<std::string>& json, const ImportSummary& summary) {
  counts_member(json, "entities", summary.counts.entities);
  counts_member(json, "edits", summary.counts.edits);
  json.member("without_secrets", summary.without_secrets);
  names_member(json, "ignored", summary.ignored);
}

std::string to_json(const ImportSummary& summary) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().member("dry_run", false);
  write(json, summary);
  json.end_object();
  return text;
}

Result<ImportSummary> import_configuration(store::Store& store, memory::Budget& budget,
                                           const config::Configuration& base,
                                           const ConfigurationFile& file,
                                           const ImportOptions& options) {
  M3U_TRY(auto room, budget.reserve(memory::Tag::kStore, Bytes{file.text.size() * kBytesPerByte}));
  M3U_TRY(Read what, read(file, options));
  const store::MergeBody merge = [&](const FileEntity& wanted, const Entity* stored) {
    return merged(wanted, stored, options);
  };
  std::vector<jobs::DraftEntity> drafts;
  const auto work = [&](std::int64_t revision) -> Result<ImportSummary> {
    ImportSummary made;
    drafts.clear();
    M3U_CHECK(check_together(store, base, what, options.mode, merge, made, drafts));
    M3U_TRY(made.counts, store.import({.entities = what.entities,
                                       .edits = what.edits,
                                       .mode = options.mode,
                                       .only_try = options.only_check,
                                       .merge = merge,
                                       .checked = revision},
                                      options.now));
    return made;
  };
  M3U_TRY(ImportSummary summary, check_and_change(store, work));
  summary.ignored = std::move(what.ignored);
  if (options.planned != nullptr)
    *options.planned = {
        .drafts = std::move(drafts), .edits = std::move(what.edits), .room = std::move(room)};
  return summary;
}

}  // namespace m3u_proxy::api
