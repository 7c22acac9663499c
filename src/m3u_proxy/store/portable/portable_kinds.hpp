// Portable kinds: what of the store goes into a backup, as JSON, one object a line, the same for
// every database. What the store remembers of its own work (jobs, sessions, figures of runs, the
// audit log) stays where it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace m3u_proxy::store::portable {

enum class Type : std::uint8_t {
  kText,
  kLine,      ///< a text without control characters, of at most kLongestValue bytes
  kNumber,    ///< a text such as "7" or "7.1"
  kWord,      ///< one of the column's words
  kId,        ///< a UUID
  kIdOrNone,  ///< a UUID, or the empty text, which has no member
  kInteger,
  kBoolean,
  kJson,  ///< a value of its own, not a text
};

constexpr std::size_t kLongestValue = std::size_t{64} << 10U;

struct Column {
  std::string_view name;    ///< in the database
  std::string_view member;  ///< in JSON
  Type type = Type::kText;
  bool may_be_null = false;  ///< NULL has no member
  std::span<const std::string_view> words{};
};

/// What of a kind is sealed with a key and carried over to another one.
enum class Sealed : std::uint8_t {
  kNothing,
  kConfig,  ///< the configuration, which is there a second time without its secrets
  kSome,    ///< values that are a sealed text
};

struct Kind {
  std::string_view name;   ///< "sources"
  std::string_view table;  ///< in the database
  std::string_view order;  ///< columns by which lines are sorted
  std::span<const Column> columns;
  Sealed sealed = Sealed::kNothing;
  /// Where several kinds share a table: the column `kind` is this. Empty: it has no such column.
  std::string_view of_kind{};
};

/// In the order in which they are written and read back: what others refer to comes first.
std::span<const Kind> kinds();
/// nullptr: there is none of that name.
const Kind* find_kind(std::string_view name);

}  // namespace m3u_proxy::store::portable
