#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_time.hpp>
#include <m3u_proxy/guide/plain_text.hpp>
#include <m3u_proxy/guide/programmes/programme_plugins.hpp>
#include <m3u_proxy/guide/programmes/programme_writer.hpp>
#include <m3u_proxy/pipeline/pressure_watch.hpp>

namespace m3u_proxy::guide {

ProgrammePlugins::ProgrammePlugins(const pipeline::RunContext& context, const GuideOptions& options,
                                   GuideIndex& index, ProgrammeOutput& output, ProblemLog& problems)
    : context_(&context),
      options_(&options),
      index_(&index),
      output_(&output),
      problems_(&problems),
      memory_(*context.budget, memory::Tag::kGuide),
      rows_(*context.slabs),
      plain_(&memory_),
      line_(&memory_) {}

Result<> ProgrammePlugins::process(WindowResults& results, std::uint16_t source) {
  rows_.clear();
  M3U_CHECK(results.for_each_programme(
      [&](const WrittenProgramme& programme, std::string_view line) -> Result<> {
        rows_.add({.element = trim(line), .output = programme.output, .source = source});
        return {};
      }));
  return pass_from(0);
}

/// The rows go through the plugins from this one on, and what is left of them is written.
Result<> ProgrammePlugins::pass_from(std::size_t first) {
  if (context_->watch != nullptr) tell_pressure_(context_->watch->level());
  for (std::size_t i = first; i < plugins_.size() && !rows_.empty(); ++i)
    M3U_CHECK(plugins_[i]->process(rows_));
  return take_rows();
}

Result<> ProgrammePlugins::flush() {
  for (std::size_t i = 0; i < plugins_.size(); ++i)
    while (true) {
      if (context_->cancel != nullptr && context_->cancel->cancelled())
        return fail(ErrorCode::kCancelled, "stopped while writing the guide");
      rows_.clear();
      M3U_TRY(const bool more, plugins_[i]->flush(rows_));
      if (!more) break;
      M3U_CHECK(pass_from(i + 1));
    }
  return {};
}

/// Where a row from a plugin belongs; nullopt, and counted, when that is nowhere.
std::optional<WrittenProgramme> ProgrammePlugins::place(const ProgrammeRows::Row& row) {
  formats::XmltvStartTag tag;
  const auto skip = [&](std::string_view reason) {
    problems_->add(reason, 0, 0, row.element.substr(0, 80));
    return std::nullopt;
  };
  if (!parse_start_tag(row.element, tag)) return skip("bad_tag");
  read_plain_text(plain_, tag.value("channel"));
  std::uint32_t output = index_->find_output(plain_);
  // The id of a shifted output is not in the index: it is what it was, then.
  if (output == GuideIndex::kNone && row.output < index_->outputs() &&
      index_->shift(row.output) != 0 &&
      plain_.ends_with(formats::shift_suffix(index_->shift(row.output))))
    output = row.output;
  if (output == GuideIndex::kNone) return skip("unknown_channel_id");
  if (!index_->may_provide(output, row.source)) return skip("channel_of_another_source");
  const auto start = formats::parse_xmltv_time(tag.value("start"));
  if (!start) return skip("bad_start");
  const auto stop = formats::parse_xmltv_time(tag.value("stop"));
  const std::uint64_t title = title_key(row.element.substr(tag.size), plain_, folded_);
  index_->provides(output, row.source);
  return WrittenProgramme{.output = output,
                          .start = start->epoch,
                          .stop = stop ? stop->epoch : WrittenProgramme::kNoStop,
                          .title = title};
}

Result<> ProgrammePlugins::take_rows() {
  problems_->merge(rows_.problems(), "");
  for (const ProgrammeRows::Row& row : rows_.rows()) {
    const auto programme = place(row);
    if (!programme) continue;
    M3U_TRY(const bool dropped, output_->drops(*programme));
    if (dropped) continue;
    line_ = "  ";
    if (options_->strict_dtd)
      append_valid(line_, row.element, 0, *problems_);
    else
      line_ += row.element;
    line_ += '\n';
    M3U_CHECK(output_->append(line_));
  }
  return {};
}

}  // namespace m3u_proxy::guide
