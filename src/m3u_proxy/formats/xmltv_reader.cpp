#include <algorithm>
#include <cstring>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_names.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_references.hpp>
#include <m3u_proxy/formats/xmltv_scan.hpp>

namespace m3u_proxy::formats {

const XmltvAttribute* XmltvStartTag::find(std::string_view attribute) const {
  for (std::size_t i = 0; i < attribute_count; ++i)
    if (attributes[i].name == attribute) return &attributes[i];
  return nullptr;
}

std::string_view XmltvStartTag::value(std::string_view attribute) const {
  const XmltvAttribute* const found = find(attribute);
  return found == nullptr ? std::string_view() : found->value;
}

namespace {

/// Behind the comment, the CDATA section or the instruction that begins at `p`; nullptr where none
/// does.
const char* after_markup(const char* p, const char* end) {
  const auto behind = [&](std::string_view close) {
    return std::min(end, find_text(p, end, close) + close.size());
  };
  if (starts_at(p, end, "<!--")) return behind("-->");
  if (starts_at(p, end, kCdataOpen)) return behind(kCdataClose);
  if (starts_at(p, end, "<?")) return behind("?>");
  return nullptr;
}

std::string_view name_at(const char* p, const char* end) {
  const char* const begin = p;
  while (p != end && is_name_byte(*p)) ++p;
  return {begin, static_cast<std::size_t>(p - begin)};
}

/// The attribute at `p`; where it ends, nullptr when there is none.
const char* parse_attribute(const char* p, const char* end, XmltvAttribute& attribute) {
  attribute.name = name_at(p, end);
  p = skip_xml_spaces(p + attribute.name.size(), end);
  if (attribute.name.empty() || p == end || *p != '=') return nullptr;
  p = skip_xml_spaces(p + 1, end);
  if (p == end || (*p != '"' && *p != '\'')) return nullptr;
  const char* const value = p + 1;
  p = static_cast<const char*>(std::memchr(value, *p, static_cast<std::size_t>(end - value)));
  if (p == nullptr) return nullptr;
  attribute.value = {value, static_cast<std::size_t>(p - value)};
  return p + 1;
}

}  // namespace

bool parse_start_tag(std::string_view text, XmltvStartTag& tag) {
  const char* p = text.data();
  const char* const end = p + text.size();
  tag.attribute_count = 0;
  if (p == end || *p != '<') return false;
  tag.name = name_at(++p, end);
  if (tag.name.empty()) return false;
  p += tag.name.size();
  while (true) {
    p = skip_xml_spaces(p, end);
    if (p == end) return false;
    if (*p == '>' || *p == '/') break;
    if (tag.attribute_count == XmltvStartTag::kMaxAttributes) return false;
    p = parse_attribute(p, end, tag.attributes[tag.attribute_count]);
    if (p == nullptr) return false;
    ++tag.attribute_count;
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
    } else if (const char* const after = after_markup(p, end)) {
      p = after;
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
    if (const char* const after = after_markup(p, end)) {
      p = after;
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
    if (const char* const after = after_markup(p, end)) {
      p = after;
    } else {
      XmltvStartTag tag;
      if (!parse_start_tag({p, static_cast<std::size_t>(end - p)}, tag)) break;
      const char* content_end = nullptr;
      const char* const behind = end_of_element(p, end, tag, &content_end);
      const char* const content = p + tag.size;
      rest_ = {behind, static_cast<std::size_t>(end - behind)};
      return XmltvChild{.name = tag.name,
                        .whole = {p, static_cast<std::size_t>(behind - p)},
                        .content = {content, static_cast<std::size_t>(content_end - content)}};
    }
  }
  rest_ = {};
  return std::nullopt;
}

std::optional<XmltvChild> first_child(std::string_view content, std::string_view name) {
  for (XmltvChildren children(content); auto child = children.next();)
    if (child->name == name) return child;
  return std::nullopt;
}

}  // namespace m3u_proxy::formats
