#include <algorithm>
#include <array>

#include <m3u_proxy/store/portable/portable_kinds.hpp>

namespace m3u_proxy::store::portable {
namespace {

constexpr std::array<std::string_view, 3> kManagers = {"file", "user", "example"};
constexpr std::array<std::string_view, 3> kRoles = {"viewer", "editor", "admin"};
constexpr std::array<std::string_view, 3> kPlaces = {"", "before", "after"};

constexpr Column integer(std::string_view name) {
  return {.name = name, .member = name, .type = Type::kInteger};
}
constexpr Column text(std::string_view name) { return {.name = name, .member = name}; }
constexpr Column kName = text("name");
constexpr Column maybe(std::string_view name, std::string_view member, Type type = Type::kLine) {
  return {.name = name, .member = member, .type = type, .may_be_null = true};
}
constexpr Column maybe_id(std::string_view name, std::string_view member) {
  return {.name = name, .member = member, .type = Type::kId, .may_be_null = true};
}
constexpr Column word(std::string_view name, std::span<const std::string_view> words) {
  return {.name = name, .member = name, .type = Type::kWord, .words = words};
}
constexpr Column kId = {.name = "id", .member = "id", .type = Type::kId};
constexpr Column kDisabled = {.name = "disabled", .member = "disabled", .type = Type::kBoolean};

constexpr std::array kSettings = {text("key"),
                                  Column{.name = "value", .member = "value", .type = Type::kJson},
                                  integer("revision"), integer("updated")};
constexpr std::array kUsers = {kId,
                               kName,
                               text("password_hash"),
                               word("role", kRoles),
                               kDisabled,
                               integer("revision"),
                               integer("created"),
                               integer("updated")};
constexpr std::array kEntities = {kId,
                                  kName,
                                  integer("position"),
                                  Column{.name = "body", .member = "config", .type = Type::kJson},
                                  integer("revision"),
                                  word("managed_by", kManagers),
                                  integer("created"),
                                  integer("updated")};
constexpr std::array kTokens = {kId,
                                kName,
                                text("hash"),
                                maybe_id("user_id", "user"),
                                maybe_id("proxy_id", "proxy"),
                                Column{.name = "scopes", .member = "scopes", .type = Type::kJson},
                                integer("created"),
                                integer("expires"),
                                integer("last_used")};
constexpr std::array kEdits = {
    Column{.name = "channel_id", .member = "channel", .type = Type::kId},
    Column{.name = "proxy_id", .member = "proxy", .type = Type::kIdOrNone},
    maybe("number", "number", Type::kNumber),
    maybe("name", "name"),
    maybe("group_title", "group"),
    maybe("logo", "logo"),
    maybe("guide_id", "guide_id"),
    Column{.name = "hidden", .member = "hidden", .type = Type::kBoolean, .may_be_null = true},
    word("place", kPlaces),
    Column{.name = "place_channel_id", .member = "place_channel", .type = Type::kIdOrNone},
    integer("revision"),
    integer("created"),
    integer("updated"),
    integer("last_seen"),
    integer("misses"),
    word("managed_by", kManagers),
    Column{.name = "source_id", .member = "source", .type = Type::kIdOrNone},
    integer("missing_since")};
constexpr std::array kLogos = {
    kId, kName, text("mime"), integer("bytes"), text("content_hash"), integer("created")};

constexpr Kind entity(std::string_view name, std::string_view kind, Sealed sealed) {
  return {.name = name,
          .table = "entities",
          .order = "position, id",
          .columns = kEntities,
          .sealed = sealed,
          .of_kind = kind};
}
constexpr Kind tokens(std::string_view name, std::string_view kind) {
  return {.name = name, .table = "tokens", .order = "id", .columns = kTokens, .of_kind = kind};
}

constexpr std::array kKinds = {
    Kind{.name = "settings",
         .table = "settings",
         .order = "key",
         .columns = kSettings,
         .sealed = Sealed::kSome},
    Kind{.name = "users", .table = "users", .order = "name", .columns = kUsers},
    entity("sources", "source", Sealed::kConfig),
    entity("epg-sources", "epg_source", Sealed::kConfig),
    entity("filters", "filter", Sealed::kNothing),
    entity("rules", "rule", Sealed::kNothing),
    entity("proxies", "proxy", Sealed::kNothing),
    tokens("api-tokens", "api"),
    tokens("output-tokens", "output"),
    Kind{.name = "edits",
         .table = "channel_edits",
         .order = "channel_id, proxy_id",
         .columns = kEdits},
    Kind{.name = "logos", .table = "logos", .order = "id", .columns = kLogos}};

}  // namespace

std::span<const Kind> kinds() { return kKinds; }

const Kind* find_kind(std::string_view name) {
  const auto found = std::ranges::find(kKinds, name, &Kind::name);
  return found == kKinds.end() ? nullptr : &*found;
}

}  // namespace m3u_proxy::store::portable
