#include <algorithm>
#include <atomic>
#include <ctime>
#include <limits>
#include <mutex>
#include <utility>

#include <fmt/format.h>
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_dtd.hpp>
#include <m3u_proxy/pipeline/guide_generator.hpp>

namespace m3u_proxy::pipeline {
namespace {

constexpr std::size_t kMaxUnmatchedSample = 100;
constexpr std::size_t kWritePiece = std::size_t{256} << 10U;
constexpr std::int64_t kDay = 86400;
constexpr std::string_view kStageName = "EPG Generation";

std::chrono::nanoseconds thread_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// Errors that end the whole job; all others are the source's own.
bool ends_the_job(const Error& error) {
  return error.code == ErrorCode::kOverBudget || error.code == ErrorCode::kCancelled;
}

}  // namespace

/// One source on its way through the pipeline: what its three steps share.
class GuideGenerator::SourceRun {
 public:
  SourceRun(GuideGenerator& owner, GuideReader& reader, const GuideTask& task,
            GuideSourceResult& result)
      : owner_(&owner), reader_(&reader), task_(task), worker_(task), result_(&result) {}

  /// First step, serial: the next window; nullptr at the end or once something failed.
  GuideWork* read() {
    if (stop_) return nullptr;
    const auto begin = thread_time();
    GuideWork* const work = take();
    work->clear();
    auto more = guarded<bool>([&] { return read_window(*work); });
    if (!more) {
      source_error_ = std::move(more).error();
      stop_ = true;
    }
    work->consumed = reader_->consumed();
    work->cpu_time += thread_time() - begin;
    if (more && *more) return work;
    give_back(work);
    return nullptr;
  }

  /// Second step, parallel.
  void process(GuideWork& work) const {
    const auto begin = thread_time();
    const auto done = guarded<void>([&]() -> Result<> {
      worker_.process(work);
      return {};
    });
    if (!done) work.error = done.error();
    work.cpu_time += thread_time() - begin;
  }

  /// Third step, serial and in order.
  void consume(GuideWork& work) {
    const auto begin = thread_time();
    if (!job_error_ && work.error) job_error_ = std::move(work.error);
    if (!job_error_) {
      const auto done = guarded<void>([&] { return owner_->consume(work, task_, *result_); });
      if (!done) job_error_ = done.error();
    }
    report_progress(work);
    if (job_error_) stop_ = true;
    owner_->result_.cpu_time += work.cpu_time + (thread_time() - begin);
    give_back(&work);
  }

  [[nodiscard]] const std::optional<Error>& job_error() const { return job_error_; }
  [[nodiscard]] const std::optional<Error>& source_error() const { return source_error_; }

 private:
  template <typename T, typename Step>
  static Result<T> guarded(const Step& step) {
    try {
      return step();
    } catch (const memory::OverBudget& refused) {
      return fail(refused.error());
    }
  }

  Result<bool> read_window(GuideWork& work) {
    const CancelToken* const cancel = owner_->context_->cancel;
    if (cancel != nullptr && cancel->cancelled())
      return fail(ErrorCode::kCancelled, "stopped while reading the guide");
    return reader_->next(work.window);
  }

  GuideWork* take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) {
      works_.push_back(std::make_unique<GuideWork>(*owner_->context_->slabs));
      return works_.back().get();
    }
    GuideWork* const work = free_.back();
    free_.pop_back();
    return work;
  }

  void give_back(GuideWork* work) {
    work->window.slab = {};
    const std::lock_guard lock(mutex_);
    free_.push_back(work);
  }

  void report_progress(const GuideWork& work) {
    ProgressListener* const progress = owner_->context_->progress;
    constexpr std::chrono::milliseconds kEvery{250};
    const auto now = std::chrono::steady_clock::now();
    if (progress == nullptr || now - last_progress_ < kEvery) return;
    last_progress_ = now;
    progress->on_progress(kStageName, owner_->result_.programmes, work.consumed,
                          stored_size_.value_or(0));
  }

  GuideGenerator* owner_;
  GuideReader* reader_;
  GuideTask task_;
  GuideWorker worker_;
  GuideSourceResult* result_;
  std::optional<std::uint64_t> stored_size_ = reader_->stored_size();
  std::mutex mutex_;
  std::vector<std::unique_ptr<GuideWork>> works_;
  std::vector<GuideWork*> free_;
  std::atomic<bool> stop_{false};
  std::optional<Error> job_error_;     // of the second and third step
  std::optional<Error> source_error_;  // of the first
  std::chrono::steady_clock::time_point last_progress_ = std::chrono::steady_clock::now();
};

GuideGenerator::GuideGenerator(const RunContext& context, const GuideOptions& options,
                               const rules::FilterSet* filters, const rules::RuleSet* rules)
    : context_(&context),
      options_(options),
      filters_(filters),
      rules_(rules),
      memory_(*context.budget, memory::Tag::kGuide),
      index_(*context.budget, options.match, options.tvg_shift),
      channels_(*context.slabs),
      source_channels_(*context.slabs),
      duplicates_(&memory_),
      unmatched_ids_(&memory_),
      unmatched_names_(&memory_),
      id_texts_(*context.slabs, memory::Tag::kGuide),
      ids_(&memory_),
      channel_text_(&memory_) {}

Result<> GuideGenerator::add_channel(const GuideChannel& channel) {
  try {
    return channels_.add(channel, index_.add(channel));
  } catch (const memory::OverBudget& refused) {
    return fail(refused.error());
  }
}

Result<GuideResult> GuideGenerator::generate(std::span<const GuideSource> sources,
                                             io::AtomicFile& out, io::TempFolder& temp) {
  try {
    return generate_all(sources, out, temp);
  } catch (const memory::OverBudget& refused) {
    return fail(refused.error());
  }
}

Result<GuideResult> GuideGenerator::generate_all(std::span<const GuideSource> sources,
                                                 io::AtomicFile& out, io::TempFolder& temp) {
  M3U_CHECK(channels_.finish());
  // With one source the head is known as soon as its channels are, and these usually come first.
  GuideText::Head early_head;
  if (sources.size() == 1) early_head = [this, &out] { return write_head(out); };
  text_ = std::make_unique<GuideText>(*context_->slabs, temp, out, std::move(early_head));
  for (std::size_t i = 0; i < sources.size(); ++i) {
    GuideSourceResult& result = result_.sources.emplace_back();
    result.name = sources[i].name;
    M3U_CHECK(run_source(sources[i], static_cast<std::uint16_t>(i), result));
  }
  result_.failed =
      !sources.empty() && std::ranges::all_of(result_.sources, &GuideSourceResult::failed);
  if (!result_.failed) M3U_CHECK(finish(out));
  return std::move(result_);
}

GuideTask GuideGenerator::task_for(const GuideSource& source, std::uint16_t number) {
  GuideTask task{.options = &options_,
                 .source = &source,
                 .source_number = number,
                 .index = &index_,
                 .ids = ids_,
                 .filters = filters_,
                 .rules = rules_};
  if (options_.window) {
    if (!options_.include_past_programs) task.from = context_->now - options_.days_behind * kDay;
    task.until = context_->now + options_.days_ahead * kDay;
  }
  return task;
}

Result<std::unique_ptr<GuideReader>> GuideGenerator::open(const GuideSource& source) const {
  M3U_TRY(std::unique_ptr<io::ByteSource> bytes, source.open());
  return std::make_unique<GuideReader>(std::move(bytes), *context_->slabs, options_.chunk_bytes);
}

Result<> GuideGenerator::run_source(const GuideSource& source, std::uint16_t number,
                                    GuideSourceResult& result) {
  const auto failed = [&](const Error& error) -> Result<> {
    if (ends_the_job(error)) return fail(error);
    result.failed = true;
    result.error = to_string(error);
    return {};
  };
  index_.begin_source();
  if (index_.needs_offers()) {
    M3U_TRY(const bool usable, collect_offers(task_for(source, number), result));
    if (!usable) return {};
  }
  auto reader = open(source);
  if (!reader) return failed(reader.error());
  SourceRun run(*this, **reader, task_for(source, number), result);
  M3U_CHECK(run_windows(run));
  if (run.job_error()) return fail(*run.job_error());
  result.bytes = (*reader)->bytes();
  if (run.source_error()) return failed(*run.source_error());
  result.partial = (*reader)->partial();
  result.error = (*reader)->note();
  count_undeclared(number, source.name);
  return {};
}

Result<> GuideGenerator::run_windows(SourceRun& run) {
  if (context_->threads == 1) {
    while (GuideWork* const work = run.read()) {
      run.process(*work);
      run.consume(*work);
    }
    return {};
  }
  namespace tbb = oneapi::tbb;
  const auto steps =
      tbb::make_filter<void, GuideWork*>(tbb::filter_mode::serial_in_order,
                                         [&](tbb::flow_control& control) {
                                           GuideWork* const work = run.read();
                                           if (work == nullptr) control.stop();
                                           return work;
                                         }) &
      tbb::make_filter<GuideWork*, GuideWork*>(tbb::filter_mode::parallel,
                                               [&](GuideWork* work) {
                                                 run.process(*work);
                                                 return work;
                                               }) &
      tbb::make_filter<GuideWork*, void>(tbb::filter_mode::serial_in_order,
                                         [&](GuideWork* work) { run.consume(*work); });
  tbb::task_arena arena(static_cast<int>(context_->threads));
  arena.execute([&] { tbb::parallel_pipeline(2 * context_->threads, steps); });
  return {};
}

/// Reads a source once for the ids and names of its channels. False: it cannot be used.
Result<bool> GuideGenerator::collect_offers(const GuideTask& task, GuideSourceResult& result) {
  const auto begin = thread_time();
  const auto failed = [&](const Error& error) -> Result<bool> {
    if (ends_the_job(error)) return fail(error);
    result.failed = true;
    result.error = to_string(error);
    return false;
  };
  auto reader = open(*task.source);
  if (!reader) return failed(reader.error());
  const GuideWorker worker(task);
  GuideWork work(*context_->slabs);
  while (true) {
    if (context_->cancel != nullptr && context_->cancel->cancelled())
      return fail(ErrorCode::kCancelled, "stopped while reading the guide");
    work.clear();
    const auto more = (*reader)->next(work.window);
    if (!more) return failed(more.error());
    if (!*more) break;
    worker.offer(work);
  }
  index_.decide();
  M3U_CHECK(load_differing_ids());
  result_.cpu_time += thread_time() - begin;
  return true;
}

/// Outputs that the guide knows under another id need their own at hand.
Result<> GuideGenerator::load_differing_ids() {
  ids_.assign(index_.outputs(), std::string_view());
  id_texts_.reset();
  GuideChannelList::Reader list(channels_);
  ListedChannel listed;
  while (true) {
    M3U_TRY(const bool more, list.next(listed));
    if (!more) return {};
    if (listed.first && index_.differs_from_guide(listed.output))
      ids_[listed.output] = id_texts_.copy(trim(listed.channel.tvg_id));
  }
}

Result<> GuideGenerator::consume(GuideWork& work, const GuideTask& task,
                                 GuideSourceResult& result) {
  const std::uint64_t before = result_.programmes;
  result_.problems.merge(work.window.problems, task.source->name);
  result_.problems.merge(work.problems, task.source->name);
  result_.filter_counts.merge(work.filter_counts);
  result_.rule_counts.merge(work.rule_counts);
  result.items += work.seen;
  take_date(work.window.date);
  M3U_CHECK(consume_channels(work, task));
  const bool head_holds = index_.listed() == head_listed_ && date_ == head_date_;
  if (text_->in_output() && !head_holds) M3U_CHECK(text_->take_back());
  M3U_CHECK(consume_programmes(work));
  result.written += result_.programmes - before;
  return {};
}

Result<> GuideGenerator::consume_channels(GuideWork& work, const GuideTask& task) {
  for (const GuideWork::Channel& channel : work.channels) {
    const std::string_view element =
        std::string_view(work.channel_text).substr(channel.begin, channel.size);
    if (index_.declare(channel.output)) {
      M3U_CHECK(source_channels_.add(channel.output, task.source_number, element));
    } else if (channel.first) {
      ProblemLog duplicate;
      duplicate.add("duplicate_channel", 0, work.window.position, element);
      result_.problems.merge(duplicate, task.source->name);
    }
  }
  for (const GuideWork::Unmatched& unmatched : work.unmatched)
    (unmatched.is_name ? unmatched_names_ : unmatched_ids_).at(unmatched.key) = 0;
  return {};
}

Result<> GuideGenerator::consume_programmes(GuideWork& work) {
  if (!options_.deduplicate_programs) {
    result_.programmes += work.written;
    return text_->append(work.text);
  }
  std::size_t begin = 0;
  for (const GuideWork::Programme& programme : work.programmes) {
    const auto text = std::string_view(work.text).substr(begin, programme.end - begin);
    begin = programme.end;
    if (duplicates_.is_duplicate(programme)) {
      result_.problems.count("duplicate_programme");
      continue;
    }
    ++result_.programmes;
    M3U_CHECK(text_->append(text));
  }
  return {};
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
  date_epoch_ = time->epoch;
}

Result<> GuideGenerator::finish(io::AtomicFile& out) {
  const auto begin = thread_time();
  M3U_CHECK(note_channels());
  M3U_CHECK(text_->finish([&] { return write_head(out); }));
  M3U_CHECK(out.write(formats::kXmltvFooter));
  result_.cpu_time += thread_time() - begin;
  return {};
}

Result<> GuideGenerator::write_head(io::AtomicFile& out) {
  // Before anything is looked at: workers may list more outputs meanwhile.
  head_listed_ = index_.listed();
  head_date_ = date_;
  result_.channels = 0;
  M3U_CHECK(source_channels_.finish());
  std::pmr::string text(formats::xmltv_header(date_), &memory_);
  GuideChannelList::Reader list(channels_);
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
  formats::append_valid_element(text, one);
  text += '\n';
}

Result<> GuideGenerator::note_channels() {
  GuideChannelList::Reader list(channels_);
  ListedChannel listed;
  while (true) {
    M3U_TRY(const bool more, list.next(listed));
    if (!more) return {};
    note_channel(listed);
  }
}

/// Counts a channel of the playlist as matched, or looks what would match it.
void GuideGenerator::note_channel(const ListedChannel& listed) {
  ++result_.of;
  if (index_.provider(listed.output) != GuideIndex::kNoSource) {
    ++result_.matched;
    return;
  }
  const std::string_view id = trim(listed.channel.tvg_id);
  if (listed.first && result_.unmatched_sample.size() < kMaxUnmatchedSample)
    result_.unmatched_sample.emplace_back(id);
  if (unmatched_ids_.empty() && unmatched_names_.empty()) return;
  const auto known = [](const KeyTable& table, std::string_view space, std::string_view text) {
    return !text.empty() && table.find(catalog::key_of(space, text)) != KeyTable::kNone;
  };
  fold(id, folded_);
  const bool by_id = known(unmatched_ids_, GuideIndex::kFoldSpace, folded_);
  fold_name(trim(listed.channel.tvg_name), folded_);
  bool by_name = known(unmatched_names_, GuideIndex::kNameSpace, folded_);
  fold_name(trim(listed.channel.channel_name), folded_);
  by_name = by_name || known(unmatched_names_, GuideIndex::kNameSpace, folded_);
  if (by_id) ++result_.more_with_casefold;
  if (by_id || by_name) ++result_.more_with_name;
}

}  // namespace m3u_proxy::pipeline
