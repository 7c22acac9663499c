#include <fmt/format.h>

#include <m3u_proxy/base/log_format.hpp>
#include <m3u_proxy/daemon/access_log.hpp>

namespace m3u_proxy::daemon {

void log_access(const http::AccessRecord& record) {
  // What waits for room (503) is no failure of ours.
  const auto level = record.status == 500 ? log::Level::kWarn : log::Level::kDebug;
  if (!log::enabled("http", level)) return;
  log::write("http", level,
             fmt::format("{} {} {}{}", http::to_string(record.method),
                         record.route == nullptr ? "-" : record.route->pattern, record.status,
                         record.complete ? "" : ", cut"),
             {{"request", std::string(record.id)},
              {"bytes", fmt::format("{}", record.bytes)},
              {"us", fmt::format("{}", record.duration.count())},
              {"peer", record.peer ? to_string(*record.peer) : "local"}});
}

}  // namespace m3u_proxy::daemon
