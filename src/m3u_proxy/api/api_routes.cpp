#include <string>

#include <m3u_proxy/api/api_routes.hpp>
#include <m3u_proxy/api/document.hpp>
#include <m3u_proxy/api/lineup/query_routes.hpp>

namespace m3u_proxy::api {

Result<> add_api_routes(Operations& operations, const SessionContext& sessions) {
  M3U_CHECK(operations.add(http::Method::kGet, "/openapi.json",
                           {.id = "getDocument", .least = Role::kNobody},
                           [](Call&) -> Answer { return json_answer(std::string(document())); }));
  M3U_CHECK(add_query_routes(operations, sessions.api));
  return add_session_routes(operations, sessions);
}

}  // namespace m3u_proxy::api
