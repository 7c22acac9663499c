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

/// Compresses what was written to `file` (not yet published) into `<target>.gz` (RFC 1952, without
/// name and time, so the same content gives the same bytes; with a comment that says whose it is).
/// Publish the result like the file.
/// Needs 1.3 MB of `slabs`. Errors: kIo, kOverBudget, kCancelled.
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
