#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/daemon/file_watch.hpp>

namespace m3u_proxy::daemon {
namespace {

constexpr int kQuietMs = 250;
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ATTRIB;

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

FileWatch::FileWatch(std::filesystem::path file, std::function<void()> changed)
    : file_(std::filesystem::absolute(file)),
      changed_(std::move(changed)),
      inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  // The folder: a file that is replaced is another file.
  if (!inotify_.valid() ||
      ::inotify_add_watch(inotify_.get(), file_.parent_path().c_str(), kEvents) < 0) {
    log::warn("config", "{} cannot be watched; restart after a change: {}", file_.string(),
              system_error("inotify", errno).message);
    return;
  }
  thread_ = std::thread([this] { run(); });
}

FileWatch::~FileWatch() {
  const std::uint64_t one = 1;
  if (::write(stop_.get(), &one, sizeof(one)) < 0 || !thread_.joinable()) return;
  thread_.join();
}

void FileWatch::run() {
  std::string known = content_of(file_);
  bool pending = false;
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
      pending = true;
      continue;
    }
    if (ready != 0) continue;
    pending = false;
    std::string now = content_of(file_);
    if (now == known) continue;
    known = std::move(now);
    changed_();
  }
}

}  // namespace m3u_proxy::daemon
