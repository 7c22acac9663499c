#include <utility>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/guide/guide_channel_record.hpp>
#include <m3u_proxy/guide/programmes/programme_record.hpp>

namespace m3u_proxy::guide {

using catalog::GuideChannelField;
using formats::XmltvStartTag;

namespace {

constexpr std::string_view kName = "display-name";
constexpr std::string_view kIcon = "icon";

std::size_t index(GuideChannelField field) { return static_cast<std::size_t>(field); }

}  // namespace

void GuideChannelRecord::begin(std::string_view id, std::string_view element,
                               const EpgSource& source) {
  arena_.reset();
  values_.fill(Value{});
  XmltvStartTag tag;
  const bool has_element = parse_start_tag(element, tag);
  element_ = has_element ? element : std::string_view();
  tag_size_ = has_element ? tag.size : 0;
  self_closing_ = has_element && tag.self_closing;
  const std::size_t close = self_closing_ || !has_element ? tag_size_ : element.rfind("</");
  content_ = element_.substr(tag_size_, close - tag_size_);
  const auto know = [this](GuideChannelField field, std::string_view text) {
    values_[index(field)] = {.text = text, .known = true};
  };
  know(GuideChannelField::kChannelId, id);
  know(GuideChannelField::kSourceName, source.name);
  know(GuideChannelField::kSourceType, source.type);
  know(GuideChannelField::kSourceUrl, source.url);
}

std::string_view GuideChannelRecord::get(const catalog::FieldRef& field) const {
  return value(static_cast<GuideChannelField>(field.index));
}

std::string_view GuideChannelRecord::value(GuideChannelField field) const {
  Value& value = values_[index(field)];
  if (!value.known) {
    value.text = read(field);
    value.known = true;
  }
  return value.text;
}

void GuideChannelRecord::set(const catalog::FieldRef& field, std::string_view value) {
  values_[field.index] = {.text = arena_.copy(value), .known = true, .changed = true};
}

bool GuideChannelRecord::is_changed(GuideChannelField field) const {
  return values_[index(field)].changed;
}

std::string_view GuideChannelRecord::read(GuideChannelField field) const {
  const bool is_name = field == GuideChannelField::kDisplayName;
  const auto child = formats::first_child(content_, is_name ? kName : kIcon);
  if (!child) return {};
  XmltvStartTag tag;
  std::string_view raw = child->content;
  if (!is_name) raw = parse_start_tag(child->whole, tag) ? tag.value("src") : std::string_view();
  scratch_.clear();
  formats::append_plain_text(scratch_, raw);
  return arena_.copy(trim(scratch_));
}

void GuideChannelRecord::append_element(std::pmr::string& out) const {
  out += element_.substr(0, tag_size_ - (self_closing_ ? 2 : 1));
  out += '>';
  std::pmr::string now(content_, out.get_allocator());
  std::pmr::string next(out.get_allocator());
  const auto replace = [&](GuideChannelField field, std::string_view name) {
    if (!is_changed(field)) return;
    next.clear();
    append_replaced(next, now, name, trim(value(field)));
    std::swap(now, next);
  };
  replace(GuideChannelField::kDisplayName, kName);
  replace(GuideChannelField::kIcon, kIcon);
  out += now;
  out += "</channel>";
}

}  // namespace m3u_proxy::guide
