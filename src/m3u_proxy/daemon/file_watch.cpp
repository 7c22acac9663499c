#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <set>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/daemon/file_watch.hpp>

namespace m3u_proxy::daemon {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kQuietMs = 250;
constexpr std::chrono::seconds kLongestQuiet{2};
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ATTRIB |
                                  IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::int64_t kNanoseconds = 1'000'000'000;

/// The folder, or the next one above it that is there, where it shows when the missing ones come.
std::filesystem::path nearest_folder(std::filesystem::path folder) {
  std::error_code error;
  while (!std::filesystem::is_directory(folder, error) && folder.has_relative_path())
    folder = folder.parent_path();
  return folder;
}

void put_in_front(const std::filesystem::path& path, std::deque<std::filesystem::path>& names) {
  const std::vector<std::filesystem::path> parts(path.begin(), path.end());
  names.insert(names.begin(), parts.begin(), parts.end());
}

/// The folders where it shows that a path leads to another file: of each symbolic link on the way
/// the one that names it, and the one that has the file.
void add_folders_on_the_way(const std::filesystem::path& file,
                            std::set<std::filesystem::path>& folders) {
  constexpr int kMostLinks = 40;  // as many as the system follows
  std::deque<std::filesystem::path> names;
  put_in_front(file.relative_path(), names);
  std::filesystem::path at = file.root_path();
  for (int links = 0; !names.empty() && links < kMostLinks;) {
    const std::filesystem::path name = names.front();
    names.pop_front();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      at = at.parent_path();
      continue;
    }
    std::error_code error;
    const auto target = std::filesystem::read_symlink(at / name, error);
    if (error) {
      at /= name;
      continue;
    }
    ++links;
    folders.insert(at);
    if (target.is_absolute()) at = target.root_path();
    put_in_front(target.relative_path(), names);
  }
  folders.insert(nearest_folder(at.parent_path()));
}

}  // namespace

FileWatch::FileWatch()
    : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), stop_(::eventfd(0, EFD_CLOEXEC)) {
  if (!inotify_.valid() || !stop_.valid()) {
    log::warn("service", "files cannot be watched; restart after a change: {}",
              system_error("inotify", errno).message);
    return;
  }
  thread_ = std::thread([this] { run(); });
}

FileWatch::~FileWatch() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  (void)io::write_all(stop_.get(), {reinterpret_cast<const char*>(&one), sizeof one}, "eventfd");
  thread_.join();
}

FileWatch::State FileWatch::look(const std::filesystem::path& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) return {};
  return {.device = info.st_dev,
          .file = info.st_ino,
          .size = info.st_size,
          .changed = info.st_mtim.tv_sec * kNanoseconds + info.st_mtim.tv_nsec};
}

void FileWatch::watch(const std::string& group, const std::vector<std::filesystem::path>& files,
                      Changed changed) {
  const std::scoped_lock lock(mutex_);
  Group next{.files = {}, .changed = std::move(changed)};
  Group& known = groups_[group];
  for (const std::filesystem::path& file : files) {
    const auto before = known.files.find(file);
    next.files.emplace(file, before == known.files.end() ? look(file) : before->second);
  }
  known = std::move(next);
  if (thread_.joinable()) (void)watch_folders();
}

/// Ends a watch that no folder has any more: two paths may lead to one. With the lock held.
void FileWatch::drop(int watch) {
  const auto has_it = [&](const auto& entry) { return entry.second.watch == watch; };
  if (watch >= 0 && std::ranges::none_of(folders_, has_it))
    ::inotify_rm_watch(inotify_.get(), watch);
}

/// Of each file the folder that names it, and those on the way to the one that has it; whether
/// there are new ones, so that something may have changed there before. With the lock held.
bool FileWatch::watch_folders() {
  std::set<std::filesystem::path> wanted;
  for (const auto& [name, group] : groups_)
    for (const auto& [file, state] : group.files) {
      std::error_code error;
      const std::filesystem::path path = std::filesystem::absolute(file, error);
      wanted.insert(nearest_folder(path.parent_path()));
      add_folders_on_the_way(path, wanted);
    }
  for (auto folder = folders_.begin(); folder != folders_.end();) {
    if (wanted.contains(folder->first)) {
      ++folder;
      continue;
    }
    const int watch = folder->second.watch;
    folder = folders_.erase(folder);
    drop(watch);
  }
  bool any_new = false;
  for (const std::filesystem::path& path : wanted) {
    const State now = look(path);
    const auto [entry, is_new] = folders_.try_emplace(path);
    Folder& folder = entry->second;
    if (folder.watch >= 0 && folder.device == now.device && folder.file == now.file) continue;
    const int old = folder.watch;
    folder = {.watch = ::inotify_add_watch(inotify_.get(), path.c_str(), kEvents),
              .device = now.device,
              .file = now.file};
    drop(old);
    any_new = any_new || folder.watch >= 0;
    if (folder.watch < 0 && is_new)
      log::warn("service", "changes in {} are not noticed by themselves: {}", path.string(),
                system_error("inotify", errno).message);
  }
  return any_new;
}

void FileWatch::check() {
  std::vector<std::pair<Changed, std::filesystem::path>> changed;
  {
    const std::scoped_lock lock(mutex_);
    do {
      for (auto& [name, group] : groups_)
        for (auto& [file, state] : group.files) {
          const State now = look(file);
          if (now == state) continue;
          state = now;
          changed.emplace_back(group.changed, file);
        }
    } while (watch_folders());  // a link may lead elsewhere now, a folder may be another one
  }
  for (const auto& [tell, file] : changed) tell(file);
}

/// Reads what happened. A watch whose folder is gone ends by itself, and another folder may get
/// the number that the old one had.
void FileWatch::take_events() {
  alignas(inotify_event) std::array<char, 4096> events{};
  const std::scoped_lock lock(mutex_);
  while (true) {
    const ssize_t size = ::read(inotify_.get(), events.data(), events.size());
    if (size <= 0) return;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, events.data() + at, sizeof event);
      if ((event.mask & IN_IGNORED) != 0)
        for (auto& [path, folder] : folders_)
          if (folder.watch == event.wd) folder.watch = -1;
      at += sizeof event + event.len;
    }
  }
}

void FileWatch::run() {
  bool pending = false;
  Clock::time_point latest;
  while (true) {
    std::array<pollfd, 2> wait = {{{.fd = inotify_.get(), .events = POLLIN, .revents = 0},
                                   {.fd = stop_.get(), .events = POLLIN, .revents = 0}}};
    const int ready = ::poll(wait.data(), wait.size(), pending ? kQuietMs : -1);
    if (ready < 0 && errno != EINTR) return;
    if (wait[1].revents != 0) return;
    if (ready > 0) {
      take_events();
      if (!pending) latest = Clock::now() + kLongestQuiet;
      pending = true;
      if (Clock::now() < latest) continue;
    }
    if (ready < 0 || !pending) continue;
    pending = false;
    check();
  }
}

}  // namespace m3u_proxy::daemon
