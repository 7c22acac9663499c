#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/base/log.hpp>

namespace m3u_proxy::api {
namespace {

/// Of what is larger only the size is kept.
constexpr std::size_t kLargest = 65536;

void write(Json& json, std::string_view name, const std::string& value) {
  if (value.empty()) return;
  json.key(name);
  if (value.size() <= kLargest)
    json.raw(value);
  else
    json.begin_object().member("bytes", value.size()).end_object();
}

}  // namespace

Result<> record(store::Store& store, store::Time now, const Principal& who, const Change& change) {
  std::string detail;
  Json json(detail);
  json.begin_object();
  if (who.login != Login::kNone) json.member("login", to_string(who.login));
  write(json, "before", change.before);
  write(json, "after", change.after);
  json.end_object();
  store::AuditEntry entry{.at = now,
                          .actor = who.name,
                          .action = std::string(change.action),
                          .target = change.target,
                          .detail = std::move(detail)};
  if (const auto added = store.audit_log().add(entry); !added)
    log::error("audit", "{} did {} to \"{}\": {} (not in the audit log: {})", entry.actor,
               entry.action, entry.target, entry.detail, to_string(added.error()));
  return {};
}

Result<> record(const ApiContext& context, const Call& call, const Change& change) {
  return record(context.store, context.clock(), call.principal, change);
}

}  // namespace m3u_proxy::api
