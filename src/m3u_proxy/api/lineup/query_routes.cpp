#include <memory>

#include <m3u_proxy/api/lineup/channel_routes.hpp>
#include <m3u_proxy/api/lineup/event_routes.hpp>
#include <m3u_proxy/api/lineup/explain_routes.hpp>
#include <m3u_proxy/api/lineup/expression_routes.hpp>
#include <m3u_proxy/api/lineup/guide_routes.hpp>
#include <m3u_proxy/api/lineup/preview_routes.hpp>
#include <m3u_proxy/api/lineup/programme_routes.hpp>
#include <m3u_proxy/api/lineup/query_routes.hpp>

namespace m3u_proxy::api {

Result<> add_query_routes(Operations& operations, Access& access, const ApiContext& context,
                          const std::shared_ptr<PublishedData>& data) {
  M3U_CHECK(add_channel_routes(operations, context, data));
  M3U_CHECK(add_programme_routes(operations, context, data));
  M3U_CHECK(add_expression_routes(operations, context, data));
  const auto catalog = std::make_shared<GuideCatalog>(context);
  M3U_CHECK(add_guide_routes(operations, catalog));
  M3U_CHECK(add_explain_routes(operations, context, data, catalog));
  M3U_CHECK(add_preview_routes(operations, context, data));
  const auto events = std::make_shared<EventHub>(context, [data] { data->forget_edits(); });
  return add_event_routes(operations, access, events);
}

}  // namespace m3u_proxy::api
