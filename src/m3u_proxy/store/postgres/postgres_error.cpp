#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/store/postgres/postgres_error.hpp>

namespace m3u_proxy::store::postgres {
namespace {

struct Meaning {
  std::string_view state;  ///< its beginning
  ErrorCode code;
  std::string_view hint;
};

// The first that fits.
constexpr std::array kMeanings = {
    Meaning{.state = "23503", .code = ErrorCode::kNotFound, .hint = ""},
    Meaning{.state = "23", .code = ErrorCode::kConflict, .hint = ""},
    Meaning{.state = "22021", .code = ErrorCode::kInvalidArgument, .hint = ""},
    Meaning{.state = "22P05",
            .code = ErrorCode::kInvalidArgument,
            .hint = "make the database with the encoding UTF8"},
    Meaning{.state = "53100",
            .code = ErrorCode::kDiskFull,
            .hint = "make room on the database server's disk"},
    Meaning{.state = "53300",
            .code = ErrorCode::kUnavailable,
            .hint = "raise max_connections of the server"},
    Meaning{.state = "28",
            .code = ErrorCode::kConfig,
            .hint = "check user and password in database.url"},
    Meaning{.state = "3D",
            .code = ErrorCode::kConfig,
            .hint = "make the database first: createdb NAME"},
    Meaning{.state = "42501",
            .code = ErrorCode::kConfig,
            .hint = "the user must own the database, or may create tables in its schema"},
    Meaning{.state = "25006",
            .code = ErrorCode::kUnavailable,
            .hint = "this server only reads: name the primary in database.url"},
    Meaning{.state = "08", .code = ErrorCode::kUnavailable, .hint = ""},
    Meaning{.state = "40", .code = ErrorCode::kUnavailable, .hint = ""},
    Meaning{.state = "53", .code = ErrorCode::kUnavailable, .hint = ""},
    Meaning{.state = "55P03", .code = ErrorCode::kUnavailable, .hint = ""},
    Meaning{.state = "57", .code = ErrorCode::kUnavailable, .hint = ""},
    Meaning{.state = "58", .code = ErrorCode::kIo, .hint = "see the server's log"},
    Meaning{.state = "XX",
            .code = ErrorCode::kIo,
            .hint = "the database is damaged: see the server's log"},
};

}  // namespace

Error error_of(std::string_view place, std::string_view state, std::string_view message) {
  std::string text = fmt::format("{}: {}", place, trim(message));
  std::ranges::replace(text, '\n', ' ');
  std::ranges::replace(text, '\t', ' ');
  if (state.empty()) return {.code = ErrorCode::kUnavailable, .message = text};
  const auto* const found = std::ranges::find_if(
      kMeanings, [&](const Meaning& one) { return state.starts_with(one.state); });
  if (found == kMeanings.end()) return {.code = ErrorCode::kInternal, .message = text};
  return {.code = found->code, .message = text, .where = {}, .hint = std::string(found->hint)};
}

bool is_to_repeat(std::string_view state) { return state == "40001" || state == "40P01"; }

}  // namespace m3u_proxy::store::postgres
