#include <memory>
#include <string>

#include <m3u_proxy/api/accounts/account_routes.hpp>
#include <m3u_proxy/api/api_routes.hpp>
#include <m3u_proxy/api/backup_routes.hpp>
#include <m3u_proxy/api/document.hpp>
#include <m3u_proxy/api/edits/edit_routes.hpp>
#include <m3u_proxy/api/entities/entity_routes.hpp>
#include <m3u_proxy/api/entities/proxy_routes.hpp>
#include <m3u_proxy/api/entities/source_routes.hpp>
#include <m3u_proxy/api/job_routes.hpp>
#include <m3u_proxy/api/lineup/query_routes.hpp>
#include <m3u_proxy/api/logo_routes.hpp>
#include <m3u_proxy/api/service/service_routes.hpp>
#include <m3u_proxy/api/transfer/transfer_routes.hpp>

namespace m3u_proxy::api {

Result<> add_api_routes(Operations& operations, const SessionContext& sessions) {
  M3U_CHECK(operations.add(http::Method::kGet, "/openapi.json",
                           {.id = "getDocument", .least = Role::kNobody},
                           [](Call&) -> Answer { return json_answer(std::string(document())); }));
  const auto data = std::make_shared<PublishedData>(sessions.api);
  M3U_CHECK(add_query_routes(operations, sessions.access, sessions.api, data));
  M3U_CHECK(add_edit_routes(operations, sessions.api, data));
  M3U_CHECK(add_bulk_edit_routes(operations, sessions.api, data));
  M3U_CHECK(add_session_routes(operations, sessions));
  M3U_CHECK(add_user_routes(operations, sessions));
  M3U_CHECK(add_token_routes(operations, sessions.api));
  M3U_CHECK(add_audit_routes(operations, sessions.api));
  M3U_CHECK(add_backup_routes(operations, sessions.api, data));
  M3U_CHECK(add_transfer_routes(operations, sessions.api, data));
  M3U_CHECK(add_entity_routes(operations, sessions.api, data));
  M3U_CHECK(add_source_routes(operations, sessions.api, data));
  M3U_CHECK(add_proxy_routes(operations, sessions.api, data));
  M3U_CHECK(add_output_token_routes(operations, sessions.api, data));
  M3U_CHECK(add_job_routes(operations, sessions.api));
  M3U_CHECK(add_logo_routes(operations, sessions.api, data));
  M3U_CHECK(add_status_routes(operations, sessions.api));
  M3U_CHECK(add_history_routes(operations, sessions.api));
  M3U_CHECK(add_settings_routes(operations, sessions.api, data));
  return add_plugin_routes(operations, sessions.api, data);
}

}  // namespace m3u_proxy::api
