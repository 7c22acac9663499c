#include <array>
#include <cerrno>
#include <chrono>
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
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ATTRIB;
constexpr std::int64_t kNanoseconds = 1'000'000'000;

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
  if (thread_.joinable()) watch_folders();
}

/// Of each file the folder that names it, and the one that has it. With the lock held.
void FileWatch::watch_folders() {
  std::set<std::filesystem::path> wanted;
  for (const auto& [name, group] : groups_)
    for (const auto& [file, state] : group.files) {
      std::error_code error;
      wanted.insert(std::filesystem::absolute(file, error).parent_path());
      if (const auto real = std::filesystem::canonical(file, error); !error)
        wanted.insert(real.parent_path());
    }
  for (auto folder = folders_.begin(); folder != folders_.end();) {
    if (wanted.contains(folder->first)) {
      ++folder;
      continue;
    }
    if (folder->second >= 0) ::inotify_rm_watch(inotify_.get(), folder->second);
    folder = folders_.erase(folder);
  }
  for (const std::filesystem::path& folder : wanted) {
    const auto [entry, is_new] = folders_.try_emplace(folder, -1);
    if (!is_new) continue;
    entry->second = ::inotify_add_watch(inotify_.get(), folder.c_str(), kEvents);
    if (entry->second < 0)
      log::warn("service", "changes in {} are not noticed by themselves: {}", folder.string(),
                system_error("inotify", errno).message);
  }
}

void FileWatch::check() {
  std::vector<std::pair<Changed, std::filesystem::path>> changed;
  {
    const std::scoped_lock lock(mutex_);
    for (auto& [name, group] : groups_)
      for (auto& [file, state] : group.files) {
        const State now = look(file);
        if (now == state) continue;
        state = now;
        changed.emplace_back(group.changed, file);
      }
    watch_folders();  // a link may lead elsewhere now
  }
  for (const auto& [tell, file] : changed) tell(file);
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
      std::array<char, 4096> events{};
      while (::read(inotify_.get(), events.data(), events.size()) > 0) {
      }
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
