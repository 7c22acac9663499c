// AtomicFile: a file that appears whole or not at all.
//
// Bytes go to a temporary file in the same folder; publish() syncs it and renames it over the
// target. Without publish() the destructor removes the temporary file and the target stays as it
// was. What a crash leaves is found by its name (temporary_name.hpp) at a later start.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/io/write_pace.hpp>

namespace m3u_proxy::io {

class AtomicFile final : public ByteSink {
 public:
  /// Creates the temporary file (mode 0666 less the umask; of an existing target its mode).
  /// A target that is a symbolic link stays one: what it points to is replaced.
  /// Errors: kIo, kNotFound (no such folder), kInvalidArgument (the target is not a file).
  static Result<std::unique_ptr<AtomicFile>> create(const std::filesystem::path& target);
  ~AtomicFile() override;

  /// Unbuffered: hand it large pieces.
  Result<> write(std::string_view bytes) override;
  /// From now on each piece that was written goes to `seen`: who wants all bytes of the file need
  /// not read it again, unless clear() is called.
  void watch(std::function<void(std::string_view)> seen) { seen_ = std::move(seen); }
  /// Appends `size` bytes of `file` from `offset`, inside the kernel where it can.
  Result<> append_from(int file, std::uint64_t offset, std::uint64_t size);
  /// Throws away what was written, so that writing begins anew. Error: kIo.
  Result<> clear();
  /// Bytes written so far.
  [[nodiscard]] std::uint64_t written() const;

  /// Syncs the content to the disk, so that publish() is only a rename.
  Result<> sync();
  /// Whether a file has to outlive a loss of power right after publish().
  enum class Durability : std::uint8_t { kDurable, kNotNeeded };
  /// Renames over the target (after sync() if that was not called and is needed). Call once, last.
  Result<> publish(Durability durability = Durability::kDurable);
  /// How long the disk was waited for so far.
  [[nodiscard]] std::chrono::nanoseconds sync_time() const { return sync_time_; }
  [[nodiscard]] const std::filesystem::path& target() const;
  /// Where the content is until publish(); for reading it again.
  [[nodiscard]] const std::filesystem::path& temporary() const { return temporary_; }

 private:
  Result<> grown(std::uint64_t bytes);
  AtomicFile(int fd, std::filesystem::path temporary, std::filesystem::path target);
  int fd_ = -1;
  bool synced_ = false;
  std::chrono::nanoseconds sync_time_{};
  std::uint64_t written_ = 0;
  WritePace pace_{WritePace::Fate::kKept};
  std::function<void(std::string_view)> seen_;
  std::filesystem::path temporary_;
  std::filesystem::path target_;
};

}  // namespace m3u_proxy::io
