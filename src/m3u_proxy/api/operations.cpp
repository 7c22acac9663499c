#include <array>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/api/operations.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/http/target.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::api {
namespace {

constexpr unsigned kQuickThreads = 2;
constexpr unsigned kScanThreads = 2;
constexpr unsigned kSlowThreads = 2;
constexpr unsigned kLongThreads = 2;
constexpr std::size_t kMostWaiting = 64;
constexpr std::size_t kMostWaitingLong = 8;

/// Takes what nobody may send, so that the answer can say so.
class Discard final : public io::ByteSink {
 public:
  Result<> write(std::string_view /*bytes*/) override { return {}; }
};

bool changes(http::Method method) {
  using enum http::Method;
  return method != kGet && method != kHead && method != kOptions;
}

/// Who asks what would happen must not make it happen.
Outcome<void> refuse_dry_run(const http::Request& request) {
  if (!changes(request.method)) return {};
  M3U_TRY(const bool is_dry, query_flag(request, "dry_run"));
  if (!is_dry) return {};
  return field_problem("dry_run", "unsupported", "this cannot be tried without doing it",
                       "leave dry_run out to do it");
}

void add_common_fields(http::Response& response) {
  response.add("X-Content-Type-Options", "nosniff");
  response.add("Referrer-Policy", "no-referrer");
  response.add("X-Frame-Options", "DENY");
  response.add("Cross-Origin-Resource-Policy", "same-origin");
  if (response.fields.find("Content-Security-Policy:") == std::string::npos)
    response.add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  if (response.fields.find("Cache-Control:") == std::string::npos)
    response.add("Cache-Control", "no-store");
}

}  // namespace

http::Response error_page(int status, std::string_view why) {
  Problem problem(status, std::string(why));
  problem.retry_after = Problem::kNotSaid;  // the server says it
  auto response = problem_answer(problem);
  add_common_fields(response);
  return response;
}

struct Operations::Entry {
  OperationOptions options;
  Operation handler;
};

Operations::Operations(http::Router& router, Access& access, const ApiContext& context)
    : router_(router),
      access_(access),
      context_(context),
      quick_(kQuickThreads, kMostWaiting),
      in_turn_(1, kMostWaiting),
      scan_(kScanThreads, kMostWaiting),
      slow_(kSlowThreads, kMostWaiting),
      long_(kLongThreads, kMostWaitingLong) {}

Result<> Operations::add(http::Method method, std::string_view path, OperationOptions options,
                         Operation handler) {
  known_.push_back(
      {.method = method, .path = std::string(path), .id = options.id, .least = options.least});
  const auto entry = std::make_shared<const Entry>(
      Entry{.options = std::move(options), .handler = std::move(handler)});
  http::RouteOptions route{.body_limit = entry->options.body_limit, .door = "api"};
  if (entry->options.open_sink)
    route.open_sink =
        [this, entry](const http::Request& request) -> Result<std::unique_ptr<io::ByteSink>> {
      if (!admit(*entry, request)) return std::make_unique<Discard>();
      return entry->options.open_sink(request);
    };
  WorkPool& pool = pool_of(entry->options.pace);
  return router_.add_deferred(
      method, fmt::format("{}{}", kApiPrefix, path),
      [this, entry, &pool](std::shared_ptr<http::Request> request, http::Responder responder) {
        const auto waiting = std::make_shared<http::Responder>(std::move(responder));
        const bool is_dry =
            entry->options.has_dry_run && http::query_value(request->query, "dry_run") == "true";
        WorkPool::Work work = [this, entry, request = std::move(request), waiting] {
          const std::function<bool()> gone = [waiting] { return waiting->gone(); };
          waiting->send(answer(*entry, *request, gone));
        };
        WorkPool& taken = is_dry ? long_ : pool;
        if (!taken.post(work))
          waiting->send(error_page(503, "too much is being asked for at once"));
      },
      std::move(route));
}

WorkPool& Operations::pool_of(Pace pace) {
  switch (pace) {
    case Pace::kQuick:
      break;
    case Pace::kInTurn:
      return in_turn_;
    case Pace::kScan:
      return scan_;
    case Pace::kSlow:
      return slow_;
    case Pace::kLong:
      return long_;
  }
  return quick_;
}

void Operations::stop() {
  stopping_.cancel();
  // First of all: what one begins, another might wait for.
  const std::array pools = {&long_, &quick_, &in_turn_, &scan_, &slow_};
  for (WorkPool* const pool : pools) pool->begin_stop();
  for (WorkPool* const pool : pools) pool->stop();
}

http::Response Operations::answer(const Entry& entry, http::Request& request,
                                  const std::function<bool()>& gone) {
  Answer answer = problem(500, "the answer failed");
  try {
    answer = call(entry, request, gone);
  } catch (const memory::OverBudget&) {
    answer = problem(503, "there is no memory for the answer now");
  } catch (const std::exception& failure) {
    log::error("api", "{}: {}", entry.options.id, failure.what());
  }
  // What a viewer may send, and what is only tried, changes nothing that generations are made of.
  const bool has_changed = answer && changes(request.method) &&
                           entry.options.least >= Role::kEditor &&
                           http::query_value(request.query, "dry_run") != "true";
  http::Response response = answer ? *std::move(answer) : problem_answer(answer.error());
  add_common_fields(response);
  if (has_changed)
    if (const auto revision = context_.store.entities().revision())
      response.add("Settings-Revision", std::to_string(*revision));
  return response;
}

Outcome<Principal> Operations::admit(const Entry& entry, const http::Request& request) {
  auto principal = access_.identify(request);
  if (entry.options.least == Role::kNobody) {
    // Who logs in may come with a token that is over.
    if (!principal && principal.error().status == 401)
      return Principal{.refused = std::move(principal.error().detail)};
    return principal;
  }
  if (!principal) return principal;
  if (principal->role == Role::kNobody)
    return problem(401, "you are not logged in",
                   "log in, or send a token: Authorization: Bearer m3u_…");
  if (principal->role < entry.options.least)
    return problem(403, fmt::format("this needs the role {}, and you are {}",
                                    to_string(entry.options.least), to_string(principal->role)));
  if (changes(request.method)) M3U_CHECK(Access::check_csrf(request, *principal));
  return principal;
}

Answer Operations::call(const Entry& entry, http::Request& request,
                        const std::function<bool()>& gone) {
  auto base = http::base_address(
      request.headers,
      {.peer = request.peer, .secure = request.secure, .local_port = request.local_port},
      *context_.addresses.get());
  if (!base) return problem(421, base.error().message, base.error().hint);
  M3U_TRY(const Principal principal, admit(entry, request));
  if (!entry.options.has_dry_run) M3U_CHECK(refuse_dry_run(request));
  Call call{.request = request,
            .principal = principal,
            .base = *std::move(base),
            .gone = gone,
            .stopping = stopping_};
  return entry.handler(call);
}

}  // namespace m3u_proxy::api
