// Value: the right side of a comparison or an action: constant text, or text with captures
// (`$1`, `${name}`), other fields (`@field:tvg_id`) and helpers (`@time:now() + 3600`).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/catalog/fields.hpp>
#include <m3u_proxy/rules/diagnostic.hpp>

namespace m3u_proxy::rules {

/// What surrounds an expression and is no part of it.
struct Environment {
  std::int64_t now = 0;  ///< `@time:now()`, seconds since 1970
};

/// One piece of a value.
struct ValuePart {
  enum class Kind : std::uint8_t { kText, kCapture, kNamedCapture, kField };
  Kind kind = Kind::kText;
  std::string text{};         ///< the text, or the capture's name
  int capture = 0;            ///< the capture's number
  catalog::FieldRef field{};  ///< of kField
  std::size_t slot = 0;       ///< the field's place in a program; set by the compiler
};

struct Value {
  std::vector<ValuePart> parts{};         ///< neighbouring texts are one part; none: ""
  std::optional<std::int64_t> instant{};  ///< the result of a @time helper
  bool logo = false;                      ///< an @logo helper

  [[nodiscard]] bool is_constant() const {
    return parts.empty() || (parts.size() == 1 && parts[0].kind == ValuePart::Kind::kText);
  }
  [[nodiscard]] std::string_view constant() const {
    return parts.empty() ? std::string_view() : std::string_view(parts[0].text);
  }
};

enum class ValueUse : std::uint8_t {
  kComparison,  ///< `$` is an ordinary character
  kAction,      ///< `$1`, `${name}` and `$$` are replaced
};

/// What is wrong with a value.
struct ValueError {
  Code code = Code::kInvalidHelper;
  std::string message{};
  std::string suggestion{};
};

/// Reads the unquoted text of a value. Helpers fill the whole value; `@field:` may also be
/// inside it, not directly behind a letter or digit (as in an address).
std::expected<Value, ValueError> parse_value(std::string_view text, ValueUse use,
                                             catalog::Domain domain,
                                             const Environment& environment);

/// The field `name` stands for, or the error with a suggestion.
std::expected<catalog::FieldRef, ValueError> resolve_field(catalog::Domain domain,
                                                           std::string_view name);

}  // namespace m3u_proxy::rules
