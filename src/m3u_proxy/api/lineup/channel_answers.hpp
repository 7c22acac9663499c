// How the API writes channels and programmes, and reads where a page begins.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/api/access.hpp>
#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/queries/channel_queries.hpp>
#include <m3u_proxy/rules/diagnostic.hpp>
#include <m3u_proxy/snapshots/programme_index.hpp>

namespace m3u_proxy::api {

/// What an answer says of a channel beside what was published.
struct ChannelExtras {
  bool edited = false;
  bool with_programmes = false;  ///< `now` and `next` are said
  std::optional<snapshots::Programme> now{};
  std::optional<snapshots::Programme> next{};
};
/// Stream addresses are shown as they are to those who may edit, and without credentials to others.
void write_channel(Json& json, const queries::ChannelItem& item, const ChannelExtras& extras,
                   Role role);
/// Title, start, stop; `whole`: everything.
enum class ProgrammeDetail : std::uint8_t { kShort, kWhole };
void write_programme(Json& json, const snapshots::Programme& programme, ProgrammeDetail detail);

/// The object `key` of fields and their values; addresses without credentials to those who may not
/// edit.
void write_values(Json& json, std::string_view key,
                  const std::vector<std::pair<std::string, std::string>>& values, Role role);

/// A place in a list that belongs to a generation: "7.150".
struct Cursor {
  std::int64_t generation = 0;
  std::uint64_t from = 0;
};
std::string to_string(const Cursor& cursor);
/// nullopt: it is none.
std::optional<Cursor> parse_cursor(std::string_view text);

/// Where a mistake is, for an editor that counts in UTF-16.
Position position_of(std::string_view expression, const rules::Diagnostic& diagnostic);
/// The number of UTF-16 code units of the first `bytes` bytes, and the other way round.
std::uint64_t utf16_units(std::string_view text, std::size_t bytes);
std::size_t bytes_of_utf16(std::string_view text, std::uint64_t units);
/// 422 with every mistake.
std::unexpected<Problem> expression_problem(std::string_view field, std::string_view expression,
                                            const rules::Diagnostics& diagnostics);

}  // namespace m3u_proxy::api
