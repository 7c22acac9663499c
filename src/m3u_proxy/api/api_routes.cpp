#include <string>

#include <m3u_proxy/api/api_routes.hpp>
#include <m3u_proxy/api/document.hpp>

namespace m3u_proxy::api {

Result<> add_api_routes(Operations& operations, const SessionContext& sessions) {
  M3U_CHECK(operations.add(http::Method::kGet, "/openapi.json",
                           {.id = "getDocument", .least = Role::kNobody},
                           [](Call&) -> Answer { return json_answer(std::string(document())); }));
  return add_session_routes(operations, sessions);
}

}  // namespace m3u_proxy::api
