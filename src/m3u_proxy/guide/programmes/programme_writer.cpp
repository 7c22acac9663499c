#include <algorithm>
#include <utility>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/formats/xmltv_dtd.hpp>
#include <m3u_proxy/guide/plain_text.hpp>
#include <m3u_proxy/guide/programmes/programme_writer.hpp>
#include <m3u_proxy/guide/programmes/written_programme.hpp>

namespace m3u_proxy::guide {
namespace {

/// Reads a time that a rule set: XMLTV's, which stays as it is, or any other date of expressions;
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

void ProgrammeWriter::prepare_id(GuideItem& item, std::uint32_t output) const {
  if (source_.index->differs_from_guide(output))
    item.scratch.listed_ids.find(*source_.list, output, item.scratch.plain_id);
  else
    item.scratch.plain_id = item.scratch.id;
  item.scratch.plain_id += formats::shift_suffix(source_.index->shift(output));
  item.scratch.new_id.clear();
  formats::append_escaped(item.scratch.new_id, item.scratch.plain_id);
}

/// Sets item.scratch.new_start and item.scratch.new_stop: as they are to be written before any
/// rule.
void ProgrammeWriter::prepare_times(GuideItem& item, const SelectedProgramme& one,
                                    std::int64_t delta) const {
  const auto print = [&](std::string& out, const XmltvTime& time, std::string_view now) {
    out.clear();
    if (!is_rewritten(time, delta))
      out = now;
    else if (source_.options->normalize_to_utc)
      append_utc_time(out, time, delta);
    else
      append_moved_time(out, time, delta);
  };
  print(item.scratch.new_start, one.times.start, trim(one.start));
  item.scratch.new_stop.clear();
  if (one.times.stop) print(item.scratch.new_stop, *one.times.stop, trim(one.stop));
}

bool ProgrammeWriter::is_rewritten(const XmltvTime& time, std::int64_t delta) const {
  return delta != 0 || time.foreign || source_.options->normalize_to_utc;
}

void ProgrammeWriter::write(GuideItem& item, const SelectedProgramme& one,
                            std::uint32_t output) const {
  ProgrammeTimes times = one.times;
  const std::int64_t delta = source_.delta_of(output);
  const bool new_times = is_rewritten(times.start, delta) || (times.stop && times.stop->foreign);
  const bool new_id = trim(one.channel).size() != one.channel.size() ||
                      source_.index->shift(output) != 0 ||
                      source_.index->differs_from_guide(output);
  const bool same = !new_times && !new_id && !has_expressions_ && !times.remove_stop;
  if (same && one.in_window && !source_.options->strict_dtd && !source_.keep_programmes) {
    item.results.pieces.append_unchanged(one.element);
    source_.index->provides(output, source_.source_number);
    ++item.results.written;
    return;
  }
  ProgrammeEdits edits;
  if (new_id || has_expressions_) prepare_id(item, output);
  if (new_times) prepare_times(item, one, delta);
  if (new_id) edits.channel = item.scratch.new_id;
  if (new_times) edits.start = item.scratch.new_start;
  if (new_times && times.stop) edits.stop = item.scratch.new_stop;
  if (times.remove_stop) edits.stop = "";
  times.start.epoch += delta;
  if (times.stop) times.stop->epoch += delta;
  XmltvStartTag tag;
  if (!parse_start_tag(one.element, tag)) return;  // does not happen: it is well-formed
  bool new_content = false;
  if (has_expressions_) {
    if (!run_rules(item, one, tag, new_times, times, output)) return;
    if (item.scratch.record.changed(ProgrammeField::kChannelId))
      edits.channel = item.scratch.new_id;
    if (item.scratch.record.changed(ProgrammeField::kStart)) edits.start = item.scratch.new_start;
    if (item.scratch.record.changed(ProgrammeField::kStop)) edits.stop = item.scratch.new_stop;
    new_content = item.scratch.record.content_changed();
  }
  const std::size_t begin = item.results.pieces.text().size();
  append_changed(item, one, tag, edits, new_content);
  source_.index->provides(output, source_.source_number);
  ++item.results.written;
  if (source_.keep_programmes) note_programme(item, output, begin, times);
}

/// Runs the rules and filters; false when the programme is not to be written. `new_times`: the
/// times are in item.scratch.new_start and item.scratch.new_stop.
bool ProgrammeWriter::run_rules(GuideItem& item, const SelectedProgramme& one,
                                const XmltvStartTag& tag, bool new_times, ProgrammeTimes& times,
                                std::uint32_t& output) const {
  const std::string_view start = new_times ? item.scratch.new_start : trim(one.start);
  std::string_view stop = new_times ? item.scratch.new_stop : trim(one.stop);
  if (!times.stop) stop = {};
  item.scratch.record.begin(one.element, tag, item.scratch.plain_id, start, stop, *source_.epg);
  if (source_.rules != nullptr)
    source_.rules->apply(item.scratch.record, item.scratch.rules, item.results.rule_counts);
  if (const auto id = item.scratch.record.changed(ProgrammeField::kChannelId)) {
    output = source_.index->find_output(trim(*id));
    if (output == GuideIndex::kNone) {
      item.results.problems.add("unknown_channel_id", 0, one.byte, *id);
      return false;
    }
    item.scratch.new_id.clear();
    formats::append_escaped(item.scratch.new_id, trim(*id));
  }
  if (!source_.index->may_provide(output, source_.source_number)) return false;
  if (!take_changed_times(item, one, times)) return false;
  if (source_.filters != nullptr &&
      !source_.filters->keep(item.scratch.record, item.scratch.rules, item.results.filter_counts))
    return false;
  return source_.in_window(times.start.epoch,
                           times.stop ? std::optional(times.stop->epoch) : std::nullopt);
}

/// Takes the times that a rule set; false when start is none.
bool ProgrammeWriter::take_changed_times(GuideItem& item, const SelectedProgramme& one,
                                         ProgrammeTimes& times) const {
  if (const auto start = item.scratch.record.changed(ProgrammeField::kStart)) {
    const auto parsed = read_rule_time(*start, item.scratch.new_start);
    if (!parsed) {
      item.results.problems.add("bad_start", 0, one.byte, *start);
      return false;
    }
    times.start = *parsed;
  }
  if (const auto stop = item.scratch.record.changed(ProgrammeField::kStop)) {
    times.stop = read_rule_time(*stop, item.scratch.new_stop);
    if (!times.stop && !trim(*stop).empty())
      item.results.problems.add("bad_stop", 0, one.byte, *stop);
  }
  return true;
}

void ProgrammeWriter::append_changed(GuideItem& item, const SelectedProgramme& one,
                                     const XmltvStartTag& tag, const ProgrammeEdits& edits,
                                     bool new_content) const {
  const bool strict = source_.options->strict_dtd;
  std::pmr::string& text = item.results.pieces.text();
  std::pmr::string& out = strict ? item.scratch.element : text;
  if (strict) item.scratch.element.clear();
  out += "  ";
  if (edits.channel || edits.start || edits.stop)
    append_edited_start_tag(out, one.element, tag, edits);
  else
    out += one.element.substr(0, tag.size);
  if (new_content) {
    if (tag.self_closing) out.replace(out.size() - 2, 2, ">");
    item.scratch.record.append_content(out);
    out += "</programme>";
  } else {
    out += one.element.substr(tag.size);
  }
  if (strict) {
    text += "  ";
    append_valid(text, item.scratch.element, one.byte, item.results.problems);
  }
  text += '\n';
}

void ProgrammeWriter::note_programme(GuideItem& item, std::uint32_t output, std::size_t begin,
                                     const ProgrammeTimes& times) {
  const std::pmr::string& text = item.results.pieces.text();
  const auto whole = XmltvChildren(std::string_view(text).substr(begin)).next();
  const std::uint64_t title = title_key(whole ? whole->content : std::string_view(),
                                        item.scratch.plain, item.scratch.folded);
  item.results.programmes.push_back(
      {.what = {.output = output,
                .start = times.start.epoch,
                .stop = times.stop ? times.stop->epoch : WrittenProgramme::kNoStop,
                .title = title},
       .end = text.size()});
}

}  // namespace m3u_proxy::guide
