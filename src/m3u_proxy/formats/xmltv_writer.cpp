#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_names.hpp>
#include <m3u_proxy/formats/xmltv_writer.hpp>

namespace m3u_proxy::formats {
namespace {

void append_display_name(std::pmr::string& out, std::string_view text) {
  out += "    <display-name>";
  append_escaped(out, text);
  out += "</display-name>\n";
}

void append_child(std::pmr::string& out, std::string_view whole) {
  out += "    ";
  out += whole;
  out += '\n';
}

/// The names written so far, to leave out repeats.
class SeenNames {
 public:
  /// False when `name` is empty or was there before.
  bool add(std::string_view name) {
    name = trim(name);
    if (name.empty() || std::ranges::find(seen_, name) != seen_.end()) return false;
    seen_.emplace_back(name);
    return true;
  }
  [[nodiscard]] bool empty() const { return seen_.empty(); }

 private:
  std::vector<std::string> seen_;
};

std::string_view content_of(std::string_view element, const XmltvStartTag& tag) {
  if (tag.self_closing) return {};
  const std::size_t close = element.rfind("</");
  return element.substr(tag.size, close - tag.size);
}

}  // namespace

void append_escaped(std::pmr::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (byte == 0xEF &&
             (text.substr(i, 3) == "\xEF\xBF\xBE" || text.substr(i, 3) == "\xEF\xBF\xBF"))
      i += 2;
    else if (byte >= 0x20 || is_xml_space(c))
      out += c;
  }
}

void append_as_written(std::pmr::string& out, const XmltvAttribute& attribute) {
  const char quote = *(attribute.value.data() - 1);
  out += ' ';
  out += attribute.name;
  out += '=';
  out += quote;
  out += attribute.value;
  out += quote;
}

void append_attribute(std::pmr::string& out, std::string_view name, std::string_view value) {
  out += ' ';
  out += name;
  out += "=\"";
  append_escaped(out, value);
  out += '"';
}

std::pmr::string xmltv_header(std::string_view date) {
  std::pmr::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE tv SYSTEM \"xmltv.dtd\">\n<tv";
  if (!date.empty()) append_attribute(out, "date", date);
  out += " generator-info-name=\"m3u-proxy\">\n";
  return out;
}

void append_channel(std::pmr::string& out, const XmltvChannel& channel) {
  XmltvStartTag tag;
  const bool has_source = parse_start_tag(channel.source, tag);
  const std::string_view content =
      has_source ? content_of(channel.source, tag) : std::string_view();
  out += "  <channel";
  append_attribute(out, "id", channel.id);
  for (std::size_t i = 0; has_source && i < tag.attribute_count; ++i) {
    const XmltvAttribute& attribute = tag.attributes[i];
    if (attribute.name == "id") continue;
    append_as_written(out, attribute);
  }
  out += ">\n";

  SeenNames seen;
  if (seen.add(channel.name)) append_display_name(out, trim(channel.name));
  bool source_icon = false;
  std::pmr::string plain(out.get_allocator());
  for (XmltvChildren children(content); const auto child = children.next();) {
    if (child->name == "icon") source_icon = true;
    if (child->name != "display-name") continue;
    plain.clear();
    append_plain_text(plain, child->content);
    if (seen.add(plain)) append_child(out, child->whole);
  }
  if (seen.add(channel.number)) append_display_name(out, trim(channel.number));
  if (seen.empty()) append_display_name(out, channel.id);

  const bool own_logo = !trim(channel.logo).empty();
  if (own_logo) {
    out += "    <icon";
    append_attribute(out, "src", trim(channel.logo));
    out += "/>\n";
  }
  for (XmltvChildren children(content); const auto child = children.next();)
    if (source_icon && !own_logo && child->name == "icon") append_child(out, child->whole);
  for (XmltvChildren children(content); const auto child = children.next();)
    if (child->name != "icon" && child->name != "display-name") append_child(out, child->whole);
  out += "  </channel>\n";
}

void append_edited_start_tag(std::pmr::string& out, std::string_view element,
                             const XmltvStartTag& tag, const ProgrammeEdits& edits) {
  struct Edit {
    std::string_view name;
    std::optional<std::string_view> value;
    bool done = false;
  };
  std::array<Edit, 3> wanted = {{{.name = "start", .value = edits.start},
                                 {.name = "stop", .value = edits.stop},
                                 {.name = "channel", .value = edits.channel}}};
  const char* copied = element.data();
  for (std::size_t i = 0; i < tag.attribute_count; ++i) {
    const XmltvAttribute& attribute = tag.attributes[i];
    const auto edit = std::ranges::find(wanted, attribute.name, &Edit::name);
    if (edit == wanted.end() || !edit->value) continue;
    edit->done = true;
    const char* const value_end = attribute.value.data() + attribute.value.size();
    if (edit->value->empty() && attribute.name == "stop") {
      out.append(copied, static_cast<std::size_t>(attribute.name.data() - copied));
      copied = value_end + 1;
    } else {
      // The new value is escaped for double quotes, so the quotes are written too.
      out.append(copied, attribute.value.data() - 1);
      out += '"';
      out += *edit->value;
      out += '"';
      copied = value_end + 1;
    }
  }
  const char* const tail = element.data() + tag.size - (tag.self_closing ? 2 : 1);
  out.append(copied, tail);
  for (const Edit& edit : wanted) {
    if (edit.done || !edit.value || edit.value->empty()) continue;
    if (!is_xml_space(out.back())) out += ' ';
    out += edit.name;
    out += "=\"";
    out += *edit.value;
    out += '"';
  }
  out.append(tail, element.data() + tag.size);
}

}  // namespace m3u_proxy::formats
