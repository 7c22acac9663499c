#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <m3u_proxy/base/line_text.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/node_toml.hpp>

namespace m3u_proxy::config {
namespace {

using Kind = ConfigNode::Kind;

std::string key(std::string_view name) {
  const bool is_bare = !name.empty() && std::ranges::all_of(name, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || c == '-';
  });
  return is_bare ? std::string(name) : toml_quoted(name);
}

/// With a point or an exponent, so that it is no whole number when it is read again.
std::string number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string value_of(const ConfigNode& node);

std::string inline_table(const ConfigNode& node) {
  if (node.members.empty()) return "{}";
  std::string out = "{ ";
  for (const ConfigMember& member : node.members) {
    if (out.size() > 2) out += ", ";
    out += fmt::format("{} = {}", key(member.name), value_of(member.value));
  }
  return out + " }";
}

std::string list(const ConfigNode& node) {
  const bool has_tables = std::ranges::any_of(
      node.items, [](const ConfigNode& item) { return item.kind == Kind::kTable; });
  std::string out = "[";
  for (const ConfigNode& item : node.items) {
    if (has_tables)
      out += "\n  ";
    else if (out.size() > 1)
      out += ", ";
    out += value_of(item);
    if (has_tables) out += ',';
  }
  return out + (has_tables ? "\n]" : "]");
}

std::string value_of(const ConfigNode& node) {
  switch (node.kind) {
    case Kind::kTable:
      return inline_table(node);
    case Kind::kArray:
      return list(node);
    case Kind::kInteger:
      return fmt::format("{}", node.integer);
    case Kind::kNumber:
      return number(node.number);
    case Kind::kBoolean:
      return node.boolean ? "true" : "false";
    case Kind::kString:
    case Kind::kDate:
    case Kind::kUntyped:
      break;
  }
  return toml_string(node.text);
}

}  // namespace

std::string toml_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += fmt::format("\\{}", c);
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      out += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + '"';
}

std::string toml_string(std::string_view text) {
  const bool plain = is_one_line(text);
  if (plain && !text.contains('"') && !text.contains('\\')) return fmt::format("\"{}\"", text);
  if (plain && !text.contains('\'')) return fmt::format("'{}'", text);
  const bool lines = std::ranges::none_of(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7F;
  });
  if (lines && text.contains('\n') && !text.contains("'''") && !text.ends_with('\''))
    return fmt::format("'''\n{}'''", text);
  return toml_quoted(text);
}

std::string to_toml(std::string_view header, const ConfigNode& table) {
  std::string out = fmt::format("{}\n", header);
  for (const ConfigMember& member : table.members)
    out += fmt::format("{} = {}\n", key(member.name), value_of(member.value));
  return out;
}

}  // namespace m3u_proxy::config
