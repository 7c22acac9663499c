#include <array>
#include <chrono>
#include <set>

#include <fmt/format.h>

#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/generation/run_history.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/io/memory_source.hpp>
#include <m3u_proxy/jobs/refresher.hpp>
#include <m3u_proxy/jobs/sightings.hpp>
#include <m3u_proxy/net/content_coding.hpp>
#include <m3u_proxy/net/fetch.hpp>
#include <m3u_proxy/net/url.hpp>
#include <m3u_proxy/sources/source_cache.hpp>
#include <m3u_proxy/sources/source_store.hpp>
#include <m3u_proxy/sources/xtream_account.hpp>
#include <m3u_proxy/spill/spill_space.hpp>
#include <m3u_proxy/store/random_id.hpp>

namespace m3u_proxy::jobs {
namespace {

constexpr std::string_view kReplies = "replies";  // beside the sources
constexpr std::chrono::days kRepliesKept(90);     // what an account does not name for so long goes

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

/// A source whose bytes are in a file.
config::SourceConfig stored_in(const io::TempFile& file, config::SourceConfig source) {
  source.location = fmt::format("/proc/self/fd/{}", file.descriptor());
  source.plugin.clear();
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

struct Refresher::Fetched {
  std::unique_ptr<io::TempFolder> folder;  // of the file
  std::shared_ptr<io::TempFile> file;
  bool not_modified = false;
  std::string etag;
  std::string last_modified;
  std::optional<channels::AccountStats> account;
};

Result<snapshots::SnapshotFolder> Refresher::folder_of(const Uuid& source) const {
  return snapshots::SnapshotFolder::open(options_.folder / "sources" / to_base64url(source));
}

/// Where the last good replies of an account's API are kept, from which a list is made: a reply
/// without channels is noticed by them, and episodes are asked for a few a refresh.
std::filesystem::path Refresher::replies_of(const SourceEntry& source) const {
  if (source.is_guide || !sources::is_xtream_url(source.config.location)) return {};
  return options_.folder / kReplies / to_base64url(source.id);
}

Result<Refresher::Fetched> Refresher::fetch(const SourceEntry& source, const JobContext& job,
                                            runtime::Run& run,
                                            const std::optional<store::SourceSnapshot>& current) {
  Fetched fetched;
  M3U_TRY(fetched.folder, io::TempFolder::create(process_.spill_folder()));
  M3U_TRY(fetched.file, fetched.folder->create_file());
  const config::SourceConfig& config = source.config;
  if (!is_http_url(config.location)) {
    M3U_TRY(const auto bytes, run.sources().stored(config, source.is_guide));
    M3U_CHECK(copy(*bytes, *fetched.file, job.cancel));
    if (!source.is_guide) fetched.account = run.sources().playlist(config).origin().account;
    if (const auto kept = replies_of(source); !kept.empty())
      if (const auto cache = sources::SourceCache::open(kept))
        cache->remove_older_than(kRepliesKept);
    return fetched;
  }
  M3U_TRY(const net::Origin origin, net::origin_of(config.location));
  const std::string host = fmt::format("{}:{}", origin.host, origin.port);
  const std::int64_t now = store::seconds_of(clock_());
  if (!breaker_.allows(host, now))
    return fail(ErrorCode::kNetwork,
                fmt::format("{} failed again and again and is left alone for a while", host),
                "it is tried again by itself");
  net::FetchRequest request{.url = config.location, .user_agent = config.user_agent};
  for (const auto& [name, value] : config.headers)
    request.headers.push_back({.name = name, .value = value});
  if (current) {
    request.etag = current->etag;
    request.last_modified = current->last_modified;
  }
  net::FetchOptions options;
  options.guard = guard_of(source);
  options.on_progress = [&](std::uint64_t done, std::uint64_t total) {
    job.progress({.stage = "download", .items = 0, .done = done, .total = total});
  };
  auto result = net::fetch(request, options, *fetched.file, &job.cancel);
  if (job.cancel.cancelled()) return fail(ErrorCode::kCancelled, "the refresh was cancelled");
  if (result && result->partial) result = fail(result->broken);
  if (!result) {
    if (result.error().code == ErrorCode::kNetwork) breaker_.failed(host, now);
    return fail(std::move(result).error());
  }
  breaker_.succeeded(host);
  if (result->deflated) {
    M3U_TRY(std::shared_ptr<io::TempFile> plain, fetched.folder->create_file());
    M3U_TRY(const net::Inflated outcome,
            net::inflate_body(fetched.file, options.max_bytes, *plain));
    if (outcome == net::Inflated::kTruncated)
      return fail(ErrorCode::kParse, "the deflated data is truncated");
    if (outcome == net::Inflated::kWhole) fetched.file = std::move(plain);
  }
  fetched.not_modified = result->not_modified;
  fetched.etag = result->etag;
  fetched.last_modified = result->last_modified;
  return fetched;
}

Result<Inspection> Refresher::inspect(const SourceEntry& source, const io::TempFile& file,
                                      runtime::Run& run, const CancelToken& cancel) const {
  const config::SourceConfig as_file = stored_in(file, source.config);
  if (source.is_guide) {
    const auto guide = run.sources().guide(as_file, runtime::GuideReads::kOnce);
    M3U_TRY(const auto bytes, guide.open());
    return inspect_guide(*bytes, process_.budget(), cancel);
  }
  const auto playlist = run.sources().playlist(as_file);
  M3U_TRY(const auto bytes, playlist.open());
  return inspect_playlist(*bytes, source.id, process_.slabs(), cancel);
}

void Refresher::note_sightings(const SourceEntry& source, const io::TempFile& file,
                               runtime::Run& run, const CancelToken& cancel) {
  // What a plugin reads has channels that only it knows.
  if (source.is_guide || !source.config.plugin.empty()) return;
  const auto playlist = run.sources().playlist(stored_in(file, source.config));
  auto bytes = playlist.open();
  const auto spill = process_.make_spill_space();
  const auto noted = bytes ? record_sightings(store_, source.id, **bytes, process_.slabs(),
                                              spill.get(), clock_(), cancel)
                           : Result<>(fail(bytes.error()));
  warn_of_unknown(source, noted);
}

void Refresher::note_manual_channels(const SourceEntry& source) {
  io::MemorySource playlist(config::to_playlist(source.config.channels));
  const CancelToken never;
  const auto noted =
      record_sightings(store_, source.id, playlist, process_.slabs(), nullptr, clock_(), never);
  warn_of_unknown(source, noted);
}

bool Refresher::is_suspicious(const Inspection& found,
                              const std::optional<store::SourceSnapshot>& current) const {
  return current && generation::loses_too_much(current->items, found.items, max_shrink_);
}

Result<RefreshResult> Refresher::keep(const SourceEntry& source, const io::TempFile& file,
                                      store::SourceSnapshot row, const Inspection& found,
                                      const std::optional<store::SourceSnapshot>& current,
                                      const std::optional<store::JobLease>& lease) {
  M3U_TRY(const snapshots::SnapshotFolder folder, folder_of(source.id));
  M3U_TRY(const auto draft, folder.begin());
  M3U_TRY(snapshots::DraftFile* const content, draft->create(kContentFile));
  M3U_CHECK(for_each_piece(file, [&](std::string_view piece) { return content->write(piece); }));
  M3U_TRY(row.id, store::random_id());
  row.source = source.id;
  row.bytes = content->written();
  row.items = found.items;
  row.channel_set_hash = found.channel_set;
  row.confirmed = row.fetched;
  M3U_CHECK(draft->commit(to_base64url(row.id)));
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
  const std::string& name = source->config.name.name;
  M3U_TRY(const auto current, store_.snapshots().current(id));
  runtime::Run run(process_, {.cache_dir = replies_of(*source),
                              .threads = 1,
                              .now = store::seconds_of(clock_()),
                              .cancel = &job.cancel,
                              .guard = guard_of(*source)});
  const auto failed = [&](const Error& error) -> std::unexpected<Error> {
    if (error.code != ErrorCode::kCancelled) {
      log::warn("jobs.refresh", "\"{}\" could not be refreshed: {}", name,
                redact_urls_in(to_string(error, name)));
      (void)store_.snapshots().record_failure(id, redact_urls_in(to_string(error, name)), clock_());
    }
    return fail(error);
  };
  auto fetched = fetch(*source, job, run, current);
  if (!fetched) return failed(fetched.error());
  const store::Time now = clock_();
  if (fetched->not_modified && current) {
    // A 304 need not name them again.
    const bool named = !fetched->etag.empty() || !fetched->last_modified.empty();
    M3U_CHECK(store_.snapshots().confirm(id, named ? fetched->etag : current->etag,
                                         named ? fetched->last_modified : current->last_modified,
                                         now));
    return to_json(name, {.result = RefreshResult::kUnchanged,
                          .items = current->items,
                          .account = fetched->account});
  }
  job.progress({.stage = "check", .items = 0, .done = 0, .total = fetched->file->size()});
  M3U_TRY(std::string hash, hash_of(*fetched->file));
  if (current && current->content_hash == hash) {
    M3U_CHECK(store_.snapshots().confirm(id, fetched->etag, fetched->last_modified, now));
    log::info("jobs.refresh", "\"{}\": {}, {} items", name, to_string(RefreshResult::kUnchanged),
              current->items);
    return to_json(name, {.result = RefreshResult::kUnchanged,
                          .items = current->items,
                          .bytes = fetched->file->size(),
                          .account = fetched->account});
  }
  const auto found = inspect(*source, *fetched->file, run, job.cancel);
  if (!found) return failed(found.error());
  const auto result = keep(*source, *fetched->file,
                           {.etag = fetched->etag,
                            .last_modified = fetched->last_modified,
                            .content_hash = std::move(hash),
                            .fetched = now},
                           *found, current, job.lease);
  if (!result) return failed(result.error());
  if (*result == RefreshResult::kNew) note_sightings(*source, *fetched->file, run, job.cancel);
  if (*result == RefreshResult::kQuarantined)
    log::warn("jobs.refresh",
              "\"{}\" shrank from {} to {} items: the last good one stays published "
              "(m3u-proxy ctl accept \"{}\" takes the new one)",
              name, current->items, found->items, name);
  else
    log::info("jobs.refresh", "\"{}\": {}, {} items", name, to_string(*result), found->items);
  return to_json(name, {.result = *result,
                        .items = found->items,
                        .bytes = fetched->file->size(),
                        .account = fetched->account});
}

Result<> Refresher::upload(const SourceEntry& source, io::ByteSource& bytes,
                           const CancelToken& cancel) {
  M3U_TRY(const auto folder, io::TempFolder::create(process_.spill_folder()));
  M3U_TRY(const auto file, folder->create_file());
  M3U_CHECK(copy(bytes, *file, cancel));
  runtime::Run run(process_, {.threads = 1, .now = store::seconds_of(clock_()), .cancel = &cancel});
  M3U_TRY(const Inspection found, inspect(source, *file, run, cancel));
  M3U_TRY(std::string hash, hash_of(*file));
  M3U_CHECK(keep(source, *file, {.content_hash = std::move(hash), .fetched = clock_()}, found,
                 std::nullopt, std::nullopt));
  note_sightings(source, *file, run, cancel);
  return {};
}

Result<> Refresher::delete_superseded(store::Time moment) {
  M3U_TRY(const auto old, store_.snapshots().superseded_before(moment));
  for (const store::SourceSnapshot& snapshot : old) {
    M3U_TRY(const auto folder, folder_of(snapshot.source));
    M3U_CHECK(folder.remove(to_base64url(snapshot.id)));
    M3U_CHECK(store_.snapshots().forget(snapshot.id));
  }
  return {};
}

Result<> Refresher::delete_orphans(const Model& model) {
  for (const SourceEntry& source : model.sources) {
    M3U_TRY(const auto folder, folder_of(source.id));
    M3U_TRY(const auto rows, store_.snapshots().list(source.id));
    std::set<std::string> known;
    for (const store::SourceSnapshot& row : rows) known.insert(to_base64url(row.id));
    for (const std::string& name : folder.list())
      if (!known.contains(name)) M3U_CHECK(folder.remove(name));
  }
  return {};
}

Result<> Refresher::delete_removed(const Model& model) {
  std::set<Uuid> ids;
  for (const SourceEntry& source : model.sources) ids.insert(source.id);
  M3U_CHECK(snapshots::remove_folders_except(options_.folder / kReplies, ids));
  return snapshots::remove_folders_except(options_.folder / "sources", ids);
}

void Refresher::discard(const Uuid& source, const Uuid& snapshot) const {
  const auto rows = store_.snapshots().list(source);
  if (!rows) return;
  for (const store::SourceSnapshot& row : *rows)
    if (row.id == snapshot) return;
  if (const auto folder = folder_of(source)) (void)folder->remove(to_base64url(snapshot));
}

}  // namespace m3u_proxy::jobs
