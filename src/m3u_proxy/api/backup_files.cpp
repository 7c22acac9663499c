#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <m3u_proxy/api/backup_files.hpp>
#include <m3u_proxy/backup/archive.hpp>
#include <m3u_proxy/backup/restore.hpp>
#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/file_source.hpp>

namespace m3u_proxy::api {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".tar.zst";

}  // namespace

std::string to_json(const BackupFile& file) {
  std::string text;
  Json json(text);
  json.begin_object()
      .member("name", std::string_view(file.name))
      .member("bytes", file.bytes)
      .key("problem");
  if (file.problem.empty()) {
    json.null()
        .member("created", std::string_view(file.about.created))
        .member("program", std::string_view(file.about.program))
        .member("secrets", file.about.passphrase ? "passphrase" : "key")
        .member("with_snapshots", file.about.snapshots);
  } else {
    json.value(std::string_view(file.problem));
  }
  if (file.made) {
    json.member("missing", file.made->missing).key("missing_names").begin_array();
    for (const std::string& name : file.made->missing_names) json.value(std::string_view(name));
    json.end_array();
  }
  json.end_object();
  return text;
}

std::vector<std::string> BackupFiles::names() const {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end;
       entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (name.ends_with(kSuffix) && !name.starts_with('.')) out.push_back(std::move(name));
  }
  std::ranges::sort(out, std::ranges::greater());
  return out;
}

Result<BackupFile> BackupFiles::look(const std::string& name) const {
  io::Descriptor file(::open((folder_ / name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info{};
  if (!file.valid() || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return fail(ErrorCode::kNotFound, "there is no such backup");
  BackupFile out{.name = name, .bytes = static_cast<std::uint64_t>(info.st_size), .about = {}};
  backup::ArchiveReader archive(io::make_descriptor_source(std::move(file), name), budget_);
  auto about = backup::read_about(archive);
  if (about)
    out.about = *std::move(about);
  else
    out.problem = std::move(about).error().message;
  return out;
}

std::vector<BackupFile> BackupFiles::list() const {
  std::vector<BackupFile> out;
  for (const std::string& name : names())
    if (auto file = look(name)) out.push_back(*std::move(file));
  return out;
}

Outcome<BackupFile> BackupFiles::find(std::string_view name) const {
  // Only names that are in the folder are opened.
  const auto all = names();
  const auto found = std::ranges::find(all, name);
  if (found != all.end())
    if (auto file = look(*found)) return *std::move(file);
  return problem(404, "there is no such backup");
}

Outcome<void> BackupFiles::check_room() const {
  if (const std::size_t there = names().size(); there >= kMost)
    return problem(409, fmt::format("there are {} backups already", there), "remove old ones");
  return {};
}

Outcome<BackupFile> BackupFiles::make(store::Store& store, const backup::BackupOptions& options) {
  const std::scoped_lock lock(making_);
  M3U_CHECK(check_room());
  const auto there = names();
  std::error_code error;
  fs::create_directories(folder_, error);
  std::string moment = format_rfc3339(store::seconds_of(options.now));
  std::erase(moment, ':');
  std::erase(moment, '-');
  std::string name = fmt::format("m3u-proxy-{}{}", moment, kSuffix);
  for (int n = 2; std::ranges::find(there, name) != there.end(); ++n)
    name = fmt::format("m3u-proxy-{}-{}{}", moment, n, kSuffix);
  M3U_TRY(const auto file, io::AtomicFile::create(folder_ / name));
  fs::permissions(file->temporary(), fs::perms::owner_read | fs::perms::owner_write, error);
  M3U_TRY(backup::BackupSummary summary, backup::make_backup(store, budget_, options, *file));
  M3U_CHECK(file->publish());
  M3U_TRY(BackupFile made, look(name));
  made.made = std::move(summary);
  return made;
}

Outcome<std::shared_ptr<const io::Descriptor>> BackupFiles::open(const BackupFile& file) const {
  auto opened = std::make_shared<const io::Descriptor>(
      ::open((folder_ / file.name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!opened->valid()) return problem(404, "there is no such backup");
  return opened;
}

Outcome<void> BackupFiles::erase(const BackupFile& file) {
  std::error_code error;
  if (!fs::remove(folder_ / file.name, error)) return problem(404, "there is no such backup");
  return {};
}

}  // namespace m3u_proxy::api
