// FileWatch: tells when files are other files or have other content, also where one is replaced by
// a rename, where a symbolic link on the way to it is swapped (as Kubernetes does with mounted
// configurations, and certbot with certificates), and where the folder comes later or is replaced.
//
// What is compared is the file that a path leads to, its size and its time of change. Where a
// folder cannot be watched, the log says so once.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

#include <m3u_proxy/io/descriptor.hpp>

namespace m3u_proxy::daemon {

/// Thread-safe. Asleep while nothing happens in the files' folders.
class FileWatch {
 public:
  using Changed = std::function<void(const std::filesystem::path&)>;

  FileWatch();
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  /// From now on `files` are the ones of `group`. `changed` is called on the watch's own thread for
  /// each of them that has changed, after their folders were quiet for a quarter of a second, or
  /// two seconds after the first change.
  void watch(const std::string& group, const std::vector<std::filesystem::path>& files,
             Changed changed);

 private:
  /// What there is at a path.
  struct State {
    dev_t device = 0;
    ino_t file = 0;
    off_t size = -1;  // -1: nothing
    std::int64_t changed = 0;
    bool operator==(const State&) const = default;
  };
  struct Group {
    std::map<std::filesystem::path, State> files;
    Changed changed;
  };
  struct Folder {
    int watch = -1;  // -1: it cannot be watched
    dev_t device = 0;
    ino_t file = 0;
  };
  static State look(const std::filesystem::path& file);
  bool watch_folders();
  void drop(int watch);
  void run();
  void take_events();
  void check();

  io::Descriptor inotify_;
  io::Descriptor stop_;
  std::mutex mutex_;  // of what follows
  std::map<std::string, Group> groups_;
  std::map<std::filesystem::path, Folder> folders_;
  std::thread thread_;
};

}  // namespace m3u_proxy::daemon
