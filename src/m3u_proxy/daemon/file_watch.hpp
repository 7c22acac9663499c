// FileWatch: tells when a file has another content, also where it is replaced by a rename or where
// a symbolic link in its folder is swapped (as Kubernetes does with mounted configurations).
#pragma once

#include <filesystem>
#include <functional>
#include <thread>

#include <m3u_proxy/io/descriptor.hpp>

namespace m3u_proxy::daemon {

class FileWatch {
 public:
  /// Calls `changed` on a thread of its own when the file's content or what it points to is
  /// another one, after it was quiet for a quarter of a second. Asleep otherwise.
  FileWatch(std::filesystem::path file, std::function<void()> changed);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  void run();

  std::filesystem::path file_;
  std::function<void()> changed_;
  io::Descriptor inotify_;
  io::Descriptor stop_;
  std::thread thread_;
};

}  // namespace m3u_proxy::daemon
