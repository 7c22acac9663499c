#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/objects/folder_store.hpp>

namespace m3u_proxy::objects {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = std::size_t{64} << 10U;
constexpr mode_t kFolderMode = 0770;

std::unexpected<Error> was_cancelled() {
  return fail(ErrorCode::kCancelled, "sharing a snapshot was cancelled");
}

/// Folders between the shared one and a file. The shared one itself is not made.
Result<> make_folders(const fs::path& root, const fs::path& folder) {
  fs::path made = root;
  for (const fs::path& name : folder.lexically_relative(root)) {
    made /= name;
    if (::mkdir(made.c_str(), kFolderMode) != 0 && errno != EEXIST)
      return fail(system_error("cannot make the folder " + made.string(), errno));
  }
  return {};
}

}  // namespace

Result<> FolderStore::check_folder() const {
  struct stat info{};
  if (::stat(folder_.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
  return fail(ErrorCode::kIo, fmt::format("{} is not there", place_),
              "mount the folder that all machines share, or make it, "
              "or name another with [service] snapshots");
}

Result<std::unique_ptr<FolderStore>> FolderStore::open(fs::path folder) {
  std::error_code error;
  folder = fs::absolute(folder, error);
  std::unique_ptr<FolderStore> store(new FolderStore(folder));
  M3U_CHECK(store->check_folder());
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0)
    return fail(ErrorCode::kIo, fmt::format("{} cannot be written to", folder.string()),
                "let the user that this runs as write to the folder of [service] snapshots");
  return store;
}

Result<> FolderStore::put(std::string_view key, const Content& content, const CancelToken* cancel) {
  M3U_CHECK(check_key(key));
  M3U_CHECK(check_folder());
  const fs::path path = folder_ / key;
  M3U_CHECK(make_folders(folder_, path.parent_path()));
  M3U_TRY(const auto file, io::AtomicFile::create(path));
  std::array<char, kPiece> buffer{};
  for (std::uint64_t offset = 0; offset < content.bytes;) {
    if (token(cancel)->cancelled()) return was_cancelled();
    M3U_TRY(const std::size_t size, content.read(offset, buffer));
    if (size == 0)
      return fail(ErrorCode::kIo, fmt::format("what is put as {} has become shorter", key));
    M3U_CHECK(file->write({buffer.data(), size}));
    offset += size;
  }
  return file->publish();
}

Result<> FolderStore::get(std::string_view key, io::ByteSink& to, const CancelToken* cancel) {
  M3U_CHECK(check_key(key));
  const fs::path path = folder_ / key;
  const io::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    const int why = errno;
    M3U_CHECK(check_folder());  // of a share that went away nothing is known
    return fail(system_error("cannot read " + path.string(), why));
  }
  std::array<char, kPiece> buffer{};
  for (std::uint64_t offset = 0;;) {
    if (token(cancel)->cancelled()) return was_cancelled();
    M3U_TRY(const std::size_t size,
            io::read_some_at(file.get(), offset, buffer, "cannot read " + path.string()));
    if (size == 0) return {};
    M3U_CHECK(to.write({buffer.data(), size}));
    offset += size;
  }
}

Result<std::vector<StoredObject>> FolderStore::list(std::string_view prefix) {
  std::vector<StoredObject> found;
  const fs::path begin = folder_ / prefix;
  std::error_code error;
  fs::recursive_directory_iterator entry(begin, error);
  if (error == std::errc::no_such_file_or_directory) {
    M3U_CHECK(check_folder());
    return found;
  }
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    struct stat info{};
    const std::string key = entry->path().lexically_relative(folder_).generic_string();
    if (!is_key(key) || ::lstat(entry->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode))
      continue;
    found.push_back({.key = key,
                     .bytes = static_cast<std::uint64_t>(info.st_size),
                     .written = info.st_mtim.tv_sec});
  }
  if (error) return fail(system_error("cannot read " + begin.string(), error.value()));
  std::ranges::sort(found, {}, &StoredObject::key);
  return found;
}

Result<> FolderStore::remove(std::string_view key) {
  M3U_CHECK(check_key(key));
  fs::path path = folder_ / key;
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return fail(system_error("cannot remove " + path.string(), errno));
  // A folder that is empty now goes as well.
  for (path = path.parent_path(); path != folder_; path = path.parent_path())
    if (::rmdir(path.c_str()) != 0) break;
  return {};
}

}  // namespace m3u_proxy::objects
