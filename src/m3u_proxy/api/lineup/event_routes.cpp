#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <m3u_proxy/api/lineup/event_routes.hpp>
#include <m3u_proxy/http/target.hpp>

namespace m3u_proxy::api {
namespace {

constexpr std::array<std::pair<std::string_view, log::Level>, 5> kLevels = {
    {{"trace", log::Level::kTrace},
     {"debug", log::Level::kDebug},
     {"info", log::Level::kInfo},
     {"warn", log::Level::kWarn},
     {"error", log::Level::kError}}};

Answer listen(const std::shared_ptr<EventHub>& events, const Call& call) {
  Listening listening;
  if (const auto logs = http::query_value(call.request.query, "logs")) {
    const auto* const level =
        std::ranges::find(kLevels, *logs, &std::pair<std::string_view, log::Level>::first);
    if (level == kLevels.end())
      return field_problem("logs", "invalid", "logs is trace, debug, info, warn or error");
    if (call.principal.role < Role::kAdmin) return problem(403, "the log is for administrators");
    listening.logs = level->second;
  }
  const std::string_view last = call.request.header("Last-Event-ID");
  // What is no number is of no event of ours.
  (void)std::from_chars(last.data(), last.data() + last.size(), listening.after);
  if (!events->has_room()) return problem(503, "too many listen to events already");
  return http::event_stream_response([events, listening](http::Stream stream) {
    if (!events->listen(stream, listening)) stream.close();
  });
}

}  // namespace

Result<> add_event_routes(Operations& operations, const std::shared_ptr<EventHub>& events) {
  return operations.add(http::Method::kGet, "/events", {.id = "listenToEvents"},
                        [events](Call& call) { return listen(events, call); });
}

}  // namespace m3u_proxy::api
