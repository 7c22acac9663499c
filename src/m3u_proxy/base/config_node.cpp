#define TOML_EXCEPTIONS 0
// Some of its assertions are about the document, and what is wrong there is reported all the same.
#define TOML_ASSERT(condition) static_assert(true)
#include <algorithm>
#include <sstream>

#include <toml++/toml.h>

#include <m3u_proxy/base/config_node.hpp>

namespace m3u_proxy {
namespace {

Where place(const toml::source_region& region, std::string_view file) {
  return {.source = std::string(file),
          .line = region.begin.line,
          .column = region.begin.column,
          .byte = 0};
}

bool stands_before(const Where& a, const Where& b) {
  return a.line != b.line ? a.line < b.line : a.column < b.column;
}

/// A date or a time as TOML writes it.
template <typename Date>
std::string written(const Date& date) {
  std::ostringstream text;
  text << date;
  return text.str();
}

ConfigNode convert(const toml::node& node, std::string_view file);

ConfigNode convert_table(const toml::table& table, std::string_view file) {
  ConfigNode out;
  out.where = place(table.source(), file);
  for (const auto& [key, value] : table)
    out.members.push_back({.name = std::string(key.str()),
                           .where = place(key.source(), file),
                           .value = convert(value, file)});
  std::ranges::stable_sort(out.members, [](const ConfigMember& a, const ConfigMember& b) {
    return stands_before(a.where, b.where);
  });
  return out;
}

ConfigNode convert(const toml::node& node, std::string_view file) {
  if (const auto* table = node.as_table()) return convert_table(*table, file);
  ConfigNode out;
  out.kind = ConfigNode::Kind::kDate;
  out.where = place(node.source(), file);
  if (const auto* array = node.as_array()) {
    out.kind = ConfigNode::Kind::kArray;
    for (const toml::node& item : *array) out.items.push_back(convert(item, file));
  } else if (const auto* text = node.as_string()) {
    out.kind = ConfigNode::Kind::kString;
    out.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    out.kind = ConfigNode::Kind::kInteger;
    out.integer = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    out.kind = ConfigNode::Kind::kNumber;
    out.number = number->get();
  } else if (const auto* boolean = node.as_boolean()) {
    out.kind = ConfigNode::Kind::kBoolean;
    out.boolean = boolean->get();
  } else if (const auto* date = node.as_date()) {
    out.text = written(date->get());
  } else if (const auto* time = node.as_time()) {
    out.text = written(time->get());
  } else if (const auto* both = node.as_date_time()) {
    out.text = written(both->get());
  }
  return out;
}

/// Walks over the document by characters, as TOML counts columns.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  void go_to(std::uint64_t line, std::uint64_t column) {
    while (!at_end() && (line_ < line || (line_ == line && column_ < column))) step();
  }
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] bool looking_at(std::string_view what) const {
    return text_.substr(at_).starts_with(what);
  }
  [[nodiscard]] char now() const { return text_[at_]; }
  /// One character forward; returns its bytes.
  std::size_t step() {
    std::size_t size = 1;
    while (at_ + size < text_.size() && (static_cast<unsigned char>(text_[at_ + size]) >> 6U) == 2)
      ++size;
    if (text_[at_] == '\n') {
      ++line_;
      column_ = 1;
    } else {
      ++column_;
    }
    at_ += size;
    return size;
  }
  void skip(std::size_t characters) {
    for (; characters > 0 && !at_end(); --characters) step();
  }
  [[nodiscard]] std::uint64_t line() const { return line_; }
  [[nodiscard]] std::uint64_t column() const { return column_; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 1;
  std::uint64_t column_ = 1;
};

/// Steps over one escape sequence and returns how many bytes it stands for.
std::size_t step_escape(Walker& walker) {
  walker.step();
  if (walker.at_end()) return 0;
  const char kind = walker.now();
  if (kind == ' ' || kind == '\t' || kind == '\r' || kind == '\n') {
    while (!walker.at_end() && (walker.now() == ' ' || walker.now() == '\t' ||
                                walker.now() == '\r' || walker.now() == '\n'))
      walker.step();
    return 0;
  }
  walker.step();
  if (kind != 'u' && kind != 'U') return 1;
  std::uint32_t code_point = 0;
  for (int digits = kind == 'u' ? 4 : 8; digits > 0 && !walker.at_end(); --digits) {
    const char c = walker.now();
    const int value = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    code_point = code_point * 16 + static_cast<std::uint32_t>(value);
    walker.step();
  }
  if (code_point < 0x80) return 1;
  if (code_point < 0x800) return 2;
  return code_point < 0x10000 ? 3 : 4;
}

}  // namespace

const ConfigMember* ConfigNode::find(std::string_view name) const {
  const auto found = std::ranges::find(members, name, &ConfigMember::name);
  return found == members.end() ? nullptr : &*found;
}

Result<ConfigNode> parse_toml(std::string_view text, std::string_view file) {
  const toml::parse_result parsed = toml::parse(text, file);
  if (parsed) return convert_table(parsed.table(), file);
  const toml::parse_error& error = parsed.error();
  return fail(Error{.code = ErrorCode::kConfig,
                    .message = "not valid TOML: " + std::string(error.description()),
                    .where = place(error.source(), file),
                    .hint = {}});
}

Where place_in_string(std::string_view document, const Where& start, std::size_t offset) {
  Walker walker(document);
  walker.go_to(start.line, start.column);
  const bool long_quotes = walker.looking_at(R"(""")") || walker.looking_at("'''");
  const bool escapes = walker.looking_at("\"");
  walker.skip(long_quotes ? 3 : 1);
  if (long_quotes && walker.looking_at("\r")) walker.step();
  if (long_quotes && walker.looking_at("\n")) walker.step();
  for (std::size_t decoded = 0; decoded < offset && !walker.at_end();)
    decoded += escapes && walker.now() == '\\' ? step_escape(walker) : walker.step();
  return {.source = start.source, .line = walker.line(), .column = walker.column(), .byte = 0};
}

}  // namespace m3u_proxy
