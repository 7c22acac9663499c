#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/entities/entity_kinds.hpp>
#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/api/logo_routes.hpp>
#include <m3u_proxy/api/planned_change.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/catalog/addresses.hpp>
#include <m3u_proxy/http/target.hpp>
#include <m3u_proxy/logos/logo_limits.hpp>
#include <m3u_proxy/outputs/logo_picture.hpp>

namespace m3u_proxy::api {
namespace {

constexpr std::string_view kWithoutPicture =
    "its channels stay as they are; those that have the picture would be without one";

void write_logo(Json& json, const store::Logo& logo) {
  json.begin_object();
  id_member(json, "id", logo.id);
  json.member("name", std::string_view(logo.name))
      .member("logo", std::string_view(std::string(catalog::kLogoHelper) + to_string(logo.id)))
      .member("type", std::string_view(logo.mime))
      .member("bytes", logo.bytes);
  time_member(json, "created", logo.created);
  json.end_object();
}

std::string logo_json(const store::Logo& logo) {
  std::string text;
  Json json(text);
  write_logo(json, logo);
  return text;
}

Outcome<store::Logo> find_logo(const ApiContext& context, const Call& call) {
  M3U_TRY(const Uuid id, path_id(call.request));
  M3U_TRY(const auto found, context.logos.find(id));
  if (!found) return problem(404, "there is no such logo");
  return *found;
}

Answer list_logos(const ApiContext& context) {
  M3U_TRY(const auto all, context.logos.list());
  std::string text;
  Json json(text);
  json.begin_object().key("items").begin_array();
  for (const store::Logo& logo : all) write_logo(json, logo);
  json.end_array().key("next_cursor").null().member("total", all.size()).end_object();
  return json_answer(std::move(text));
}

/// By any name: its bytes tell what it is.
bool may_be_picture(std::string_view content_type) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  return type.empty() || starts_with_ascii_case(type, "image/") ||
         equals_ascii_case(type, "application/octet-stream");
}

/// What has a picture as its logo: entities whose configuration names it, and edits.
struct LogoUses {
  std::vector<store::Entity> entities{};
  std::uint64_t edits = 0;
  std::set<std::optional<Uuid>> edited{};  ///< the proxies of the edits; nullopt: all
};

Result<LogoUses> uses_of(const ApiContext& context, const store::Logo& logo) {
  const std::string named = std::string(catalog::kLogoHelper) + to_string(logo.id);
  LogoUses uses;
  for (const EntityKindName& kind : kEntityKinds) {
    M3U_TRY(auto entities, context.store.entities().list(kind.kind));
    for (store::Entity& entity : entities)
      if (entity.body.contains(named)) uses.entities.push_back(std::move(entity));
  }
  M3U_CHECK(context.store.edits().for_each([&](const store::ChannelEdit& edit) -> Result<> {
    if (!edit.logo || !edit.logo->contains(named)) return {};
    ++uses.edits;
    uses.edited.insert(edit.proxy);
    return {};
  }));
  return uses;
}

std::string to_json(const LogoUses& uses) {
  std::string text;
  Json json(text);
  json.begin_object().key("entities").begin_array();
  for (const store::Entity& entity : uses.entities) {
    const auto kind = std::ranges::find(kEntityKinds, entity.kind, &EntityKindName::kind);
    json.begin_object().member("kind", kind->path);
    id_member(json, "id", entity.id);
    json.member("name", std::string_view(entity.name)).end_object();
  }
  json.end_array().member("edits", uses.edits).end_object();
  return text;
}

/// Whether channels of a proxy may have the picture.
bool may_show(const LogoUses& uses, const jobs::ProxyEntry& proxy) {
  using enum store::EntityKind;
  if (uses.edited.contains(std::nullopt) || uses.edited.contains(proxy.id)) return true;
  return std::ranges::any_of(uses.entities, [&](const store::Entity& entity) {
    if (entity.kind == kProxy) return entity.id == proxy.id;
    const auto& names = entity.kind == kSource      ? proxy.config.sources
                        : entity.kind == kEpgSource ? proxy.config.epg_sources
                        : entity.kind == kFilter    ? proxy.config.filters
                                                    : proxy.config.rules;
    return std::ranges::find(names, entity.name, &config::Named::name) != names.end();
  });
}

Answer try_erase(const ApiContext& context, PublishedData& data, const Call& call,
                 const store::Logo& logo) {
  M3U_TRY(const LogoUses uses, uses_of(context, logo));
  DryRun run(context, data, call);
  if (const auto model = context.conductor.model())
    for (const jobs::ProxyEntry& proxy : model->proxies)
      if (may_show(uses, proxy))
        M3U_CHECK(run.mention(proxy.id, proxy.config.name.name, kWithoutPicture));
  return planned_answer(
      {.action = "remove", .before = logo_json(logo), .more = {{"used_by", to_json(uses)}}}, &run);
}

/// What uploading a picture that may be one would make.
Answer try_create(const ApiContext& context, const std::string& name, std::string_view body) {
  M3U_TRY(const auto all, context.logos.list());
  if (all.size() >= logos::kMostLogos)
    return problem(409, fmt::format("there are {} logos already", logos::kMostLogos),
                   "remove some that nothing uses");
  std::string after;
  Json json(after);
  json.begin_object()
      .member("name", std::string_view(name))
      .member("type", logos::picture_type(body))
      .member("bytes", body.size())
      .end_object();
  return planned_answer({.action = "create", .after = std::move(after)});
}

Answer create_logo(const ApiContext& context, Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  if (!may_be_picture(call.request.header("Content-Type")))
    return problem(415, "this takes a picture", "send it as it is, with Content-Type: image/png");
  const auto name = http::query_value(call.request.query, "name");
  if (!name || !logos::LogoLibrary::is_name(*name))
    return field_problem("name", name ? "invalid" : "required",
                         "name has to be a line of 1 to 200 bytes");
  if (logos::picture_type(call.request.body).empty())
    return problem(422, "this is no picture",
                   "PNG, JPEG, GIF, WebP, AVIF, BMP, ICO and SVG are pictures");
  if (is_dry) return try_create(context, *name, call.request.body);
  M3U_TRY(const store::Logo logo, context.logos.add(*name, call.request.body, context.clock()));
  M3U_CHECK(
      record(context, call,
             {.action = "logos.create", .target = to_string(logo.id), .after = logo_json(logo)}));
  auto response = json_answer(logo_json(logo), 201);
  response.add("Location", "logos/" + to_string(logo.id));
  return response;
}

Answer get_logo(const ApiContext& context, Call& call) {
  M3U_TRY(const store::Logo logo, find_logo(context, call));
  M3U_TRY(const logos::LogoFile picture, context.logos.open(logo.id));
  return outputs::picture_response(call.request, picture);
}

Answer erase_logo(const ApiContext& context, PublishedData& data, Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const store::Logo logo, find_logo(context, call));
  if (is_dry) return try_erase(context, data, call, logo);
  M3U_CHECK(context.logos.remove(logo.id));
  M3U_CHECK(
      record(context, call,
             {.action = "logos.remove", .target = to_string(logo.id), .before = logo_json(logo)}));
  return http::empty_response();
}

}  // namespace

Result<> add_logo_routes(Operations& operations, const ApiContext& context,
                         const std::shared_ptr<PublishedData>& data) {
  using enum http::Method;
  M3U_CHECK(operations.add(kGet, "/logos", {.id = "listLogos"},
                           [&context](Call&) { return list_logos(context); }));
  // What changes files waits for the place that replicas share, however long it takes to answer.
  M3U_CHECK(operations.add(kPost, "/logos",
                           {.id = "createLogo",
                            .least = Role::kEditor,
                            .body_limit = logos::kLargestLogo,
                            .pace = Pace::kLong,
                            .has_dry_run = true},
                           [&context](Call& call) { return create_logo(context, call); }));
  M3U_CHECK(operations.add(kGet, "/logos/{id}", {.id = "getLogo"},
                           [&context](Call& call) { return get_logo(context, call); }));
  return operations.add(
      kDelete, "/logos/{id}",
      {.id = "removeLogo", .least = Role::kEditor, .pace = Pace::kLong, .has_dry_run = true},
      [&context, data](Call& call) { return erase_logo(context, *data, call); });
}

}  // namespace m3u_proxy::api
