// ConfigNode: a TOML document as a plain tree in which every key and value knows where it is,
// so that its reader can name the line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy {

struct ConfigMember;

struct ConfigNode {
  enum class Kind : std::uint8_t {
    kTable,
    kArray,
    kString,
    kInteger,
    kNumber,
    kBoolean,
    kDate,
    kUntyped,  ///< text from the environment: whatever type the key wants
  };

  Kind kind = Kind::kTable;
  Where where{};       ///< where the value begins
  std::string text{};  ///< of a string, a date or what is untyped
  std::int64_t integer = 0;
  double number = 0;
  bool boolean = false;
  std::vector<ConfigMember> members;  ///< of a table, in the order of the document
  std::vector<ConfigNode> items;      ///< of an array

  /// The member called `name`, or nullptr.
  [[nodiscard]] const ConfigMember* find(std::string_view name) const;
};

struct ConfigMember {
  std::string name;
  Where where{};  ///< where the key begins
  ConfigNode value{};
};

/// Parses TOML 1.0. `file` is what positions name. Pure and thread-safe.
/// Error: kConfig with line and column, for the first mistake in the syntax.
Result<ConfigNode> parse_toml(std::string_view text, std::string_view file);

/// The line and column in `document` of byte `offset` of the decoded string whose opening quote
/// is at `start`: escapes, line ends and the four kinds of quotes are taken into account.
/// `document` is the text that parse_toml() read.
Where place_in_string(std::string_view document, const Where& start, std::size_t offset);

}  // namespace m3u_proxy
