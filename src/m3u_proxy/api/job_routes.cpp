#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/entities/entity_view.hpp>
#include <m3u_proxy/api/job_routes.hpp>
#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/api/planned_change.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/http/target.hpp>

namespace m3u_proxy::api {
namespace {

using store::JobState;

constexpr std::int64_t kMostJobs = 200;

Outcome<std::optional<JobState>> state_of(const http::Request& request) {
  const auto text = http::query_value(request.query, "state");
  if (!text || text->empty()) return std::nullopt;
  for (const JobState state : {JobState::kQueued, JobState::kRunning, JobState::kDone,
                               JobState::kFailed, JobState::kCancelled})
    if (store::to_string(state) == *text) return state;
  return field_problem("state", "invalid", "state is queued, running, done, failed or cancelled");
}

Answer list_jobs(const ApiContext& context, Call& call) {
  const http::Request& request = call.request;
  M3U_TRY(const std::int64_t limit, query_number(request, "limit", 1, kMostJobs, 50));
  store::JobFilter filter{.limit = static_cast<int>(limit)};
  M3U_TRY(filter.state, state_of(request));
  filter.kind = http::query_value(request.query, "kind").value_or("");
  filter.target = http::query_value(request.query, "target").value_or("");
  if (const auto cursor = http::query_value(request.query, "cursor"); cursor && !cursor->empty()) {
    const auto id = parse_uuid(*cursor);
    if (!id) return field_problem("cursor", "invalid", "cursor is none of ours");
    filter.after = *id;
  }
  M3U_TRY(const auto jobs, context.store.jobs().list(filter));
  std::string text;
  Json json(text);
  json.begin_object().key("items").begin_array();
  for (const store::Job& job : jobs) write_job(json, context, job);
  json.end_array().key("next_cursor");
  if (std::ssize(jobs) == limit)
    json.value(std::string_view(to_string(jobs.back().id)));
  else
    json.null();
  json.end_object();
  return json_answer(std::move(text));
}

Answer job_answer(const ApiContext& context, const store::Job& job) {
  std::string text;
  Json json(text);
  write_job(json, context, job);
  return json_answer(std::move(text));
}

Answer get_job(const ApiContext& context, Call& call) {
  M3U_TRY(const Uuid id, path_id(call.request));
  M3U_TRY(const store::Job job, context.store.jobs().get(id));
  return job_answer(context, job);
}

/// What cancelling it would do.
Answer try_cancel(const ApiContext& context, const Uuid& id) {
  M3U_TRY(const store::Job job, context.store.jobs().get(id));
  if (job.state != JobState::kQueued && job.state != JobState::kRunning)
    return problem(409,
                   fmt::format("job {} is {} already", to_string(id), store::to_string(job.state)));
  std::string before;
  Json json(before);
  write_job(json, context, job);
  // One that runs ends by itself, a moment later.
  const JobState then = job.state == JobState::kQueued ? JobState::kCancelled : JobState::kRunning;
  return planned_answer({.action = "change",
                         .before = std::move(before),
                         .after = fmt::format(R"({{"state":"{}"}})", store::to_string(then))});
}

Answer cancel_job(const ApiContext& context, Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const Uuid id, path_id(call.request));
  if (is_dry) return try_cancel(context, id);
  M3U_TRY(const store::Job job, context.store.jobs().cancel(id, context.clock()));
  context.workers.cancel(id);
  M3U_CHECK(record(context, call, {.action = "jobs.cancel", .target = to_string(id)}));
  return job_answer(context, job);
}

}  // namespace

Result<> add_job_routes(Operations& operations, const ApiContext& context) {
  using enum http::Method;
  M3U_CHECK(operations.add(kGet, "/jobs", {.id = "listJobs"},
                           [&context](Call& call) { return list_jobs(context, call); }));
  M3U_CHECK(operations.add(kGet, "/jobs/{id}", {.id = "getJob"},
                           [&context](Call& call) { return get_job(context, call); }));
  return operations.add(kPost, "/jobs/{id}/cancel",
                        {.id = "cancelJob", .least = Role::kEditor, .has_dry_run = true},
                        [&context](Call& call) { return cancel_job(context, call); });
}

}  // namespace m3u_proxy::api
