// SourceCache: the last good copy of each downloaded source, for the next run.
//
// One file a source: a few header lines (validators, size) and the bytes as they were sent. Files
// are replaced whole, so concurrent runs see one copy or the other; a copy that was found stays
// readable although another run replaces it. A file's time is when its content was last confirmed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/io/temp_folder.hpp>

namespace m3u_proxy::sources {

/// A copy, open.
struct CachedCopy {
  std::string etag;
  std::string last_modified;
  std::uint64_t offset = 0;    ///< where the content begins in the file
  std::uint64_t bytes = 0;     ///< of content
  std::int64_t confirmed = 0;  ///< seconds since 1970
  std::shared_ptr<const io::Descriptor> file;

  /// A new source of the content. Several may read at once. read(): kIo.
  [[nodiscard]] std::unique_ptr<io::ByteSource> open() const;
};

/// Thread-safe, and safe against other processes.
class SourceCache {
 public:
  /// Makes the folder (for its owner only: lists hold passwords) and removes what crashed runs
  /// left there. Error: kIo, kNotFound.
  static Result<SourceCache> open(const std::filesystem::path& folder);

  /// The copy of what `url` names; none when there is none or it is damaged.
  [[nodiscard]] std::optional<CachedCopy> find(std::string_view url) const;
  /// Makes `content` the copy of `url`; the same again is only confirmed. Error: kIo; the former
  /// copy stays.
  Result<> store(std::string_view url, std::string_view etag, std::string_view last_modified,
                 const io::TempFile& content) const;
  /// Notes that the copy is still what the server has.
  static void confirm(const CachedCopy& copy);
  /// As confirm(), at most once a day: for copies that are many and asked for often.
  static void confirm_daily(const CachedCopy& copy);
  /// Removes the copies that were not confirmed for so long; how many.
  std::size_t remove_older_than(std::chrono::seconds age) const;  // NOLINT(modernize-use-nodiscard)

  /// The file for `url`: a hash, so that no password is in its name.
  [[nodiscard]] std::filesystem::path path_of(std::string_view url) const;

 private:
  explicit SourceCache(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path folder_;
};

}  // namespace m3u_proxy::sources
