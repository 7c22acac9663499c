#include <array>
#include <tuple>
#include <utility>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/guide/plain_text.hpp>
#include <m3u_proxy/guide/windows/window_selector.hpp>

namespace m3u_proxy::guide {
namespace {

/// Whether content has a title, which comes first in nearly all.
bool has_title(std::string_view content) {
  constexpr std::string_view kTitle = "<title";
  std::size_t at = 0;
  while (at < content.size() && is_ascii_space(content[at])) ++at;
  return content.substr(at).starts_with(kTitle) || content.contains(kTitle);
}

}  // namespace

using formats::parse_xmltv_time;
using formats::XmltvChecker;
using formats::XmltvChildren;
using formats::XmltvKind;
using formats::XmltvSpan;
using formats::XmltvStartTag;

void WindowSelector::process(GuideItem& item) const {
  item.input.clean = XmltvChecker::is_clean_utf8(item.input.window.text);
  go_on(item);
}

void WindowSelector::go_on(GuideItem& item) const {
  item.clear_results();
  while (item.input.has_more() && !item.results.is_full()) {
    const XmltvSpan& span = item.input.window.elements[item.input.next_element];
    // What is found again in the rest of an element has been told with its beginning.
    const bool again = item.input.outputs_done != 0;
    const std::uint64_t seen = item.results.seen;
    const std::array before = {item.results.unusable, item.results.matched,
                               item.results.matched_unusable};
    if (again) std::swap(item.results.problems, item.scratch.told_before);
    item.input.outputs_done = element(item, span);
    if (again) {
      std::swap(item.results.problems, item.scratch.told_before);
      item.scratch.told_before.clear();
      item.results.seen = seen;
      std::tie(item.results.unusable, item.results.matched, item.results.matched_unusable) =
          std::tie(before[0], before[1], before[2]);
    }
    if (item.input.outputs_done == 0) ++item.input.next_element;
  }
  item.results.pieces.finish();
}

/// Works on an element from item.input.outputs_done on. Returns how many outputs it got to, 0 for
/// all.
std::size_t WindowSelector::element(GuideItem& item, const XmltvSpan& span) const {
  const bool good = item.input.clean && span.ordinary;
  return span.kind == XmltvKind::kProgramme ? programme(item, span, good)
                                            : channel(item, span, good);
}

/// Sets item.scratch.id and item.scratch.last_outputs.
void WindowSelector::look_up(GuideItem& item, std::string_view attribute) const {
  if (attribute == item.scratch.last_channel && item.scratch.last_channel.data() != nullptr) return;
  read_plain_text(item.scratch.id, attribute);
  item.scratch.last_channel = attribute;
  WindowScratch::Chain& outputs = item.scratch.last_outputs;
  outputs.kept.clear();
  outputs.rest =
      item.scratch.id.empty() ? GuideIndex::kNone : source_.index->first(item.scratch.id);
  while (outputs.rest != GuideIndex::kNone &&
         outputs.kept.size() < WindowScratch::Chain::kMaxKept) {
    outputs.kept.push_back(outputs.rest);
    outputs.rest = source_.index->next(outputs.rest);
  }
}

/// Calls `on_output` with the outputs of item.scratch.last_outputs, but for the first `from`, until
/// it says true.
template <typename OnOutput>
bool WindowSelector::any_output(const GuideItem& item, std::size_t from,
                                const OnOutput& on_output) const {
  const WindowScratch::Chain& outputs = item.scratch.last_outputs;
  for (std::size_t i = from; i < outputs.kept.size(); ++i)
    if (on_output(outputs.kept[i])) return true;
  std::size_t at = outputs.kept.size();
  for (std::uint32_t output = outputs.rest; output != GuideIndex::kNone;
       output = source_.index->next(output), ++at)
    if (at >= from && on_output(output)) return true;
  return false;
}

std::size_t WindowSelector::channel(GuideItem& item, const XmltvSpan& span, bool good) const {
  const std::string_view element = item.input.window.text.substr(span.begin, span.size);
  const std::uint64_t byte = item.input.window.position + span.begin;
  const std::size_t from = item.input.outputs_done;
  const auto skip = [&](std::string_view reason) {
    item.results.problems.add(reason, 0, byte, element);
    return std::size_t{0};
  };
  XmltvStartTag tag;
  const bool parsed = parse_start_tag(element, tag);
  if (parsed) {
    look_up(item, tag.value("id"));
    if (item.scratch.id.empty()) return skip("channel_without_id");
    if (from == 0) {
      ++item.results.channels_seen;
      note(item, element.substr(tag.size));
    }
    if (item.scratch.last_outputs.kept.empty()) return 0;
  }
  const auto checked =
      good ? std::optional(element)
           : item.scratch.checker.check(element, false, item.results.problems, byte);
  if (!checked) return 0;
  if (!parsed) {
    if (!parse_start_tag(*checked, tag)) return skip("bad_tag");
    look_up(item, tag.value("id"));
    item.scratch.last_channel = {};  // the checker's text does not stay
    if (from == 0 && !item.scratch.id.empty()) ++item.results.channels_seen;
  }
  const auto begin = static_cast<std::uint32_t>(item.results.channel_text.size());
  append_channel(item, *checked, byte);
  const auto size = static_cast<std::uint32_t>(item.results.channel_text.size()) - begin;
  std::size_t done = from;
  const bool stopped = any_output(item, from, [&](std::uint32_t output) {
    item.results.channels.push_back(
        {.output = output, .begin = begin, .size = size, .first = done == 0});
    ++done;
    return item.results.is_full();
  });
  return stopped ? done : 0;
}

/// Appends the `<channel>` as rules leave it. They ran before, with the same result.
void WindowSelector::append_channel(GuideItem& item, std::string_view element,
                                    std::uint64_t byte) const {
  if (source_.channel_rules != nullptr && source_.index->is_ruled(byte)) {
    GuideChannelRecord& record = item.scratch.channel_record;
    record.begin(item.scratch.id, element, *source_.epg);
    source_.channel_rules->apply(record, item.scratch.rules, item.scratch.counted_before);
    if (record.is_changed(catalog::GuideChannelField::kDisplayName) ||
        record.is_changed(catalog::GuideChannelField::kIcon))
      return record.append_element(item.results.channel_text);
  }
  item.results.channel_text += element;
}

void WindowSelector::note(GuideItem& item, std::string_view content) const {
  if (source_.options->match == GuideMatch::kName || source_.channel_rules != nullptr) return;
  const auto note_key = [&item](std::string_view space, bool is_name) {
    if (item.scratch.folded.empty()) return;
    item.results.noted.push_back(
        {.key = spill::key_of(space, item.scratch.folded), .is_name = is_name});
  };
  if (source_.options->match == GuideMatch::kId) {
    fold(item.scratch.id, item.scratch.folded);
    note_key(kFoldSpace, false);
  }
  for (XmltvChildren children(content); const auto child = children.next();) {
    if (child->name != "display-name") continue;
    read_plain_text(item.scratch.plain, child->content);
    fold_name(item.scratch.plain, item.scratch.folded);
    note_key(kNameSpace, true);
  }
}

/// Takes the tag of an element apart that is not ordinary; false when there is nothing to take.
bool WindowSelector::read_tag(GuideItem& item, SelectedProgramme& one, bool& checked) {
  XmltvStartTag tag;
  if (!parse_start_tag(one.element, tag)) {
    const std::string_view element = one.element;
    checked = true;
    if (!check(item, one)) return false;
    if (!parse_start_tag(one.element, tag)) {
      item.results.problems.add("bad_tag", 0, one.byte, element);
      return false;
    }
  }
  const auto* const channel = tag.find("channel");
  const auto* const stop = tag.find("stop");
  one.tag_size = tag.size;
  one.has_channel = channel != nullptr;
  one.has_stop = stop != nullptr;
  one.channel = tag.value("channel");
  one.start = tag.value("start");
  one.stop = tag.value("stop");
  return true;
}

/// False when it is beyond repair.
bool WindowSelector::check(GuideItem& item, SelectedProgramme& one) {
  const auto text = item.scratch.checker.check(one.element, false, item.results.problems, one.byte);
  if (!text) return false;
  one.in_window = text->data() == one.element.data();
  one.element = *text;
  return true;
}

bool WindowSelector::read_times(GuideItem& item, SelectedProgramme& one, bool good) {
  ProgrammeTimes& times = one.times;
  if (good && item.scratch.last_stop_time && one.start == item.scratch.last_stop) {
    times.start = *item.scratch.last_stop_time;
  } else {
    const auto parsed = parse_xmltv_time(one.start);
    if (!parsed) {
      item.results.problems.add(one.start.empty() ? "missing_start" : "bad_start", 0, one.byte,
                                one.start);
      return false;
    }
    times.start = *parsed;
  }
  times.stop = parse_xmltv_time(one.stop);
  if (!times.stop) {
    if (trim(one.stop).empty())
      item.results.problems.count("missing_stop");
    else
      item.results.problems.add("bad_stop", 0, one.byte, one.stop);
  }
  times.remove_stop = !times.stop && one.has_stop;
  if (!times.start.zone_known || (times.stop && !times.stop->zone_known))
    item.results.problems.add("unknown_zone", 0, one.byte, one.start);
  if (good) {
    item.scratch.last_stop = one.stop;
    item.scratch.last_stop_time = times.stop;
  }
  return true;
}

/// Counts a programme that cannot be used; the problem has been told.
std::size_t WindowSelector::skip_programme(GuideItem& item) {
  ++item.results.unusable;
  return 0;
}

std::size_t WindowSelector::skip_matched(GuideItem& item) {
  ++item.results.matched_unusable;
  return skip_programme(item);
}

bool WindowSelector::may_provide(std::uint32_t output) const {
  return source_.index->may_provide(output, source_.source_number);
}

bool WindowSelector::is_wanted(std::uint32_t output, const ProgrammeTimes& times) const {
  if (!may_provide(output)) return false;
  if (source_.has_expressions()) return true;  // rules may move it
  const std::int64_t delta = source_.delta_of(output);
  const auto stop = times.stop ? std::optional(times.stop->epoch + delta) : std::nullopt;
  return source_.in_window(times.start.epoch + delta, stop);
}

std::size_t WindowSelector::programme(GuideItem& item, const XmltvSpan& span, bool good) const {
  ++item.results.seen;
  const std::size_t from = item.input.outputs_done;
  SelectedProgramme one{.element = item.input.window.text.substr(span.begin, span.size),
                        .byte = item.input.window.position + span.begin};
  const std::string_view element = one.element;
  bool checked = good;
  if (good) {
    one.tag_size = span.tag.size;
    one.has_channel = span.tag.id.at != 0;
    one.has_stop = span.tag.stop.at != 0;
    one.channel = span.tag.id.in(element);
    one.start = span.tag.start.in(element);
    one.stop = span.tag.stop.in(element);
  } else if (!read_tag(item, one, checked)) {
    return skip_programme(item);
  }
  if (one.has_channel) look_up(item, one.channel);
  if (checked && !good) item.scratch.last_channel = {};  // the checker's text does not stay
  if (!one.has_channel || item.scratch.id.empty()) {
    item.results.problems.add("programme_without_channel", 0, one.byte, one.element);
    return skip_programme(item);
  }
  if (!any_output(item, from, [&](std::uint32_t output) { return may_provide(output); })) return 0;
  ++item.results.matched;
  if (!read_times(item, one, good)) return skip_matched(item);
  const auto wanted = [&](std::uint32_t output) { return is_wanted(output, one.times); };
  if (!any_output(item, from, wanted)) return 0;
  if (!checked) {
    if (!check(item, one)) return skip_matched(item);
    if (!one.in_window && !read_tag(item, one, checked)) return skip_matched(item);
  }
  if (!has_title(one.element.substr(one.tag_size))) item.results.problems.count("missing_title");
  std::size_t done = from;
  const bool stopped = any_output(item, from, [&](std::uint32_t output) {
    if (wanted(output)) writer_.write(item, one, output);
    ++done;
    return item.results.is_full();
  });
  return stopped ? done : 0;
}

}  // namespace m3u_proxy::guide
