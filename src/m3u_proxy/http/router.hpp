// Router: finds the route of a method and a path.
//
// A pattern is a path whose segments are literal or `{name}`, which takes one segment that is not
// empty; the last one may be `{name...}`, which takes the rest. Literal wins over `{name}`, that
// over the rest. Filled before the server starts; matching is thread-safe.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/http/route.hpp>

namespace m3u_proxy::http {

class Router {
 public:
  Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;
  ~Router();

  /// Error: kInvalidArgument for a pattern that is none, or a route that is there already.
  Result<> add(Method method, std::string_view pattern, Handler handler, RouteOptions options = {});
  Result<> add_deferred(Method method, std::string_view pattern, DeferredHandler handler,
                        RouteOptions options = {});

  struct Match {
    const Route* route = nullptr;  ///< nullptr: none; `allowed` tells 404 from 405
    std::string allowed;           ///< "GET, HEAD, OPTIONS": what the path answers; empty: nothing
  };
  /// The route of a path without query; HEAD falls back to GET's. The values of `{name}` are put
  /// into `parameters`. `allowed` is filled for what has no route.
  Match match(Method method, std::string_view path, std::vector<Parameter>& parameters) const;

  /// In the order in which they were added; their addresses stay.
  [[nodiscard]] const std::deque<Route>& routes() const { return routes_; }

 private:
  struct Node;
  Result<> insert(Method method, std::string_view pattern,
                  std::variant<Handler, DeferredHandler> handler, RouteOptions options);
  static const Node* find(const Node& node, std::string_view path,
                          std::vector<std::string_view>& values);

  std::deque<Route> routes_;
  std::unique_ptr<Node> root_;
};

}  // namespace m3u_proxy::http
