#include <fmt/format.h>

#include <m3u_proxy/backup/archived_lines.hpp>
#include <m3u_proxy/backup/installation.hpp>
#include <m3u_proxy/backup/restore.hpp>
#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/store/open/open_store.hpp>

namespace m3u_proxy::backup {
namespace {

using store::portable::Purpose;

std::unexpected<Error> closed(const About& about, const store::SecretKey& own) {
  if (about.passphrase)
    return fail(ErrorCode::kInvalidArgument, "the backup's secrets are under a passphrase",
                "give it, or ask for a restore without secrets");
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("the backup's secrets are sealed with the secret key {}, and this "
                          "installation has {}",
                          about.key, own.id()),
              "put the secret.key of that installation into the data folder, or ask for a restore "
              "without secrets");
}

}  // namespace

Result<About> read_about(ArchiveReader& archive) {
  M3U_TRY(const auto first, archive.next());
  if (!first || first->name != kAboutName)
    return fail(ErrorCode::kParse, "this is no backup of m3u-proxy: it does not begin as one");
  M3U_TRY(const std::string text, archive.read_all(kLargestAbout));
  return parse_about(text, store::Store::schema_version());
}

std::string to_json(const RestoreSummary& summary) {
  std::string text;
  JsonWriter(text)
      .begin_object()
      .member("program", std::string_view(summary.about.program))
      .member("created", std::string_view(summary.about.created))
      .member("rows", summary.rows)
      .member("without_secrets", summary.without_secrets)
      .member("edits_of_the_file", summary.edits_of_the_file)
      .member("logos", summary.logos)
      .member("sources", summary.sources)
      .member("published", summary.published)
      .end_object();
  return text;
}

Result<std::unique_ptr<Restore>> Restore::prepare(store::Store& store, memory::Budget& budget,
                                                  RestoreOptions options, Open open) {
  std::unique_ptr<Restore> restore(new Restore(store, budget, std::move(options), std::move(open)));
  M3U_CHECK(restore->read_all());
  return restore;
}

Result<> Restore::read_all() {
  M3U_TRY(auto bytes, open_());
  ArchiveReader archive(std::move(bytes), budget_, options_.cancel);
  M3U_TRY(summary_.about, read_about(archive));
  M3U_TRY(key_, open_secrets(summary_.about, options_.passphrase, store_.key(), budget_));
  if (!key_ && options_.secrets == Secrets::kNeeded) return closed(summary_.about, store_.key());
  M3U_TRY(staging_, Staging::create(options_.data));
  std::optional<TarEntry> entry;
  M3U_CHECK(read_rows(archive, entry));
  while (entry) {
    M3U_CHECK(staging_->take(*entry, archive));
    M3U_TRY(entry, archive.next());
  }
  M3U_CHECK(staging_->finish());
  summary_.logos = staging_->logos();
  summary_.sources = staging_->sources().size();
  summary_.published = staging_->proxies().size();
  return {};
}

/// Into a store beside the real one.
Result<> Restore::read_rows(ArchiveReader& archive, std::optional<TarEntry>& behind) {
  const std::filesystem::path folder = staging_->folder() / "store";
  std::error_code error;
  std::filesystem::create_directory(folder, error);
  M3U_TRY(auto scratch,
          store::open_store({.data = folder,
                             .budget = &budget_,
                             .sqlite_cache = mib(1),  // SQLite's memory is one for both stores
                             .program = options_.program,
                             .now = options_.now}));
  ArchivedLines lines(archive, budget_);
  const auto read =
      scratch->read_rows(opened(), options_.is_looked_at ? Purpose::kLook : Purpose::kCheck, lines);
  // Nothing is there yet with which it could be at odds.
  if (!read && read.error().code == ErrorCode::kConflict)
    return fail(ErrorCode::kParse, read.error().message);
  if (!read) return fail(read.error());
  rows_hash_ = lines.hash();
  behind = lines.behind();
  summary_.rows = read->rows;
  summary_.without_secrets = read->without_secrets;
  M3U_CHECK(options_.check(*scratch));
  if (options_.is_looked_at) scratch_ = std::move(scratch);
  return {};
}

Result<std::shared_ptr<const snapshots::Snapshot>> Restore::open(const StagedSource& source) const {
  M3U_TRY(const auto folder, snapshots::SnapshotFolder::open(snapshots_of(
                                 staging_->folder(), Whose::kSource, source.row.source)));
  return folder.get(to_base64url(source.row.id));
}

Result<> Restore::publish_source(const StagedSource& source) {
  M3U_TRY(const auto current, store_.snapshots().current(source.row.source));
  if (current && current->content_hash == source.row.content_hash) return {};
  M3U_CHECK(staging_->move_snapshot(source));
  return store_.snapshots().publish(source.row, std::nullopt);
}

Result<> Restore::publish_proxy(const StagedProxy& proxy) {
  store::GenerationRow row = proxy.row.generation;
  M3U_TRY(row.number, store_.generations().next_number(proxy.proxy));
  // Revisions are counted by each store: with that of another one a change that nothing was made of
  // yet would seem to be published.
  M3U_TRY(row.settings_revision, store_.entities().revision());
  M3U_CHECK(staging_->move_snapshot(proxy, std::to_string(row.number)));
  M3U_CHECK(store_.generations().publish(row, std::nullopt));
  if (!proxy.row.held) return {};
  return store_.generations().roll_back(proxy.proxy, row.number);
}

Result<RestoreSummary> Restore::apply() {
  M3U_TRY(auto bytes, open_());
  ArchiveReader archive(std::move(bytes), budget_, options_.cancel);
  M3U_CHECK(read_about(archive));
  ArchivedLines lines(archive, budget_, rows_hash_);
  // Files before the rows that name them.
  M3U_CHECK(staging_->move_logos());
  M3U_TRY(const auto read, store_.read_rows(opened(), Purpose::kRestore, lines));
  summary_.edits_of_the_file = read.edits_of_the_file;
  staging_->keep();
  // From here on it is done: what cannot be taken along is made again.
  const auto warn = [](std::string_view what, const Result<>& done) {
    if (!done) log::warn("backup", "{} is made again: {}", what, to_string(done.error()));
    return done.has_value();
  };
  summary_.sources = 0;
  summary_.published = 0;
  for (const StagedSource& source : staging_->sources())
    if (warn("the copy of a source", publish_source(source))) ++summary_.sources;
  const auto installation = installation_hash(store_);
  if (installation && *installation == summary_.about.installation)
    for (const StagedProxy& proxy : staging_->proxies())
      if (warn("what a proxy publishes", publish_proxy(proxy))) ++summary_.published;
  staging_->keep();
  return summary_;
}

}  // namespace m3u_proxy::backup
