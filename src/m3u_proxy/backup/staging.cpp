#include <array>

#include <fmt/format.h>

#include <m3u_proxy/backup/staging.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/store/random_id.hpp>

namespace m3u_proxy::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = std::size_t{64} << 10U;
constexpr std::uint64_t kLargestLogo = std::uint64_t{8} << 20U;
constexpr std::size_t kLargestManifest = std::size_t{1} << 20U;
/// What stays free on the disk.
constexpr Bytes kMargin = mib(64);
/// The name of a generation in the staging folder; its number is given at the end.
constexpr std::string_view kGeneration = "generation";

/// Hands all of the archive's current file to a sink.
Result<> copy(ArchiveReader& archive, io::ByteSink& to) {
  std::array<char, kPiece> piece;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  while (true) {
    M3U_TRY(const std::size_t size, archive.read(piece));
    if (size == 0) return {};
    M3U_CHECK(to.write({piece.data(), size}));
  }
}

std::unexpected<Error> foreign(const TarEntry& entry) {
  return fail(ErrorCode::kParse,
              fmt::format("{} in the archive is no file that a backup has", excerpt(entry.name)));
}

}  // namespace

Result<std::unique_ptr<Staging>> Staging::create(const fs::path& data) {
  std::unique_ptr<Staging> staging(new Staging(data));
  M3U_TRY(staging->folder_, io::TempFolder::create(data));
  return staging;
}

Staging::~Staging() {
  std::error_code ignored;
  for (const fs::path& path : moved_) fs::remove_all(path, ignored);
}

Result<> Staging::check_room(const TarEntry& entry) const {
  std::error_code error;
  const auto space = fs::space(data_, error);
  if (error || space.available >= entry.size + kMargin.count) return {};
  return fail(ErrorCode::kDiskFull,
              fmt::format("{} has no room for {} of the archive ({:.1f} MB)", data_.string(),
                          entry.name, Bytes{entry.size}.mb()),
              "make room there, or move the data folder to a larger disk");
}

Result<> Staging::take(const TarEntry& entry, ArchiveReader& archive) {
  const auto file = parse_name(entry.name);
  if (!file) return foreign(entry);
  M3U_CHECK(check_room(entry));
  if (!file->whose) {
    M3U_CHECK(finish());
    return take_logo(entry, file->id, archive);
  }
  return take_snapshot_file(*file, entry, archive);
}

Result<> Staging::take_logo(const TarEntry& entry, const Uuid& id, ArchiveReader& archive) {
  if (entry.size > kLargestLogo)
    return fail(ErrorCode::kParse, fmt::format("{} in the archive is too large", entry.name));
  const fs::path folder = logos_of(this->folder());
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(system_error("cannot make the folder " + folder.string(), error.value()));
  M3U_TRY(const auto file, io::AtomicFile::create(folder / to_string(id)));
  M3U_CHECK(copy(archive, *file));
  M3U_CHECK(file->publish());
  logos_.push_back(id);
  return {};
}

Result<> Staging::begin_snapshot(const ArchivedFile& file, ArchiveReader& archive) {
  M3U_CHECK(finish());
  M3U_TRY(const auto folder,
          snapshots::SnapshotFolder::open(snapshots_of(this->folder(), *file.whose, file.id)));
  open_.emplace(Open{.place = file, .row = {}, .manifest = {}, .draft = {}});
  M3U_TRY(open_->row, archive.read_all(kLargestRow));
  M3U_TRY(open_->draft, folder.begin());
  return {};
}

Result<> Staging::take_snapshot_file(const ArchivedFile& file, const TarEntry& entry,
                                     ArchiveReader& archive) {
  if (file.name == kRowFile) return begin_snapshot(file, archive);
  if (!open_ || open_->place.whose != file.whose || open_->place.id != file.id)
    return foreign(entry);
  if (file.name == kManifestFile && !open_->manifest) {
    M3U_TRY(const std::string text, archive.read_all(kLargestManifest));
    M3U_TRY(open_->manifest, snapshots::parse_manifest(text));
    for (const auto& [key, value] : open_->manifest->notes) open_->draft->note(key, value);
    return {};
  }
  if (!open_->manifest || !file.name.starts_with(kFilePrefix)) return foreign(entry);
  const std::string_view name = std::string_view(file.name).substr(kFilePrefix.size());
  const snapshots::SnapshotFile* const expected = open_->manifest->find(name);
  if (expected == nullptr || expected->bytes != entry.size) return foreign(entry);
  M3U_TRY(snapshots::DraftFile* const draft, open_->draft->create(name));
  M3U_CHECK(copy(archive, *draft));
  if (draft->hash() != expected->hash)
    return fail(ErrorCode::kParse,
                fmt::format("{} in the archive is not what its snapshot says", entry.name));
  ++open_->files;
  return {};
}

Result<> Staging::finish() {
  if (!open_) return {};
  if (!open_->manifest || open_->files != open_->manifest->files.size())
    return fail(ErrorCode::kParse, fmt::format("the snapshot of {} in the archive is not whole",
                                               to_string(open_->place.id)));
  if (open_->place.whose == Whose::kSource) {
    StagedSource source;
    M3U_TRY(source.row, parse_source_row(open_->row));
    M3U_TRY(source.row.id, store::random_id());
    source.row.source = open_->place.id;
    M3U_CHECK(open_->draft->commit(to_base64url(source.row.id)));
    sources_.push_back(std::move(source));
  } else {
    StagedProxy proxy{.proxy = open_->place.id};
    M3U_TRY(proxy.row, parse_published_row(open_->row));
    proxy.row.generation.proxy = proxy.proxy;
    M3U_CHECK(open_->draft->commit(kGeneration));
    proxies_.push_back(std::move(proxy));
  }
  open_.reset();
  return {};
}

Result<> Staging::move(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  if (fs::exists(to, error))
    return fail(ErrorCode::kConflict, fmt::format("{} is there already", to.string()));
  fs::rename(from, to, error);
  if (error) return fail(system_error("cannot make " + to.string(), error.value()));
  moved_.push_back(to);
  return {};
}

Result<> Staging::move_logos() {
  for (const Uuid& id : logos_) {
    const fs::path to = logos_of(data_) / to_string(id);
    std::error_code error;
    // A logo never changes: one of that id is the same.
    if (!fs::exists(to, error)) M3U_CHECK(move(logos_of(folder()) / to_string(id), to));
  }
  return {};
}

Result<> Staging::move_snapshot(const StagedSource& source) {
  const std::string name = to_base64url(source.row.id);
  return move(snapshots_of(folder(), Whose::kSource, source.row.source) / name,
              snapshots_of(data_, Whose::kSource, source.row.source) / name);
}

Result<> Staging::move_snapshot(const StagedProxy& proxy, std::string_view name) {
  return move(snapshots_of(folder(), Whose::kProxy, proxy.proxy) / kGeneration,
              snapshots_of(data_, Whose::kProxy, proxy.proxy) / name);
}

}  // namespace m3u_proxy::backup
