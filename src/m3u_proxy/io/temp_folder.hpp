// TempFolder: the one folder for a run's temporary data, on a real disk, removed at the end and,
// after a crash, by the next start.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include <m3u_proxy/io/byte_source.hpp>

namespace m3u_proxy::io {

/// A temporary file without a name (unlinked as soon as it is open), so nothing is left whatever
/// happens. Thread-safe for positioned reads; one writer.
class TempFile final : public ByteSink {
 public:
  TempFile(TempFile&&) = delete;
  ~TempFile() override;

  Result<> write(std::string_view bytes) override;  ///< appends
  /// Reads up to buffer.size() bytes at `offset`; 0 at the end.
  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> buffer) const;
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] int descriptor() const { return fd_; }

 private:
  friend class TempFolder;
  explicit TempFile(int fd) : fd_(fd) {}
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

class TempFolder {
 public:
  /// Makes `parent`/.m3u-proxy-tmp-<pid>-<n> on first use, and first removes folders of this kind
  /// whose process is gone (by pid and start time), and left-over AtomicFile temporaries.
  /// Errors: kIo; kInvalidArgument when `parent` is on tmpfs (that is memory) and `allow_tmpfs`
  /// is not set.
  enum class Tmpfs : std::uint8_t { kRefuse, kAllow };
  static Result<std::unique_ptr<TempFolder>> create(const std::filesystem::path& parent,
                                                    Tmpfs tmpfs = Tmpfs::kAllow);
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  /// A new unnamed file. Errors: kIo. Thread-safe.
  Result<std::unique_ptr<TempFile>> create_file();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit TempFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace m3u_proxy::io
