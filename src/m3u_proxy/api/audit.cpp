#include <m3u_proxy/api/audit.hpp>

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

Result<> record(const ApiContext& context, const Call& call, const Change& change) {
  std::string detail;
  Json json(detail);
  json.begin_object();
  write(json, "before", change.before);
  write(json, "after", change.after);
  json.end_object();
  return context.store.audit_log().add({.at = context.clock(),
                                        .actor = call.principal.name,
                                        .action = std::string(change.action),
                                        .target = change.target,
                                        .detail = std::move(detail)});
}

}  // namespace m3u_proxy::api
