#include <algorithm>
#include <utility>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/formats/xmltv_dtd.hpp>
#include <m3u_proxy/guide/programmes/programme_writer.hpp>

namespace m3u_proxy::guide {
namespace {

/// Reads a time that a rule set: XMLTV's, which stands as it is, or any other date of expressions;
/// `written` becomes what is to be written, "" when it is none.
std::optional<formats::XmltvTime> read_rule_time(std::string_view text, std::string& written) {
  text = trim(text);
  written.clear();
  // Ten digits could be a day and its hour; @time gives seconds, and nobody writes the other.
  constexpr std::size_t kDigitsOfSeconds = 10;
  const bool seconds = text.size() == kDigitsOfSeconds && std::ranges::all_of(text, is_ascii_digit);
  auto time = seconds ? std::nullopt : formats::parse_xmltv_time(text);
  if (time && !time->foreign) {
    written = text;
  } else if (const auto instant = parse_date(text)) {
    time = formats::XmltvTime{.epoch = *instant};
    append_utc_time(written, *time, 0);
  } else if (time) {
    append_moved_time(written, *time, 0);
  }
  return time;
}

}  // namespace

using catalog::ProgrammeField;
using formats::ProgrammeEdits;
using formats::XmltvChildren;
using formats::XmltvStartTag;
using formats::XmltvTime;

void append_valid(std::pmr::string& out, std::string_view element, std::uint64_t byte,
                  ProblemLog& problems) {
  formats::DtdLosses losses;
  formats::append_valid_element(out, element, losses);
  const auto report = [&](std::string_view reason, std::uint64_t count) {
    if (count == 0) return;
    problems.add(reason, 0, byte, element);
    if (count > 1) problems.count(reason, count - 1);
  };
  report("dtd_unknown_element", losses.unknown_elements);
  report("dtd_unfit_element", losses.unfit_elements);
  report("dtd_unknown_attribute", losses.unknown_attributes);
}

/// Sets work.plain_id to the id that the playlist has for an output.
void ProgrammeWriter::find_listed_id(GuideWork& work, std::uint32_t output) const {
  if (work.listed_ids.empty()) work.listed_ids.resize(GuideWork::kListedIds);
  GuideWork::ListedId& listed = work.listed_ids[output % GuideWork::kListedIds];
  if (listed.output == output) {
    work.plain_id.assign(listed.text.data(), listed.size);
    return;
  }
  auto id = task_.list->id_of(output);
  if (!id) throw memory::OverBudget(std::move(id).error());
  work.plain_id = *std::move(id);
  if (work.plain_id.size() > listed.text.size()) return;
  std::ranges::copy(work.plain_id, listed.text.begin());
  listed.size = static_cast<std::uint8_t>(work.plain_id.size());
  listed.output = output;
}

void ProgrammeWriter::prepare_id(GuideWork& work, std::uint32_t output) const {
  if (task_.index->differs_from_guide(output))
    find_listed_id(work, output);
  else
    work.plain_id = work.id;
  work.plain_id += formats::shift_suffix(task_.index->shift(output));
  work.new_id.clear();
  formats::append_escaped(work.new_id, work.plain_id);
}

/// Sets work.new_start and work.new_stop: as they are to be written before any rule.
void ProgrammeWriter::prepare_times(GuideWork& work, const SelectedProgramme& one,
                                    std::int64_t delta) const {
  const auto print = [&](std::string& out, const XmltvTime& time, std::string_view now) {
    out.clear();
    if (!is_rewritten(time, delta))
      out = now;
    else if (task_.options->normalize_to_utc)
      append_utc_time(out, time, delta);
    else
      append_moved_time(out, time, delta);
  };
  print(work.new_start, one.times.start, trim(one.start));
  work.new_stop.clear();
  if (one.times.stop) print(work.new_stop, *one.times.stop, trim(one.stop));
}

bool ProgrammeWriter::is_rewritten(const XmltvTime& time, std::int64_t delta) const {
  return delta != 0 || time.foreign || task_.options->normalize_to_utc;
}

void ProgrammeWriter::write(GuideWork& work, const SelectedProgramme& one,
                            std::uint32_t output) const {
  ProgrammeTimes times = one.times;
  const std::int64_t delta = task_.delta_of(output);
  const bool new_times = is_rewritten(times.start, delta) || (times.stop && times.stop->foreign);
  const bool new_id = trim(one.channel).size() != one.channel.size() ||
                      task_.index->shift(output) != 0 || task_.index->differs_from_guide(output);
  const bool same = !new_times && !new_id && !has_expressions_ && !times.remove_stop;
  if (same && one.in_window && !task_.options->strict_dtd && !task_.keep_programmes) {
    work.pieces.append_unchanged(one.element);
    task_.index->provides(output, task_.source_number);
    ++work.written;
    return;
  }
  ProgrammeEdits edits;
  if (new_id || has_expressions_) prepare_id(work, output);
  if (new_times) prepare_times(work, one, delta);
  if (new_id) edits.channel = work.new_id;
  if (new_times) edits.start = work.new_start;
  if (new_times && times.stop) edits.stop = work.new_stop;
  if (times.remove_stop) edits.stop = "";
  times.start.epoch += delta;
  if (times.stop) times.stop->epoch += delta;
  XmltvStartTag tag;
  if (!parse_start_tag(one.element, tag)) return;  // does not happen: it is well-formed
  bool new_content = false;
  if (has_expressions_) {
    if (!run_rules(work, one, tag, new_times, times, output)) return;
    if (work.record.changed(ProgrammeField::kChannelId)) edits.channel = work.new_id;
    if (work.record.changed(ProgrammeField::kStart)) edits.start = work.new_start;
    if (work.record.changed(ProgrammeField::kStop)) edits.stop = work.new_stop;
    new_content = work.record.content_changed();
  }
  const std::size_t begin = work.pieces.text().size();
  append_changed(work, one, tag, edits, new_content);
  task_.index->provides(output, task_.source_number);
  ++work.written;
  if (task_.keep_programmes) note_programme(work, output, begin, times);
}

/// Runs the rules and filters; false when the programme is not to be written. `new_times`: the
/// times are in work.new_start and work.new_stop.
bool ProgrammeWriter::run_rules(GuideWork& work, const SelectedProgramme& one,
                                const XmltvStartTag& tag, bool new_times, ProgrammeTimes& times,
                                std::uint32_t& output) const {
  const std::string_view start = new_times ? work.new_start : trim(one.start);
  std::string_view stop = new_times ? work.new_stop : trim(one.stop);
  if (!times.stop) stop = {};
  work.record.begin(one.element, tag, work.plain_id, start, stop, *task_.source);
  if (task_.rules != nullptr) task_.rules->apply(work.record, work.scratch, work.rule_counts);
  if (const auto id = work.record.changed(ProgrammeField::kChannelId)) {
    output = task_.index->find_output(trim(*id));
    if (output == GuideIndex::kNone) {
      work.problems.add("unknown_channel_id", 0, one.byte, *id);
      return false;
    }
    work.new_id.clear();
    formats::append_escaped(work.new_id, trim(*id));
  }
  if (!task_.index->may_provide(output, task_.source_number)) return false;
  if (!take_changed_times(work, one, times)) return false;
  if (task_.filters != nullptr &&
      !task_.filters->keep(work.record, work.scratch, work.filter_counts))
    return false;
  return task_.in_window(times.start.epoch,
                         times.stop ? std::optional(times.stop->epoch) : std::nullopt);
}

/// Takes the times that a rule set; false when start is none.
bool ProgrammeWriter::take_changed_times(GuideWork& work, const SelectedProgramme& one,
                                         ProgrammeTimes& times) const {
  if (const auto start = work.record.changed(ProgrammeField::kStart)) {
    const auto parsed = read_rule_time(*start, work.new_start);
    if (!parsed) {
      work.problems.add("bad_start", 0, one.byte, *start);
      return false;
    }
    times.start = *parsed;
  }
  if (const auto stop = work.record.changed(ProgrammeField::kStop)) {
    times.stop = read_rule_time(*stop, work.new_stop);
    if (!times.stop && !trim(*stop).empty()) work.problems.add("bad_stop", 0, one.byte, *stop);
  }
  return true;
}

void ProgrammeWriter::append_changed(GuideWork& work, const SelectedProgramme& one,
                                     const XmltvStartTag& tag, const ProgrammeEdits& edits,
                                     bool new_content) const {
  const bool strict = task_.options->strict_dtd;
  std::pmr::string& text = work.pieces.text();
  std::pmr::string& out = strict ? work.element : text;
  if (strict) work.element.clear();
  out += "  ";
  if (edits.channel || edits.start || edits.stop)
    append_edited_start_tag(out, one.element, tag, edits);
  else
    out += one.element.substr(0, tag.size);
  if (new_content) {
    if (tag.self_closing) out.replace(out.size() - 2, 2, ">");
    work.record.append_content(out);
    out += "</programme>";
  } else {
    out += one.element.substr(tag.size);
  }
  if (strict) {
    text += "  ";
    append_valid(text, work.element, one.byte, work.problems);
  }
  text += '\n';
}

void ProgrammeWriter::note_programme(GuideWork& work, std::uint32_t output, std::size_t begin,
                                     const ProgrammeTimes& times) {
  const std::pmr::string& text = work.pieces.text();
  const std::string_view written = std::string_view(text).substr(begin);
  work.plain.clear();
  if (const auto whole = XmltvChildren(written).next())
    for (XmltvChildren children(whole->content); const auto child = children.next();)
      if (child->name == "title") {
        read_guide_id(work.plain, child->content);
        break;
      }
  fold(work.plain, work.folded);
  work.programmes.push_back({.output = output,
                             .start = times.start.epoch,
                             .stop = times.stop ? times.stop->epoch : GuideWork::Programme::kNoStop,
                             .title = spill::key_of(work.folded).low,
                             .end = text.size()});
}

}  // namespace m3u_proxy::guide
