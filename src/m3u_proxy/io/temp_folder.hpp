// TempFolder: the one folder for a run's temporary data, on a real disk, removed at the end and,
// after a crash, by the next start.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/io/write_pace.hpp>

namespace m3u_proxy::io {

/// Whom temporary files ask for room before they write. Thread-safe.
class TempFileAccount {
 public:
  TempFileAccount() = default;
  TempFileAccount(const TempFileAccount&) = delete;
  TempFileAccount& operator=(const TempFileAccount&) = delete;
  virtual ~TempFileAccount() = default;
  virtual void opened() noexcept = 0;
  virtual Result<> take(std::uint64_t bytes) = 0;
  virtual void give_back(std::uint64_t bytes) noexcept = 0;
  /// The error for a write that the system refused.
  [[nodiscard]] virtual Error refused(int errno_value) const = 0;
};

/// A temporary file without a name (unlinked as soon as it is open), so nothing is left whatever
/// happens. Thread-safe for positioned reads; one writer.
class TempFile final : public ByteSink {
 public:
  TempFile(TempFile&&) = delete;
  ~TempFile() override;

  /// Appends. Errors: kDiskFull when it belongs to a SpillSpace and there is no room, else kIo;
  /// the file is then as it was before.
  Result<> write(std::string_view bytes) override;
  /// Appends the pieces one after the other, with as few calls as it takes.
  Result<> write(std::span<const std::string_view> pieces);
  /// Reads up to buffer.size() bytes at `offset`; 0 at the end.
  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> buffer) const;
  /// Throws away what was written, so that writing begins anew. Error: kIo.
  Result<> clear();
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] int descriptor() const { return fd_; }

 private:
  friend class TempFolder;
  TempFile(int fd, TempFileAccount* account);
  Result<> write_pieces(std::span<const std::string_view> pieces);
  int fd_ = -1;
  [[nodiscard]] Error refused(int errno_value) const;

  TempFileAccount* account_;
  std::uint64_t size_ = 0;
  WritePace pace_{WritePace::Fate::kTemporary};
};

class TempFolder {
 public:
  /// Whether a folder on tmpfs will do: what is there is in memory.
  enum class Tmpfs : std::uint8_t { kRefuse, kAllow };
  /// Removes what crashed runs left in `parent` (remove_stale_temporaries), then makes
  /// `parent`/.m3u-proxy-tmp-<pid>-<start time>-<n>.
  /// Errors: kIo, kNotFound (no such parent); kInvalidArgument when it is on tmpfs and that is
  /// refused. `account`, where there is one, is asked for what the folder's files hold and must
  /// outlive them.
  static Result<std::unique_ptr<TempFolder>> create(const std::filesystem::path& parent,
                                                    Tmpfs tmpfs = Tmpfs::kAllow,
                                                    TempFileAccount* account = nullptr);
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  /// A new unnamed file. Errors: kIo. Thread-safe.
  Result<std::unique_ptr<TempFile>> create_file();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  TempFolder(std::filesystem::path path, int lock, TempFileAccount* account);
  std::filesystem::path path_;
  int lock_;  ///< a descriptor that holds the folder's lock, -1 where locks do not work
  TempFileAccount* account_;
};

}  // namespace m3u_proxy::io
