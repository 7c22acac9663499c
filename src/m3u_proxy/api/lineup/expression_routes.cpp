#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include <m3u_proxy/api/lineup/channel_answers.hpp>
#include <m3u_proxy/api/lineup/expression_routes.hpp>
#include <m3u_proxy/api/lineup/previews.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/queries/completion.hpp>
#include <m3u_proxy/rules/limits.hpp>

namespace m3u_proxy::api {
namespace {

using queries::ExpressionKind;
using Needed = Fields::Needed;

constexpr std::chrono::milliseconds kValuesTime{60};
constexpr std::size_t kMostValues = 50;
constexpr std::size_t kMostWord = 20;
constexpr std::int64_t kMostItems = 200;
constexpr std::size_t kMostSources = 100;
/// What JSON can make of the longest expression, and the other members.
constexpr std::uint64_t kBody = rules::kMaxExpressionBytes * 6 + kSmallBody;

/// What a request is about.
struct Subject {
  std::string expression;
  ExpressionKind kind = ExpressionKind::kFilter;
  catalog::Domain domain = catalog::Domain::kChannels;
};

void read_subject(Fields& fields, Subject& subject) {
  subject.expression =
      fields.text("expression", Needed::kNo, rules::kMaxExpressionBytes).value_or("");
  const std::string kind = fields.text("kind", Needed::kNo, kMostWord).value_or("filter");
  if (kind != "filter" && kind != "rule") fields.wrong("kind", "invalid", "kind is filter or rule");
  if (kind == "rule") subject.kind = ExpressionKind::kRule;
  const std::string about = fields.text("applies_to", Needed::kNo, kMostWord).value_or("channels");
  if (about == "programmes")
    subject.domain = catalog::Domain::kProgrammes;
  else if (about == "guide_channels")
    subject.domain = catalog::Domain::kGuideChannels;
  else if (about != "channels")
    fields.wrong("applies_to", "invalid", "applies_to is channels, programmes or guide_channels");
}

class Expressions {
 public:
  Expressions(const ApiContext& context, std::shared_ptr<PublishedData> data)
      : context_(context), data_(std::move(data)) {}

  Answer validate(Call& call) const;
  Answer complete(Call& call);
  Answer test(Call& call);

 private:
  [[nodiscard]] rules::Diagnostics check(const Subject& subject) const;
  Outcome<std::vector<queries::GroupCount>> values_of(const queries::Completion& completion,
                                                      const Uuid& proxy);

  const ApiContext& context_;
  std::shared_ptr<PublishedData> data_;
};

rules::Diagnostics Expressions::check(const Subject& subject) const {
  const rules::Environment environment{.now = store::seconds_of(context_.clock())};
  if (subject.kind == ExpressionKind::kRule) {
    auto rule = rules::compile_rule(subject.domain, subject.expression, environment);
    return rule ? rules::Diagnostics() : std::move(rule).error();
  }
  auto filter = rules::compile_filter(subject.domain, subject.expression, environment);
  return filter ? rules::Diagnostics() : std::move(filter).error();
}

Answer Expressions::validate(Call& call) const {
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  Subject subject;
  read_subject(fields, subject);
  M3U_CHECK(fields.finish());
  const rules::Diagnostics diagnostics = check(subject);
  std::string text;
  Json json(text);
  json.begin_object().member("valid", diagnostics.empty()).key("errors").begin_array();
  for (const rules::Diagnostic& diagnostic : diagnostics) {
    const Position position = position_of(subject.expression, diagnostic);
    json.begin_object()
        .member("code", rules::to_string(diagnostic.code))
        .member("message", std::string_view(diagnostic.message))
        .member("hint", std::string_view(diagnostic.suggestion))
        .member("start", position.start)
        .member("end", position.end)
        .member("line", position.line)
        .member("column", position.column)
        .end_object();
  }
  json.end_array().key("tokens").begin_array();
  std::uint64_t units = 0;
  std::size_t at = 0;
  const auto advance = [&](std::size_t to) {
    units += utf16_units(std::string_view(subject.expression).substr(at), to - at);
    at = to;
    return units;
  };
  for (const queries::ClassifiedToken& token : queries::classify(subject.expression)) {
    json.begin_object().member("start", advance(token.offset));
    json.member("end", advance(token.offset + token.length))
        .member("class", queries::to_string(token.word_class))
        .end_object();
  }
  json.end_array().end_object();
  return json_answer(std::move(text));
}

Outcome<std::vector<queries::GroupCount>> Expressions::values_of(
    const queries::Completion& completion, const Uuid& proxy) {
  M3U_TRY(const auto generation, data_->current(proxy));
  const auto stop = [until = std::chrono::steady_clock::now() + kValuesTime] {
    return std::chrono::steady_clock::now() >= until;
  };
  M3U_TRY(auto found, data_->channels().values(generation->lineup, *completion.values_of,
                                               completion.prefix, kMostValues, stop));
  return std::move(found.values);
}

/// A value as it can be where the completion puts it.
std::string written(std::string_view value, bool is_quoted) {
  std::string text = is_quoted ? "" : "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text.push_back('\\');
    text.push_back(c);
  }
  if (!is_quoted) text.push_back('"');
  return text;
}

Answer Expressions::complete(Call& call) {
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  Subject subject;
  read_subject(fields, subject);
  const auto position = fields.integer("position", Needed::kYes, 0, rules::kMaxExpressionBytes);
  const auto proxy_text = fields.text("proxy", Needed::kNo, kMostWord * 2);
  std::optional<Uuid> proxy;
  if (proxy_text) {
    if (const auto id = parse_uuid(*proxy_text))
      proxy = *id;
    else
      fields.wrong("proxy", "invalid", "proxy is no id");
  }
  M3U_CHECK(fields.finish());
  const queries::Completion completion = queries::complete(
      subject.expression, bytes_of_utf16(subject.expression, static_cast<std::uint64_t>(*position)),
      subject.kind, subject.domain);
  std::string text;
  Json json(text);
  json.begin_object()
      .member("from", utf16_units(subject.expression, completion.from))
      .member("to", utf16_units(subject.expression, completion.to))
      .key("items")
      .begin_array();
  if (completion.values_of && proxy && subject.domain == catalog::Domain::kChannels) {
    M3U_TRY(const auto values, values_of(completion, *proxy));
    const bool may_see = call.principal.role >= Role::kEditor;
    for (const queries::GroupCount& value : values)
      json.begin_object()
          .member("label",
                  std::string_view(written(may_see ? value.name : redact_urls_in(value.name),
                                           completion.is_quoted)))
          .member("class", queries::to_string(queries::WordClass::kValue))
          .member("detail", std::string_view())
          .member("count", value.channels)
          .end_object();
  }
  for (const queries::Suggestion& suggestion : completion.suggestions)
    json.begin_object()
        .member("label", std::string_view(suggestion.label))
        .member("class", queries::to_string(suggestion.word_class))
        .member("detail", std::string_view(suggestion.detail))
        .end_object();
  json.end_array().end_object();
  return json_answer(std::move(text));
}

Answer Expressions::test(Call& call) {
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  Subject subject;
  read_subject(fields, subject);
  TestedExpression tested;
  const std::string action = fields.text("action", Needed::kNo, kMostWord).value_or("include");
  if (action != "include" && action != "exclude")
    fields.wrong("action", "invalid", "action is include or exclude");
  const auto proxy = fields.text("proxy", Needed::kNo, kMostWord * 2);
  const auto sources = fields.texts("sources", Needed::kNo, kMostSources);
  tested.limit =
      static_cast<std::size_t>(fields.integer("limit", Needed::kNo, 1, kMostItems).value_or(50));
  if (!proxy && !sources) fields.wrong("proxy", "required", "proxy or sources is missing");
  if (subject.domain == catalog::Domain::kGuideChannels)
    fields.wrong("applies_to", "invalid", "channels and programmes can be tested");
  M3U_CHECK(fields.finish());
  if (const rules::Diagnostics diagnostics = check(subject); !diagnostics.empty())
    return expression_problem("expression", subject.expression, diagnostics);
  tested.expression = subject.expression;
  tested.is_rule = subject.kind == ExpressionKind::kRule;
  tested.excludes = action == "exclude";
  tested.domain = subject.domain;
  if (proxy) tested.proxy = *proxy;
  if (sources) tested.sources = *sources;
  const auto began = std::chrono::steady_clock::now();
  M3U_TRY(const auto result, test_expression(context_, tested, call.gone));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::string text;
  Json json(text);
  json.begin_object()
      .member("evaluated", result.evaluated)
      .member("matched", result.matched)
      .member("seconds", took.count())
      .key("items")
      .begin_array();
  for (const generation::PreviewItem& item : result.items) {
    json.begin_object()
        .member("title", std::string_view(item.title))
        .member("group", std::string_view(item.belongs_to))
        .member("source", std::string_view(item.source));
    write_values(json, "before", item.before, call.principal.role);
    write_values(json, "after", item.after, call.principal.role);
    json.end_object();
  }
  json.end_array().end_object();
  return json_answer(std::move(text));
}

}  // namespace

Result<> add_expression_routes(Operations& operations, const ApiContext& context,
                               const std::shared_ptr<PublishedData>& data) {
  const auto expressions = std::make_shared<Expressions>(context, data);
  using enum http::Method;
  M3U_CHECK(operations.add(kPost, "/expressions/validate",
                           {.id = "validateExpression", .body_limit = kBody},
                           [expressions](Call& call) { return expressions->validate(call); }));
  M3U_CHECK(operations.add(kPost, "/expressions/complete",
                           {.id = "completeExpression", .body_limit = kBody, .pace = Pace::kScan},
                           [expressions](Call& call) { return expressions->complete(call); }));
  return operations.add(
      kPost, "/expressions/test",
      {.id = "testExpression", .least = Role::kEditor, .body_limit = kBody, .pace = Pace::kSlow},
      [expressions](Call& call) { return expressions->test(call); });
}

}  // namespace m3u_proxy::api
