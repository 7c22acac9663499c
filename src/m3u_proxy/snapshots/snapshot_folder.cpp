#include <algorithm>
#include <array>
#include <cerrno>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/temporary_name.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>

namespace m3u_proxy::snapshots {
namespace {

constexpr std::string_view kManifest = "manifest";
constexpr mode_t kOwnFolder = 0700;
constexpr mode_t kOwnFile = 0600;
/// A manifest has a handful of lines.
constexpr std::size_t kMostManifestBytes = std::size_t{1} << 20U;

bool is_good_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' && name != kManifest &&
         std::ranges::all_of(name, [](char c) {
           return is_ascii_alpha(c) || is_ascii_digit(c) || c == '.' || c == '-' || c == '_';
         });
}

/// Of a snapshot.
bool is_snapshot_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_';
  });
}

/// Gives an open file to `use` in pieces; returns its size.
template <typename Use>
Result<std::uint64_t> read_all(const io::Descriptor& file, const std::filesystem::path& path,
                               Use use) {
  std::array<char, 65536> buffer{};
  for (std::uint64_t offset = 0;;) {
    M3U_TRY(const std::size_t size,
            io::read_some_at(file.get(), offset, buffer, "cannot read " + path.string()));
    if (size == 0) return offset;
    use(std::string_view(buffer.data(), size));
    offset += size;
  }
}

Result<> sync(int fd, const std::filesystem::path& what) {
  if (::fsync(fd) != 0) return fail(system_error("cannot sync " + what.string(), errno));
  return {};
}

Result<> sync_folder(const std::filesystem::path& folder) {
  const io::Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid()) return fail(system_error("cannot open " + folder.string(), errno));
  return sync(descriptor.get(), folder);
}

Result<std::string> read_whole(const std::filesystem::path& path, std::size_t most) {
  const io::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return fail(system_error("cannot read " + path.string(), errno));
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    M3U_TRY(const std::size_t size,
            io::read_some_at(file.get(), text.size(), buffer, "cannot read " + path.string()));
    if (size == 0) return text;
    if (text.size() + size > most)
      return fail(ErrorCode::kParse, fmt::format("{} is too large", path.string()));
    text.append(buffer.data(), size);
  }
}

}  // namespace

const io::Descriptor* Snapshot::file(std::string_view name) const {
  const SnapshotFile* const found = manifest_.find(name);
  return found == nullptr ? nullptr
                          : &files_[static_cast<std::size_t>(found - manifest_.files.data())];
}

Result<bool> Snapshot::content_matches(std::string_view name) const {
  const io::Descriptor* const descriptor = file(name);
  if (descriptor == nullptr)
    return fail(ErrorCode::kNotFound, fmt::format("the snapshot has no file {}", excerpt(name)));
  ContentHash hash;
  M3U_CHECK(read_all(*descriptor, path_ / name, [&](std::string_view piece) { hash.add(piece); }));
  return hash.text() == manifest_.find(name)->hash;
}

DraftFile::DraftFile(io::Descriptor file, std::filesystem::path path)
    : file_(std::move(file)), path_(std::move(path)) {}

DraftFile::~DraftFile() = default;

Result<> DraftFile::write(std::string_view bytes) {
  M3U_CHECK(io::write_all(file_.get(), bytes, "cannot write " + path_.string()));
  hash_.add(bytes);
  bytes_ += bytes.size();
  if (const int error = pace_.wrote(file_.get(), bytes_); error != 0)
    return fail(system_error("cannot write " + path_.string(), error));
  return {};
}

SnapshotDraft::SnapshotDraft(std::filesystem::path parent, std::filesystem::path path,
                             io::Descriptor lock)
    : parent_(std::move(parent)), path_(std::move(path)), lock_(std::move(lock)) {}

SnapshotDraft::~SnapshotDraft() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Result<DraftFile*> SnapshotDraft::create(std::string_view name) {
  if (!is_good_name(name) || written_.contains(name) || finished_.contains(name))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("\"{}\" cannot be a new file of a snapshot", excerpt(name)));
  std::filesystem::path path = path_ / name;
  io::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kOwnFile));
  if (!file.valid()) return fail(system_error("cannot create " + path.string(), errno));
  std::unique_ptr<DraftFile> made(new DraftFile(std::move(file), std::move(path)));
  return written_.emplace(name, std::move(made)).first->second.get();
}

Result<> SnapshotDraft::remove(std::string_view name) {
  const auto written = written_.find(name);
  const auto finished = finished_.find(name);
  if (written == written_.end() && finished == finished_.end())
    return fail(ErrorCode::kNotFound, fmt::format("there is no file {}", excerpt(name)));
  if (::unlink((path_ / name).c_str()) != 0)
    return fail(system_error("cannot remove " + (path_ / name).string(), errno));
  if (written != written_.end()) written_.erase(written);
  if (finished != finished_.end()) finished_.erase(finished);
  return {};
}

Result<> SnapshotDraft::share(const Snapshot& from, std::string_view name) {
  const SnapshotFile* const file = from.manifest().find(name);
  if (file == nullptr)
    return fail(ErrorCode::kNotFound, fmt::format("the snapshot has no file {}", excerpt(name)));
  if (written_.contains(name) || finished_.contains(name)) M3U_CHECK(remove(name));
  const std::filesystem::path source = from.path() / name;
  const std::filesystem::path target = path_ / name;
  if (::link(source.c_str(), target.c_str()) != 0)
    return fail(system_error("cannot link " + source.string(), errno));
  finished_.emplace(name, *file);
  return {};
}

Result<io::Descriptor> SnapshotDraft::open_to_adopt(std::string_view name) const {
  if (!is_good_name(name) || written_.contains(name) || finished_.contains(name))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("\"{}\" cannot be a new file of a snapshot", excerpt(name)));
  const std::filesystem::path path = path_ / name;
  io::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return fail(system_error("cannot read " + path.string(), errno));
  return file;
}

Result<> SnapshotDraft::adopt(std::string_view name,
                              const std::function<void(std::string_view)>& use) {
  M3U_TRY(const io::Descriptor file, open_to_adopt(name));
  const std::filesystem::path path = path_ / name;
  ContentHash hash;
  SnapshotFile adopted{.name = std::string(name), .bytes = 0, .hash = {}};
  M3U_TRY(adopted.bytes, read_all(file, path, [&](std::string_view piece) {
            hash.add(piece);
            if (use) use(piece);
          }));
  adopted.hash = hash.text();
  M3U_CHECK(sync(file.get(), path));
  finished_.emplace(name, std::move(adopted));
  return {};
}

Result<> SnapshotDraft::adopt(SnapshotFile known) {
  M3U_TRY(const io::Descriptor file, open_to_adopt(known.name));
  const std::filesystem::path path = path_ / known.name;
  struct stat info{};
  if (::fstat(file.get(), &info) != 0)
    return fail(system_error("cannot read " + path.string(), errno));
  if (static_cast<std::uint64_t>(info.st_size) != known.bytes)
    return fail(ErrorCode::kIo, path.string() + " is not what was written");
  M3U_CHECK(sync(file.get(), path));
  finished_.emplace(known.name, std::move(known));
  return {};
}

std::string SnapshotDraft::hash_of(std::string_view name) const {
  if (const auto written = written_.find(name); written != written_.end())
    return written->second->hash();
  const auto finished = finished_.find(name);
  return finished == finished_.end() ? std::string() : finished->second.hash;
}

Result<> SnapshotDraft::commit(std::string_view name) {
  if (!is_snapshot_name(name))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("\"{}\" cannot be the name of a snapshot", excerpt(name)));
  Manifest manifest{.files = {}, .notes = notes_};
  for (const auto& [file_name, file] : written_) {
    M3U_CHECK(sync(file->descriptor(), file->path()));
    manifest.files.push_back({.name = file_name, .bytes = file->written(), .hash = file->hash()});
  }
  for (const auto& [file_name, file] : finished_) manifest.files.push_back(file);
  std::ranges::sort(manifest.files, {}, &SnapshotFile::name);
  const std::filesystem::path path = path_ / kManifest;
  const io::Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnFile));
  if (!file.valid()) return fail(system_error("cannot create " + path.string(), errno));
  M3U_CHECK(io::write_all(file.get(), to_text(manifest), "cannot write " + path.string()));
  M3U_CHECK(sync(file.get(), path));
  M3U_CHECK(sync_folder(path_));
  const std::filesystem::path target = parent_ / name;
  // A folder is never renamed over another one that has files.
  if (::rename(path_.c_str(), target.c_str()) != 0) {
    if (errno == EEXIST || errno == ENOTEMPTY)
      return fail(ErrorCode::kInvalidArgument, fmt::format("{} is there already", target.string()));
    return fail(system_error("cannot make " + target.string(), errno));
  }
  path_.clear();
  return sync_folder(parent_);
}

Result<SnapshotFolder> SnapshotFolder::open(std::filesystem::path path) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (::mkdir(path.c_str(), kOwnFolder) != 0 && errno != EEXIST)
    return fail(system_error("cannot make the folder " + path.string(), errno));
  io::remove_stale_temporaries(path);
  return SnapshotFolder(std::move(path));
}

Result<std::unique_ptr<SnapshotDraft>> SnapshotFolder::begin() const {
  std::filesystem::path path = path_ / io::make_temporary_name(io::TemporaryKind::kFolder);
  if (::mkdir(path.c_str(), kOwnFolder) != 0)
    return fail(system_error("cannot make the folder " + path.string(), errno));
  io::Descriptor lock(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.valid()) ::flock(lock.get(), LOCK_EX | LOCK_NB);  // tells other containers: in use
  return std::unique_ptr<SnapshotDraft>(new SnapshotDraft(path_, std::move(path), std::move(lock)));
}

std::vector<std::string> SnapshotFolder::list() const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path_, error))
    if (std::string name = entry.path().filename().string(); is_snapshot_name(name))
      names.push_back(std::move(name));
  std::ranges::sort(names);
  return names;
}

Result<std::shared_ptr<const Snapshot>> SnapshotFolder::get(std::string_view name) const {
  const auto snapshot = std::make_shared<Snapshot>();
  snapshot->name_ = name;
  snapshot->path_ = path_ / name;
  std::error_code error;
  if (!is_snapshot_name(name) || !std::filesystem::is_directory(snapshot->path_, error))
    return fail(ErrorCode::kNotFound, fmt::format("there is no snapshot {}", excerpt(name)));
  const auto damaged = [&](std::string_view why) {
    return fail(ErrorCode::kParse, fmt::format("{} is damaged: {}", snapshot->path_.string(), why));
  };
  auto text = read_whole(snapshot->path_ / kManifest, kMostManifestBytes);
  if (!text)
    return text.error().code == ErrorCode::kNotFound ? damaged("it has no manifest")
                                                     : fail(std::move(text).error());
  auto manifest = parse_manifest(*text);
  if (!manifest && manifest.error().hint.empty()) return damaged(manifest.error().message);
  if (!manifest)  // of another version
    return fail(ErrorCode::kParse,
                fmt::format("{}: {}", snapshot->path_.string(), manifest.error().message),
                manifest.error().hint);
  snapshot->manifest_ = *std::move(manifest);
  for (const SnapshotFile& file : snapshot->manifest_.files) {
    const std::filesystem::path path = snapshot->path_ / file.name;
    io::Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!descriptor.valid() && (errno == EMFILE || errno == ENFILE))
      return fail(system_error("cannot open " + path.string(), errno));
    struct stat info{};
    if (!descriptor.valid() || ::fstat(descriptor.get(), &info) != 0)
      return damaged(fmt::format("{} is missing", file.name));
    if (static_cast<std::uint64_t>(info.st_size) != file.bytes)
      return damaged(
          fmt::format("{} has {} bytes and should have {}", file.name, info.st_size, file.bytes));
    snapshot->files_.push_back(std::move(descriptor));
  }
  return snapshot;
}

Result<> SnapshotFolder::remove(std::string_view name) const {
  if (!is_snapshot_name(name)) return {};
  const std::filesystem::path path = path_ / name;
  // Under a temporary name first: what is left after a crash is removed at the next start.
  const std::filesystem::path leaving = path_ / io::make_temporary_name(io::TemporaryKind::kFolder);
  if (::rename(path.c_str(), leaving.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return fail(system_error("cannot remove " + path.string(), errno));
  }
  std::error_code error;
  std::filesystem::remove_all(leaving, error);
  if (error) return fail(system_error("cannot remove " + path.string(), error.value()));
  return {};
}

std::uint64_t SnapshotFolder::bytes() const {
  std::set<std::pair<dev_t, ino_t>> seen;
  std::uint64_t total = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path_, error)) {
    struct stat info{};
    if (::lstat(entry.path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (seen.emplace(info.st_dev, info.st_ino).second)
      total += static_cast<std::uint64_t>(info.st_size);
  }
  return total;
}

Result<> remove_folders_except(const std::filesystem::path& parent, const std::set<Uuid>& kept) {
  std::vector<std::filesystem::path> leaving;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(parent, error)) {
    const std::string name = entry.path().filename().string();
    const auto id = parse_uuid(name);
    if (id && to_base64url(*id) == name && !kept.contains(*id)) leaving.push_back(entry.path());
  }
  for (const std::filesystem::path& path : leaving) {
    std::filesystem::remove_all(path, error);
    if (error) return fail(system_error("cannot remove " + path.string(), error.value()));
  }
  return {};
}

}  // namespace m3u_proxy::snapshots
