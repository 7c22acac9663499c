#include <algorithm>
#include <cstring>

#include <m3u_proxy/base/html_entities.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_checker.hpp>
#include <m3u_proxy/formats/xmltv_names.hpp>
#include <m3u_proxy/formats/xmltv_references.hpp>
#include <m3u_proxy/formats/xmltv_scan.hpp>

namespace m3u_proxy::formats {
namespace {

std::string_view escape_of(char c) {
  if (c == '<') return "&lt;";
  if (c == '>') return "&gt;";
  if (c == '&') return "&amp;";
  if (c == '"') return "&quot;";
  return {};
}

}  // namespace

bool XmltvChecker::has_clean_bytes(std::string_view text) {
  return !has_forbidden_control(text) && is_clean_utf8(text);
}

bool XmltvChecker::is_clean_utf8(std::string_view text) {
  if (!is_valid_utf8(text)) return false;
  // U+FFFE and U+FFFF are valid UTF-8 but no XML characters.
  constexpr std::string_view kBegin = "\xEF\xBF";
  for (std::size_t at = text.find(kBegin); at != std::string_view::npos;
       at = text.find(kBegin, at + kBegin.size())) {
    const auto last = static_cast<unsigned char>(text[at + kBegin.size()]);
    if (last == 0xBE || last == 0xBF) return false;
  }
  return true;
}

std::optional<std::string_view> XmltvChecker::check(std::string_view element, bool clean,
                                                    ProblemLog& problems, std::uint64_t byte) {
  repairs_.fill(0);
  any_repair_ = false;
  std::string_view text = element;
  if (!clean && !has_clean_bytes(element)) text = clean_bytes(element);
  p_ = copied_ = text.data();
  end_ = p_ + text.size();
  depth_ = 0;
  repaired_.clear();
  if (!walk()) {
    problems.add(broken_reason_, 0, byte, element);
    return std::nullopt;
  }
  const bool rewritten = copied_ != text.data();
  if (rewritten) repaired_.append(copied_, end_);
  if (any_repair_) report(problems, byte, element);
  return rewritten ? std::string_view(repaired_) : text;
}

std::string_view XmltvChecker::clean_bytes(std::string_view element) {
  bytes_.clear();
  std::string piece;
  const auto count = [this](Repair repair) {
    ++repairs_[static_cast<std::size_t>(repair)];
    any_repair_ = true;
  };
  // Between two tags or lines the encoding is the same; so each such piece is judged alone.
  for (std::size_t at = 0; at < element.size();) {
    const std::size_t next = std::min(element.find_first_of("<\n", at + 1), element.size());
    std::string_view text = element.substr(at, next - at);
    at = next;
    if (!is_valid_utf8(text)) {
      piece.clear();
      append_windows1252(piece, text);
      text = piece;
      count(Repair::kInvalidUtf8);
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if (byte < 0x20 && !is_xml_space(text[i])) {
        count(Repair::kControlCharacter);
      } else if (byte == 0xEF &&
                 (text.substr(i, 3) == "\xEF\xBF\xBE" || text.substr(i, 3) == "\xEF\xBF\xBF")) {
        count(Repair::kControlCharacter);
        i += 2;
      } else {
        bytes_ += text[i];
      }
    }
  }
  return bytes_;
}

bool XmltvChecker::broken(std::string_view reason) {
  broken_reason_ = reason;
  return false;
}

void XmltvChecker::replace(const char* from, const char* to, std::string_view with, Repair repair) {
  repaired_.append(copied_, from);
  repaired_.append(with);
  copied_ = to;
  ++repairs_[static_cast<std::size_t>(repair)];
  any_repair_ = true;
}

bool XmltvChecker::walk() {
  do {
    if (p_ == end_) return broken("element_not_closed");
    if (!walk_markup()) return false;
    if (depth_ != 0 && !walk_text()) return false;
  } while (depth_ != 0);
  return p_ == end_ || broken("element_closed_twice");
}

bool XmltvChecker::walk_markup() {
  if (end_ - p_ < 2) return broken("element_not_closed");
  switch (p_[1]) {
    case '/':
      return walk_end_tag();
    case '?':
      return walk_instruction();
    case '!':
      return starts_at(p_, end_, "<!--") ? walk_comment() : walk_cdata();
    default:
      break;
  }
  return walk_start_tag();
}

/// The end of the name at `p`; `p` itself when no valid name is there.
const char* XmltvChecker::skip_name(const char* p) const {
  const char* const start = p;
  bool ascii = true;
  while (p != end_ && is_name_byte(*p)) {
    ascii = ascii && static_cast<unsigned char>(*p) < 0x80;
    ++p;
  }
  if (p == start || !is_name_start_byte(*start)) return start;
  if (ascii) return p;
  return is_valid_name({start, static_cast<std::size_t>(p - start)}) ? p : start;
}

bool XmltvChecker::walk_start_tag() {
  const char* const name = p_ + 1;
  p_ = skip_name(name);
  if (p_ == name) return broken("bad_tag");
  if (depth_ == kMaxDepth) return broken("nesting_too_deep");
  open_[depth_++] = {name, static_cast<std::size_t>(p_ - name)};
  const char* const name_end = p_;
  const char* attributes_begin = nullptr;
  while (p_ != end_) {
    if (*p_ == '>') {
      ++p_;
      return true;
    }
    if (*p_ == '/') {
      if (end_ - p_ < 2 || p_[1] != '>') return broken("bad_tag");
      p_ += 2;
      --depth_;
      return true;
    }
    const char* const before = p_;
    p_ = skip_xml_spaces(p_, end_);
    if (p_ == end_) break;
    if (*p_ == '>' || *p_ == '/') continue;
    if (p_ == name_end) return broken("bad_tag");
    if (p_ == before) replace(p_, p_, " ", Repair::kMissingSpace);
    const char* const attribute = p_;
    if (attributes_begin == nullptr) attributes_begin = attribute;
    if (!walk_attribute() || !is_new_attribute(attributes_begin, attribute)) return false;
  }
  return broken("tag_not_closed");
}

/// Whether the attribute at `attribute`, just walked, is not among those from `begin` on. There
/// are few, so comparing them is cheap.
bool XmltvChecker::is_new_attribute(const char* begin, const char* attribute) {
  const std::string_view earlier(begin, static_cast<std::size_t>(attribute - begin));
  return earlier.empty() || !has_attribute(earlier, attribute_name_) ||
         broken("duplicate_attribute");
}

bool XmltvChecker::walk_attribute() {
  const char* const name = p_;
  p_ = skip_name(p_);
  if (p_ == name) return broken("bad_attribute");
  attribute_name_ = {name, static_cast<std::size_t>(p_ - name)};
  p_ = skip_xml_spaces(p_, end_);
  if (p_ == end_ || *p_ != '=') return broken("attribute_without_value");
  p_ = skip_xml_spaces(p_ + 1, end_);
  if (p_ == end_ || (*p_ != '"' && *p_ != '\'')) return broken("unquoted_attribute");
  return walk_attribute_value(*p_++);
}

bool XmltvChecker::walk_attribute_value(char quote) {
  while (true) {
    p_ = quote == '"' ? find_any<'"', '&', '<'>(p_, end_) : find_any<'\'', '&', '<'>(p_, end_);
    if (p_ == end_) return broken("tag_not_closed");
    if (*p_ == '&') {
      walk_reference();
    } else if (*p_ == '<') {
      replace(p_, p_ + 1, "&lt;", Repair::kBareLessThan);
      ++p_;
    } else {
      ++p_;
      return true;
    }
  }
}

bool XmltvChecker::walk_end_tag() {
  const std::string_view name = open_[depth_ - 1];
  const char* p = p_ + 2;
  if (!starts_at(p, end_, name)) return broken("mismatched_end_tag");
  p = skip_xml_spaces(p + name.size(), end_);
  if (p == end_ || *p != '>') return broken("mismatched_end_tag");
  --depth_;
  p_ = p + 1;
  return true;
}

bool XmltvChecker::walk_comment() {
  const char* const close = find_text(p_ + 4, end_, "--");
  if (close == end_ || end_ - close < 3 || close[2] != '>') return broken("bad_comment");
  p_ = close + 3;
  return true;
}

bool XmltvChecker::walk_cdata() {
  if (!starts_at(p_, end_, kCdataOpen)) return broken("bad_tag");
  const char* const close = find_text(p_ + kCdataOpen.size(), end_, kCdataClose);
  if (close == end_) return broken("cdata_not_closed");
  p_ = close + kCdataClose.size();
  return true;
}

bool XmltvChecker::walk_instruction() {
  const char* const name = p_ + 2;
  const char* const name_end = skip_name(name);
  const std::string_view target(name, static_cast<std::size_t>(name_end - name));
  const char* const close = find_text(name_end, end_, "?>");
  // An XML declaration has no place inside an element.
  if (target.empty() || close == end_ || equals_ascii_case(target, "xml") ||
      (close != name_end && !is_xml_space(*name_end)))
    return broken("bad_processing_instruction");
  p_ = close + 2;
  return true;
}

bool XmltvChecker::walk_text() {
  while (true) {
    p_ = find_any<'<', '&', '>'>(p_, end_);
    if (p_ == end_) return broken("element_not_closed");
    if (*p_ == '&') {
      walk_reference();
    } else if (*p_ == '>') {
      // "]]>" is forbidden in text; what was just replaced may have become a part of it.
      const std::string_view before(p_ - 2, 2);  // a tag precedes, so there are two
      if (before == "]]" || p_ - copied_ < 2) replace(p_, p_ + 1, "&gt;", Repair::kBareCdataEnd);
      ++p_;
    } else {
      const char next = end_ - p_ > 1 ? p_[1] : '\0';
      if (next == '/' || next == '!' || next == '?' || is_name_start_byte(next)) return true;
      replace(p_, p_ + 1, "&lt;", Repair::kBareLessThan);
      ++p_;
    }
  }
}

void XmltvChecker::walk_reference() {
  const char* const start = p_;
  const std::string_view body = reference_body(start, end_);
  if (body.empty()) {
    replace(start, start + 1, "&amp;", Repair::kBareAmpersand);
    p_ = start + 1;
    return;
  }
  p_ = start + body.size() + 2;
  if (body.front() == '#') {
    if (!numeric_reference(body)) replace(start, p_, "", Repair::kCharacterReference);
    return;
  }
  if (!predefined_entity(body).empty()) return;
  const std::string_view html = html_entity(body);
  if (html.empty()) {
    replace(start, start + 1, "&amp;", Repair::kUnknownEntity);
    return;
  }
  // Some stand for a character that is markup, alone or before a combining one.
  const std::string_view escaped = escape_of(html.front());
  replace(start, p_, escaped.empty() ? html : escaped, Repair::kHtmlEntity);
  if (!escaped.empty()) repaired_.append(html.substr(1));
}

void XmltvChecker::report(ProblemLog& problems, std::uint64_t byte,
                          std::string_view element) const {
  static constexpr std::array<std::string_view, kRepairs> kReasons = {
      "bare_ampersand",          "unknown_entity",    "html_entity",
      "bad_character_reference", "bare_less_than",    "bare_cdata_end",
      "missing_space",           "control_character", "invalid_utf8"};
  for (std::size_t i = 0; i < kRepairs; ++i) {
    if (repairs_[i] == 0) continue;
    problems.add(kReasons[i], 0, byte, element);
    if (repairs_[i] > 1) problems.count(kReasons[i], repairs_[i] - 1);
  }
}

}  // namespace m3u_proxy::formats
