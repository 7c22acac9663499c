#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/api/planned_change.hpp>

namespace m3u_proxy::api {

http::Response planned_answer(const PlannedChange& planned, const DryRun* run) {
  std::string text;
  Json json(text);
  json.begin_object();
  run != nullptr ? run->write(json) : write_no_proxies(json);
  json.member("action", planned.action)
      .key("before")
      .raw(planned.before.empty() ? "null" : planned.before)
      .key("after")
      .raw(planned.after.empty() ? "null" : planned.after);
  for (const auto& [name, value] : planned.more) json.key(name).raw(value);
  json.end_object();
  return json_answer(std::move(text));
}

}  // namespace m3u_proxy::api
