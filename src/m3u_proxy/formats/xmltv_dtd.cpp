#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_dtd.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_writer.hpp>

namespace m3u_proxy::formats {
namespace {

enum class Content : std::uint8_t { kEmpty, kText, kPerson, kChildren };
enum class Need : std::uint8_t { kOptional, kRequired };
enum class Times : std::uint8_t { kOnce, kAny, kExactlyOne, kAtLeastOne };

struct AttributeModel {
  std::string_view name;
  Need need = Need::kOptional;
  std::string_view values{};  ///< "a|b"; "" = any text
};
struct ChildModel {
  std::string_view name;
  Times times = Times::kAny;
};
struct ElementModel {
  std::string_view name;
  Content content = Content::kText;
  std::span<const AttributeModel> attributes{};
  std::span<const ChildModel> children{};
};

constexpr std::array kLang = {AttributeModel{"lang"}};
constexpr std::array kSystem = {AttributeModel{"system"}};
constexpr std::array kId = {AttributeModel{"id", Need::kRequired}};
constexpr std::array kIcon = {AttributeModel{"src", Need::kRequired}, AttributeModel{"width"},
                              AttributeModel{"height"}};
constexpr std::array kProgramme = {AttributeModel{"start", Need::kRequired},
                                   AttributeModel{"stop"},
                                   AttributeModel{"pdc-start"},
                                   AttributeModel{"vps-start"},
                                   AttributeModel{"showview"},
                                   AttributeModel{"videoplus"},
                                   AttributeModel{"channel", Need::kRequired},
                                   AttributeModel{"clumpidx"}};
constexpr std::array kActor = {AttributeModel{"role"},
                               AttributeModel{"guest", Need::kOptional, "no|yes"}};
constexpr std::array kLength = {AttributeModel{"units", Need::kRequired, "seconds|minutes|hours"}};
constexpr std::array kShown = {AttributeModel{"start"}, AttributeModel{"channel"}};
constexpr std::array kSubtitles = {
    AttributeModel{"type", Need::kOptional, "teletext|onscreen|deaf-signed"}};
constexpr std::array kReview = {AttributeModel{"type", Need::kRequired, "text|url"},
                                AttributeModel{"source"}, AttributeModel{"reviewer"},
                                AttributeModel{"lang"}};
constexpr std::array kImage = {
    AttributeModel{"type", Need::kOptional, "poster|backdrop|still|person|character"},
    AttributeModel{"size", Need::kOptional, "1|2|3"},
    AttributeModel{"orient", Need::kOptional, "P|L"}, AttributeModel{"system"}};

constexpr std::array kInChannel = {ChildModel{"display-name", Times::kAtLeastOne},
                                   ChildModel{"icon"}, ChildModel{"url"}};
constexpr std::array kInProgramme = {ChildModel{"title", Times::kAtLeastOne},
                                     ChildModel{"sub-title"},
                                     ChildModel{"desc"},
                                     ChildModel{"credits", Times::kOnce},
                                     ChildModel{"date", Times::kOnce},
                                     ChildModel{"category"},
                                     ChildModel{"keyword"},
                                     ChildModel{"language", Times::kOnce},
                                     ChildModel{"orig-language", Times::kOnce},
                                     ChildModel{"length", Times::kOnce},
                                     ChildModel{"icon"},
                                     ChildModel{"url"},
                                     ChildModel{"country"},
                                     ChildModel{"episode-num"},
                                     ChildModel{"video", Times::kOnce},
                                     ChildModel{"audio", Times::kOnce},
                                     ChildModel{"previously-shown", Times::kOnce},
                                     ChildModel{"premiere", Times::kOnce},
                                     ChildModel{"last-chance", Times::kOnce},
                                     ChildModel{"new", Times::kOnce},
                                     ChildModel{"subtitles"},
                                     ChildModel{"rating"},
                                     ChildModel{"star-rating"},
                                     ChildModel{"review"},
                                     ChildModel{"image"}};
constexpr std::array kInCredits = {ChildModel{"director"},    ChildModel{"actor"},
                                   ChildModel{"writer"},      ChildModel{"adapter"},
                                   ChildModel{"producer"},    ChildModel{"composer"},
                                   ChildModel{"editor"},      ChildModel{"presenter"},
                                   ChildModel{"commentator"}, ChildModel{"guest"}};
constexpr std::array kInVideo = {
    ChildModel{"present", Times::kOnce}, ChildModel{"colour", Times::kOnce},
    ChildModel{"aspect", Times::kOnce}, ChildModel{"quality", Times::kOnce}};
constexpr std::array kInAudio = {ChildModel{"present", Times::kOnce},
                                 ChildModel{"stereo", Times::kOnce}};
constexpr std::array kInSubtitles = {ChildModel{"language", Times::kOnce}};
constexpr std::array kInRating = {ChildModel{"value", Times::kExactlyOne}, ChildModel{"icon"}};

constexpr std::array kElements = {
    ElementModel{"channel", Content::kChildren, kId, kInChannel},
    ElementModel{"programme", Content::kChildren, kProgramme, kInProgramme},
    ElementModel{"display-name", Content::kText, kLang},
    ElementModel{"icon", Content::kEmpty, kIcon},
    ElementModel{"url", Content::kText, kSystem},
    ElementModel{"title", Content::kText, kLang},
    ElementModel{"sub-title", Content::kText, kLang},
    ElementModel{"desc", Content::kText, kLang},
    ElementModel{"credits", Content::kChildren, {}, kInCredits},
    ElementModel{"director", Content::kPerson},
    ElementModel{"actor", Content::kPerson, kActor},
    ElementModel{"writer", Content::kPerson},
    ElementModel{"adapter", Content::kPerson},
    ElementModel{"producer", Content::kPerson},
    ElementModel{"composer", Content::kPerson},
    ElementModel{"editor", Content::kPerson},
    ElementModel{"presenter", Content::kPerson},
    ElementModel{"commentator", Content::kPerson},
    ElementModel{"guest", Content::kPerson},
    ElementModel{"date"},
    ElementModel{"category", Content::kText, kLang},
    ElementModel{"keyword", Content::kText, kLang},
    ElementModel{"language", Content::kText, kLang},
    ElementModel{"orig-language", Content::kText, kLang},
    ElementModel{"length", Content::kText, kLength},
    ElementModel{"country", Content::kText, kLang},
    ElementModel{"episode-num", Content::kText, kSystem},
    ElementModel{"video", Content::kChildren, {}, kInVideo},
    ElementModel{"present"},
    ElementModel{"colour"},
    ElementModel{"aspect"},
    ElementModel{"quality"},
    ElementModel{"audio", Content::kChildren, {}, kInAudio},
    ElementModel{"stereo"},
    ElementModel{"previously-shown", Content::kEmpty, kShown},
    ElementModel{"premiere", Content::kText, kLang},
    ElementModel{"last-chance", Content::kText, kLang},
    ElementModel{"new", Content::kEmpty},
    ElementModel{"subtitles", Content::kChildren, kSubtitles, kInSubtitles},
    ElementModel{"rating", Content::kChildren, kSystem, kInRating},
    ElementModel{"value"},
    ElementModel{"star-rating", Content::kChildren, kSystem, kInRating},
    ElementModel{"review", Content::kText, kReview},
    ElementModel{"image", Content::kText, kImage},
};

const ElementModel* model_of(std::string_view name) {
  const auto* const found = std::ranges::find(kElements, name, &ElementModel::name);
  return found == kElements.end() ? nullptr : found;
}

bool is_allowed(std::string_view values, std::string_view value) {
  if (values.empty()) return true;
  while (true) {
    const std::size_t end = std::min(values.find('|'), values.size());
    if (values.substr(0, end) == value) return true;
    if (end == values.size()) return false;
    values.remove_prefix(end + 1);
  }
}

/// False when a required attribute is missing or not one of its values.
bool append_start(std::pmr::string& out, const ElementModel& model, const XmltvStartTag& tag,
                  DtdLosses& losses) {
  out += '<';
  out += model.name;
  std::size_t required = 0;
  for (std::size_t i = 0; i < tag.attribute_count; ++i) {
    const XmltvAttribute& attribute = tag.attributes[i];
    const auto known = std::ranges::find(model.attributes, attribute.name, &AttributeModel::name);
    if (known == model.attributes.end() || !is_allowed(known->values, trim(attribute.value))) {
      ++losses.unknown_attributes;
      continue;
    }
    if (known->need == Need::kRequired) ++required;
    append_as_written(out, attribute);
  }
  return required == static_cast<std::size_t>(std::ranges::count(model.attributes, Need::kRequired,
                                                                 &AttributeModel::need));
}

bool append_element(std::pmr::string& out, const XmltvChild& element, std::size_t indent,
                    DtdLosses& losses);

/// Text without its tags; of a person the elements that may be there.
void append_text(std::pmr::string& out, std::string_view content, Content kind, DtdLosses& losses) {
  std::size_t done = 0;
  for (XmltvChildren children(content); const auto child = children.next();) {
    const auto at = static_cast<std::size_t>(child->whole.data() - content.data());
    out += content.substr(done, at - done);
    done = at + child->whole.size();
    if (kind == Content::kPerson && (child->name == "image" || child->name == "url")) {
      if (!append_element(out, *child, 0, losses)) ++losses.unfit_elements;
    } else {
      ++losses.unknown_elements;
      append_text(out, child->content, Content::kText, losses);
    }
  }
  out += content.substr(done);
}

/// False when a required child is missing and cannot be made up.
bool append_children(std::pmr::string& out, const ElementModel& model, std::string_view content,
                     std::size_t indent, DtdLosses& losses) {
  for (XmltvChildren children(content); const auto child = children.next();)
    if (std::ranges::find(model.children, child->name, &ChildModel::name) == model.children.end())
      ++losses.unknown_elements;
  const auto new_line = [&](std::size_t spaces) {
    out += '\n';
    out.append(spaces, ' ');
  };
  for (const ChildModel& slot : model.children) {
    std::size_t count = 0;
    const bool single = slot.times == Times::kOnce || slot.times == Times::kExactlyOne;
    for (XmltvChildren children(content); const auto child = children.next();) {
      if (child->name != slot.name) continue;
      const std::size_t before = out.size();
      new_line(indent + 2);
      if ((!single || count == 0) && append_element(out, *child, indent + 2, losses)) {
        ++count;
      } else {
        out.resize(before);
        ++losses.unfit_elements;
      }
    }
    if (count != 0) continue;
    if (slot.times == Times::kExactlyOne) return false;
    if (slot.times == Times::kAtLeastOne) {
      new_line(indent + 2);
      out.append("<").append(slot.name).append("></").append(slot.name).append(">");
    }
  }
  new_line(indent);
  return true;
}

bool append_element(std::pmr::string& out, const XmltvChild& element, std::size_t indent,
                    DtdLosses& losses) {
  const ElementModel* const model = model_of(element.name);
  XmltvStartTag tag;
  if (model == nullptr || !parse_start_tag(element.whole, tag)) return false;
  const std::size_t before = out.size();
  bool valid = append_start(out, *model, tag, losses);
  if (valid && model->content == Content::kEmpty) {
    out += "/>";
    return true;
  }
  out += '>';
  if (valid && model->content == Content::kChildren)
    valid = append_children(out, *model, element.content, indent, losses);
  else
    append_text(out, element.content, model->content, losses);
  if (!valid) {
    out.resize(before);
    return false;
  }
  out.append("</").append(element.name).append(">");
  return true;
}

}  // namespace

bool append_valid_element(std::pmr::string& out, std::string_view element, DtdLosses& losses) {
  constexpr std::size_t kIndent = 2;
  const auto whole = XmltvChildren(element).next();
  return whole && (whole->name == "programme" || whole->name == "channel") &&
         append_element(out, *whole, kIndent, losses);
}

std::size_t programme_child_rank(std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(kInProgramme, name, &ChildModel::name) -
                                  kInProgramme.begin());
}

}  // namespace m3u_proxy::formats
