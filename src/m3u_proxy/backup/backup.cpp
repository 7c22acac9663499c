#include <array>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <m3u_proxy/backup/about.hpp>
#include <m3u_proxy/backup/archive.hpp>
#include <m3u_proxy/backup/archive_layout.hpp>
#include <m3u_proxy/backup/backup.hpp>
#include <m3u_proxy/backup/installation.hpp>
#include <m3u_proxy/backup/snapshot_rows.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>

namespace m3u_proxy::backup {
namespace {

using store::portable::Kind;

constexpr std::size_t kPiece = std::size_t{64} << 10U;

/// Rows on their way into files of kPartSize.
class Parts {
 public:
  Parts(ArchiveWriter& archive, memory::Budget& budget, const CancelToken* cancel)
      : archive_(archive), budget_(budget), cancel_(cancel) {}

  Result<> add(const Kind& kind, std::string_view line) {
    if (kind_ != &kind || text_.size() + line.size() >= kPartSize) M3U_CHECK(flush());
    if (kind_ != &kind) number_ = 0;
    kind_ = &kind;
    if (text_.capacity() < text_.size() + line.size() + 1) {
      const std::size_t wanted = std::max(kPartSize, text_.size() + line.size() + 1);
      M3U_TRY(auto room, budget_.reserve(memory::Tag::kOutput, {wanted}));
      text_.reserve(wanted);
      room_ = std::move(room);
    }
    text_.append(line).push_back('\n');
    ++rows_;
    return {};
  }

  Result<> flush() {
    if (text_.empty()) return {};
    if (cancel_ != nullptr && cancel_->cancelled())
      return fail(ErrorCode::kCancelled, "the backup was cancelled");
    M3U_CHECK(archive_.add(part_name(*kind_, ++number_), text_));
    text_.clear();
    return {};
  }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }

 private:
  ArchiveWriter& archive_;
  memory::Budget& budget_;
  const CancelToken* cancel_;
  const Kind* kind_ = nullptr;
  std::size_t number_ = 0;
  std::string text_;
  memory::Reservation room_;
  std::uint64_t rows_ = 0;
};

std::string refresh_of(const store::Entity& source) {
  const auto config = config::parse_json(source.body, source.name);
  const ConfigMember* const refresh = config ? config->find("refresh") : nullptr;
  return refresh == nullptr ? std::string() : refresh->value.text;
}

class Writing {
 public:
  Writing(store::Store& store, memory::Budget& budget, const BackupOptions& options,
          ArchiveWriter& archive)
      : store_(store), budget_(budget), options_(options), archive_(archive) {}

  Result<> rows(const store::SecretKey& seal) {
    Parts parts(archive_, budget_, options_.cancel);
    M3U_CHECK(store_.write_rows(seal, options_.hide, [&](const Kind& kind, std::string_view line) {
      return parts.add(kind, line);
    }));
    M3U_CHECK(parts.flush());
    summary_.rows = parts.rows();
    return {};
  }
  Result<> logos();
  Result<> sources();
  Result<> proxies();
  [[nodiscard]] const BackupSummary& summary() const { return summary_; }

 private:
  Result<> source(const store::Entity& entity);
  Result<> proxy(const store::Entity& entity);
  Result<> snapshot(const ArchivedFile& place, const snapshots::Snapshot& snapshot,
                    std::string_view row);
  Result<> file(std::string_view name, const io::Descriptor& from, std::uint64_t size);
  void missing(std::string_view kind, const std::string& name, const Error& error) {
    std::string what = fmt::format("{} \"{}\"", kind, name);
    log::warn("backup", "{} is not in the backup: {}", what, to_string(error));
    if (summary_.missing++ < BackupSummary::kMostNamed)
      summary_.missing_names.push_back(std::move(what));
  }

  store::Store& store_;
  memory::Budget& budget_;
  const BackupOptions& options_;
  ArchiveWriter& archive_;
  BackupSummary summary_;
};

Result<> Writing::file(std::string_view name, const io::Descriptor& from, std::uint64_t size) {
  M3U_CHECK(archive_.begin(name, size));
  std::array<char, kPiece> piece;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  for (std::uint64_t at = 0; at < size;) {
    if (options_.cancel != nullptr && options_.cancel->cancelled())
      return fail(ErrorCode::kCancelled, "the backup was cancelled");
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size - at, kPiece));
    M3U_TRY(const std::size_t read,
            io::read_some_at(from.get(), at, std::span(piece).first(wanted), name));
    if (read == 0) break;
    M3U_CHECK(archive_.write({piece.data(), read}));
    at += read;
  }
  return archive_.end();
}

Result<> Writing::logos() {
  M3U_TRY(const auto logos, store_.logos().list());
  for (const store::Logo& logo : logos) {
    const std::filesystem::path path = logos_of(options_.data) / to_string(logo.id);
    const io::Descriptor from(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info{};
    if (!from.valid() || ::fstat(from.get(), &info) != 0) {
      missing("logo", logo.name, system_error("cannot read " + path.string(), errno));
      continue;
    }
    M3U_CHECK(file(name_of({.whose = {}, .id = logo.id}), from,
                   static_cast<std::uint64_t>(info.st_size)));
    ++summary_.logos;
  }
  return {};
}

Result<> Writing::snapshot(const ArchivedFile& place, const snapshots::Snapshot& snapshot,
                           std::string_view row) {
  const auto named = [&](std::string_view name) {
    return name_of({.whose = place.whose, .id = place.id, .name = std::string(name)});
  };
  M3U_CHECK(archive_.add(named(kRowFile), row));
  M3U_CHECK(archive_.add(named(kManifestFile), to_text(snapshot.manifest())));
  for (const snapshots::SnapshotFile& one : snapshot.manifest().files)
    M3U_CHECK(file(named(fmt::format("{}{}", kFilePrefix, one.name)), *snapshot.file(one.name),
                   one.bytes));
  ++summary_.snapshots;
  return {};
}

Result<> Writing::source(const store::Entity& entity) {
  const auto look = [&]() -> Result<std::shared_ptr<const snapshots::Snapshot>> {
    M3U_TRY(const auto folder, snapshots::SnapshotFolder::open(
                                   snapshots_of(options_.data, Whose::kSource, entity.id)));
    M3U_TRY(const auto current, store_.snapshots().current(entity.id));
    if (!current) return nullptr;
    return folder.get(to_base64url(current->id));
  };
  auto found = look();
  // A refresh may just have put another in its place.
  if (!found) found = look();
  if (!found) {
    missing(store::to_string(entity.kind), entity.name, found.error());
    return {};
  }
  M3U_TRY(const auto rows, store_.snapshots().list(entity.id));
  for (const store::SourceSnapshot& row : rows)
    if (*found != nullptr && to_base64url(row.id) == (*found)->name())
      return snapshot({.whose = Whose::kSource, .id = entity.id}, **found, to_json(row));
  return {};
}

Result<> Writing::sources() {
  for (const auto kind : {store::EntityKind::kSource, store::EntityKind::kEpgSource}) {
    M3U_TRY(const auto all, store_.entities().list(kind));
    for (const store::Entity& entity : all)
      if (options_.snapshots == Snapshots::kAll || options_.is_only_copy(refresh_of(entity)))
        M3U_CHECK(source(entity));
  }
  return {};
}

Result<> Writing::proxy(const store::Entity& entity) {
  M3U_TRY(const auto current, store_.generations().current(entity.id));
  if (!current) return {};
  M3U_TRY(const bool held, store_.generations().is_held(entity.id));
  M3U_TRY(const auto folder,
          snapshots::SnapshotFolder::open(snapshots_of(options_.data, Whose::kProxy, entity.id)));
  const auto found = folder.get(std::to_string(current->number));
  if (!found) {
    missing(store::to_string(entity.kind), entity.name, found.error());
    return {};
  }
  return snapshot({.whose = Whose::kProxy, .id = entity.id}, **found,
                  to_json(PublishedRow{.generation = *current, .held = held}));
}

Result<> Writing::proxies() {
  M3U_TRY(const auto all, store_.entities().list(store::EntityKind::kProxy));
  for (const store::Entity& entity : all) M3U_CHECK(proxy(entity));
  return {};
}

}  // namespace

Result<BackupSummary> make_backup(store::Store& store, memory::Budget& budget,
                                  const BackupOptions& options, io::ByteSink& to) {
  About about{.schema = store::Store::schema_version(),
              .program = options.program,
              .created = format_rfc3339(store::seconds_of(options.now)),
              .snapshots = options.snapshots == Snapshots::kAll,
              .key = store.key().id()};
  M3U_TRY(about.installation, installation_hash(store));
  std::optional<store::SecretKey> seal = store.key();
  if (!options.passphrase.empty()) {
    M3U_TRY(seal, seal_with_passphrase(options.passphrase, budget, about));
  }
  M3U_CHECK(add_check(*seal, about));
  M3U_TRY(const auto archive, ArchiveWriter::create(to, budget, store::seconds_of(options.now)));
  M3U_CHECK(archive->add(kAboutName, to_json(about)));
  Writing writing(store, budget, options, *archive);
  M3U_CHECK(writing.rows(*seal));
  M3U_CHECK(writing.logos());
  M3U_CHECK(writing.sources());
  if (options.snapshots == Snapshots::kAll) M3U_CHECK(writing.proxies());
  M3U_CHECK(archive->finish());
  return writing.summary();
}

}  // namespace m3u_proxy::backup
