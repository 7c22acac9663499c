// KeyShape: what a key of a configuration takes, and what it has: for forms and for comparisons.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace m3u_proxy::config {

struct KeyShape {
  enum class Type : std::uint8_t {
    kText,
    kInteger,
    kNumber,
    kBoolean,
    kDuration,  ///< "90s", "1h30m"
    kShare,     ///< 0 to 1
    kSize,      ///< a number of MB, "auto" or "none"
    kChoice,
    kNames,  ///< a list of texts
    kTable,
  };
  Type type = Type::kText;
  std::optional<double> least{};
  std::optional<double> most{};
  std::vector<std::string> choices{};  ///< of kChoice, and of kNames where not any text will do
  std::string value = "null";          ///< JSON, as a configuration says it; null: nothing
};
/// "text", "integer" …
std::string_view to_string(KeyShape::Type type);

}  // namespace m3u_proxy::config
