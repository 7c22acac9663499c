// SpillSpace: the disk that a run may use for what memory has no room for.
//
// Everything that spills takes its temporary files from here, so that there is one account, one
// limit, and one error when the disk is full. Thread-safe. Outlives the files it gave.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string_view>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/io/temp_folder.hpp>

namespace m3u_proxy::spill {

/// What a SpillSpace's files hold, in bytes.
struct SpillStats {
  std::uint64_t live = 0;   ///< now
  std::uint64_t peak = 0;   ///< at most at one time
  std::uint64_t total = 0;  ///< ever written
  std::uint64_t files = 0;  ///< files ever made
};

/// What stays free of a disk of that size when nobody set `max_spill_mb`: 5 %, and at most 1 GiB,
/// for a large disk that is nearly full still has room.
Bytes kept_free(Bytes disk);

class SpillSpace final : private io::TempFileAccount {
 public:
  struct Options {
    std::filesystem::path folder;  ///< an existing folder on a disk (`spill_dir`)
    Bytes max{};                   ///< `max_spill_mb`; 0: what the disk has, less kept_free()
    io::TempFolder::Tmpfs tmpfs = io::TempFolder::Tmpfs::kRefuse;
    /// The account that this one is a part of, with a limit for all its parts; outlives it.
    /// nullptr: none.
    SpillSpace* whole = nullptr;
  };
  explicit SpillSpace(Options options) : options_(std::move(options)) {}

  /// A new unnamed file, whose write() gives kDiskFull beyond the limit and when the disk is full.
  /// Errors: as folder().
  Result<std::unique_ptr<io::TempFile>> create_file();
  /// The folder, made on first use; its files belong to this account too. Errors: kIo, kNotFound;
  /// kInvalidArgument when it is on tmpfs and that is refused.
  Result<io::TempFolder*> folder();
  [[nodiscard]] SpillStats stats() const;

 private:
  void opened() noexcept override;
  Result<> take(std::uint64_t bytes) override;
  Result<> take_alone(std::uint64_t bytes);
  void give_back(std::uint64_t bytes) noexcept override;
  [[nodiscard]] Error refused(int errno_value) const override;
  /// What the disk lets us take from now on; "not known" is no limit.
  [[nodiscard]] std::uint64_t room_on_disk() const;
  [[nodiscard]] Error full(std::uint64_t live, std::string_view why, std::string_view hint) const;

  Options options_;
  mutable std::mutex mutex_;
  std::unique_ptr<io::TempFolder> folder_;
  SpillStats stats_;
  std::uint64_t known_room_ = 0;  // may be taken before the disk is looked at again
};

}  // namespace m3u_proxy::spill
