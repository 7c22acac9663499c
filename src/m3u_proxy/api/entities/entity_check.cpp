#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <m3u_proxy/api/draft_places.hpp>
#include <m3u_proxy/api/entities/entity_check.hpp>
#include <m3u_proxy/api/entities/entity_kinds.hpp>
#include <m3u_proxy/api/entities/renaming.hpp>
#include <m3u_proxy/api/entities/source_places.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/config_checks.hpp>
#include <m3u_proxy/config/config_expressions.hpp>
#include <m3u_proxy/config/config_sections.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/jobs/schedule/schedule.hpp>
#include <m3u_proxy/rules/expression.hpp>

namespace m3u_proxy::api {
namespace {

using store::EntityKind;

/// An entity as a table of a document.
ConfigNode table_of(const std::string& name, ConfigNode config, const Where& place) {
  ConfigMember member{.name = "name", .where = place};
  member.value.kind = ConfigNode::Kind::kString;
  member.value.where = place;
  member.value.text = name;
  config.members.insert(config.members.begin(), std::move(member));
  return config;
}

/// All entities with some of them replaced, added (`drafts`) or left out (`without`). What is
/// renamed has its new name in the proxies, too, which are the last of the kinds.
struct Whole {
  ConfigNode document;
  std::vector<std::string> draft_paths;  ///< what messages call each draft: "filters[2]"
};

Result<Whole> whole_of(store::Store& store, std::span<const EntityDraft> drafts,
                       const std::optional<Uuid>& without) {
  Whole whole;
  whole.draft_paths.resize(drafts.size());
  std::vector<std::pair<std::string, const EntityDraft*>> old_names;
  for (const EntityKindName& kind : kEntityKinds) {
    M3U_TRY(const auto entities, store.entities().list(kind.kind));
    ConfigMember list{.name = std::string(kind.section)};
    list.value.kind = ConfigNode::Kind::kArray;
    const auto put_draft = [&](std::size_t index) {
      const EntityDraft& draft = drafts[index];
      ConfigNode marked = draft.config;
      mark_draft(marked, draft.place + "config");
      list.value.items.push_back(
          table_of(draft.name, std::move(marked), draft_place(draft.place + "name")));
      whole.draft_paths[index] = fmt::format("{}[{}]", kind.section, list.value.items.size());
    };
    for (const store::Entity& entity : entities) {
      if (without && entity.id == *without) continue;
      const auto draft = std::ranges::find(drafts, std::optional(entity.id), &EntityDraft::id);
      if (draft != drafts.end()) {
        if (draft->name != entity.name) old_names.emplace_back(entity.name, &*draft);
        put_draft(static_cast<std::size_t>(draft - drafts.begin()));
        continue;
      }
      const std::string place = fmt::format("{} \"{}\"", store::to_string(kind.kind), entity.name);
      M3U_TRY(ConfigNode config, config::parse_json(entity.body, place));
      if (kind.kind == EntityKind::kProxy)
        for (const auto& [name, renamed] : old_names)
          rename_in_proxy(config, renamed->kind, name, renamed->name);
      list.value.items.push_back(table_of(entity.name, std::move(config), {.source = place}));
    }
    for (std::size_t i = 0; i < drafts.size(); ++i)
      if (!drafts[i].id && drafts[i].kind == kind.kind) put_draft(i);
    whole.document.members.push_back(std::move(list));
  }
  return whole;
}

std::vector<config::ConfigProblem> problems_of(const Whole& whole,
                                               const config::Configuration& base) {
  config::Configuration out = base;
  config::ConfigReader reader;
  config::read_document(reader, whole.document, out);
  for (config::ProxyConfig& proxy : out.proxies) proxy.base_url = jobs::kOwnAddress;
  config::check_references(reader, out);
  config::check_expressions(reader, out, {});
  return reader.take_problems();
}

/// What was wrong before is nothing that a change did.
Result<std::set<std::string>> known_problems(store::Store& store,
                                             const config::Configuration& base) {
  M3U_TRY(const Whole before, whole_of(store, {}, std::nullopt));
  std::set<std::string> known;
  for (const config::ConfigProblem& problem : problems_of(before, base))
    known.insert(problem.error.message);
  return known;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

/// A message about a field of a draft, with what the client calls the draft.
std::string with_place(std::string message, std::string_view field, const Whole& whole,
                       std::span<const EntityDraft> drafts) {
  for (std::size_t i = 0; i < drafts.size(); ++i)
    for (const std::string_view own : {"config", "name"})
      if (field.starts_with(drafts[i].place + std::string(own)))
        return replaced(std::move(message), whole.draft_paths[i], drafts[i].place + "config");
  return message;
}

std::uint64_t utf16_units(std::string_view text) {
  std::uint64_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    units += (byte & 0xC0U) == 0x80U ? 0U : (byte >= 0xF0U ? 2U : 1U);
  }
  return units;
}

/// What is wrong with the draft's expression, with its places.
std::vector<FieldProblem> expression_problems(const EntityDraft& draft) {
  const bool is_filter = draft.kind == EntityKind::kFilter;
  const ConfigMember* const member = draft.config.find("expression");
  if (member == nullptr) return {};
  catalog::Domain domain = catalog::Domain::kChannels;
  if (const ConfigMember* const of = draft.config.find("applies_to")) {
    if (of->value.text == "programmes") domain = catalog::Domain::kProgrammes;
    if (of->value.text == "guide_channels") domain = catalog::Domain::kGuideChannels;
  }
  const std::string& text = member->value.text;
  rules::Diagnostics found;
  if (is_filter) {
    if (const auto filter = rules::compile_filter(domain, text); !filter) found = filter.error();
  } else if (const auto rule = rules::compile_rule(domain, text); !rule) {
    found = rule.error();
  }
  std::vector<FieldProblem> problems;
  for (const rules::Diagnostic& one : found) {
    const std::uint64_t start =
        utf16_units(std::string_view(text).substr(0, std::min(one.offset, text.size())));
    problems.push_back(
        {.field = draft.place + "config.expression",
         .code = std::string(rules::to_string(one.code)),
         .message = one.message,
         .hint = one.suggestion.empty() ? "" : fmt::format("did you mean '{}'?", one.suggestion),
         .position = Position{.line = one.line,
                              .column = one.column,
                              .start = start,
                              .end = start + utf16_units(one.offending)}});
  }
  return problems;
}

/// What only the service refuses, or what only people who use the API may not do.
void add_own_problems(const config::Configuration& base, const EntityDraft& draft,
                      std::vector<FieldProblem>& problems) {
  const auto text_of = [&](std::string_view name) {
    const ConfigMember* const member = draft.config.find(name);
    return member == nullptr ? std::string() : member->value.text;
  };
  if (draft.kind == EntityKind::kProxy && text_of("mode") == "proxy")
    problems.push_back({.field = draft.place + "config.mode",
                        .code = "invalid",
                        .message = "mode \"proxy\" is not there yet, since streams are not relayed",
                        .hint = "use \"redirect\", or \"direct\""});
  if (draft.kind != EntityKind::kSource && draft.kind != EntityKind::kEpgSource) return;
  if (const auto schedule = jobs::Schedule::parse(text_of("refresh")); !schedule)
    problems.push_back({.field = draft.place + "config.refresh",
                        .code = "invalid",
                        .message = schedule.error().message,
                        .hint = schedule.error().hint});
  const bool is_written_down =
      draft.kind == EntityKind::kSource && draft.config.find("channels") != nullptr;
  if (!is_written_down && draft.config.find("url") == nullptr &&
      draft.config.find("path") == nullptr)
    problems.push_back({.field = draft.place + "config.url",
                        .code = "required",
                        .message = "config.url is missing",
                        .hint = draft.kind == EntityKind::kSource
                                    ? "give the address that the list is fetched from, or channels"
                                    : "give the address that the guide is fetched from"});
  for (const std::string_view key : {"url", "path"})
    if (const auto place = check_place(base.service.allowed_folders, text_of(key)); !place)
      problems.push_back({.field = fmt::format("{}config.{}", draft.place, key),
                          .code = "forbidden",
                          .message = place.error().message,
                          .hint = place.error().hint});
}

}  // namespace

config::Configuration plain_sections_of(const ApiContext& context) {
  const auto model = context.conductor.model();
  config::Configuration out = model ? model->configuration : context.configuration;
  out.sources.clear();
  out.epg_sources.clear();
  out.filters.clear();
  out.rules.clear();
  out.proxies.clear();
  const auto example = std::filesystem::absolute(context.data) / "example";
  out.service.allowed_folders.push_back({.name = example.string()});
  return out;
}

Outcome<void> check_draft(const ApiContext& context, const EntityDraft& draft) {
  return check_drafts(context, {&draft, 1});
}

Outcome<void> check_drafts(const ApiContext& context, std::span<const EntityDraft> drafts) {
  store::Store& store = context.store;
  const config::Configuration base = plain_sections_of(context);
  M3U_TRY(const Whole whole, whole_of(store, drafts, std::nullopt));
  std::vector<FieldProblem> own;
  for (const EntityDraft& draft : drafts)
    std::ranges::move(expression_problems(draft), std::back_inserter(own));
  const std::size_t expressions = own.size();
  std::vector<config::ConfigProblem> others;
  for (config::ConfigProblem& found : problems_of(whole, base)) {
    const auto field = draft_field(found.error.where);
    if (!field) {
      others.push_back(std::move(found));
      continue;
    }
    const auto known = std::span(own).first(expressions);
    if (std::ranges::find(known, *field, &FieldProblem::field) != known.end()) continue;
    own.push_back({.field = *field,
                   .code = "invalid",
                   .message = with_place(std::move(found.error.message), *field, whole, drafts),
                   .hint = found.error.hint});
  }
  for (const EntityDraft& draft : drafts) add_own_problems(base, draft, own);
  if (!own.empty()) return std::unexpected<Problem>(Problem(std::move(own)));
  if (others.empty()) return {};
  M3U_TRY(const auto known, known_problems(store, base));
  for (const config::ConfigProblem& other : others)
    if (!known.contains(other.error.message))
      return problem(409, other.error.message, other.error.hint);
  return {};
}

Outcome<config::SourceConfig> read_source(const ApiContext& context, EntityKind kind,
                                          const ConfigNode& config) {
  const EntityDraft draft{.kind = kind, .name = "the source", .config = config, .place = {}};
  const bool is_guide = kind == EntityKind::kEpgSource;
  Whole whole;
  ConfigMember list{.name = is_guide ? "epg_sources" : "sources"};
  list.value.kind = ConfigNode::Kind::kArray;
  ConfigNode marked = config;
  mark_draft(marked, "config");
  list.value.items.push_back(table_of(draft.name, std::move(marked), draft_place("name")));
  whole.document.members.push_back(std::move(list));
  config::Configuration out = plain_sections_of(context);
  std::vector<FieldProblem> wrong;
  config::ConfigReader reader;
  config::read_document(reader, whole.document, out);
  for (const config::ConfigProblem& found : reader.take_problems()) {
    wrong.push_back({.field = draft_field(found.error.where).value_or("config"),
                     .code = "invalid",
                     .message = replaced(found.error.message,
                                         is_guide ? "epg_sources[1]" : "sources[1]", "config"),
                     .hint = found.error.hint});
  }
  add_own_problems(out, draft, wrong);
  if (!wrong.empty()) return std::unexpected<Problem>(Problem(std::move(wrong)));
  return is_guide ? out.epg_sources.front() : out.sources.front();
}

Outcome<void> check_removal(const ApiContext& context, const Uuid& id) {
  store::Store& store = context.store;
  const config::Configuration base = plain_sections_of(context);
  M3U_TRY(const auto known, known_problems(store, base));
  M3U_TRY(const Whole after, whole_of(store, {}, id));
  for (const config::ConfigProblem& one : problems_of(after, base))
    if (!known.contains(one.error.message))
      return problem(409, "it is still in use: " + one.error.message, "take it out of there first");
  return {};
}

}  // namespace m3u_proxy::api
