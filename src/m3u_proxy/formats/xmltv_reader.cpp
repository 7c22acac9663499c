#include <algorithm>
#include <cstring>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/html_entities.hpp>
#include <m3u_proxy/formats/xmltv_names.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_scan.hpp>

namespace m3u_proxy::formats {
namespace {

constexpr std::string_view kCdataOpen = "<![CDATA[";
constexpr std::string_view kCdataClose = "]]>";

const char* skip_spaces(const char* p, const char* end) {
  while (p != end && is_xml_space(*p)) ++p;
  return p;
}

const char* find_text(const char* p, const char* end, std::string_view what) {
  const std::string_view text(p, static_cast<std::size_t>(end - p));
  const std::size_t at = text.find(what);
  return at == std::string_view::npos ? end : p + at;
}

bool starts_at(const char* p, const char* end, std::string_view what) {
  return static_cast<std::size_t>(end - p) >= what.size() &&
         std::memcmp(p, what.data(), what.size()) == 0;
}

/// The character of a reference's body ("#233", "#xE9"); nullopt when XML does not allow it.
std::optional<char32_t> numeric_reference(std::string_view body) {
  const bool hex = body.size() > 1 && body[1] == 'x';
  body.remove_prefix(hex ? 2 : 1);
  if (body.empty()) return std::nullopt;
  char32_t value = 0;
  for (const char c : body) {
    const char lower = ascii_lower(c);
    if (is_ascii_digit(c))
      value = value * (hex ? 16 : 10) + static_cast<char32_t>(c - '0');
    else if (hex && lower >= 'a' && lower <= 'f')
      value = value * 16 + static_cast<char32_t>(lower - 'a' + 10);
    else
      return std::nullopt;
    if (value > 0x10FFFF) return std::nullopt;
  }
  return is_xml_character(value) ? std::optional(value) : std::nullopt;
}

std::string_view predefined_entity(std::string_view name) {
  if (name == "amp") return "&";
  if (name == "lt") return "<";
  if (name == "gt") return ">";
  if (name == "quot") return "\"";
  if (name == "apos") return "'";
  return {};
}

std::string_view escape_of(char c) {
  if (c == '<') return "&lt;";
  if (c == '>') return "&gt;";
  if (c == '&') return "&amp;";
  if (c == '"') return "&quot;";
  return {};
}

/// The body of the reference at `p` ("amp", "#10"), or "" when no well-formed reference is there.
std::string_view reference_body(const char* p, const char* end) {
  constexpr std::ptrdiff_t kLongest = 40;
  const char* const limit = std::min(end, p + kLongest);
  const char* q = p + 1;
  while (q != limit && (is_ascii_digit(*q) || is_ascii_alpha(*q) || *q == '#')) ++q;
  if (q == limit || *q != ';' || q == p + 1) return {};
  const std::string_view body(p + 1, static_cast<std::size_t>(q - p - 1));
  if (is_ascii_digit(body[0]) || body.find('#', 1) != std::string_view::npos) return {};
  return body;
}

/// Appends what the reference at `p` stands for and returns its size; a bare '&' is itself.
std::size_t append_reference(std::pmr::string& out, const char* p, const char* end) {
  const std::string_view body = reference_body(p, end);
  std::string_view text = predefined_entity(body);
  if (text.empty()) text = html_entity(body);
  if (body.starts_with('#')) {
    std::string character;
    if (const auto value = numeric_reference(body)) append_utf8(character, *value);
    out += character;
  } else if (text.empty()) {
    out += '&';
    return 1;
  } else {
    out += text;
  }
  return body.size() + 2;
}

}  // namespace

const XmltvAttribute* XmltvStartTag::find(std::string_view attribute) const {
  for (std::size_t i = 0; i < attribute_count; ++i)
    if (attributes[i].name == attribute) return &attributes[i];
  return nullptr;
}

std::string_view XmltvStartTag::value(std::string_view attribute) const {
  const XmltvAttribute* const found = find(attribute);
  return found == nullptr ? std::string_view() : found->value;
}

bool parse_start_tag(std::string_view text, XmltvStartTag& tag) {
  const char* p = text.data();
  const char* const end = p + text.size();
  tag.attribute_count = 0;
  if (p == end || *p != '<') return false;
  const char* name = ++p;
  while (p != end && is_name_byte(*p)) ++p;
  tag.name = std::string_view(name, static_cast<std::size_t>(p - name));
  if (tag.name.empty()) return false;
  while (true) {
    p = skip_spaces(p, end);
    if (p == end) return false;
    if (*p == '>' || *p == '/') break;
    name = p;
    while (p != end && is_name_byte(*p)) ++p;
    XmltvAttribute attribute{.name = {name, static_cast<std::size_t>(p - name)}, .value = {}};
    p = skip_spaces(p, end);
    if (attribute.name.empty() || p == end || *p != '=') return false;
    p = skip_spaces(p + 1, end);
    if (p == end || (*p != '"' && *p != '\'')) return false;
    const char* const value = p + 1;
    p = static_cast<const char*>(std::memchr(value, *p, static_cast<std::size_t>(end - value)));
    if (p == nullptr || tag.attribute_count == XmltvStartTag::kMaxAttributes) return false;
    attribute.value = {value, static_cast<std::size_t>(p - value)};
    tag.attributes[tag.attribute_count++] = attribute;
    ++p;
  }
  tag.self_closing = *p == '/';
  if (tag.self_closing) ++p;
  if (p == end || *p != '>') return false;
  tag.size = static_cast<std::size_t>(p + 1 - text.data());
  return true;
}

void append_plain_text(std::pmr::string& out, std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end) {
    const char* const special = find_any<'<', '&'>(p, end);
    out.append(p, special);
    p = special;
    if (p == end) return;
    if (*p == '&') {
      p += append_reference(out, p, end);
    } else if (starts_at(p, end, kCdataOpen)) {
      const char* const close = find_text(p, end, kCdataClose);
      out.append(p + kCdataOpen.size(), close);
      p = std::min(end, close + kCdataClose.size());
    } else if (starts_at(p, end, "<!--")) {
      p = std::min(end, find_text(p, end, "-->") + 3);
    } else if (starts_at(p, end, "<?")) {
      p = std::min(end, find_text(p, end, "?>") + 2);
    } else {
      XmltvStartTag tag;
      const bool start = parse_start_tag({p, static_cast<std::size_t>(end - p)}, tag);
      p = start ? p + tag.size : std::min(end, find_text(p, end, ">") + 1);
    }
  }
}

namespace {

/// The end of the checked element whose start tag `tag` is at `p`.
const char* end_of_element(const char* p, const char* end, const XmltvStartTag& tag,
                           const char** content_end) {
  p += tag.size;
  *content_end = p;
  if (tag.self_closing) return p;
  std::size_t depth = 1;
  while (depth != 0) {
    p = find_any<'<'>(p, end);
    if (p == end) break;
    *content_end = p;
    if (starts_at(p, end, "<!--")) {
      p = std::min(end, find_text(p, end, "-->") + 3);
    } else if (starts_at(p, end, kCdataOpen)) {
      p = std::min(end, find_text(p, end, kCdataClose) + 3);
    } else if (starts_at(p, end, "<?")) {
      p = std::min(end, find_text(p, end, "?>") + 2);
    } else if (starts_at(p, end, "</")) {
      --depth;
      p = std::min(end, find_text(p, end, ">") + 1);
    } else {
      XmltvStartTag inner;
      if (!parse_start_tag({p, static_cast<std::size_t>(end - p)}, inner)) return end;
      if (!inner.self_closing) ++depth;
      p += inner.size;
    }
  }
  return p;
}

}  // namespace

std::optional<XmltvChild> XmltvChildren::next() {
  const char* p = rest_.data();
  const char* const end = p + rest_.size();
  while (true) {
    p = find_any<'<'>(p, end);
    if (p == end) break;
    if (starts_at(p, end, "<!--")) {
      p = std::min(end, find_text(p, end, "-->") + 3);
    } else if (starts_at(p, end, kCdataOpen)) {
      p = std::min(end, find_text(p, end, kCdataClose) + 3);
    } else if (starts_at(p, end, "<?")) {
      p = std::min(end, find_text(p, end, "?>") + 2);
    } else {
      XmltvStartTag tag;
      if (!parse_start_tag({p, static_cast<std::size_t>(end - p)}, tag)) break;
      const char* content_end = nullptr;
      const char* const after = end_of_element(p, end, tag, &content_end);
      const char* const content = p + tag.size;
      rest_ = {after, static_cast<std::size_t>(end - after)};
      return XmltvChild{.name = tag.name,
                        .whole = {p, static_cast<std::size_t>(after - p)},
                        .content = {content, static_cast<std::size_t>(content_end - content)}};
    }
  }
  rest_ = {};
  return std::nullopt;
}

bool XmltvChecker::has_clean_bytes(std::string_view text) {
  if (has_forbidden_control(text)) return false;
  if (is_ascii(text)) return true;
  // U+FFFE and U+FFFF are valid UTF-8 but no XML characters.
  return is_valid_utf8(text) && !text.contains("\xEF\xBF\xBE") && !text.contains("\xEF\xBF\xBF");
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
    p_ = skip_spaces(p_, end_);
    if (p_ == end_) break;
    if (*p_ == '>' || *p_ == '/') continue;
    if (p_ == before) {
      if (p_ == name_end) return broken("bad_tag");
      replace(p_, p_, " ", Repair::kMissingSpace);
    }
    const char* const attribute = p_;
    if (!walk_attribute()) return false;
    if (attributes_begin == nullptr) {
      attributes_begin = attribute;
      continue;
    }
    // Few attributes, so comparing with the earlier ones is cheap.
    const std::string_view earlier(attributes_begin,
                                   static_cast<std::size_t>(attribute - attributes_begin));
    if (has_attribute(earlier, attribute_name_)) return broken("duplicate_attribute");
  }
  return broken("tag_not_closed");
}

bool XmltvChecker::walk_attribute() {
  const char* const name = p_;
  p_ = skip_name(p_);
  if (p_ == name) return broken("bad_attribute");
  attribute_name_ = {name, static_cast<std::size_t>(p_ - name)};
  p_ = skip_spaces(p_, end_);
  if (p_ == end_ || *p_ != '=') return broken("attribute_without_value");
  p_ = skip_spaces(p_ + 1, end_);
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
  p = skip_spaces(p + name.size(), end_);
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
      const std::string_view before(p_ - 2, 2);  // a tag stands before, so there are two
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
