// Publisher: where the files of a generation go, and how they take the place of the last ones.
//
// A generation writes each file into the sink that the publisher gives for it, and commits when all
// are complete: then all of them are published, or none. What is written needs no room in memory:
// a sink is a file, wherever it is.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/catalog/addresses.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/buffer.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::generation {

enum class OutputFile : std::uint8_t { kPlaylist, kGuide };
constexpr std::size_t kOutputFiles = 2;

/// What a generation says when its files are complete.
struct Publication {
  bool compress = false;   ///< a `.gz` beside each
  bool has_epg_sources{};  ///< false: a guide of an earlier run is not renewed any more
  memory::SlabPool* slabs = nullptr;
  const CancelToken* cancel = nullptr;
};

/// The playlist that was published last, to tell what changes.
struct LastPlaylist {
  std::filesystem::path file{};  ///< no such file: there is none
  /// Where somebody else compares the two lists: how many channels the last one has. The file is
  /// not read then.
  std::optional<std::uint64_t> channels{};
};

/// One generation at a time; not thread-safe.
class Publisher {
 public:
  Publisher() = default;
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;
  virtual ~Publisher() = default;

  /// Before a generation writes anything, and when it begins anew because it failed: what was
  /// written before is gone.
  virtual Result<> begin() = 0;
  /// The sink of a file, asked for once a generation; valid until commit(), drop() or begin().
  /// Errors: as io::AtomicFile::create().
  virtual Result<io::AtomicFile*> sink(OutputFile file) = 0;
  /// Nothing of this file is published: the last one stays.
  virtual void drop(OutputFile file) = 0;
  /// Publishes what was written; returns how long the disk was waited for. Errors: kIo, kDiskFull,
  /// kOverBudget, kCancelled: nothing is replaced, unless the system fails between two renames.
  virtual Result<std::chrono::nanoseconds> commit(const Publication& publication) = 0;

  [[nodiscard]] virtual LastPlaylist last_playlist() const = 0;
  /// The last part of the guide's address.
  [[nodiscard]] virtual std::string guide_name() const = 0;
  /// Where a file is published, for the report; empty: nowhere that has a name.
  [[nodiscard]] virtual std::string place_of(OutputFile file) const = 0;
  /// Whether the last guide is there, and stays when a new one cannot be made.
  [[nodiscard]] virtual bool has_last_guide() const = 0;
};

/// Where a proxy's files are.
struct OutputPaths {
  std::filesystem::path playlist;  ///< DIR/<proxy>.m3u
  std::filesystem::path guide;     ///< DIR/<proxy>.xmltv

  static OutputPaths in(const std::filesystem::path& folder, std::string_view proxy) {
    return {.playlist = folder / catalog::playlist_file(proxy),
            .guide = folder / catalog::guide_file(proxy)};
  }
};

/// Publishes as files: each is written beside its target, synced, and renamed over it.
class FilePublisher : public Publisher {
 public:
  explicit FilePublisher(OutputPaths paths) : paths_(std::move(paths)) {}

  Result<> begin() override;
  Result<io::AtomicFile*> sink(OutputFile file) override;
  void drop(OutputFile file) override;
  Result<std::chrono::nanoseconds> commit(const Publication& publication) override;
  [[nodiscard]] LastPlaylist last_playlist() const override { return {.file = paths_.playlist}; }
  [[nodiscard]] std::string guide_name() const override { return paths_.guide.filename().string(); }
  [[nodiscard]] std::string place_of(OutputFile file) const override;
  [[nodiscard]] bool has_last_guide() const override;

 protected:
  /// nullptr: not written.
  std::unique_ptr<io::AtomicFile>& file(OutputFile file) {
    return files_[static_cast<std::size_t>(file)];
  }

 private:
  OutputPaths paths_;
  std::array<std::unique_ptr<io::AtomicFile>, kOutputFiles> files_;
};

/// Publishes nothing: reads what was written into reserved memory, once it is complete. So a result
/// is in memory only once, and only when the work that needed memory is done.
class MemoryPublisher final : public FilePublisher {
 public:
  /// `folder`: of the files meanwhile. `budget` outlives the texts.
  MemoryPublisher(const std::filesystem::path& folder, const std::string& proxy,
                  memory::Budget& budget);

  /// Errors: kOverBudget when the result does not fit; kIo.
  Result<std::chrono::nanoseconds> commit(const Publication& publication) override;
  [[nodiscard]] LastPlaylist last_playlist() const override { return {}; }
  [[nodiscard]] std::string place_of(OutputFile /*file*/) const override { return {}; }
  [[nodiscard]] bool has_last_guide() const override { return false; }

  /// A text with its reservation.
  struct Text {
    io::Buffer bytes;
    std::size_t size = 0;
    [[nodiscard]] std::string_view view() const { return {bytes.data(), size}; }
  };
  /// What was committed; empty where nothing was written. May be moved away.
  [[nodiscard]] Text& text(OutputFile file) { return texts_[static_cast<std::size_t>(file)]; }

 private:
  memory::Budget* budget_;
  std::array<Text, kOutputFiles> texts_;
};

}  // namespace m3u_proxy::generation
