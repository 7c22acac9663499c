#include <array>
#include <tuple>
#include <utility>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
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

void GuideWorker::process(GuideWork& work) const {
  work.clean = XmltvChecker::is_clean_utf8(work.window.text);
  go_on(work);
}

void GuideWorker::go_on(GuideWork& work) const {
  work.clear_results();
  while (work.has_more() && !work.is_full()) {
    const XmltvSpan& span = work.window.elements[work.next_element];
    // What is found again in the rest of an element has been told with its beginning.
    const bool again = work.outputs_done != 0;
    const std::uint64_t seen = work.seen;
    const std::array before = {work.unusable, work.matched, work.matched_unusable};
    if (again) std::swap(work.problems, work.told_before);
    work.outputs_done = element(work, span);
    if (again) {
      std::swap(work.problems, work.told_before);
      work.told_before.clear();
      work.seen = seen;
      std::tie(work.unusable, work.matched, work.matched_unusable) =
          std::tie(before[0], before[1], before[2]);
    }
    if (work.outputs_done == 0) ++work.next_element;
  }
  work.pieces.finish();
}

/// Works on an element from work.outputs_done on. Returns how many outputs it got to, 0 for all.
std::size_t GuideWorker::element(GuideWork& work, const XmltvSpan& span) const {
  const bool good = work.clean && span.ordinary;
  return span.kind == XmltvKind::kProgramme ? programme(work, span, good)
                                            : channel(work, span, good);
}

/// Sets work.id and work.last_outputs.
void GuideWorker::look_up(GuideWork& work, std::string_view attribute) const {
  if (attribute == work.last_channel && work.last_channel.data() != nullptr) return;
  read_guide_id(work.id, attribute);
  work.last_channel = attribute;
  GuideWork::Chain& outputs = work.last_outputs;
  outputs.kept.clear();
  outputs.rest = work.id.empty() ? GuideIndex::kNone : task_.index->first(work.id);
  while (outputs.rest != GuideIndex::kNone && outputs.kept.size() < GuideWork::Chain::kMaxKept) {
    outputs.kept.push_back(outputs.rest);
    outputs.rest = task_.index->next(outputs.rest);
  }
}

/// Calls `on_output` with the outputs of work.last_outputs, but for the first `from`, until it
/// says true.
template <typename OnOutput>
bool GuideWorker::any_output(const GuideWork& work, std::size_t from,
                             const OnOutput& on_output) const {
  const GuideWork::Chain& outputs = work.last_outputs;
  for (std::size_t i = from; i < outputs.kept.size(); ++i)
    if (on_output(outputs.kept[i])) return true;
  std::size_t at = outputs.kept.size();
  for (std::uint32_t output = outputs.rest; output != GuideIndex::kNone;
       output = task_.index->next(output), ++at)
    if (at >= from && on_output(output)) return true;
  return false;
}

std::size_t GuideWorker::channel(GuideWork& work, const XmltvSpan& span, bool good) const {
  const std::string_view element = work.window.text.substr(span.begin, span.size);
  const std::uint64_t byte = work.window.position + span.begin;
  const std::size_t from = work.outputs_done;
  if (from == 0) ++work.channels_seen;
  const auto skip = [&](std::string_view reason) {
    work.problems.add(reason, 0, byte, element);
    return std::size_t{0};
  };
  XmltvStartTag tag;
  const bool parsed = parse_start_tag(element, tag);
  if (parsed) {
    look_up(work, tag.value("id"));
    if (work.id.empty()) return skip("channel_without_id");
    if (from == 0) note(work, element.substr(tag.size));
    if (work.last_outputs.kept.empty()) return 0;
  }
  const auto checked =
      good ? std::optional(element) : work.checker.check(element, false, work.problems, byte);
  if (!checked) return 0;
  if (!parsed) {
    if (!parse_start_tag(*checked, tag)) return skip("bad_tag");
    look_up(work, tag.value("id"));
    work.last_channel = {};  // the checker's text does not stay
  }
  const auto begin = static_cast<std::uint32_t>(work.channel_text.size());
  append_channel(work, *checked, byte);
  const auto size = static_cast<std::uint32_t>(work.channel_text.size()) - begin;
  std::size_t done = from;
  const bool stopped = any_output(work, from, [&](std::uint32_t output) {
    work.channels.push_back({.output = output, .begin = begin, .size = size, .first = done == 0});
    ++done;
    return work.is_full();
  });
  return stopped ? done : 0;
}

/// Appends the `<channel>` as rules leave it. They ran before, with the same result.
void GuideWorker::append_channel(GuideWork& work, std::string_view element,
                                 std::uint64_t byte) const {
  if (task_.channel_rules != nullptr && task_.index->is_ruled(byte)) {
    GuideChannelRecord& record = work.channel_record;
    record.begin(work.id, element, *task_.source);
    task_.channel_rules->apply(record, work.scratch, work.counted_before);
    if (record.is_changed(catalog::GuideChannelField::kDisplayName) ||
        record.is_changed(catalog::GuideChannelField::kIcon))
      return record.append_element(work.channel_text);
  }
  work.channel_text += element;
}

void GuideWorker::note(GuideWork& work, std::string_view content) const {
  if (task_.options->match == GuideMatch::kName || task_.channel_rules != nullptr) return;
  const auto note_key = [&work](std::string_view space, bool is_name) {
    if (work.folded.empty()) return;
    work.noted.push_back({.key = spill::key_of(space, work.folded), .is_name = is_name});
  };
  if (task_.options->match == GuideMatch::kId) {
    fold(work.id, work.folded);
    note_key(kFoldSpace, false);
  }
  for (XmltvChildren children(content); const auto child = children.next();) {
    if (child->name != "display-name") continue;
    read_guide_id(work.plain, child->content);
    fold_name(work.plain, work.folded);
    note_key(kNameSpace, true);
  }
}

/// Takes the tag of an element apart that is not ordinary; false when there is nothing to take.
bool GuideWorker::read_tag(GuideWork& work, SelectedProgramme& one, bool& checked) {
  XmltvStartTag tag;
  if (!parse_start_tag(one.element, tag)) {
    const std::string_view element = one.element;
    checked = true;
    if (!check(work, one)) return false;
    if (!parse_start_tag(one.element, tag)) {
      work.problems.add("bad_tag", 0, one.byte, element);
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
bool GuideWorker::check(GuideWork& work, SelectedProgramme& one) {
  const auto text = work.checker.check(one.element, false, work.problems, one.byte);
  if (!text) return false;
  one.in_window = text->data() == one.element.data();
  one.element = *text;
  return true;
}

bool GuideWorker::read_times(GuideWork& work, SelectedProgramme& one, bool good) {
  ProgrammeTimes& times = one.times;
  if (good && work.last_stop_time && one.start == work.last_stop) {
    times.start = *work.last_stop_time;
  } else {
    const auto parsed = parse_xmltv_time(one.start);
    if (!parsed) {
      work.problems.add(one.start.empty() ? "missing_start" : "bad_start", 0, one.byte, one.start);
      return false;
    }
    times.start = *parsed;
  }
  times.stop = parse_xmltv_time(one.stop);
  if (!times.stop) {
    if (trim(one.stop).empty())
      work.problems.count("missing_stop");
    else
      work.problems.add("bad_stop", 0, one.byte, one.stop);
  }
  times.remove_stop = !times.stop && one.has_stop;
  if (!times.start.zone_known || (times.stop && !times.stop->zone_known))
    work.problems.add("unknown_zone", 0, one.byte, one.start);
  if (good) {
    work.last_stop = one.stop;
    work.last_stop_time = times.stop;
  }
  return true;
}

/// Counts a programme that cannot be used; the problem has been told.
std::size_t GuideWorker::skip_programme(GuideWork& work) {
  ++work.unusable;
  return 0;
}

std::size_t GuideWorker::skip_matched(GuideWork& work) {
  ++work.matched_unusable;
  return skip_programme(work);
}

bool GuideWorker::may_provide(std::uint32_t output) const {
  return task_.index->may_provide(output, task_.source_number);
}

bool GuideWorker::is_wanted(std::uint32_t output, const ProgrammeTimes& times) const {
  if (!may_provide(output)) return false;
  if (task_.has_expressions()) return true;  // rules may move it
  const std::int64_t delta = task_.delta_of(output);
  const auto stop = times.stop ? std::optional(times.stop->epoch + delta) : std::nullopt;
  return task_.in_window(times.start.epoch + delta, stop);
}

std::size_t GuideWorker::programme(GuideWork& work, const XmltvSpan& span, bool good) const {
  ++work.seen;
  const std::size_t from = work.outputs_done;
  SelectedProgramme one{.element = work.window.text.substr(span.begin, span.size),
                        .byte = work.window.position + span.begin};
  const std::string_view element = one.element;
  bool checked = good;
  if (good) {
    one.tag_size = span.tag.size;
    one.has_channel = span.tag.id.at != 0;
    one.has_stop = span.tag.stop.at != 0;
    one.channel = span.tag.id.in(element);
    one.start = span.tag.start.in(element);
    one.stop = span.tag.stop.in(element);
  } else if (!read_tag(work, one, checked)) {
    return skip_programme(work);
  }
  if (one.has_channel) look_up(work, one.channel);
  if (checked && !good) work.last_channel = {};  // the checker's text does not stay
  if (!one.has_channel || work.id.empty()) {
    work.problems.add("programme_without_channel", 0, one.byte, one.element);
    return skip_programme(work);
  }
  if (!any_output(work, from, [&](std::uint32_t output) { return may_provide(output); })) return 0;
  ++work.matched;
  if (!read_times(work, one, good)) return skip_matched(work);
  const auto wanted = [&](std::uint32_t output) { return is_wanted(output, one.times); };
  if (!any_output(work, from, wanted)) return 0;
  if (!checked) {
    if (!check(work, one)) return skip_matched(work);
    if (!one.in_window && !read_tag(work, one, checked)) return skip_matched(work);
  }
  if (!has_title(one.element.substr(one.tag_size))) work.problems.count("missing_title");
  std::size_t done = from;
  const bool stopped = any_output(work, from, [&](std::uint32_t output) {
    if (wanted(output)) writer_.write(work, one, output);
    ++done;
    return work.is_full();
  });
  return stopped ? done : 0;
}

}  // namespace m3u_proxy::guide
