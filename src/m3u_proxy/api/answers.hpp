// Answers: what the API's handlers answer with: JSON, or a problem (RFC 9457) that says what is
// wrong, where, and what helps.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/http/response.hpp>
#include <m3u_proxy/store/time.hpp>

namespace m3u_proxy::api {

using Json = JsonWriter<std::string>;

/// A place in a text that was sent, such as an expression.
struct Position {
  std::uint64_t line = 0;    ///< from 1
  std::uint64_t column = 0;  ///< from 1, in characters
  std::uint64_t start = 0;   ///< in UTF-16 code units, from 0
  std::uint64_t end = 0;     ///< behind the last one
};

/// What is wrong with one field of a body or one parameter.
struct FieldProblem {
  std::string field;  ///< "config.expression", "limit"
  std::string code;   ///< "required", "invalid", "unknown", "too_long" …
  std::string message;
  std::string hint{};
  std::optional<Position> position{};
};

/// Why a request is not fulfilled. An Error becomes one by the table of base/error_kind.hpp.
struct Problem {
  Problem(Error error);  // NOLINT(google-explicit-constructor): M3U_TRY hands Errors on
  Problem(int http_status, std::string what, std::string remedy = {})
      : status(http_status), detail(std::move(what)), hint(std::move(remedy)) {}
  /// 422.
  explicit Problem(std::vector<FieldProblem> fields);

  int status;
  std::string type{"about:blank"};
  std::string detail;
  std::string hint;
  std::vector<FieldProblem> errors{};
  static constexpr std::int64_t kNotSaid = -1;
  std::int64_t retry_after = 0;  ///< seconds; 0: a little where the status is about time
};

template <typename T>
using Outcome = std::expected<T, Problem>;
using Answer = Outcome<http::Response>;

inline std::unexpected<Problem> problem(int status, std::string detail, std::string hint = {}) {
  return std::unexpected<Problem>(Problem(status, std::move(detail), std::move(hint)));
}
/// 422 for one field.
std::unexpected<Problem> field_problem(std::string field, std::string code, std::string message,
                                       std::string hint = {});

http::Response json_answer(std::string json, int status = 200);
http::Response problem_answer(const Problem& problem);

/// "2026-11-28T18:30:00Z", or null for Time{}.
void time_member(Json& json, std::string_view name, store::Time time);
/// The text, or null where it is empty.
void text_or_null_member(Json& json, std::string_view name, std::string_view text);
void id_member(Json& json, std::string_view name, const Uuid& id);

/// The entity tag of a revision: `"7"`.
std::string etag_of(std::int64_t revision);
/// The revision that If-Match names; nullopt for `*`. Problems: 428 without the field, 400 for a
/// value that is no tag of ours.
Outcome<std::optional<std::int64_t>> expected_revision(const http::Request& request);
/// That an entity is still as the client saw it. Problems: 428, 400, 412.
Outcome<void> check_revision(const http::Request& request, std::int64_t current);

}  // namespace m3u_proxy::api
