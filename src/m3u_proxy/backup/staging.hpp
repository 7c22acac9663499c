// Staging: the files of an archive (logos and snapshots) on their way into the data folder: all of
// them are written and checked beside it, and then moved in at once.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include <m3u_proxy/backup/archive.hpp>
#include <m3u_proxy/backup/archive_layout.hpp>
#include <m3u_proxy/backup/snapshot_rows.hpp>
#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>

namespace m3u_proxy::backup {

struct StagedSource {
  store::SourceSnapshot row{};  ///< with a new id, by which its folder is called
};
struct StagedProxy {
  Uuid proxy{};
  PublishedRow row{};
};

/// Belongs to one thread.
class Staging {
 public:
  /// In a folder of its own in `data`, which goes with this. Error: kIo.
  static Result<std::unique_ptr<Staging>> create(const std::filesystem::path& data);

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_->path(); }

  /// Takes the current file of the archive. Errors: kParse (it has no business in a backup, or is
  /// not as its snapshot says), kDiskFull, kIo; those of the archive.
  Result<> take(const TarEntry& entry, ArchiveReader& archive);
  /// After the last file. Error: kParse (the last snapshot is not whole).
  Result<> finish();

  [[nodiscard]] const std::vector<StagedSource>& sources() const { return sources_; }
  [[nodiscard]] const std::vector<StagedProxy>& proxies() const { return proxies_; }
  [[nodiscard]] std::size_t logos() const { return logos_.size(); }

  /// Moves the logos in; what was moved is taken back with the destructor unless keep() was called.
  /// Errors: kIo, kDiskFull.
  Result<> move_logos();
  /// Moves a snapshot in, as `name`. Errors: kIo, kConflict (there is one of that name).
  Result<> move_snapshot(const StagedSource& source);
  Result<> move_snapshot(const StagedProxy& proxy, std::string_view name);
  void keep() { moved_.clear(); }

  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

 private:
  explicit Staging(std::filesystem::path data) : data_(std::move(data)) {}
  Result<> take_logo(const TarEntry& entry, const Uuid& id, ArchiveReader& archive);
  Result<> take_snapshot_file(const ArchivedFile& file, const TarEntry& entry,
                              ArchiveReader& archive);
  Result<> begin_snapshot(const ArchivedFile& file, ArchiveReader& archive);
  Result<> move(const std::filesystem::path& from, const std::filesystem::path& to);
  [[nodiscard]] Result<> check_room(const TarEntry& entry) const;

  std::filesystem::path data_;
  std::unique_ptr<io::TempFolder> folder_;
  std::vector<Uuid> logos_;
  std::vector<StagedSource> sources_;
  std::vector<StagedProxy> proxies_;
  std::vector<std::filesystem::path> moved_;

  /// The snapshot that is being taken.
  struct Open {
    ArchivedFile place;
    std::string row;
    std::optional<snapshots::Manifest> manifest;
    std::unique_ptr<snapshots::SnapshotDraft> draft;
    std::size_t files = 0;
  };
  std::optional<Open> open_;
};

}  // namespace m3u_proxy::backup
