// Conditions: whether a request still wants what it asks for (If-Match, If-None-Match,
// If-Modified-Since, If-Unmodified-Since), and which part of it (Range, If-Range).
//
// Source: RFC 9110 §13 and §14. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/http/message.hpp>

namespace m3u_proxy::http {

/// What an address has right now.
struct Validators {
  std::string etag;                           ///< with its quotes, `"…"` or `W/"…"`; empty: none
  std::optional<std::int64_t> last_modified;  ///< seconds since 1970
};

enum class Condition : std::uint8_t {
  kGoOn,
  kNotModified,         ///< 304; of GET and HEAD
  kPreconditionFailed,  ///< 412
};
/// In the order of RFC 9110 §13.2.2. If-Modified-Since counts for GET and HEAD without
/// If-None-Match.
Condition evaluate_conditions(Method method, Headers headers, const Validators& current);

/// Whether the lists of tags in all fields `name` have `etag` or are `*`. Strong comparison takes
/// weak tags for different from everything.
enum class Comparison : bool { kWeak, kStrong };
bool lists_etag(Headers headers, std::string_view name, std::string_view etag,
                Comparison comparison);

/// Part of a body: never empty.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
struct RangeAnswer {
  enum class Kind : std::uint8_t { kWhole, kPart, kNotSatisfiable } kind = Kind::kWhole;
  ByteRange part;  ///< of kPart
};
/// What a GET with these fields gets of a body of `size` bytes. One range is answered as a part;
/// several, another unit, or an If-Range that does not hold mean the whole body.
RangeAnswer evaluate_range(Headers headers, const Validators& current, std::uint64_t size);

}  // namespace m3u_proxy::http
