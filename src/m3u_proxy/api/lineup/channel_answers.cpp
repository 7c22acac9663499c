#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <m3u_proxy/api/lineup/channel_answers.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/time.hpp>

namespace m3u_proxy::api {
namespace {

void seconds_member(Json& json, std::string_view name, std::int64_t seconds) {
  json.key(name);
  if (seconds == 0)
    json.null();
  else
    json.value(std::string_view(format_rfc3339(seconds)));
}

/// Bytes that begin no character.
bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }
/// A character of four bytes takes two code units.
std::uint64_t units_of(char first) { return static_cast<unsigned char>(first) >= 0xF0U ? 2 : 1; }

}  // namespace

void write_values(Json& json, std::string_view key,
                  const std::vector<std::pair<std::string, std::string>>& values, Role role) {
  json.key(key).begin_object();
  for (const auto& [name, value] : values)
    json.member(name, role < Role::kEditor ? std::string_view(redact_urls_in(value))
                                           : std::string_view(value));
  json.end_object();
}

void write_programme(Json& json, const snapshots::Programme& programme, ProgrammeDetail detail) {
  json.begin_object().member("title", std::string_view(programme.title));
  seconds_member(json, "start", programme.start);
  seconds_member(json, "stop", programme.stop);
  if (detail == ProgrammeDetail::kWhole) {
    json.member("subtitle", std::string_view(programme.subtitle))
        .member("description", std::string_view(programme.description))
        .key("categories")
        .begin_array();
    for (const std::string& category : programme.categories) json.value(std::string_view(category));
    json.end_array().member("is_new", programme.is_new).member("is_live", programme.is_live);
  }
  json.end_object();
}

void write_channel(Json& json, const queries::ChannelItem& item, const ChannelExtras& extras,
                   Role role) {
  json.begin_object().member("row", item.row);
  id_member(json, "id", item.id);
  json.member("number", std::string_view(item.number))
      .member("name", std::string_view(item.name))
      .member("group", std::string_view(item.group))
      .member("logo", std::string_view(item.logo))
      .member("guide_id", std::string_view(item.guide_id))
      .member("source", std::string_view(item.source))
      .member("url", role < Role::kEditor ? std::string_view(redact_url(item.url))
                                          : std::string_view(item.url))
      .member("edited", extras.edited)
      .member("hidden", false);
  if (extras.with_programmes) {
    for (const auto& [name, programme] :
         {std::pair("now", &extras.now), std::pair("next", &extras.next)}) {
      json.key(name);
      if (*programme)
        write_programme(json, **programme, ProgrammeDetail::kShort);
      else
        json.null();
    }
  }
  json.end_object();
}

std::string to_string(const Cursor& cursor) {
  return fmt::format("{}.{}", cursor.generation, cursor.from);
}

std::optional<Cursor> parse_cursor(std::string_view text) {
  Cursor cursor;
  const std::size_t dot = std::min(text.find('.'), text.size());
  const auto read = [](std::string_view part, auto& number) {
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    return error == std::errc() && end == part.data() + part.size();
  };
  if (!read(text.substr(0, dot), cursor.generation) || cursor.generation < 0 ||
      dot == text.size() || !read(text.substr(dot + 1), cursor.from))
    return std::nullopt;
  return cursor;
}

std::uint64_t utf16_units(std::string_view text, std::size_t bytes) {
  std::uint64_t units = 0;
  for (const char c : text.substr(0, bytes))
    if (!is_continuation(c)) units += units_of(c);
  return units;
}

std::size_t bytes_of_utf16(std::string_view text, std::uint64_t units) {
  std::size_t at = 0;
  while (at < text.size() && units > 0) {
    units -= std::min(units, units_of(text[at]));
    for (++at; at < text.size() && is_continuation(text[at]);) ++at;
  }
  return at;
}

Position position_of(std::string_view expression, const rules::Diagnostic& diagnostic) {
  return {.line = diagnostic.line,
          .column = diagnostic.column,
          .start = utf16_units(expression, diagnostic.offset),
          .end = utf16_units(expression, diagnostic.offset + diagnostic.offending.size())};
}

std::unexpected<Problem> expression_problem(std::string_view field, std::string_view expression,
                                            const rules::Diagnostics& diagnostics) {
  std::vector<FieldProblem> fields;
  for (const rules::Diagnostic& diagnostic : diagnostics)
    fields.push_back({.field = std::string(field),
                      .code = std::string(rules::to_string(diagnostic.code)),
                      .message = diagnostic.message,
                      .hint = diagnostic.suggestion,
                      .position = position_of(expression, diagnostic)});
  return std::unexpected<Problem>(Problem(std::move(fields)));
}

}  // namespace m3u_proxy::api
