#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include <m3u_proxy/http/router.hpp>
#include <m3u_proxy/http/target.hpp>

namespace m3u_proxy::http {
namespace {

constexpr std::string_view kRest = "...";

/// Takes the first segment off a path that begins with '/'; that '/' goes too.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

std::unexpected<Error> bad_pattern(std::string_view pattern, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' {}", pattern, why));
}

}  // namespace

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::unique_ptr<Node> rest;
  std::array<const Route*, kMethodCount> routes{};
  std::array<std::vector<std::string>, kMethodCount> names;  ///< of each route's parameters

  [[nodiscard]] bool answers() const {
    return std::ranges::any_of(routes, [](const Route* route) { return route != nullptr; });
  }
  [[nodiscard]] std::string allowed() const {
    std::string list;
    for (std::size_t i = 0; i < kMethodCount; ++i) {
      const auto method = static_cast<Method>(i);
      const bool head_by_get =
          method == Method::kHead && routes[static_cast<std::size_t>(Method::kGet)] != nullptr;
      if (routes[i] != nullptr || head_by_get || method == Method::kOptions)
        fmt::format_to(std::back_inserter(list), "{}{}", list.empty() ? "" : ", ",
                       to_string(method));
    }
    return list;
  }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;

Result<> Router::add(Method method, std::string_view pattern, Handler handler,
                     RouteOptions options) {
  return insert(method, pattern, std::move(handler), std::move(options));
}

Result<> Router::add_deferred(Method method, std::string_view pattern, DeferredHandler handler,
                              RouteOptions options) {
  return insert(method, pattern, std::move(handler), std::move(options));
}

Result<> Router::insert(Method method, std::string_view pattern,
                        std::variant<Handler, DeferredHandler> handler, RouteOptions options) {
  if (!pattern.starts_with('/')) return bad_pattern(pattern, "does not begin with '/'");
  Node* node = root_.get();
  std::vector<std::string> names;
  for (std::string_view path = pattern; !path.empty();) {
    std::string_view segment = take_segment(path);
    std::unique_ptr<Node>* next = nullptr;
    if (segment.starts_with('{') && segment.ends_with('}')) {
      segment = segment.substr(1, segment.size() - 2);
      const bool rest = segment.ends_with(kRest);
      if (rest) segment.remove_suffix(kRest.size());
      if (segment.empty()) return bad_pattern(pattern, "has a parameter without a name");
      if (rest && !path.empty()) return bad_pattern(pattern, "goes on after the rest");
      names.emplace_back(segment);
      next = rest ? &node->rest : &node->parameter;
    } else {
      next = &node->literals[std::string(segment)];
    }
    if (!*next) *next = std::make_unique<Node>();
    node = next->get();
  }
  if (std::set(names.begin(), names.end()).size() != names.size())
    return bad_pattern(pattern, "has two parameters of one name");
  const auto slot = static_cast<std::size_t>(method);
  if (node->routes[slot] != nullptr) return bad_pattern(pattern, "is there already");
  Route& route = routes_.emplace_back();
  route.method = method;
  route.pattern = pattern;
  route.options = std::move(options);
  route.handler = std::move(handler);
  route.index = routes_.size() - 1;
  node->routes[slot] = &route;
  node->names[slot] = std::move(names);
  return {};
}

const Router::Node* Router::find(const Node& node, std::string_view path,
                                 std::vector<std::string_view>& values) {
  if (path.empty()) return node.answers() ? &node : nullptr;
  std::string_view after = path;
  const std::string_view segment = take_segment(after);
  if (const auto literal = node.literals.find(segment); literal != node.literals.end())
    if (const Node* found = find(*literal->second, after, values)) return found;
  const std::size_t depth = values.size();
  if (node.parameter && !segment.empty()) {
    values.push_back(segment);
    if (const Node* found = find(*node.parameter, after, values)) return found;
    values.resize(depth);
  }
  if (node.rest) {
    values.push_back(path.substr(1));
    return node.rest.get();
  }
  return nullptr;
}

Router::Match Router::match(Method method, std::string_view path,
                            std::vector<Parameter>& parameters) const {
  parameters.clear();
  if (!path.starts_with('/')) return {};
  std::vector<std::string_view> values;
  const Node* node = find(*root_, path, values);
  if (node == nullptr) return {};
  auto slot = static_cast<std::size_t>(method);
  if (node->routes[slot] == nullptr && method == Method::kHead)
    slot = static_cast<std::size_t>(Method::kGet);
  const Route* route = node->routes[slot];
  if (route == nullptr) return {.route = nullptr, .allowed = node->allowed()};
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto value = percent_decoded(values[i], Plus::kIsPlus);
    if (!value) return {};
    parameters.push_back({.name = node->names[slot][i], .value = *std::move(value)});
  }
  return {.route = route, .allowed = {}};
}

}  // namespace m3u_proxy::http
