#include <charconv>

#include <fmt/format.h>

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/base/error_kind.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/time.hpp>

namespace m3u_proxy::api {
namespace {

constexpr std::int64_t kRetryAfter = 2;

void write_field(Json& json, const FieldProblem& field) {
  json.begin_object()
      .member("field", std::string_view(field.field))
      .member("code", std::string_view(field.code))
      .member("message", std::string_view(field.message));
  if (!field.hint.empty()) json.member("hint", std::string_view(field.hint));
  if (field.position)
    json.key("position")
        .begin_object()
        .member("line", field.position->line)
        .member("column", field.position->column)
        .member("start", field.position->start)
        .member("end", field.position->end)
        .end_object();
  json.end_object();
}

}  // namespace

Problem::Problem(Error error)
    : status(kind_of(error.code).http_status),
      detail(to_string(Error{.code = error.code,
                             .message = std::move(error.message),
                             .where = std::move(error.where)})),
      hint(std::move(error.hint)) {}

Problem::Problem(std::vector<FieldProblem> fields)
    : status(422),
      detail(fields.size() == 1 ? fields.front().message
                                : fmt::format("{} fields are not right", fields.size())),
      hint(fields.size() == 1 ? fields.front().hint : std::string()),
      errors(std::move(fields)) {}

std::unexpected<Problem> field_problem(std::string field, std::string code, std::string message,
                                       std::string hint) {
  std::vector<FieldProblem> fields;
  fields.push_back({.field = std::move(field),
                    .code = std::move(code),
                    .message = std::move(message),
                    .hint = std::move(hint)});
  return std::unexpected<Problem>(Problem(std::move(fields)));
}

http::Response json_answer(std::string json, int status) {
  json.push_back('\n');
  return http::text_response(status, std::move(json), "application/json");
}

http::Response problem_answer(const Problem& problem) {
  std::string text;
  Json json(text);
  json.begin_object()
      .member("type", std::string_view(problem.type))
      .member("title", http::reason_of(problem.status))
      .member("status", problem.status)
      .member("detail", std::string_view(problem.detail));
  if (!problem.hint.empty()) json.member("hint", std::string_view(problem.hint));
  if (!problem.errors.empty()) {
    json.key("errors").begin_array();
    for (const FieldProblem& field : problem.errors) write_field(json, field);
    json.end_array();
  }
  json.end_object();
  text.push_back('\n');
  auto response = http::text_response(problem.status, std::move(text), "application/problem+json");
  if (problem.status == 401) response.add("WWW-Authenticate", "Bearer realm=\"m3u-proxy\"");
  std::int64_t retry_after = problem.retry_after;
  if (retry_after == 0 && (problem.status == 503 || problem.status == 429))
    retry_after = kRetryAfter;
  if (retry_after > 0) response.add("Retry-After", std::to_string(retry_after));
  return response;
}

void text_or_null_member(Json& json, std::string_view name, std::string_view text) {
  json.key(name);
  text.empty() ? json.null() : json.value(text);
}

void time_member(Json& json, std::string_view name, store::Time time) {
  json.key(name);
  if (time == store::Time()) {
    json.null();
    return;
  }
  json.value(std::string_view(format_rfc3339(store::seconds_of(time))));
}

void id_member(Json& json, std::string_view name, const Uuid& id) {
  json.member(name, std::string_view(to_string(id)));
}

std::string etag_of(std::int64_t revision) { return fmt::format("\"{}\"", revision); }

Outcome<std::optional<std::int64_t>> expected_revision(const http::Request& request) {
  std::string_view tag = trim(request.header("If-Match"));
  if (tag.empty())
    return problem(428, "this change needs the field If-Match",
                   "send the ETag that the last answer about it had, or * to overwrite whatever "
                   "is there");
  if (tag == "*") return std::nullopt;
  std::int64_t revision = 0;
  if (tag.size() > 2 && tag.front() == '"' && tag.back() == '"') {
    tag = tag.substr(1, tag.size() - 2);
    const auto [end, error] = std::from_chars(tag.begin(), tag.end(), revision);
    if (error == std::errc() && end == tag.end()) return revision;
  }
  return problem(400, "the tag in If-Match is none of ours", "send one ETag as it came");
}

Outcome<void> check_revision(const http::Request& request, std::int64_t current) {
  M3U_TRY(const auto expected, expected_revision(request));
  if (expected && *expected != current)
    return problem(412, "it was changed by somebody else in the meantime",
                   "read it again, and make your change to what is there now");
  return {};
}

}  // namespace m3u_proxy::api
