#include <chrono>
#include <memory>
#include <utility>

#include <m3u_proxy/base/error_kind.hpp>
#include <m3u_proxy/base/json_writer.hpp>
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
