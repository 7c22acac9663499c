#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/generation/run_history.hpp>
#include <m3u_proxy/jobs/conductor.hpp>
#include <m3u_proxy/jobs/generator.hpp>
#include <m3u_proxy/jobs/progress_to_job.hpp>
#include <m3u_proxy/jobs/snapshot_publisher.hpp>
#include <m3u_proxy/records/stored_history.hpp>
#include <m3u_proxy/report/report.hpp>
#include <m3u_proxy/runtime/configured.hpp>
#include <m3u_proxy/snapshots/generation_files.hpp>
#include <m3u_proxy/snapshots/lineup_writer.hpp>
#include <m3u_proxy/snapshots/programme_index_writer.hpp>

namespace m3u_proxy::jobs {
namespace {

using snapshots::kGuideFile;
using snapshots::kLineupFile;
using snapshots::kPlaylistFile;
using snapshots::kProgrammesFile;

/// Of a generation's manifest: the hash of its channels, and what it was made of.
constexpr std::string_view kLineupNote = "lineup";
constexpr std::string_view kInputsNote = "inputs";

Result<> write_places(snapshots::SnapshotDraft& draft, std::string_view name,
                      std::span<const snapshots::PlaceCount> counts) {
  M3U_TRY(snapshots::DraftFile* const places, draft.create(snapshots::places_of(name)));
  return places->write(snapshots::to_bytes(counts));
}

/// The playlist of a generation and where its placeholders are.
Result<> adopt_playlist(snapshots::SnapshotDraft& draft, SnapshotPublisher& publisher) {
  M3U_CHECK(draft.adopt(publisher.playlist()));
  return write_places(draft, kPlaylistFile, publisher.playlist_places());
}

/// The guide of a generation, where its placeholders and where its programmes are.
Result<> adopt_guide(snapshots::SnapshotDraft& draft, const snapshots::Placeholders& placeholders,
                     runtime::Process& process) {
  const auto spill = process.make_spill_space();
  M3U_TRY(snapshots::DraftFile* const file, draft.create(kProgrammesFile));
  snapshots::ProgrammeIndexWriter programmes(*file, process.budget(), spill.get());
  snapshots::PlaceCounter places(placeholders);
  Result<> indexed;
  M3U_CHECK(draft.adopt(kGuideFile, [&](std::string_view piece) {
    places.add(piece);
    if (indexed) indexed = programmes.add(piece);
  }));
  M3U_CHECK(indexed);
  M3U_CHECK(programmes.finish());
  return write_places(draft, kGuideFile, places.finish());
}

Result<> share_guide(snapshots::SnapshotDraft& draft, const snapshots::Snapshot& from) {
  M3U_CHECK(draft.share(from, kGuideFile));
  M3U_CHECK(draft.share(from, snapshots::places_of(kGuideFile)));
  // An older version's generation has none.
  return from.file(kProgrammesFile) == nullptr ? Result<>() : draft.share(from, kProgrammesFile);
}

/// Addresses of ours in a playlist stay as they are when those behind them change. An older version
/// did not say what they were.
bool another_lineup(const config::ProxyConfig& proxy, const snapshots::Manifest& last,
                    std::string_view hash) {
  const auto note = last.notes.find(std::string(kLineupNote));
  if (note != last.notes.end()) return note->second != hash;
  return proxy.mode != config::ProxyConfig().mode || proxy.cache_logos;
}

/// Whether there were EPG sources, of the proxy's own or named by its playlists.
bool had_guides(const generation::GenerationStats& stats) {
  const auto& sources = stats.sources_detail;
  return std::ranges::find(sources, "guide", &channels::SourceStats::kind) != sources.end();
}

std::string hash_of(const snapshots::Manifest& manifest, std::string_view name) {
  const snapshots::SnapshotFile* const file = manifest.find(name);
  return file == nullptr ? std::string() : file->hash;
}

/// Why generation `number` cannot be opened, when `kept` are those that can.
Error without_generation(std::int64_t number, std::vector<std::string> kept) {
  std::ranges::sort(kept, [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;  // as numbers
  });
  return {.code = ErrorCode::kNotFound,
          .message = fmt::format("there is no generation {}", number),
          .hint = kept.empty() ? "none has been made yet"
                               : fmt::format("there are {}", fmt::join(kept, ", "))};
}

/// What a generation is expected to take: as much as the last one, which may be nullptr.
std::uint64_t size_of(const snapshots::Snapshot* last) {
  std::uint64_t bytes = 0;
  if (last != nullptr)
    for (const snapshots::SnapshotFile& file : last->manifest().files) bytes += file.bytes;
  return bytes;
}

}  // namespace

Generator::Generator(runtime::Process& process, store::Store& store, SnapshotSpace& space,
                     Refresher& refresher, Clock clock, Options options)
    : process_(process),
      store_(store),
      refresher_(refresher),
      clock_(std::move(clock)),
      options_(std::move(options)),
      edits_(store, process.budget(), options_.folder / "edits"),
      space_(space),
      shared_(options_.depot, [&space](const std::string& what, std::uint64_t bytes) {
        return space.take_for_copy(what, bytes);
      }) {}

Result<snapshots::SnapshotFolder> Generator::folder_of(const Uuid& proxy) const {
  return snapshots::SnapshotFolder::open(options_.folder / "generations" / to_base64url(proxy));
}

Result<std::shared_ptr<const snapshots::Snapshot>> Generator::open(const Uuid& proxy,
                                                                   std::int64_t number) const {
  M3U_TRY(const snapshots::SnapshotFolder folder, folder_of(proxy));
  auto snapshot = shared_.open(folder, shelf_of(proxy), std::to_string(number));
  if (!snapshot && snapshot.error().code == ErrorCode::kNotFound)
    return fail(without_generation(number, folder.list()));
  return snapshot;
}

Result<std::shared_ptr<const snapshots::Snapshot>> Generator::open_here(const Uuid& proxy,
                                                                        std::int64_t number) const {
  M3U_TRY(const snapshots::SnapshotFolder folder, folder_of(proxy));
  return folder.get(std::to_string(number));
}

Result<std::shared_ptr<const snapshots::Snapshot>> Generator::newest(const Uuid& proxy) const {
  M3U_TRY(const auto rows, store_.generations().list(proxy));
  if (rows.empty()) return nullptr;
  auto opened = open(proxy, rows.front().number);
  if (!opened && shared_.has_depot() && opened.error().code != ErrorCode::kNotFound &&
      opened.error().code != ErrorCode::kParse)
    return fail(opened.error());  // it is there, and cannot be had now
  if (!opened) return nullptr;    // damaged: it is made again
  return *std::move(opened);
}

Result<std::string> Generator::inputs_of_newest(const Uuid& proxy) const {
  M3U_TRY(const auto rows, store_.generations().list(proxy));
  if (rows.empty()) return std::string();
  M3U_TRY(const snapshots::SnapshotFolder folder, folder_of(proxy));
  const auto manifest =
      shared_.manifest(folder, shelf_of(proxy), std::to_string(rows.front().number));
  if (!manifest &&
      (manifest.error().code == ErrorCode::kNotFound || manifest.error().code == ErrorCode::kParse))
    return std::string();  // damaged or gone: it is made again
  M3U_CHECK(manifest);
  // What came out the same since then.
  M3U_TRY(auto noted, store_.generations().noted_inputs(proxy, rows.front().number));
  if (noted) return *std::move(noted);
  const auto inputs = manifest->notes.find(std::string(kInputsNote));
  return inputs == manifest->notes.end() ? std::string() : inputs->second;
}

Generator::Options Generator::options() const {
  const std::scoped_lock lock(mutex_);
  return options_;
}

void Generator::configure(std::size_t kept, const runtime::RunOptions& run) {
  const std::scoped_lock lock(mutex_);
  options_.kept = kept;
  options_.run = run;
}

Result<Generator::Sizes> Generator::sizes_of(const Uuid& proxy,
                                             const snapshots::Snapshot* newest) const {
  if (newest == nullptr) return Sizes{};
  M3U_TRY(const auto rows, store_.generations().list(proxy));
  if (rows.empty()) return Sizes{};
  Sizes sizes{.channels = rows.front().channels};
  if (newest->file(kGuideFile) != nullptr) sizes.programmes = rows.front().programmes;
  return sizes;
}

/// The guide that a generation wrote, or the last one where that is the same.
Result<> Generator::adopt_new_guide(snapshots::SnapshotDraft& draft,
                                    const snapshots::Snapshot* last, bool guide_written,
                                    bool guide_stays) {
  if (guide_written) {
    M3U_CHECK(adopt_guide(draft, options_.placeholders, process_));
    // An equal one is kept once.
    if (last == nullptr || draft.hash_of(kGuideFile) != hash_of(last->manifest(), kGuideFile))
      return {};
    return share_guide(draft, *last);
  }
  const bool is_there = last != nullptr && last->file(kGuideFile) != nullptr;
  return guide_stays && is_there ? share_guide(draft, *last) : Result<>();
}

runtime::RunOptions Generator::run_options() const {
  runtime::RunOptions run = options().run;
  run.threads = options_.threads;
  run.now = store::seconds_of(clock_());
  // Guides that a playlist names are fetched by a generation.
  run.guard = refresher_.guard();
  return run;
}

Result<generation::ResolvedProxyConfig> Generator::resolve(const Inputs& inputs,
                                                           const ProxyEntry& proxy,
                                                           runtime::Run& run) const {
  M3U_TRY(generation::ResolvedProxyConfig resolved,
          runtime::resolve(inputs.configuration, proxy.config, run));
  M3U_TRY(resolved.edits, edits_.open(proxy.id));
  resolved.base_url = options_.placeholders.base;
  resolved.output_token = options_.placeholders.token;
  resolved.compress = false;
  return resolved;
}

Result<store::GenerationRow> Generator::write(const JobContext& job, const ProxyEntry& proxy,
                                              const Inputs& inputs, std::string& report,
                                              bool& changed) {
  M3U_TRY(const snapshots::SnapshotFolder folder, folder_of(proxy.id));
  M3U_TRY(const auto last, newest(proxy.id));
  M3U_TRY(auto room, space_.take(fmt::format("a new generation of \"{}\"", proxy.config.name.name),
                                 size_of(last.get()), SnapshotSpace::Size::kExpected));
  M3U_TRY(const auto draft, folder.begin());
  ProgressToJob progress(job);
  runtime::RunOptions run_options = this->run_options();
  run_options.cancel = &job.cancel;
  run_options.progress = &progress;
  runtime::Run run(process_, run_options);
  M3U_TRY(const generation::ResolvedProxyConfig resolved, resolve(inputs, proxy, run));
  M3U_TRY(const Sizes before, sizes_of(proxy.id, last.get()));
  SnapshotPublisher publisher(*draft, last, before.channels,
                              fmt::format("proxy/{}/{}", options_.placeholders.token, kGuideFile),
                              &options_.placeholders);
  const auto spill = process_.make_spill_space();
  snapshots::LineupWriter lineup(*draft, std::string(kLineupFile), process_.budget(),
                                 process_.slabs(), spill.get());
  records::StoredHistory history(store_, proxy.id, before.programmes);
  M3U_TRY(generation::GenerationStats stats, run.generate(resolved, {.publisher = publisher,
                                                                     .history = &history,
                                                                     .lineup = &lineup,
                                                                     .size = inputs.size}));
  M3U_CHECK(lineup.finish());
  const bool has_guides = had_guides(stats);
  M3U_CHECK(adopt_playlist(*draft, publisher));
  M3U_CHECK(adopt_new_guide(*draft, last.get(), stats.guide_written, has_guides));
  draft->note(std::string(kInputsNote), inputs.text);
  draft->note(std::string(kLineupNote), lineup.content_hash());
  changed = !last || draft->hash_of(kPlaylistFile) != hash_of(last->manifest(), kPlaylistFile) ||
            draft->hash_of(kGuideFile) != hash_of(last->manifest(), kGuideFile) ||
            another_lineup(proxy.config, last->manifest(), lineup.content_hash());
  const bool old_guide_stays = !stats.guide_written && has_guides && before.programmes;
  store::GenerationRow row{.proxy = proxy.id,
                           .created = clock_(),
                           .settings_revision = inputs.revision,
                           .channels = stats.channels,
                           .programmes = old_guide_stays ? *before.programmes : stats.programmes};
  const auto tell = [&] {
    stats.has_previous = last != nullptr;
    stats.added = last ? row.added : 0;
    stats.removed = row.removed;
    report = report::to_json(stats);
    if (options_.on_generated) options_.on_generated(proxy.id, stats);
  };
  if (!changed) {
    M3U_CHECK(note_inputs(proxy.id, *last, inputs.text));
    tell();
    return row;
  }
  M3U_CHECK(room.settle(own_bytes(draft->folder())));
  M3U_TRY(row.number, store_.generations().next_number(proxy.id));
  M3U_CHECK(draft->commit(std::to_string(row.number)));
  auto done = describe(row, folder, last, job.cancel);
  if (done) done = shared_.put(folder, shelf_of(proxy.id), std::to_string(row.number), &job.cancel);
  if (!done) {
    discard(proxy.id, row.number);
    return fail(done.error());
  }
  tell();
  return row;
}

/// Other inputs made the same as the newest generation: the next start need not find that out
/// again.
Result<> Generator::note_inputs(const Uuid& proxy, const snapshots::Snapshot& newest,
                                const std::string& inputs) {
  M3U_TRY(const std::string known, inputs_of_newest(proxy));
  if (known == inputs) return {};
  std::int64_t number = 0;
  const std::string& name = newest.name();
  std::from_chars(name.data(), name.data() + name.size(), number);
  return store_.generations().note_inputs(proxy, number, inputs);
}

/// What a committed generation consists of, and how it differs from the last one.
Result<> Generator::describe(store::GenerationRow& row, const snapshots::SnapshotFolder& folder,
                             const std::shared_ptr<const snapshots::Snapshot>& last,
                             const CancelToken& cancel) {
  M3U_TRY(const auto made, folder.get(std::to_string(row.number)));
  for (const snapshots::SnapshotFile& file : made->manifest().files)
    row.files.push_back({.name = file.name, .bytes = file.bytes, .content_hash = file.hash});
  row.added = row.channels;
  if (!last) return {};
  const auto older = snapshots::Lineup::open(last, kLineupFile, process_.budget());
  const auto newer = snapshots::Lineup::open(made, kLineupFile, process_.budget());
  if (!older || !newer) return {};
  M3U_TRY(const snapshots::LineupDifference difference,
          snapshots::Lineup::compare(**older, **newer, process_.budget(), {}, &cancel));
  row.added = difference.added;
  row.removed = difference.removed;
  row.changed = difference.changed;
  return {};
}

Result<std::string> Generator::generate(const JobContext& job, const Model& model) {
  M3U_TRY(const Uuid id, parse_uuid(job.job.target));
  const ProxyEntry* const proxy = model.find_proxy(id);
  if (proxy == nullptr) return fail(ErrorCode::kNotFound, "the proxy is not there any more");
  M3U_TRY(const Inputs inputs, open_inputs(model, *proxy));
  std::string report;
  bool changed = false;
  M3U_TRY(const store::GenerationRow row, write(job, *proxy, inputs, report, changed));
  const std::string& name = proxy->config.name.name;
  if (!changed) {
    log::info("jobs.generate", "\"{}\": {} channels, nothing has changed", name, row.channels);
    return report;
  }
  const auto state = store_.generations().publish(row, job.lease);
  if (!state) {
    discard(id, row.number);
    return fail(state.error());
  }
  log::info(
      "jobs.generate", "\"{}\" #{}: {} channels (+{} −{} ~{}), {} programmes{}", name, row.number,
      row.channels, row.added, row.removed, row.changed, row.programmes,
      *state == store::GenerationState::kCandidate ? "; it waits, since a roll back holds" : "");
  M3U_CHECK(forget_old(id));
  return report;
}

}  // namespace m3u_proxy::jobs
