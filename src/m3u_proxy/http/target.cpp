#include <algorithm>

#include <m3u_proxy/base/line_text.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/http/target.hpp>

namespace m3u_proxy::http {
namespace {

bool is_dots(std::string_view text) { return text == "." || text == ".."; }

/// An encoded slash does not make "a/../b" of one segment.
bool valid_segment(std::string_view segment) {
  std::optional<std::string> decoded;
  if (segment.find('%') != std::string_view::npos) {
    decoded = percent_decoded(segment, Plus::kIsPlus);
    if (!decoded) return false;
    segment = *decoded;
  }
  if (!is_one_line(segment) || !is_valid_utf8(segment)) return false;
  for (std::size_t begin = 0; begin <= segment.size();) {
    const std::size_t end = std::min(segment.find('/', begin), segment.size());
    if (is_dots(segment.substr(begin, end - begin))) return false;
    begin = end + 1;
  }
  return true;
}

}  // namespace

std::optional<Target> split_target(std::string_view target) {
  if (target == "*") return Target{.authority = {}, .path = target, .query = {}};
  Target parts;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!starts_with_ascii_case(target, scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::size_t end = std::min(target.find_first_of("/?#"), target.size());
    parts.authority = target.substr(0, end);
    if (parts.authority.empty()) return std::nullopt;
    target.remove_prefix(end);
    break;
  }
  // A fragment is never sent; who sends one all the same means the part before it.
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  parts.path = target.substr(0, question);
  if (question != std::string_view::npos) parts.query = target.substr(question + 1);
  if (parts.path.empty() && !parts.authority.empty()) parts.path = "/";
  if (!valid_path(parts.path)) return std::nullopt;
  return parts;
}

bool valid_path(std::string_view path) {
  if (!path.starts_with('/')) return false;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    if (!valid_segment(path.substr(0, end))) return false;
    path.remove_prefix(end);
  }
  return true;
}

std::optional<std::string> percent_decoded(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' && plus == Plus::kIsSpace ? ' ' : text[i];
    }
  }
  return out;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = pair.find('=');
    const auto key = percent_decoded(pair.substr(0, equals), Plus::kIsSpace);
    if (!key || *key != name) continue;
    if (equals == std::string_view::npos) return std::string();
    return percent_decoded(pair.substr(equals + 1), Plus::kIsSpace);
  }
  return std::nullopt;
}

}  // namespace m3u_proxy::http
