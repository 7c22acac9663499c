#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/api/service/service_routes.hpp>
#include <m3u_proxy/http/target.hpp>
#include <m3u_proxy/jobs/conductor.hpp>

namespace m3u_proxy::api {
namespace {

using Report = nlohmann::json;
using store::JobState;

constexpr std::int64_t kMostRuns = 100;
constexpr std::int64_t kRuns = 20;
constexpr double kMb = 1048576;

/// A number of a report; nullptr: it has none.
const Report* number(const Report& report, const char* name) {
  const auto found = report.find(name);
  return found != report.end() && found->is_number() ? &*found : nullptr;
}
const Report* number(const Report& report, const char* table, const char* name) {
  const auto found = report.find(table);
  return found != report.end() && found->is_object() ? number(*found, name) : nullptr;
}

double real(const Report* value) { return value == nullptr ? 0 : value->get<double>(); }
std::uint64_t count(const Report* value) {
  return value == nullptr ? 0 : value->get<std::uint64_t>();
}

void write_stages(Json& json, const Report& report) {
  json.key("stages").begin_array();
  if (const auto stages = report.find("stages"); stages != report.end())
    for (const Report& stage : *stages)
      json.begin_object()
          .member("name", std::string_view(stage.value("name", std::string())))
          .member("seconds", real(number(stage, "execution_time_ms")) / 1000)
          .member("peak_mb", real(number(stage, "peak_memory_mb")))
          .member("items", count(number(stage, "items_out")))
          .end_object();
  json.end_array();
}

void write_figures(Json& json, const Report& report) {
  const auto whole = [&](std::string_view name, const char* member) {
    const Report* const value = number(report, member);
    json.key(name);
    value == nullptr ? json.null() : json.value(value->get<std::uint64_t>());
  };
  const auto size = [&](std::string_view name, const Report* value, double unit, bool may_be_zero) {
    json.key(name);
    if (value == nullptr || (!may_be_zero && real(value) == 0))
      json.null();
    else
      json.value(real(value) / unit);
  };
  whole("channels", "channels");
  whole("programmes", "programmes");
  size("peak_mb", number(report, "peak_memory_usage_mb"), 1, true);
  size("limit_mb", number(report, "budget", "limit_mb"), 1, false);
  size("spilled_mb", number(report, "spill", "bytes"), kMb, true);
  write_stages(json, report);
}

void write_run(Json& json, const store::Job& job) {
  Report report = Report::parse(job.report, nullptr, false);
  if (!report.is_object()) report = Report::object();
  const std::chrono::duration<double> took = job.finished - job.started;
  json.begin_object();
  id_member(json, "job", job.id);
  json.member("state", store::to_string(job.state));
  text_or_null_member(json, "error", job.error);
  time_member(json, "started", job.started);
  time_member(json, "finished", job.finished);
  json.member("seconds", std::max(took.count(), 0.0));
  write_figures(json, report);
  json.end_object();
}

/// A proxy's last generations that ended, newest first.
Result<std::vector<store::Job>> last_runs(store::Store& store, const Uuid& proxy,
                                          std::size_t most) {
  std::vector<store::Job> runs;
  store::JobFilter filter{.kind = std::string(jobs::kGenerateJob), .target = to_string(proxy)};
  while (runs.size() < most) {
    M3U_TRY(const auto page, store.jobs().list(filter));
    for (const store::Job& job : page) {
      // One that was cancelled while it waited is no run.
      const bool ran = job.started != store::Time() && job.finished != store::Time();
      if (ran && runs.size() < most) runs.push_back(job);
    }
    if (std::ssize(page) < filter.limit) break;
    filter.after = page.back().id;
  }
  return runs;
}

Answer history(const ApiContext& context, Call& call) {
  const auto proxy = http::query_value(call.request.query, "proxy");
  if (!proxy) return field_problem("proxy", "required", "proxy is missing");
  const auto id = parse_uuid(*proxy);
  if (!id) return field_problem("proxy", "invalid", "proxy is no id");
  M3U_TRY(const std::int64_t limit, query_number(call.request, "limit", 1, kMostRuns, kRuns));
  M3U_TRY(auto runs, last_runs(context.store, *id, static_cast<std::size_t>(limit)));
  std::string text;
  Json json(text);
  json.begin_object().key("items").begin_array();
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    const auto whole = context.store.jobs().get(run->id);
    if (!whole && whole.error().code == ErrorCode::kNotFound) continue;  // it was 30 days old
    if (!whole) return std::unexpected<Problem>(whole.error());
    write_run(json, *whole);
  }
  json.end_array().key("next_cursor").null().end_object();
  return json_answer(std::move(text));
}

}  // namespace

Result<> add_history_routes(Operations& operations, const ApiContext& context) {
  return operations.add(http::Method::kGet, "/history", {.id = "listRuns"},
                        [&context](Call& call) { return history(context, call); });
}

}  // namespace m3u_proxy::api
