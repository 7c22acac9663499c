// gzip files: the `.gz` beside a published file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::io {

/// What is added to the name of a file for its compressed copy.
inline constexpr std::string_view kGzipEnding = ".gz";

/// A gzip file (RFC 1952) without name and time, so the same content gives the same bytes, and with
/// a comment that says whose it is. Takes 0.8 MB of `slabs`. Not thread-safe.
class GzipFile {
 public:
  /// The file that finish() gives will replace `target`. Errors: as AtomicFile::create();
  /// kOverBudget.
  static Result<std::unique_ptr<GzipFile>> create(const std::filesystem::path& target,
                                                  memory::SlabPool& slabs);
  ~GzipFile();
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;

  /// Compresses the next piece, of less than 4 GB. Errors: kIo, kDiskFull.
  Result<> write(std::string_view piece);
  /// Ends it, once: the complete file, which is still to be published. Errors: as write().
  Result<std::unique_ptr<AtomicFile>> finish();

 private:
  struct Deflater;
  explicit GzipFile(std::unique_ptr<Deflater> deflater);
  std::unique_ptr<Deflater> deflater_;
};

/// Compresses what was written to `file` (not yet published) into `<target>.gz`. Publish the result
/// like the file. Takes 1.3 MB of `slabs`. Errors: kIo, kDiskFull, kOverBudget, kCancelled.
Result<std::unique_ptr<AtomicFile>> write_gzip(const AtomicFile& file, memory::SlabPool& slabs,
                                               const CancelToken* cancel = nullptr);

/// What became of `<target>.gz`, which nobody renews: a server would go on giving the old content.
enum class StaleCopy : std::uint8_t {
  kNone,     ///< there is none
  kRemoved,  ///< write_gzip() had made it, so it is gone
  kForeign,  ///< it is somebody else's, or cannot be removed: it stays
};
StaleCopy remove_stale_gzip(const std::filesystem::path& target);

}  // namespace m3u_proxy::io
