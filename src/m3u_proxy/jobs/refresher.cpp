#include <array>

#include <fmt/format.h>

#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/generation/run_history.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/io/memory_source.hpp>
#include <m3u_proxy/jobs/refresher.hpp>
#include <m3u_proxy/sources/xtream_account.hpp>
#include <m3u_proxy/spill/spill_space.hpp>
#include <m3u_proxy/store/random_id.hpp>

namespace m3u_proxy::jobs {
namespace {

/// Copies all that a source gives into a temporary file.
Result<> copy(io::ByteSource& from, io::TempFile& to, const CancelToken& cancel) {
  std::array<char, 65536> buffer{};
  while (true) {
    if (cancel.cancelled()) return fail(ErrorCode::kCancelled, "the refresh was cancelled");
    M3U_TRY(const std::size_t size, from.read(buffer));
    if (size == 0) return {};
    M3U_CHECK(to.write(std::string_view(buffer.data(), size)));
  }
}

template <typename Use>
Result<> for_each_piece(const io::TempFile& file, Use use) {
  std::array<char, 65536> buffer{};
  for (std::uint64_t offset = 0; offset < file.size();) {
    M3U_TRY(const std::size_t size, file.read_at(offset, buffer));
    if (size == 0) return fail(ErrorCode::kIo, "a download has become shorter");
    M3U_CHECK(use(std::string_view(buffer.data(), size)));
    offset += size;
  }
  return {};
}

Result<std::string> hash_of(const io::TempFile& file) {
  snapshots::ContentHash hash;
  M3U_CHECK(for_each_piece(file, [&](std::string_view piece) -> Result<> {
    hash.add(piece);
    return {};
  }));
  return hash.text();
}

/// A source whose bytes are in an open file.
config::SourceConfig stored_in(int file, config::SourceConfig source) {
  source.location = fmt::format("/proc/self/fd/{}", file);
  return source;
}

struct Report {
  RefreshResult result = RefreshResult::kNew;
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
  const std::optional<channels::AccountStats>& account;
};

std::string to_json(std::string_view source, const Report& report) {
  std::string text;
  JsonWriter json(text);
  json.begin_object()
      .member("source", source)
      .member("result", to_string(report.result))
      .member("items", report.items)
      .member("bytes", report.bytes);
  if (report.account)
    json.key("account")
        .begin_object()
        .member("status", std::string_view(report.account->status))
        .member("expires", report.account->expires.value_or(0))
        .member("active_connections", report.account->active_connections)
        .member("max_connections", report.account->max_connections)
        .end_object();
  json.end_object();
  return text;
}

void warn_of_unknown(const SourceEntry& source, const Result<>& noted) {
  if (!noted)
    log::warn("jobs.refresh", "\"{}\": which edited channels it has is not known: {}",
              source.config.name.name, to_string(noted.error()));
}

}  // namespace

std::string_view to_string(RefreshResult result) {
  switch (result) {
    case RefreshResult::kNew:
      return "new";
    case RefreshResult::kUnchanged:
      return "unchanged";
    case RefreshResult::kQuarantined:
      return "quarantined";
  }
  return "";
}

Result<snapshots::SnapshotFolder> Refresher::folder_of(const Uuid& source) const {
  return snapshots::SnapshotFolder::open(options_.folder / "sources" / to_base64url(source));
}

Result<std::shared_ptr<const snapshots::Snapshot>> Refresher::open(
    const SourceEntry& source, const store::SourceSnapshot& row) const {
  M3U_TRY(const snapshots::SnapshotFolder folder, folder_of(source.id));
  return shared_.open(folder, shelf_of(source.id), to_base64url(row.id));
}

/// Where the last good replies of an account's API are kept, from which a list is made: a reply
/// without channels is noticed by them, and episodes are asked for a few a refresh.
std::filesystem::path Refresher::replies_of(const SourceEntry& source) const {
  if (source.is_guide || !sources::is_xtream_url(source.config.location)) return {};
  return options_.folder / kRepliesFolder / to_base64url(source.id);
}

runtime::RunOptions Refresher::reading(const CancelToken& cancel) const {
  return {.threads = 1, .now = store::seconds_of(clock_()), .cancel = &cancel};
}

Result<Inspection> Refresher::inspect(const SourceEntry& source, const io::TempFile& file,
                                      const CancelToken& cancel) const {
  runtime::Run run(process_, reading(cancel));
  const config::SourceConfig as_file = stored_in(file.descriptor(), source.config);
  if (source.is_guide) {
    const auto guide = run.sources().guide(as_file, runtime::GuideReads::kOnce);
    M3U_TRY(const auto bytes, guide.open());
    const auto spill = process_.make_spill_space();
    return inspect_guide(*bytes, process_.budget(), spill.get(), cancel);
  }
  if (!as_file.plugin.empty()) return inspect_by_plugin(as_file, run);
  const auto playlist = run.sources().playlist(as_file);
  M3U_TRY(const auto bytes, playlist.open());
  return inspect_playlist(*bytes, source.id, process_.slabs(), cancel);
}

Result<> Refresher::read_sightings(const SourceEntry& source, int file, PlaylistIs is,
                                   const CancelToken& cancel) {
  runtime::Run run(process_, reading(cancel));
  const auto playlist = run.sources().playlist(stored_in(file, source.config));
  M3U_TRY(const auto bytes, playlist.open());
  const auto spill = process_.make_spill_space();
  return record_sightings(store_, source.id, *bytes, is, process_.slabs(), spill.get(), clock_(),
                          cancel);
}

void Refresher::note_sightings(const SourceEntry& source, int file,
                               const std::optional<store::SourceSnapshot>& last,
                               const CancelToken& cancel) {
  // What a plugin reads has channels that only it knows.
  if (source.is_guide || !source.config.plugin.empty()) return;
  // An edit made since the last playlist: that one tells whether this source can miss its channel.
  const auto look_back = [&]() -> Result<> {
    if (!last) return {};
    M3U_TRY(const bool unseen, store_.edits().any_unseen_since(last->fetched));
    if (!unseen) return {};
    M3U_TRY(const auto older, open(source, *last));
    return read_sightings(source, older->file(kContentFile)->get(), PlaylistIs::kOlder, cancel);
  };
  warn_of_unknown(source, look_back());
  warn_of_unknown(source, read_sightings(source, file, PlaylistIs::kCurrent, cancel));
}

void Refresher::note_manual_channels(const SourceEntry& source) {
  io::MemorySource playlist(config::to_playlist(source.config.channels));
  const CancelToken never;
  const auto noted = record_sightings(store_, source.id, playlist, PlaylistIs::kCurrent,
                                      process_.slabs(), nullptr, clock_(), never);
  warn_of_unknown(source, noted);
}

bool Refresher::is_suspicious(const Inspection& found,
                              const std::optional<store::SourceSnapshot>& current) const {
  return current && generation::loses_too_much(current->items, found.items, max_shrink_);
}

Result<RefreshResult> Refresher::keep(const SourceEntry& source, const io::TempFile& file,
                                      store::SourceSnapshot row, const Inspection& found,
                                      const std::optional<store::SourceSnapshot>& current,
                                      const std::optional<store::JobLease>& lease,
                                      const CancelToken& cancel) {
  M3U_TRY(const snapshots::SnapshotFolder folder, folder_of(source.id));
  M3U_TRY(const auto room, space_.take(fmt::format("a new copy of \"{}\"", source.config.name.name),
                                       file.size(), SnapshotSpace::Size::kKnown));
  M3U_TRY(const auto draft, folder.begin());
  M3U_TRY(snapshots::DraftFile* const content, draft->create(kContentFile));
  M3U_CHECK(for_each_piece(file, [&](std::string_view piece) { return content->write(piece); }));
  M3U_TRY(row.id, store::random_id());
  row.source = source.id;
  row.bytes = content->written();
  row.items = found.items;
  row.channel_set_hash = found.channel_set.empty() ? row.content_hash : found.channel_set;
  row.confirmed = row.fetched;
  M3U_CHECK(draft->commit(to_base64url(row.id)));
  {
    const std::scoped_lock lock(checked_mutex_);
    checked_.insert_or_assign(source.id, Checked{.snapshot = row.id});
  }
  if (const auto put = shared_.put(folder, shelf_of(source.id), to_base64url(row.id), &cancel);
      !put) {
    discard(source.id, row.id);
    return fail(put.error());
  }
  if (!is_suspicious(found, current)) {
    if (const auto done = store_.snapshots().publish(row, lease); !done) {
      discard(source.id, row.id);
      return fail(done.error());
    }
    return RefreshResult::kNew;
  }
  row.state = store::SnapshotState::kQuarantined;
  const auto equal = store_.snapshots().quarantine(row, lease);
  if (!equal) {
    discard(source.id, row.id);
    return fail(equal.error());
  }
  if (*equal < options_.believed_after) return RefreshResult::kQuarantined;
  log::info("jobs.refresh", "\"{}\" has come {} times in a row with the same {} items: believed",
            source.config.name.name, *equal, found.items);
  M3U_CHECK(store_.snapshots().accept(source.id, row.id, row.fetched));
  return RefreshResult::kNew;
}

Result<std::string> Refresher::refresh(const JobContext& job, const Model& model) {
  M3U_TRY(const Uuid id, parse_uuid(job.job.target));
  const SourceEntry* const source = model.find_source(id);
  if (source == nullptr) return fail(ErrorCode::kNotFound, "the source is not there any more");
  M3U_CHECK(check_fetchable(*source));
  auto done = bring_up_to_date(*source, job);
  if (done || done.error().code == ErrorCode::kCancelled) return done;
  const std::string& name = source->config.name.name;
  const std::string why = redact_urls_in(to_string(done.error(), name));
  log::warn("jobs.refresh", "\"{}\" could not be refreshed: {}", name, why);
  if (const auto kept = store_.snapshots().record_failure(id, why, clock_()); !kept)
    log::warn("jobs.refresh", "\"{}\": that it failed is not kept: {}", name,
              to_string(kept.error()));
  return done;
}

/// Whether the last good copy can be had. One that is gone or damaged is fetched again, whatever
/// the server says of it; while the depot is away nobody knows.
Result<bool> Refresher::has_copy(const SourceEntry& source,
                                 const std::optional<store::SourceSnapshot>& current) const {
  if (!current) return false;
  {
    const std::scoped_lock lock(checked_mutex_);
    const auto checked = checked_.find(source.id);
    if (checked != checked_.end() && checked->second.snapshot == current->id &&
        checked->second.is_damaged)
      return false;
  }
  M3U_TRY(const snapshots::SnapshotFolder folder, folder_of(source.id));
  const auto copy = shared_.manifest(folder, shelf_of(source.id), to_base64url(current->id));
  if (copy) return true;
  const ErrorCode why = copy.error().code;
  if (shared_.has_depot() && why != ErrorCode::kNotFound && why != ErrorCode::kParse)
    return fail(copy.error());
  return false;
}

Result<std::string> Refresher::bring_up_to_date(const SourceEntry& source, const JobContext& job) {
  const std::string& name = source.config.name.name;
  M3U_TRY(const auto current, store_.snapshots().current(source.id));
  M3U_TRY(const bool is_there, has_copy(source, current));
  M3U_TRY(const Download download,
          downloader_.fetch({.source = source,
                             .job = job,
                             .etag = is_there ? current->etag : "",
                             .last_modified = is_there ? current->last_modified : "",
                             .guard = guard_of(source),
                             .folders = folders_of(source),
                             .max_bytes = max_download_,
                             .replies = replies_of(source)}));
  const store::Time now = clock_();
  if (download.not_modified && is_there) {
    // A 304 need not name them again.
    const bool named = !download.etag.empty() || !download.last_modified.empty();
    M3U_CHECK(store_.snapshots().confirm(source.id, named ? download.etag : current->etag,
                                         named ? download.last_modified : current->last_modified,
                                         now));
    return to_json(name, {.result = RefreshResult::kUnchanged,
                          .items = current->items,
                          .account = download.account});
  }
  job.progress({.stage = "check", .items = 0, .done = 0, .total = download.file->size()});
  M3U_TRY(std::string hash, hash_of(*download.file));
  if (is_there && current->content_hash == hash) {
    M3U_CHECK(store_.snapshots().confirm(source.id, download.etag, download.last_modified, now));
    log::info("jobs.refresh", "\"{}\": {}, {} items", name, to_string(RefreshResult::kUnchanged),
              current->items);
    return to_json(name, {.result = RefreshResult::kUnchanged,
                          .items = current->items,
                          .bytes = download.file->size(),
                          .account = download.account});
  }
  M3U_TRY(const Inspection found, inspect(source, *download.file, job.cancel));
  M3U_TRY(const RefreshResult result, keep(source, *download.file,
                                           {.etag = download.etag,
                                            .last_modified = download.last_modified,
                                            .content_hash = std::move(hash),
                                            .fetched = now},
                                           found, current, job.lease, job.cancel));
  if (result == RefreshResult::kNew)
    note_sightings(source, download.file->descriptor(), current, job.cancel);
  if (result == RefreshResult::kQuarantined)
    log::warn("jobs.refresh",
              "\"{}\" shrank from {} to {} items: the last good one stays published "
              "(m3u-proxy ctl accept \"{}\" takes the new one)",
              name, current->items, found.items, name);
  else
    log::info("jobs.refresh", "\"{}\": {}, {} items", name, to_string(result), found.items);
  return to_json(name, {.result = result,
                        .items = found.items,
                        .bytes = download.file->size(),
                        .account = download.account});
}

Result<> Refresher::check_fetchable(const SourceEntry& source) {
  if (source.config.channels.empty()) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("the channels of \"{}\" are written down in the configuration",
                          source.config.name.name),
              "change them there: there is nothing to fetch or to upload");
}

Result<> Refresher::upload(const SourceEntry& source, io::ByteSource& bytes,
                           const CancelToken& cancel) {
  M3U_CHECK(check_fetchable(source));
  M3U_TRY(const auto folder, io::TempFolder::create(process_.spill_folder()));
  M3U_TRY(const auto file, folder->create_file());
  M3U_CHECK(copy(bytes, *file, cancel));
  M3U_TRY(const Inspection found, inspect(source, *file, cancel));
  M3U_TRY(std::string hash, hash_of(*file));
  M3U_TRY(const auto last, store_.snapshots().current(source.id));
  M3U_CHECK(keep(source, *file, {.content_hash = std::move(hash), .fetched = clock_()}, found,
                 std::nullopt, std::nullopt, cancel));
  note_sightings(source, file->descriptor(), last, cancel);
  return {};
}

Result<std::uint64_t> Refresher::accept(const SourceEntry& source, const CancelToken& cancel) {
  M3U_TRY(const auto rows, store_.snapshots().list(source.id));
  for (const store::SourceSnapshot& row : rows) {
    if (row.state != store::SnapshotState::kQuarantined) continue;
    M3U_TRY(const auto last, store_.snapshots().current(source.id));
    M3U_CHECK(store_.snapshots().accept(source.id, row.id, clock_()));
    if (const auto snapshot = open(source, row))
      note_sightings(source, (*snapshot)->file(kContentFile)->get(), last, cancel);
    return row.items;
  }
  return fail(ErrorCode::kNotFound, "nothing of this source waits in quarantine");
}

}  // namespace m3u_proxy::jobs
