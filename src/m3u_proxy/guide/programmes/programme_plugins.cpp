// GuideGenerator: the programmes' way through plugins.
#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_time.hpp>
#include <m3u_proxy/guide/guide_generator.hpp>
#include <m3u_proxy/guide/plain_text.hpp>
#include <m3u_proxy/guide/programmes/programme_writer.hpp>
#include <m3u_proxy/pipeline/pressure_watch.hpp>

namespace m3u_proxy::guide {

Result<> GuideGenerator::run_plugins(GuideItem& item, const SourceContext& task) {
  rows_.clear();
  M3U_CHECK(item.results.for_each_programme([&](const WrittenProgramme& programme,
                                                std::string_view text) -> Result<> {
    rows_.add({.element = trim(text), .output = programme.output, .source = task.source_number});
    return {};
  }));
  return through_plugins(0);
}

/// The rows go through the plugins from this one on, and what is left of them is written.
Result<> GuideGenerator::through_plugins(std::size_t first) {
  if (context_->watch != nullptr) tell_pressure_(context_->watch->level());
  for (std::size_t i = first; i < plugins_.size() && !rows_.empty(); ++i)
    M3U_CHECK(plugins_[i]->process(rows_));
  return take_rows();
}

Result<> GuideGenerator::flush_plugins() {
  for (std::size_t i = 0; i < plugins_.size(); ++i)
    while (true) {
      if (context_->cancel != nullptr && context_->cancel->cancelled())
        return fail(ErrorCode::kCancelled, "stopped while writing the guide");
      rows_.clear();
      M3U_TRY(const bool more, plugins_[i]->flush(rows_));
      if (!more) break;
      M3U_CHECK(through_plugins(i + 1));
    }
  return {};
}

/// Where a row from a plugin belongs; nullopt, and counted, when that is nowhere.
std::optional<WrittenProgramme> GuideGenerator::place(const ProgrammeRows::Row& row) {
  formats::XmltvStartTag tag;
  ProblemLog skipped;
  const auto skip = [&](std::string_view reason) {
    skipped.add(reason, 0, 0, row.element.substr(0, 80));
    result_.problems.merge(skipped, "");
    return std::nullopt;
  };
  if (!parse_start_tag(row.element, tag)) return skip("bad_tag");
  read_plain_text(channel_text_, tag.value("channel"));
  std::uint32_t output = index_.find_output(channel_text_);
  // The id of a shifted output is not in the index: it is what it was, then.
  if (output == GuideIndex::kNone && row.output < index_.outputs() &&
      index_.shift(row.output) != 0 &&
      channel_text_.ends_with(formats::shift_suffix(index_.shift(row.output))))
    output = row.output;
  if (output == GuideIndex::kNone) return skip("unknown_channel_id");
  if (!index_.may_provide(output, row.source)) return skip("channel_of_another_source");
  const auto start = formats::parse_xmltv_time(tag.value("start"));
  if (!start) return skip("bad_start");
  const auto stop = formats::parse_xmltv_time(tag.value("stop"));
  const std::uint64_t title = title_key(row.element.substr(tag.size), channel_text_, folded_);
  index_.provides(output, row.source);
  return WrittenProgramme{.output = output,
                          .start = start->epoch,
                          .stop = stop ? stop->epoch : WrittenProgramme::kNoStop,
                          .title = title};
}

Result<> GuideGenerator::take_rows() {
  std::pmr::string line(&memory_);
  result_.problems.merge(rows_.problems(), "");
  for (const ProgrammeRows::Row& row : rows_.rows()) {
    const auto programme = place(row);
    if (!programme) continue;
    if (options_.deduplicate_programmes) {
      M3U_TRY(const bool duplicate, duplicates_.is_duplicate(*programme));
      if (duplicate) {
        result_.problems.count("duplicate_programme");
        continue;
      }
    }
    line = "  ";
    if (options_.strict_dtd)
      append_valid(line, row.element, 0, result_.problems);
    else
      line += row.element;
    line += '\n';
    ++result_.programmes;
    M3U_CHECK(text_->append(line));
  }
  return {};
}

}  // namespace m3u_proxy::guide
