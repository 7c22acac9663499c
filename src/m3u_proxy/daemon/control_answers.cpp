#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/base/error_kind.hpp>
#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/daemon/control_answers.hpp>

namespace m3u_proxy::daemon {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::chrono::seconds kBusy{5};

http::Response failure(const Error& error) {
  std::string text;
  JsonWriter(text)
      .begin_object()
      .member("error", std::string_view(error.message))
      .member("hint", std::string_view(error.hint))
      .end_object();
  text.push_back('\n');
  return http::text_response(kind_of(error.code).http_status, std::move(text), kJson);
}

http::Response answer_of(Result<std::string> text) {
  if (!text) return failure(text.error());
  return http::text_response(200, *std::move(text) + "\n", kJson);
}

}  // namespace

Result<const jobs::ProxyEntry*> find_proxy(const jobs::Model& model, std::string_view name) {
  if (const jobs::ProxyEntry* const found = model.find_proxy(name)) return found;
  std::vector<std::string_view> names;
  for (const jobs::ProxyEntry& entry : model.proxies) names.push_back(entry.config.name.name);
  const std::string_view close = closest_word(name, names);
  return fail(ErrorCode::kNotFound, fmt::format("there is no proxy called \"{}\"", excerpt(name)),
              close.empty() ? "m3u-proxy ctl status lists them"
                            : fmt::format("did you mean \"{}\"?", close));
}

void write_job(JsonWriter<std::string>& json, const store::Job& job) {
  json.begin_object()
      .member("id", std::string_view(to_string(job.id)))
      .member("kind", std::string_view(job.kind))
      .member("target", std::string_view(job.target))
      .member("state", store::to_string(job.state));
  time_member(json, "created", job.created);
  time_member(json, "started", job.started);
  time_member(json, "finished", job.finished);
  if (!job.error.empty()) json.member("error", std::string_view(job.error));
  if (!job.progress.empty()) json.key("progress").raw(job.progress);
  json.end_object();
}

http::DeferredHandler answered_by(
    Errands& errands,
    std::function<Result<std::string>(const http::Request&, const CancelToken&)> work) {
  return [&errands, work = std::move(work)](const std::shared_ptr<http::Request>& request,
                                            http::Responder responder) {
    const auto answer = std::make_shared<http::Responder>(std::move(responder));
    const bool taken = errands.add([work, request, answer](const CancelToken& cancel) {
      answer->send(answer_of(work(*request, cancel)));
    });
    if (!taken) answer->send(http::retry_response(503, kBusy, "busy, try again\n"));
  };
}

}  // namespace m3u_proxy::daemon
