#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_dtd.hpp>
#include <m3u_proxy/formats/xmltv_writer.hpp>
#include <m3u_proxy/guide/programmes/programme_record.hpp>

namespace m3u_proxy::guide {

using catalog::ProgrammeField;
using formats::first_child;
using formats::XmltvChild;
using formats::XmltvChildren;
using formats::XmltvStartTag;

namespace {

constexpr std::string_view kEpisode = "episode-num";
constexpr std::string_view kNumbered = "xmltv_ns";

struct FieldElement {
  ProgrammeField field;
  std::string_view element;
};
constexpr std::array kElements = {
    FieldElement{ProgrammeField::kTitle, "title"},
    FieldElement{ProgrammeField::kSubtitle, "sub-title"},
    FieldElement{ProgrammeField::kDescription, "desc"},
    FieldElement{ProgrammeField::kCategory, "category"},
    FieldElement{ProgrammeField::kLanguage, "language"},
    FieldElement{ProgrammeField::kIcon, "icon"},
    FieldElement{ProgrammeField::kEpisodeNum, kEpisode},
    FieldElement{ProgrammeField::kRating, "rating"},
};

constexpr std::array kFlags = {
    FieldElement{ProgrammeField::kIsNew, "new"},
    FieldElement{ProgrammeField::kIsLive, "live"},
    FieldElement{ProgrammeField::kIsPremiere, "premiere"},
    FieldElement{ProgrammeField::kIsPreviouslyShown, "previously-shown"},
};

std::size_t index(ProgrammeField field) { return static_cast<std::size_t>(field); }

std::string_view attribute_of(const XmltvChild& child, std::string_view name) {
  XmltvStartTag tag;
  return parse_start_tag(child.whole, tag) ? tag.value(name) : std::string_view();
}

bool is_numbered(const XmltvChild& child) {
  return child.name == kEpisode && attribute_of(child, "system") == kNumbered;
}

std::optional<int> to_number(std::string_view text) {
  text = trim(text);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The season of an onscreen number such as "S03E04"; "" when it shows none.
std::string_view onscreen_season(std::string_view text) {
  text = trim(text);
  if (text.empty() || ascii_lower(text.front()) != 's') return {};
  text.remove_prefix(1);
  while (text.size() > 1 && text.front() == '0') text.remove_prefix(1);
  std::size_t digits = 0;
  while (digits < text.size() && is_ascii_digit(text[digits])) ++digits;
  return text.substr(0, digits);
}

/// The attributes of a child's start tag with the space before them; "" when there are none.
std::string_view attributes_of(const std::optional<XmltvChild>& child) {
  XmltvStartTag tag;
  if (!child || !parse_start_tag(child->whole, tag) || tag.attribute_count == 0) return {};
  const char* const begin = child->whole.data() + 1 + tag.name.size();
  const std::string_view last = tag.attributes[tag.attribute_count - 1].value;
  return {begin, static_cast<std::size_t>(last.data() + last.size() + 1 - begin)};
}

/// Appends the element that stands for `value`; it keeps the attributes of the first one.
void append_field(std::pmr::string& out, std::string_view name, std::string_view value,
                  const std::optional<XmltvChild>& first) {
  if (name == "icon") {
    out += "<icon";
    formats::append_attribute(out, "src", value);
    out += "/>";
    return;
  }
  out.append("<").append(name).append(attributes_of(first)).append(">");
  if (name == "rating") out += "<value>";
  formats::append_escaped(out, value);
  if (name == "rating") out += "</value>";
  out.append("</").append(name).append(">");
}

/// Appends `content` with `fresh` where the DTD wants an element called `name`.
void append_inserted(std::pmr::string& out, std::string_view content, std::string_view name,
                     std::string_view fresh) {
  const std::size_t rank = formats::programme_child_rank(name);
  for (XmltvChildren children(content); const auto child = children.next();) {
    if (formats::programme_child_rank(child->name) <= rank) continue;
    const auto at = static_cast<std::size_t>(child->whole.data() - content.data());
    out.append(content.substr(0, at)).append(fresh).append("\n    ").append(content.substr(at));
    return;
  }
  std::size_t end = content.size();
  while (end > 0 && is_ascii_space(content[end - 1])) --end;
  out.append(content.substr(0, end)).append("\n    ").append(fresh).append("\n  ");
}

/// Appends `content` with the season of its xmltv_ns number set, or that number added.
void append_season(std::pmr::string& out, std::string_view content, std::string_view value) {
  const std::optional<int> number = to_number(value);
  const std::string season = number && *number > 0 ? fmt::format("{}", *number - 1) : "";
  for (XmltvChildren children(content); const auto child = children.next();) {
    if (!is_numbered(*child)) continue;
    const auto at = static_cast<std::size_t>(child->content.data() - content.data());
    const std::size_t dot = std::min(child->content.find('.'), child->content.size());
    out.append(content.substr(0, at)).append(season).append(content.substr(at + dot));
    return;
  }
  if (season.empty()) {
    out += content;
    return;
  }
  std::pmr::string fresh("<episode-num system=\"xmltv_ns\">", out.get_allocator());
  fresh.append(season).append("..</episode-num>");
  append_inserted(out, content, kEpisode, fresh);
}

}  // namespace

void append_replaced(std::pmr::string& out, std::string_view content, std::string_view name,
                     std::string_view value) {
  const std::optional<XmltvChild> first = first_child(content, name);
  std::pmr::string fresh(out.get_allocator());
  if (!value.empty()) append_field(fresh, name, value, first);
  if (!first) {
    if (fresh.empty())
      out += content;
    else
      append_inserted(out, content, name, fresh);
    return;
  }
  std::size_t done = 0;
  for (XmltvChildren children(content); const auto child = children.next();) {
    if (child->name != name) continue;
    auto at = static_cast<std::size_t>(child->whole.data() - content.data());
    const std::size_t after = at + child->whole.size();
    const bool here = child->whole.data() == first->whole.data();
    // The line goes with its element.
    if (!here || fresh.empty())
      while (at > done && is_ascii_space(content[at - 1])) --at;
    out += content.substr(done, at - done);
    if (here) out += fresh;
    done = after;
  }
  out += content.substr(done);
}

void ProgrammeRecord::begin(std::string_view element, const XmltvStartTag& tag, std::string_view id,
                            std::string_view start, std::string_view stop,
                            const EpgSource& source) {
  arena_.reset();
  values_.fill(Value{});
  const std::size_t close = tag.self_closing ? tag.size : element.rfind("</");
  content_ = element.substr(tag.size, close - tag.size);
  const auto know = [this](ProgrammeField field, std::string_view text) {
    values_[index(field)] = {.text = text, .known = true};
  };
  know(ProgrammeField::kChannelId, id);
  know(ProgrammeField::kStart, start);
  know(ProgrammeField::kStop, stop);
  know(ProgrammeField::kSourceName, source.name);
  know(ProgrammeField::kSourceType, source.type);
  know(ProgrammeField::kSourceUrl, source.url);
  know(ProgrammeField::kMediaType, {});
}

std::string_view ProgrammeRecord::get(const catalog::FieldRef& field) const {
  if (field.is_attribute || field.index >= values_.size()) return {};
  Value& value = values_[field.index];
  if (!value.known) {
    value.text = read(static_cast<ProgrammeField>(field.index));
    value.known = true;
  }
  return value.text;
}

std::optional<std::string_view> ProgrammeRecord::further(const catalog::FieldRef& field,
                                                         std::size_t nth) const {
  const bool set = field.is_attribute || values_[field.index].changed;
  if (set || !catalog::has_several(catalog::Domain::kProgrammes, field)) return std::nullopt;
  const auto* const known =
      std::ranges::find(kElements, static_cast<ProgrammeField>(field.index), &FieldElement::field);
  for (XmltvChildren children(content_); const auto child = children.next();)
    if (child->name == known->element && nth-- == 0) return keep_plain(child->content);
  return std::nullopt;
}

void ProgrammeRecord::set(const catalog::FieldRef& field, std::string_view value) {
  if (field.is_attribute || !field.writable || field.index >= values_.size()) return;
  values_[field.index] = {.text = arena_.copy(value), .known = true, .changed = true};
}

std::string_view ProgrammeRecord::keep_plain(std::string_view raw) const {
  scratch_.clear();
  formats::append_plain_text(scratch_, raw);
  return arena_.copy(trim(scratch_));
}

std::string_view ProgrammeRecord::season() const {
  for (XmltvChildren children(content_); const auto child = children.next();) {
    if (!is_numbered(*child)) continue;
    const std::string_view text = keep_plain(child->content);
    const auto number = to_number(text.substr(0, text.find_first_of("./")));
    return number ? arena_.copy(fmt::format("{}", *number + 1)) : std::string_view();
  }
  for (XmltvChildren children(content_); const auto child = children.next();) {
    if (child->name != kEpisode) continue;
    const std::string_view found = onscreen_season(keep_plain(child->content));
    if (!found.empty()) return found;
  }
  return {};
}

std::string_view ProgrammeRecord::read(ProgrammeField field) const {
  if (field == ProgrammeField::kSeasonNum) return season();
  if (const auto* const flag = std::ranges::find(kFlags, field, &FieldElement::field);
      flag != kFlags.end())
    return first_child(content_, flag->element) ? "true" : "";
  const auto* const known = std::ranges::find(kElements, field, &FieldElement::field);
  if (known == kElements.end()) return {};
  const auto child = first_child(content_, known->element);
  if (!child) return {};
  if (field == ProgrammeField::kIcon) return keep_plain(attribute_of(*child, "src"));
  if (field != ProgrammeField::kRating) return keep_plain(child->content);
  const auto value = first_child(child->content, "value");
  return value ? keep_plain(value->content) : std::string_view();
}

std::optional<std::string_view> ProgrammeRecord::changed(ProgrammeField field) const {
  const Value& value = values_[index(field)];
  return value.changed ? std::optional(value.text) : std::nullopt;
}

bool ProgrammeRecord::content_changed() const {
  return changed(ProgrammeField::kSeasonNum) ||
         std::ranges::any_of(kElements, [this](const FieldElement& known) {
           return changed(known.field).has_value();
         });
}

void ProgrammeRecord::append_content(std::pmr::string& out) const {
  std::pmr::string now(content_, out.get_allocator());
  std::pmr::string next(out.get_allocator());
  for (const FieldElement& known : kElements) {
    const auto value = changed(known.field);
    if (!value) continue;
    next.clear();
    append_replaced(next, now, known.element, *value);
    std::swap(now, next);
  }
  if (const auto value = changed(ProgrammeField::kSeasonNum)) {
    next.clear();
    append_season(next, now, *value);
    std::swap(now, next);
  }
  out += now;
}

}  // namespace m3u_proxy::guide
