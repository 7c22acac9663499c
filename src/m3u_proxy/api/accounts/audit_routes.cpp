#include <m3u_proxy/api/accounts/account_routes.hpp>
#include <m3u_proxy/api/request_body.hpp>

namespace m3u_proxy::api {
namespace {

constexpr std::int64_t kMostEntries = 500;

Answer list_audit(const ApiContext& context, Call& call) {
  M3U_TRY(const std::int64_t limit, query_number(call.request, "limit", 1, kMostEntries, 100));
  M3U_TRY(const std::int64_t before, query_number(call.request, "before", 1, INT64_MAX, INT64_MAX));
  M3U_TRY(const auto page,
          context.store.audit_log().page(before == INT64_MAX ? std::nullopt : std::optional(before),
                                         static_cast<int>(limit)));
  std::string text;
  Json json(text);
  json.begin_object().key("items").begin_array();
  for (const store::AuditEntry& entry : page) {
    json.begin_object().member("id", entry.id);
    time_member(json, "at", entry.at);
    json.member("actor", std::string_view(entry.actor))
        .member("action", std::string_view(entry.action))
        .member("target", std::string_view(entry.target))
        .key("detail")
        .raw(entry.detail.empty() ? "{}" : entry.detail)
        .end_object();
  }
  json.end_array().key("next_cursor");
  if (std::ssize(page) == limit)
    json.value(std::string_view(std::to_string(page.back().id)));
  else
    json.null();
  json.end_object();
  return json_answer(std::move(text));
}

}  // namespace

Result<> add_audit_routes(Operations& operations, const ApiContext& context) {
  return operations.add(http::Method::kGet, "/audit", {.id = "listAudit", .least = Role::kAdmin},
                        [&context](Call& call) { return list_audit(context, call); });
}

}  // namespace m3u_proxy::api
