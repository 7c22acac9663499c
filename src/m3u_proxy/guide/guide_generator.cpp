#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_writer.hpp>
#include <m3u_proxy/guide/epg_generation.hpp>
#include <m3u_proxy/guide/guide_generator.hpp>
#include <m3u_proxy/guide/matching/guide_offers.hpp>
#include <m3u_proxy/guide/plain_text.hpp>
#include <m3u_proxy/guide/windows/epg_source_pass.hpp>
#include <m3u_proxy/memory/guarded.hpp>

namespace m3u_proxy::guide {
namespace {

constexpr std::int64_t kDay = 86400;

/// Why nothing of a source that was read is of use; "" when something is.
std::string why_useless(const EpgSourceResult& source) {
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

}  // namespace

GuideGenerator::GuideGenerator(const pipeline::RunContext& context, const GuideOptions& options,
                               const rules::FilterSet* filters, const rules::RuleSet* rules,
                               const rules::RuleSet* channel_rules)
    : context_(&context),
      options_(options),
      filters_(filters),
      rules_(rules),
      channel_rules_(channel_rules),
      index_(context, options.match, options.tvg_shift,
             channel_rules == nullptr ? GuideIndex::GuideIds::kAsTheyAre
                                      : GuideIndex::GuideIds::kMayChange),
      channels_(context),
      head_(context, options_, index_, channels_),
      matches_(context),
      output_(context, options.deduplicate_programmes ? ProgrammeOutput::Duplicates::kDrop
                                                      : ProgrammeOutput::Duplicates::kKeep),
      plugins_(context, options_, index_, output_, result_.problems),
      progress_(context.progress) {}

Result<> GuideGenerator::add_channel(const GuideChannel& channel) {
  const auto add = [&](const GuideChannel& one) -> Result<> {
    GuideIndex::Added added{.output = GuideIndex::kNone, .first = false};
    if (!trim(one.tvg_id).empty()) {
      M3U_TRY(added, index_.add(one));
    } else if (options_.match == GuideMatch::kName) {
      return {};  // nobody asks what its name would give
    }
    return channels_.add(one, added);
  };
  return memory::guarded([&]() -> Result<> {
    if (!has_controls(channel.tvg_id)) return add(channel);
    memory::BudgetResource resource(*context_->budget, memory::Tag::kGuide);
    std::pmr::string id(channel.tvg_id, &resource);
    drop_controls(id);
    GuideChannel clean = channel;
    clean.tvg_id = id;
    return add(clean);
  });
}

Result<GuideResult> GuideGenerator::generate(std::span<const EpgSource> sources,
                                             io::AtomicFile& out, io::TempFolder& temp) {
  return memory::guarded([&] { return generate_all(sources, out, temp); });
}

Result<GuideResult> GuideGenerator::generate_all(std::span<const EpgSource> sources,
                                                 io::AtomicFile& out, io::TempFolder& temp) {
  if (sources.size() > GuideIndex::kMaxSources)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a guide cannot have {} EPG sources; the most is {}", sources.size(),
                            GuideIndex::kMaxSources));
  M3U_CHECK(channels_.finish());
  // With one source the head is known as soon as its channels are, and these usually come first.
  GuideText::Head early_head;
  if (sources.size() == 1 && plugins_.empty())
    early_head = [this, &out] { return head_.write(out, result_.problems); };
  text_.emplace(*context_->slabs, temp, out, std::move(early_head));
  output_.set_text(*text_);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    EpgSourceResult& result = result_.sources.emplace_back();
    result.name = sources[i].name;
    M3U_CHECK(run_source(context_of(sources[i], static_cast<std::uint16_t>(i)), result));
  }
  M3U_CHECK(plugins_.flush());
  result_.programmes = output_.written();
  if (output_.dropped() != 0) result_.problems.count("duplicate_programme", output_.dropped());
  // Without a source there is nothing that could have failed.
  const auto failed = std::ranges::count_if(result_.sources, &EpgSourceResult::failed);
  result_.failed =
      failed != 0 && (result_.programmes == 0 || std::cmp_equal(failed, sources.size()));
  if (!result_.failed) M3U_CHECK(finish(out));
  return std::move(result_);
}

SourceContext GuideGenerator::context_of(const EpgSource& source, std::uint16_t number) {
  SourceContext context{.options = &options_,
                        .epg = &source,
                        .source_number = number,
                        .index = &index_,
                        .list = &channels_,
                        .filters = filters_,
                        .rules = rules_,
                        .channel_rules = channel_rules_,
                        .keep_programmes = options_.deduplicate_programmes || !plugins_.empty()};
  if (options_.window) {
    if (!options_.include_past_programmes)
      context.from = context_->now - options_.days_behind * kDay;
    context.until = context_->now + options_.days_ahead * kDay;
  }
  return context;
}

Result<> GuideGenerator::run_source(const SourceContext& source, EpgSourceResult& result) {
  const auto failed = [&](const Error& error) -> Result<> {
    if (ends_the_job(error)) return fail(error);
    result.failed = true;
    result.error = to_string(error, source.epg->name);
    return {};
  };
  index_.begin_source();
  if (index_.matcher() != nullptr) {
    const Result<> offered = collect_offers(source);
    if (!offered) return failed(offered.error());
  }
  auto bytes = source.epg->open();
  if (!bytes) return failed(bytes.error());
  EpgSourcePass pass(*context_, *std::move(bytes), options_.chunk_bytes);
  EpgGenerationStrategy strategy(source);
  const auto take = [&](GuideItem& item) -> Result<> {
    M3U_CHECK(consume(item, source, result));
    while (item.input.has_more()) {
      strategy.go_on(item);
      M3U_CHECK(consume(item, source, result));
    }
    progress_.report(pipeline::Stage::kEpgGeneration, output_.written(), item.input.consumed,
                     pass.stored_size().value_or(0));
    return {};
  };
  M3U_CHECK(pass.run(strategy, take));
  result.bytes = pass.bytes();
  if (const auto error = pass.failure()) return failed(*error);
  result.partial = pass.partial();
  result.error = pass.note(source.epg->name);
  if (std::string why = why_useless(result); !why.empty()) {
    result.failed = true;
    result.error = std::move(why);
  }
  count_undeclared(source);
  return {};
}

/// Reads a source once for the ids and names of its channels. Errors: those of the source, too.
Result<> GuideGenerator::collect_offers(const SourceContext& source) {
  M3U_TRY(auto bytes, source.epg->open());
  EpgSourcePass pass(*context_, std::move(bytes), options_.chunk_bytes);
  GuideOffers offers(source, *index_.matcher(), matches_, result_.channel_rule_counts);
  M3U_CHECK(pass.run_serial([&](GuideItem& item) { return offers.take(item); }));
  if (const auto error = pass.failure()) return fail(*error);
  return index_.matcher()->decide();
}

Result<> GuideGenerator::consume(GuideItem& item, const SourceContext& source,
                                 EpgSourceResult& result) {
  const std::uint64_t before = output_.written();
  count(item.input, item.results, source.epg->name, result);
  head_.take_date(item.input.window.date);
  M3U_CHECK(consume_channels(item, source));
  if (text_->in_output() && !head_.holds()) M3U_CHECK(text_->take_back());
  M3U_CHECK(plugins_.empty() ? output_.append_all(item.results)
                             : plugins_.process(item.results, source.source_number));
  result.written += output_.written() - before;
  return {};
}

void GuideGenerator::count(WindowInput& input, const WindowResults& results,
                           const std::string& name, EpgSourceResult& result) {
  // Nobody knows whether these would have been programmes.
  for (const std::string_view reason : {"element_not_closed", "element_too_large", "truncated"})
    result.cut_up += input.window.problems.of(reason);
  result.channels += results.channels_seen;
  result_.problems.merge(input.window.problems, name);
  input.window.problems.clear();  // there may be another part
  result_.problems.merge(results.problems, name);
  result_.filter_counts.merge(results.filter_counts);
  result_.rule_counts.merge(results.rule_counts);
  result.items += results.seen;
  result.unusable += results.unusable;
  result.matched += results.matched;
  result.matched_unusable += results.matched_unusable;
}

Result<> GuideGenerator::consume_channels(const GuideItem& item, const SourceContext& source) {
  const WindowResults& results = item.results;
  for (const WindowResults::Channel& channel : results.channels) {
    const std::string_view element =
        std::string_view(results.channel_text).substr(channel.begin, channel.size);
    const bool is_first = index_.declare(channel.output);
    M3U_CHECK(head_.add_channel(channel.output, source.source_number, element));
    if (!is_first && channel.first) {
      ProblemLog duplicate;
      duplicate.add("duplicate_channel", 0, item.input.window.position, element);
      result_.problems.merge(duplicate, source.epg->name);
    }
  }
  for (const WindowResults::Noted& noted : results.noted)
    M3U_CHECK(noted.is_name ? matches_.note_name(noted.key) : matches_.note_id(noted.key));
  return {};
}

/// Channels that got programmes from the source although it never declared them.
void GuideGenerator::count_undeclared(const SourceContext& source) {
  std::uint64_t count = 0;
  for (std::uint32_t output = 0; output < index_.outputs(); ++output)
    if (index_.provider(output) == source.source_number && !index_.declared_by_current(output))
      ++count;
  if (count == 0) return;
  ProblemLog undeclared;
  undeclared.add("undeclared_channel", 0, 0, fmt::format("{} channels", count));
  undeclared.count("undeclared_channel", count - 1);
  result_.problems.merge(undeclared, source.epg->name);
}

Result<> GuideGenerator::finish(io::AtomicFile& out) {
  M3U_CHECK(matches_.count(channels_, index_, result_));
  M3U_CHECK(text_->finish([&] { return head_.write(out, result_.problems); }));
  result_.channels = head_.channels();
  return out.write(formats::kXmltvFooter);
}

}  // namespace m3u_proxy::guide
