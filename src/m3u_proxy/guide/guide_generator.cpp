#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/guide/epg_generation.hpp>
#include <m3u_proxy/guide/guide_generator.hpp>
#include <m3u_proxy/guide/matching/guide_offers.hpp>
#include <m3u_proxy/guide/programmes/programme_writer.hpp>
#include <m3u_proxy/guide/windows/guide_source_pass.hpp>
#include <m3u_proxy/memory/guarded.hpp>

namespace m3u_proxy::guide {
namespace {

constexpr std::size_t kMaxUnmatchedSample = 100;
constexpr std::size_t kWritePiece = std::size_t{256} << 10U;
constexpr std::int64_t kDay = 86400;

}  // namespace

GuideGenerator::GuideGenerator(const pipeline::RunContext& context, const GuideOptions& options,
                               const rules::FilterSet* filters, const rules::RuleSet* rules,
                               const rules::RuleSet* channel_rules)
    : context_(&context),
      options_(options),
      filters_(filters),
      rules_(rules),
      channel_rules_(channel_rules),
      memory_(*context.budget, memory::Tag::kGuide),
      index_(context, options.match, options.tvg_shift,
             channel_rules == nullptr ? GuideIndex::GuideIds::kAsTheyAre
                                      : GuideIndex::GuideIds::kMayChange),
      channels_(context),
      source_channels_(context),
      duplicates_(*context.budget, context.spill),
      noted_ids_(*context.budget, context.spill, {.tag = memory::Tag::kGuide}),
      noted_names_(*context.budget, context.spill, {.tag = memory::Tag::kGuide}),
      rows_(*context.slabs),
      channel_text_(&memory_) {}

Result<> GuideGenerator::add_channel(const GuideChannel& channel) {
  return memory::guarded([&]() -> Result<> {
    GuideIndex::Added added{.output = GuideIndex::kNone, .first = false};
    if (!trim(channel.tvg_id).empty()) {
      M3U_TRY(added, index_.add(channel));
    } else if (options_.match == GuideMatch::kName) {
      return {};  // nobody asks what its name would give
    }
    return channels_.add(channel, added);
  });
}

Result<GuideResult> GuideGenerator::generate(std::span<const GuideSource> sources,
                                             io::AtomicFile& out, io::TempFolder& temp) {
  return memory::guarded([&] { return generate_all(sources, out, temp); });
}

Result<GuideResult> GuideGenerator::generate_all(std::span<const GuideSource> sources,
                                                 io::AtomicFile& out, io::TempFolder& temp) {
  if (sources.size() > GuideIndex::kMaxSources)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a guide cannot have {} EPG sources; the most is {}", sources.size(),
                            GuideIndex::kMaxSources));
  M3U_CHECK(channels_.finish());
  // With one source the head is known as soon as its channels are, and these usually come first.
  GuideText::Head early_head;
  if (sources.size() == 1 && plugins_.empty())
    early_head = [this, &out] { return write_head(out); };
  text_ = std::make_unique<GuideText>(*context_->slabs, temp, out, std::move(early_head));
  for (std::size_t i = 0; i < sources.size(); ++i) {
    GuideSourceResult& result = result_.sources.emplace_back();
    result.name = sources[i].name;
    M3U_CHECK(run_source(sources[i], static_cast<std::uint16_t>(i), result));
  }
  M3U_CHECK(flush_plugins());
  // Without a source there is nothing that could have failed.
  const auto failed = std::ranges::count_if(result_.sources, &GuideSourceResult::failed);
  result_.failed =
      failed != 0 && (result_.programmes == 0 || std::cmp_equal(failed, sources.size()));
  if (!result_.failed) M3U_CHECK(finish(out));
  return std::move(result_);
}

SourceContext GuideGenerator::context_of(const GuideSource& source, std::uint16_t number) {
  SourceContext task{.options = &options_,
                     .epg = &source,
                     .source_number = number,
                     .index = &index_,
                     .list = &channels_,
                     .filters = filters_,
                     .rules = rules_,
                     .channel_rules = channel_rules_,
                     .keep_programmes = options_.deduplicate_programmes || !plugins_.empty()};
  if (options_.window) {
    if (!options_.include_past_programmes) task.from = context_->now - options_.days_behind * kDay;
    task.until = context_->now + options_.days_ahead * kDay;
  }
  return task;
}

Result<> GuideGenerator::run_source(const GuideSource& source, std::uint16_t number,
                                    GuideSourceResult& result) {
  const auto failed = [&](const Error& error) -> Result<> {
    if (ends_the_job(error)) return fail(error);
    result.failed = true;
    result.error = to_string(error, source.name);
    return {};
  };
  index_.begin_source();
  const SourceContext task = context_of(source, number);
  if (index_.matcher() != nullptr) {
    const Result<> offered = collect_offers(task);
    if (!offered) return failed(offered.error());
  }
  auto bytes = source.open();
  if (!bytes) return failed(bytes.error());
  GuideSourcePass pass(*context_, *std::move(bytes), options_.chunk_bytes);
  EpgGenerationStrategy strategy(task);
  const auto take = [&](GuideItem& item) -> Result<> {
    M3U_CHECK(consume(item, task, result));
    while (item.input.has_more()) {
      strategy.go_on(item);
      M3U_CHECK(consume(item, task, result));
    }
    report_progress(item.input.consumed, pass.stored_size());
    return {};
  };
  M3U_CHECK(pass.run(strategy, take));
  result.bytes = pass.bytes();
  if (const auto error = pass.failure()) return failed(*error);
  result.partial = pass.partial();
  result.error = pass.note(source.name);
  if (std::string why = why_useless(result); !why.empty()) {
    result.failed = true;
    result.error = std::move(why);
  }
  count_undeclared(number, source.name);
  return {};
}

/// Why nothing of a source that was read is of use; "" when something is.
std::string GuideGenerator::why_useless(const GuideSourceResult& source) {
  if (source.items == 0 && source.channels == 0) {
    std::string why = "it has neither channels nor programmes";
    if (source.partial) why += "; it breaks off before its end";
    return why;
  }
  const std::uint64_t skipped = source.unusable + source.cut_up;
  const bool all = skipped != 0 && source.items == source.unusable;
  const bool all_matched = source.matched != 0 && source.matched == source.matched_unusable;
  if (!all && !all_matched) return {};
  return fmt::format("none of its programmes can be used: {} are skipped, see the problems",
                     skipped);
}

void GuideGenerator::report_progress(std::uint64_t done, std::optional<std::uint64_t> total) {
  constexpr std::chrono::milliseconds kEvery{250};
  const auto now = std::chrono::steady_clock::now();
  if (context_->progress == nullptr || now - last_progress_ < kEvery) return;
  last_progress_ = now;
  context_->progress->on_progress(to_string(pipeline::Stage::kEpgGeneration), result_.programmes,
                                  done, total.value_or(0));
}

/// Reads a source once for the ids and names of its channels. Errors: those of the source, too.
Result<> GuideGenerator::collect_offers(const SourceContext& task) {
  M3U_TRY(auto bytes, task.epg->open());
  GuideSourcePass pass(*context_, std::move(bytes), options_.chunk_bytes);
  GuideOffers offers(task, *index_.matcher(), {.ids = &noted_ids_, .names = &noted_names_},
                     result_.channel_rule_counts);
  M3U_CHECK(pass.run_serial([&](GuideItem& item) { return offers.take(item); }));
  if (const auto error = pass.failure()) return fail(*error);
  return index_.matcher()->decide();
}

Result<> GuideGenerator::consume(GuideItem& item, const SourceContext& task,
                                 GuideSourceResult& result) {
  const std::uint64_t before = result_.programmes;
  // Nobody knows whether these would have been programmes.
  for (const std::string_view reason : {"element_not_closed", "element_too_large", "truncated"})
    result.cut_up += item.input.window.problems.of(reason);
  result.channels += item.results.channels_seen;
  result_.problems.merge(item.input.window.problems, task.epg->name);
  item.input.window.problems.clear();  // there may be another part
  result_.problems.merge(item.results.problems, task.epg->name);
  result_.filter_counts.merge(item.results.filter_counts);
  result_.rule_counts.merge(item.results.rule_counts);
  result.items += item.results.seen;
  result.unusable += item.results.unusable;
  result.matched += item.results.matched;
  result.matched_unusable += item.results.matched_unusable;
  take_date(item.input.window.date);
  M3U_CHECK(consume_channels(item, task));
  const bool head_holds = index_.listed() == head_listed_ && date_ == head_date_ &&
                          source_channels_.size() == head_channels_;
  if (text_->in_output() && !head_holds) M3U_CHECK(text_->take_back());
  M3U_CHECK(plugins_.empty() ? consume_programmes(item) : run_plugins(item, task));
  result.written += result_.programmes - before;
  return {};
}

Result<> GuideGenerator::consume_channels(GuideItem& item, const SourceContext& task) {
  for (const WindowResults::Channel& channel : item.results.channels) {
    const std::string_view element =
        std::string_view(item.results.channel_text).substr(channel.begin, channel.size);
    const bool is_first = index_.declare(channel.output);
    M3U_CHECK(source_channels_.add(channel.output, task.source_number, element));
    if (!is_first && channel.first) {
      ProblemLog duplicate;
      duplicate.add("duplicate_channel", 0, item.input.window.position, element);
      result_.problems.merge(duplicate, task.epg->name);
    }
  }
  for (const WindowResults::Noted& noted : item.results.noted)
    M3U_CHECK((noted.is_name ? noted_names_ : noted_ids_).insert(noted.key));
  return {};
}

Result<> GuideGenerator::consume_programmes(GuideItem& item) {
  if (!options_.deduplicate_programmes) {
    result_.programmes += item.results.written;
    return item.results.pieces.for_each(
        [&](std::string_view piece) { return text_->append(piece); });
  }
  return item.results.for_each_programme(
      [&](const WrittenProgramme& programme, std::string_view text) -> Result<> {
        M3U_TRY(const bool duplicate, duplicates_.is_duplicate(programme));
        if (duplicate) {
          result_.problems.count("duplicate_programme");
          return {};
        }
        ++result_.programmes;
        return text_->append(text);
      });
}

/// Channels that got programmes from the source although it never declared them.
void GuideGenerator::count_undeclared(std::uint16_t number, const std::string& source) {
  std::uint64_t count = 0;
  for (std::uint32_t output = 0; output < index_.outputs(); ++output)
    if (index_.provider(output) == number && !index_.declared_by_current(output)) ++count;
  if (count == 0) return;
  ProblemLog undeclared;
  undeclared.add("undeclared_channel", 0, 0, fmt::format("{} channels", count));
  undeclared.count("undeclared_channel", count - 1);
  result_.problems.merge(undeclared, source);
}

void GuideGenerator::take_date(const std::string& date) {
  const auto time = formats::parse_xmltv_time(date);
  if (!time || (!date_.empty() && time->epoch <= date_epoch_)) return;
  date_ = trim(date);
  if (time->foreign) {
    date_.clear();
    append_moved_time(date_, *time, 0);
  }
  date_epoch_ = time->epoch;
}

Result<> GuideGenerator::finish(io::AtomicFile& out) {
  M3U_CHECK(note_channels());
  M3U_CHECK(text_->finish([&] { return write_head(out); }));
  M3U_CHECK(out.write(formats::kXmltvFooter));
  return {};
}

Result<> GuideGenerator::write_head(io::AtomicFile& out) {
  // Before anything is looked at: workers may list more outputs meanwhile.
  head_listed_ = index_.listed();
  head_date_ = date_;
  head_channels_ = source_channels_.size();
  result_.channels = 0;
  M3U_CHECK(source_channels_.finish());
  std::pmr::string text(formats::xmltv_header(date_), &memory_);
  PlaylistChannels::Reader list(channels_);
  ListedChannel listed;
  while (true) {
    M3U_TRY(const bool more, list.next(listed));
    if (!more) break;
    if (!listed.first) continue;
    const std::uint16_t provider = index_.provider(listed.output);
    M3U_TRY(const std::string_view source, source_channels_.find(listed.output, provider));
    if (!options_.all_channels && source.empty() && provider == GuideIndex::kNoSource) continue;
    append_channel(text, listed, source);
    ++result_.channels;
    if (text.size() < kWritePiece) continue;
    M3U_CHECK(out.write(text));
    text.clear();
  }
  return out.write(text);
}

/// Appends the `<channel>` of an output; `source`: what the guide has of it.
void GuideGenerator::append_channel(std::pmr::string& text, const ListedChannel& listed,
                                    std::string_view source) {
  const std::string id =
      std::string(trim(listed.channel.tvg_id)) + formats::shift_suffix(index_.shift(listed.output));
  std::pmr::string& one = options_.strict_dtd ? channel_text_ : text;
  channel_text_.clear();
  formats::append_channel(one, {.id = id,
                                .name = listed.channel.channel_name,
                                .number = listed.channel.number,
                                .logo = listed.channel.tvg_logo,
                                .source = source});
  if (!options_.strict_dtd) return;
  text += "  ";
  append_valid(text, one, 0, result_.problems);
  text += '\n';
}

Result<> GuideGenerator::note_channels() {
  PlaylistChannels::Reader list(channels_);
  ListedChannel listed;
  while (true) {
    M3U_TRY(const bool more, list.next(listed));
    if (!more) return {};
    M3U_CHECK(note_channel(listed));
  }
}

/// Counts a channel of the playlist as matched, or looks what would match it.
Result<> GuideGenerator::note_channel(const ListedChannel& listed) {
  const bool has_id = listed.output != GuideIndex::kNone;
  const std::string_view id = trim(listed.channel.tvg_id);
  bool by_id = false;
  if (has_id) {
    ++result_.of;
    if (index_.provider(listed.output) != GuideIndex::kNoSource) {
      ++result_.matched;
      return {};
    }
    if (listed.first && result_.unmatched_sample.size() < kMaxUnmatchedSample)
      result_.unmatched_sample.emplace_back(id);
    // With its own id in a guide it would not take another's.
    if (index_.declared(listed.output)) return {};
    fold(id, folded_);
    M3U_TRY(by_id, noted_ids_.contains(spill::key_of(kFoldSpace, folded_)));
  }
  const auto by_name = [&](std::string_view name) -> Result<bool> {
    fold_name(trim(name), folded_);
    if (folded_.empty()) return false;
    return noted_names_.contains(spill::key_of(kNameSpace, folded_));
  };
  M3U_TRY(const bool by_tvg_name, by_name(listed.channel.tvg_name));
  M3U_TRY(const bool by_channel_name, by_name(listed.channel.channel_name));
  if (by_id) ++result_.more_with_casefold;
  if (by_id || by_tvg_name || by_channel_name) ++result_.more_with_name;
  return {};
}

}  // namespace m3u_proxy::guide
