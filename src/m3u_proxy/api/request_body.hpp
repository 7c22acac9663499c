// RequestBody: the JSON object that came with a request, and its members as typed values; what is
// wrong with them is collected, so that one answer says all of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/http/request.hpp>

namespace m3u_proxy::api {

/// The body as a JSON object. Problems: 415 for another media type, 400 for what is no JSON or no
/// object.
Outcome<ConfigNode> json_body(const http::Request& request);

/// Belongs to one thread.
class Fields {
 public:
  explicit Fields(const ConfigNode& object, std::string prefix = {})
      : object_(object), prefix_(std::move(prefix)) {}

  enum class Needed : std::uint8_t { kYes, kNo };
  /// A text of 1 to `longest` bytes (0 too, where it is not needed).
  std::optional<std::string> text(std::string_view name, Needed needed, std::size_t longest);
  std::optional<bool> flag(std::string_view name, Needed needed);
  std::optional<std::int64_t> integer(std::string_view name, Needed needed, std::int64_t least,
                                      std::int64_t most);
  /// A list of up to `most` texts.
  std::optional<std::vector<std::string>> texts(std::string_view name, Needed needed,
                                                std::size_t most);
  std::optional<std::vector<Uuid>> ids(std::string_view name, Needed needed, std::size_t most);
  /// An instant as RFC 3339.
  std::optional<store::Time> time(std::string_view name, Needed needed);
  /// A table; nullptr: there is none.
  const ConfigNode* table(std::string_view name, Needed needed);

  /// Whether there is a list of that name; what is in it is the caller's to read.
  bool list(std::string_view name);

  void wrong(std::string_view name, std::string code, std::string message, std::string hint = {});
  /// Problem 422 with everything that was wrong, members that nobody asked for among it.
  Outcome<void> finish();

 private:
  const ConfigNode* take(std::string_view name, Needed needed, ConfigNode::Kind kind,
                         std::string_view expected);
  [[nodiscard]] std::string path(std::string_view name) const {
    return prefix_ + std::string(name);
  }

  const ConfigNode& object_;
  std::string prefix_;
  std::vector<std::string> known_;
  std::vector<FieldProblem> problems_;
};

/// A parameter of the query as a whole number; `otherwise` when there is none. Problem 422.
Outcome<std::int64_t> query_number(const http::Request& request, std::string_view name,
                                   std::int64_t least, std::int64_t most, std::int64_t otherwise);
/// "true" or "false"; Problem 422 for anything else.
Outcome<bool> query_flag(const http::Request& request, std::string_view name);
/// The id in a path. Problem 404 for what is none: nothing can be there.
Outcome<Uuid> path_id(const http::Request& request, std::string_view name = "id");

}  // namespace m3u_proxy::api
