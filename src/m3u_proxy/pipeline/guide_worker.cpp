#include <algorithm>
#include <utility>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_dtd.hpp>
#include <m3u_proxy/pipeline/guide_worker.hpp>

namespace m3u_proxy::pipeline {

using catalog::ProgrammeField;
using formats::parse_xmltv_time;
using formats::XmltvAttribute;
using formats::XmltvChild;
using formats::XmltvChildren;
using formats::XmltvStartTag;
using formats::XmltvTime;

namespace {

// A programme without a stop lasts until the next one; this long is assumed for the window.
constexpr std::int64_t kAssumedLength = std::int64_t{6} * 3600;
constexpr std::size_t kKeptCapacity = std::size_t{4} << 20U;

template <typename Text>
void empty_out(Text& text) {
  text.clear();
  if (text.capacity() > kKeptCapacity) text.shrink_to_fit();
}

}  // namespace

void read_guide_id(std::pmr::string& out, std::string_view attribute) {
  out.clear();
  if (!is_valid_utf8(attribute)) {
    std::string text;
    append_windows1252(text, attribute);
    formats::append_plain_text(out, text);
  } else {
    formats::append_plain_text(out, attribute);
  }
  while (!out.empty() && is_ascii_space(out.back())) out.pop_back();
  out.erase(0, static_cast<std::size_t>(trim(out).data() - out.data()));
}

GuideWork::GuideWork(memory::SlabPool& slabs)
    : input_memory(slabs.budget(), memory::Tag::kInput),
      output_memory(slabs.budget(), memory::Tag::kOutput),
      window(&input_memory),
      text(&output_memory),
      channel_text(&output_memory),
      channels(&output_memory),
      programmes(&output_memory),
      unmatched(&output_memory),
      checker(&output_memory),
      record(slabs),
      id(&output_memory),
      element(&output_memory),
      plain(&output_memory),
      new_id(&output_memory) {}

void GuideWork::clear() {
  empty_out(text);
  empty_out(channel_text);
  empty_out(element);
  channels.clear();
  programmes.clear();
  unmatched.clear();
  problems.clear();
  seen = written = 0;
  filter_counts.counters.clear();
  rule_counts.counters.clear();
  cpu_time = {};
  error.reset();
  last_channel = {};
}

GuideWorker::GuideWorker(const GuideTask& task)
    : task_(task),
      has_expressions_((task.filters != nullptr && !task.filters->empty()) ||
                       (task.rules != nullptr && !task.rules->empty())) {}

void GuideWorker::process(GuideWork& work) const {
  const GuideWindow& window = work.window;
  work.text.reserve(window.text.size() + window.text.size() / 8);
  const bool clean = formats::XmltvChecker::has_clean_bytes(window.text);
  for (const formats::XmltvSpan& span : window.elements) {
    const std::string_view element = window.text.substr(span.begin, span.size);
    const std::uint64_t byte = window.position + span.begin;
    if (span.kind == formats::XmltvKind::kProgramme)
      programme(work, element, {clean, clean && span.ordinary}, byte);
    else
      channel(work, element, {clean, clean && span.ordinary}, byte);
  }
}

void GuideWorker::offer(GuideWork& work) const {
  const GuideWindow& window = work.window;
  XmltvStartTag tag;
  for (const formats::XmltvSpan& span : window.elements) {
    const std::string_view element = window.text.substr(span.begin, span.size);
    if (!parse_start_tag(element, tag)) continue;
    const bool programme = span.kind == formats::XmltvKind::kProgramme;
    const std::string_view attribute = tag.value(programme ? "channel" : "id");
    if (programme && attribute == work.last_channel) continue;
    if (programme) work.last_channel = attribute;
    read_guide_id(work.id, attribute);
    if (work.id.empty()) continue;
    task_.index->offer_id(work.id);
    if (programme) continue;
    for (XmltvChildren children(element.substr(tag.size)); const auto child = children.next();) {
      if (child->name != "display-name") continue;
      read_guide_id(work.plain, child->content);
      task_.index->offer_name(work.id, work.plain);
    }
  }
}

std::uint32_t GuideWorker::look_up(GuideWork& work, std::string_view attribute) const {
  if (attribute == work.last_channel && work.last_channel.data() != nullptr)
    return work.last_output;
  read_guide_id(work.id, attribute);
  work.last_channel = attribute;
  work.last_output = work.id.empty() ? GuideIndex::kNone : task_.index->first(work.id);
  return work.last_output;
}

void GuideWorker::channel(GuideWork& work, std::string_view element, Known known,
                          std::uint64_t byte) const {
  XmltvStartTag tag;
  const bool parsed = parse_start_tag(element, tag);
  if (parsed && look_up(work, tag.value("id")) == GuideIndex::kNone) {
    if (work.id.empty())
      work.problems.add("channel_without_id", 0, byte, element);
    else
      note_unmatched(work, element.substr(tag.size));
    return;
  }
  const auto checked = known.good ? std::optional(element)
                                  : work.checker.check(element, known.clean, work.problems, byte);
  if (!checked) return;
  if (!parsed) {
    if (!parse_start_tag(*checked, tag)) return work.problems.add("bad_tag", 0, byte, element);
    work.last_channel = {};
    const std::uint32_t output = look_up(work, tag.value("id"));
    work.last_channel = {};  // the checker's text does not stay
    work.last_output = output;
  }
  const auto begin = static_cast<std::uint32_t>(work.channel_text.size());
  work.channel_text += *checked;
  bool first = true;
  for (std::uint32_t output = work.last_output; output != GuideIndex::kNone;
       output = task_.index->next(output)) {
    work.channels.push_back({.output = output,
                             .begin = begin,
                             .size = static_cast<std::uint32_t>(checked->size()),
                             .first = std::exchange(first, false)});
  }
}

void GuideWorker::note_unmatched(GuideWork& work, std::string_view content) const {
  if (task_.options->match == GuideMatch::kName) return;
  if (task_.options->match == GuideMatch::kId) {
    fold(work.id, work.folded);
    work.unmatched.push_back(
        {.key = catalog::key_of(GuideIndex::kFoldSpace, work.folded), .is_name = false});
  }
  for (XmltvChildren children(content); const auto child = children.next();) {
    if (child->name != "display-name") continue;
    read_guide_id(work.plain, child->content);
    fold_name(work.plain, work.folded);
    if (work.folded.empty()) continue;
    work.unmatched.push_back(
        {.key = catalog::key_of(GuideIndex::kNameSpace, work.folded), .is_name = true});
  }
}

bool GuideWorker::read_times(GuideWork& work, const XmltvStartTag& tag, std::uint64_t byte,
                             Times& times) const {
  const std::string_view start = tag.value("start");
  const auto parsed = parse_xmltv_time(start);
  if (!parsed) {
    work.problems.add(start.empty() ? "missing_start" : "bad_start", 0, byte, start);
    return false;
  }
  times.start = *parsed;
  const std::string_view stop = tag.value("stop");
  times.stop = parse_xmltv_time(stop);
  if (trim(stop).empty())
    work.problems.count("missing_stop");
  else if (!times.stop)
    work.problems.add("bad_stop", 0, byte, stop);
  times.remove_stop = !times.stop && tag.find("stop") != nullptr;
  if (!times.start.zone_known || (times.stop && !times.stop->zone_known))
    work.problems.add("unknown_zone", 0, byte, start);
  return true;
}

bool GuideWorker::in_window(std::int64_t start, std::optional<std::int64_t> stop) const {
  if (start >= task_.until) return false;
  const bool usable = stop && *stop >= start;
  const std::int64_t end = usable ? *stop : start + kAssumedLength;
  // An empty interval at the very beginning is still inside.
  return end > task_.from || start >= task_.from;
}

std::int64_t GuideWorker::delta_of(std::uint32_t output) const {
  constexpr std::int64_t kSecondsOfThousandHours = 3600;
  return task_.source->time_offset_seconds +
         task_.index->shift(output) * kSecondsOfThousandHours / 1000;
}

bool GuideWorker::is_wanted(std::uint32_t output, const Times& times) const {
  if (!task_.index->may_provide(output, task_.source_number)) return false;
  if (has_expressions_) return true;  // rules may move it
  const std::int64_t delta = delta_of(output);
  const auto stop = times.stop ? std::optional(times.stop->epoch + delta) : std::nullopt;
  return in_window(times.start.epoch + delta, stop);
}

void GuideWorker::programme(GuideWork& work, std::string_view element, Known known,
                            std::uint64_t byte) const {
  ++work.seen;
  XmltvStartTag tag;
  bool checked = known.good;
  const auto check = [&] {
    const auto text = work.checker.check(element, known.clean, work.problems, byte);
    checked = true;
    if (!text) return false;
    const bool same = text->data() == element.data();
    element = *text;
    return same || parse_start_tag(element, tag);
  };
  if (!parse_start_tag(element, tag)) {
    if (!check()) return;
    if (!parse_start_tag(element, tag)) return work.problems.add("bad_tag", 0, byte, element);
  }
  const XmltvAttribute* const id = tag.find("channel");
  const std::uint32_t head = id == nullptr ? GuideIndex::kNone : look_up(work, id->value);
  if (checked && !known.good) work.last_channel = {};  // the checker's text does not stay
  if (id == nullptr || work.id.empty())
    return work.problems.add("programme_without_channel", 0, byte, element);

  const auto any = [&](const auto& wanted) {
    for (std::uint32_t output = head; output != GuideIndex::kNone;
         output = task_.index->next(output))
      if (wanted(output)) return true;
    return false;
  };
  if (!any([&](std::uint32_t output) {
        return task_.index->may_provide(output, task_.source_number);
      }))
    return;
  Programme one{.element = {}, .tag = &tag, .times = {}};
  if (!read_times(work, tag, byte, one.times)) return;
  if (!any([&](std::uint32_t output) { return is_wanted(output, one.times); })) return;
  if (!checked && !check()) return;
  one.element = element;
  one.id_as_it_is = trim(tag.value("channel")).size() == tag.value("channel").size();
  if (!element.substr(tag.size).contains("<title")) work.problems.count("missing_title");
  for (std::uint32_t output = head; output != GuideIndex::kNone; output = task_.index->next(output))
    if (is_wanted(output, one.times)) write(work, one, output, byte);
}

void GuideWorker::prepare_id(GuideWork& work, std::uint32_t output) const {
  work.plain_id = task_.index->differs_from_guide(output) ? task_.ids[output] : work.id;
  work.plain_id += formats::shift_suffix(task_.index->shift(output));
  work.new_id.clear();
  formats::append_escaped(work.new_id, work.plain_id);
}

void GuideWorker::prepare_times(GuideWork& work, const Times& times, std::int64_t delta) const {
  const auto print = [&](std::string& out, const XmltvTime& time) {
    out.clear();
    if (task_.options->normalize_to_utc)
      append_utc_time(out, time, delta);
    else
      append_moved_time(out, time, delta);
  };
  print(work.new_start, times.start);
  work.new_stop.clear();
  if (times.stop) print(work.new_stop, *times.stop);
}

bool GuideWorker::write(GuideWork& work, const Programme& one, std::uint32_t output,
                        std::uint64_t byte) const {
  formats::ProgrammeEdits edits;
  Times times = one.times;
  const std::int64_t delta = delta_of(output);
  const bool new_times = delta != 0 || task_.options->normalize_to_utc;
  const bool new_id = !one.id_as_it_is || task_.index->shift(output) != 0 ||
                      task_.index->differs_from_guide(output);
  if (new_id || has_expressions_) prepare_id(work, output);
  if (new_times) prepare_times(work, times, delta);
  if (new_id) edits.channel = work.new_id;
  if (new_times) edits.start = work.new_start;
  if (new_times && times.stop) edits.stop = work.new_stop;
  if (times.remove_stop) edits.stop = "";
  times.start.epoch += delta;
  if (times.stop) times.stop->epoch += delta;
  bool new_content = false;
  if (has_expressions_) {
    if (!run_rules(work, one, times, output, byte)) return false;
    if (work.record.changed(ProgrammeField::kChannelId)) edits.channel = work.new_id;
    if (work.record.changed(ProgrammeField::kStart)) edits.start = work.new_start;
    if (work.record.changed(ProgrammeField::kStop)) edits.stop = work.new_stop;
    new_content = work.record.content_changed();
  }
  const std::size_t begin = work.text.size();
  append_programme(work, one, edits, new_content);
  task_.index->provides(output, task_.source_number);
  ++work.written;
  if (task_.options->deduplicate_programs)
    note_programme(work, output, begin, times.start.epoch,
                   times.stop ? std::optional(times.stop->epoch) : std::nullopt);
  return true;
}

/// Runs the rules and filters; false when the programme is not to be written.
bool GuideWorker::run_rules(GuideWork& work, const Programme& one, Times& times,
                            std::uint32_t& output, std::uint64_t byte) const {
  const bool moved = delta_of(output) != 0 || task_.options->normalize_to_utc;
  const std::string_view start = moved ? work.new_start : trim(one.tag->value("start"));
  std::string_view stop = moved ? work.new_stop : trim(one.tag->value("stop"));
  if (!times.stop) stop = {};
  work.record.begin(one.element, *one.tag, work.plain_id, start, stop, *task_.source);
  if (task_.rules != nullptr) task_.rules->apply(work.record, work.scratch, work.rule_counts);
  if (const auto id = work.record.changed(ProgrammeField::kChannelId)) {
    output = task_.index->find_output(trim(*id));
    if (output == GuideIndex::kNone) {
      work.problems.add("unknown_channel_id", 0, byte, *id);
      return false;
    }
    work.new_id.clear();
    formats::append_escaped(work.new_id, trim(*id));
  }
  if (!task_.index->may_provide(output, task_.source_number)) return false;
  if (!take_changed_times(work, times, byte)) return false;
  if (task_.filters != nullptr &&
      !task_.filters->keep(work.record, work.scratch, work.filter_counts))
    return false;
  return in_window(times.start.epoch, times.stop ? std::optional(times.stop->epoch) : std::nullopt);
}

/// Times that a rule set stand as they were written; false when start is none.
bool GuideWorker::take_changed_times(GuideWork& work, Times& times, std::uint64_t byte) const {
  if (const auto start = work.record.changed(ProgrammeField::kStart)) {
    const auto parsed = parse_xmltv_time(*start);
    if (!parsed) {
      work.problems.add("bad_start", 0, byte, *start);
      return false;
    }
    times.start = *parsed;
    work.new_start = trim(*start);
  }
  if (const auto stop = work.record.changed(ProgrammeField::kStop)) {
    times.stop = parse_xmltv_time(*stop);
    if (!times.stop && !trim(*stop).empty()) work.problems.add("bad_stop", 0, byte, *stop);
    work.new_stop = times.stop ? trim(*stop) : std::string_view();
  }
  return true;
}

void GuideWorker::append_programme(GuideWork& work, const Programme& one,
                                   const formats::ProgrammeEdits& edits, bool new_content) const {
  const bool strict = task_.options->strict_dtd;
  std::pmr::string& out = strict ? work.element : work.text;
  if (strict) work.element.clear();
  const XmltvStartTag& tag = *one.tag;
  out += "  ";
  if (edits.channel || edits.start || edits.stop)
    append_edited_start_tag(out, one.element, tag, edits);
  else if (new_content)
    out += one.element.substr(0, tag.size);
  else
    out += one.element;
  if (new_content) {
    if (tag.self_closing) out.replace(out.size() - 2, 2, ">");
    work.record.append_content(out);
    out += "</programme>";
  } else if (edits.channel || edits.start || edits.stop) {
    out += one.element.substr(tag.size);
  }
  if (strict) {
    work.text += "  ";
    formats::append_valid_element(work.text, work.element);
  }
  work.text += '\n';
}

void GuideWorker::note_programme(GuideWork& work, std::uint32_t output, std::size_t begin,
                                 std::int64_t start, std::optional<std::int64_t> stop) const {
  const std::string_view written = std::string_view(work.text).substr(begin);
  work.plain.clear();
  if (const auto whole = XmltvChildren(written).next())
    for (XmltvChildren children(whole->content); const auto child = children.next();)
      if (child->name == "title") {
        read_guide_id(work.plain, child->content);
        break;
      }
  fold(work.plain, work.folded);
  work.programmes.push_back({.output = output,
                             .start = start,
                             .stop = stop.value_or(GuideWork::Programme::kNoStop),
                             .title = catalog::key_of(work.folded).low,
                             .end = work.text.size()});
}

}  // namespace m3u_proxy::pipeline
