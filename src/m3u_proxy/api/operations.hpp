// Operations: the API's addresses, each with the name that the document gives it, who may use it,
// and its handler.
//
// What a request has to pass before its handler runs is here: the host it names, who asks,
// their role, the CSRF token; and what every answer has to carry. Handlers run on a WorkPool.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/api/access.hpp>
#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/work_pool.hpp>
#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/http/router.hpp>

namespace m3u_proxy::api {

/// Before every path of the API.
inline constexpr std::string_view kApiPrefix = "/api/v1";

/// A request that may be answered: it lives as long as the handler runs.
struct Call {
  http::Request& request;
  const Principal& principal;
  http::BaseAddress base;  ///< under which the client reached us
  /// Whether the client went away: long work may stop. Thread-safe.
  const std::function<bool()>& gone;
  const CancelToken& stopping;  ///< the service ends
};

using Operation = std::function<Answer(Call&)>;

enum class Pace : std::uint8_t {
  kQuick,   ///< milliseconds
  kInTurn,  ///< one after the other: checks a change by all that there is
  kScan,    ///< mostly below 100 ms: looks through what is published
  kSlow,    ///< up to some seconds: reads sources, hashes passwords
  kLong,    ///< as long as others take: reads what is behind an address
};

struct OperationOptions {
  std::string id;                ///< the document's operationId
  Role least = Role::kViewer;    ///< kNobody: anybody
  std::uint64_t body_limit = 0;  ///< bytes; 0 takes no body
  Pace pace = Pace::kQuick;
  bool has_dry_run = false;  ///< dry_run=true tries it, with those that take long: proxies are made
  /// As http::RouteOptions::open_sink; only called for requests that may be answered.
  std::function<Result<std::unique_ptr<io::ByteSink>>(const http::Request&)> open_sink{};
};

/// What the server answers by itself (404, 405, 413 …), as a problem.
http::Response error_page(int status, std::string_view why);

constexpr std::uint64_t kSmallBody = std::uint64_t{64} << 10U;

class Operations {
 public:
  /// All outlive this, and this the server.
  Operations(http::Router& router, Access& access, const ApiContext& context);

  /// `path` is what follows kApiPrefix. Error: as http::Router::add().
  Result<> add(http::Method method, std::string_view path, OperationOptions options,
               Operation handler);
  /// Waits for what runs and refuses the rest. After the server has stopped.
  void stop();

  struct Known {
    http::Method method;
    std::string path;
    std::string id;
    Role least;
  };
  [[nodiscard]] const std::vector<Known>& known() const { return known_; }

 private:
  struct Entry;
  http::Response answer(const Entry& entry, http::Request& request,
                        const std::function<bool()>& gone);
  Answer call(const Entry& entry, http::Request& request, const std::function<bool()>& gone);
  WorkPool& pool_of(Pace pace);
  Outcome<Principal> admit(const Entry& entry, const http::Request& request);

  http::Router& router_;
  Access& access_;
  const ApiContext& context_;
  std::vector<Known> known_;
  CancelToken stopping_;
  WorkPool quick_;
  WorkPool in_turn_;
  WorkPool scan_;
  WorkPool slow_;
  WorkPool long_;
};

}  // namespace m3u_proxy::api
