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
  /// Throws away what was written, so that writing begins anew. Error: kIo.
  Result<> clear();
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
  /// Whether a folder on tmpfs will do: what is there is in memory.
  enum class Tmpfs : std::uint8_t { kRefuse, kAllow };
  /// Removes what crashed runs left in `parent` (remove_stale_temporaries), then makes
  /// `parent`/.m3u-proxy-tmp-<pid>-<start time>-<n>.
  /// Errors: kIo, kNotFound (no such parent); kInvalidArgument when it is on tmpfs and that is
  /// refused.
  static Result<std::unique_ptr<TempFolder>> create(const std::filesystem::path& parent,
                                                    Tmpfs tmpfs = Tmpfs::kAllow);
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  /// A new unnamed file. Errors: kIo. Thread-safe.
  Result<std::unique_ptr<TempFile>> create_file();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  TempFolder(std::filesystem::path path, int lock);
  std::filesystem::path path_;
  int lock_;  ///< a descriptor that holds the folder's lock, -1 where locks do not work
};

}  // namespace m3u_proxy::io
