#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <string>
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

/// Whether who sent a request still may what they might then, asked of the store; true where that
/// cannot be found out at present.
std::function<bool()> still_may(Access& access, const Call& call, Role least) {
  // What a proxy said of somebody then is not said now, and to ask again would write it down.
  if (call.principal.login == Login::kProxy && call.principal.user)
    return [&access, user = *call.principal.user, least] { return access.may_still(user, least); };
  const http::Request& request = call.request;
  struct Kept {
    std::deque<std::string> texts;  // what the headers are views of
    http::Request request;
  };
  const auto kept = std::make_shared<Kept>();
  kept->request.peer = request.peer;
  kept->request.local_port = request.local_port;
  kept->request.secure = request.secure;
  for (const http::Header& header : request.headers) {
    const std::string& name = kept->texts.emplace_back(header.name);
    const std::string& value = kept->texts.emplace_back(header.value);
    kept->request.headers.push_back({.name = name, .value = value});
  }
  return [&access, kept, least] {
    const auto principal = access.identify(kept->request);
    return principal ? principal->role >= least : principal.error().status != 401;
  };
}

Answer listen(Access& access, const std::shared_ptr<EventHub>& events, const Call& call) {
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
  listening.may_listen = still_may(access, call, listening.logs ? Role::kAdmin : Role::kViewer);
  if (!events->has_room()) return problem(503, "too many listen to events already");
  return http::event_stream_response([events, listening](http::Stream stream) {
    if (!events->listen(stream, listening)) stream.close();
  });
}

}  // namespace

Result<> add_event_routes(Operations& operations, Access& access,
                          const std::shared_ptr<EventHub>& events) {
  return operations.add(http::Method::kGet, "/events", {.id = "listenToEvents"},
                        [&access, events](Call& call) { return listen(access, events, call); });
}

}  // namespace m3u_proxy::api
