// SnapshotFolder: the snapshots of one source or one proxy: folders of files that never change.
//
// A snapshot is written beside the others under a temporary name, synced and renamed,
// so it is there whole or not at all. Its manifest names each file with size and hash. Who has a
// snapshot open keeps reading it although it is removed meanwhile. What a crash left is removed
// when the folder is opened. Sizes are checked when a snapshot is opened, contents when they are
// read: block files by their checksums, others by content_matches().
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/io/write_pace.hpp>
#include <m3u_proxy/snapshots/content_hash.hpp>

namespace m3u_proxy::snapshots {

struct SnapshotFile {
  std::string name;
  std::uint64_t bytes = 0;
  std::string hash;  ///< XXH3 (128 bits) of the content, 32 hex digits

  bool operator==(const SnapshotFile&) const = default;
};

/// What a snapshot says of itself.
struct Manifest {
  std::vector<SnapshotFile> files;           ///< by name
  std::map<std::string, std::string> notes;  ///< of its writer: one line each

  [[nodiscard]] const SnapshotFile* find(std::string_view name) const;
  bool operator==(const Manifest&) const = default;
};
/// The manifest as text, with a checksum at its end.
std::string to_text(const Manifest& manifest);
/// Reads it back. Error: kParse for everything that to_text() does not write.
Result<Manifest> parse_manifest(std::string_view text);

/// An open snapshot. Thread-safe; lives on when the snapshot is removed.
class Snapshot {
 public:
  /// Under which it was committed.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Manifest& manifest() const { return manifest_; }
  /// One of its files, open for reading at positions; it lives as long as this. nullptr: there is
  /// no such file.
  [[nodiscard]] const io::Descriptor* file(std::string_view name) const;
  /// Reads a whole file and compares it with its hash. Errors: kIo (it cannot be read), kNotFound.
  [[nodiscard]] Result<bool> content_matches(std::string_view name) const;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  friend class SnapshotFolder;
  std::string name_;
  Manifest manifest_;
  std::vector<io::Descriptor> files_;  // as the manifest's
  std::filesystem::path path_;
};

/// A file of a draft: hashed while it is written. Not thread-safe.
class DraftFile final : public io::ByteSink {
 public:
  ~DraftFile() override;
  /// Error: kIo, kDiskFull.
  Result<> write(std::string_view bytes) override;
  [[nodiscard]] std::uint64_t written() const { return bytes_; }
  /// The hash of what was written so far.
  [[nodiscard]] std::string hash() const { return hash_.text(); }
  /// The open file, for reading it before it is committed.
  [[nodiscard]] int descriptor() const { return file_.get(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  friend class SnapshotDraft;
  DraftFile(io::Descriptor file, std::filesystem::path path);
  io::Descriptor file_;
  std::filesystem::path path_;
  std::uint64_t bytes_ = 0;
  io::WritePace pace_{io::WritePace::Fate::kKept};
  ContentHash hash_;
};

/// A snapshot that is being written. Removed with the destructor unless it was committed.
/// Not thread-safe.
class SnapshotDraft {
 public:
  SnapshotDraft(SnapshotDraft&&) = delete;
  ~SnapshotDraft();

  /// A new file of it. The name is made of letters, digits, `.`, `-` and `_`.
  /// Errors: kIo, kDiskFull, kInvalidArgument (the name; one that is there already).
  Result<DraftFile*> create(std::string_view name);
  /// Drops a file. Error: kNotFound.
  Result<> remove(std::string_view name);
  /// Takes a file of another snapshot over without copying it, in place of one of that name.
  /// Errors: kNotFound, kIo.
  Result<> share(const Snapshot& from, std::string_view name);
  void note(std::string key, std::string value) { notes_[std::move(key)] = std::move(value); }
  /// Takes a file over that somebody else has written into folder(), and reads it once, giving
  /// each piece to `use`, which may be empty. Errors: kNotFound, kIo; those of create().
  Result<> adopt(std::string_view name, const std::function<void(std::string_view)>& use = {});
  /// The same of a file whose size and hash are known, so that it is not read. Errors: the same;
  /// kIo also when it has another size.
  Result<> adopt(SnapshotFile file);
  /// The hash of a file as it is now; empty when there is none of that name.
  [[nodiscard]] std::string hash_of(std::string_view name) const;
  /// Where its files are until it is committed.
  [[nodiscard]] const std::filesystem::path& folder() const { return path_; }
  /// Syncs everything and makes it the snapshot `name`: letters, digits, `-` and `_`. Errors: kIo,
  /// kDiskFull; kInvalidArgument (the name; there is such a snapshot already).
  Result<> commit(std::string_view name);

 private:
  friend class SnapshotFolder;
  [[nodiscard]] Result<io::Descriptor> open_to_adopt(std::string_view name) const;
  SnapshotDraft(std::filesystem::path parent, std::filesystem::path path, io::Descriptor lock);
  std::filesystem::path parent_;
  std::filesystem::path path_;
  io::Descriptor lock_;
  std::map<std::string, std::unique_ptr<DraftFile>, std::less<>> written_;
  std::map<std::string, SnapshotFile, std::less<>> finished_;  // shared and adopted
  std::map<std::string, std::string> notes_;
};

/// Thread-safe.
class SnapshotFolder {
 public:
  /// Makes the folder (for its owner only) and removes what a crash left there.
  /// Errors: kIo, kDiskFull.
  static Result<SnapshotFolder> open(std::filesystem::path path);

  /// Errors: kIo, kDiskFull.
  [[nodiscard]] Result<std::unique_ptr<SnapshotDraft>> begin() const;
  /// The names there are, in the order of their bytes.
  [[nodiscard]] std::vector<std::string> list() const;
  /// Errors: kNotFound; kParse when it is damaged (a file is missing or has another size), or of a
  /// newer version.
  [[nodiscard]] Result<std::shared_ptr<const Snapshot>> get(std::string_view name) const;
  /// Does nothing when it is not there. Error: kIo.
  [[nodiscard]] Result<> remove(std::string_view name) const;
  /// Bytes on disk, files that several snapshots share counted once.
  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit SnapshotFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

/// Deletes the folders in `parent` that are named by an id, as to_base64url() writes it, which is
/// not among `kept`; others stay. Error: kIo.
Result<> remove_folders_except(const std::filesystem::path& parent, const std::set<Uuid>& kept);

}  // namespace m3u_proxy::snapshots
