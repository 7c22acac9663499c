// Archive: a compressed tar whose last file lists all others with their sizes and hashes, so what
// is cut off, damaged or put together by somebody else is recognised.
//
// Writers and readers belong to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/backup/tar_format.hpp>
#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/io/zstd_sink.hpp>
#include <m3u_proxy/snapshots/content_hash.hpp>

namespace m3u_proxy::backup {

/// The file that is the list.
inline constexpr std::string_view kListName = "contents.json";
constexpr std::size_t kMostFiles = 100'000;

struct ListedFile {
  std::string name;
  std::uint64_t bytes = 0;
  std::string hash;  ///< XXH3 of 128 bits

  bool operator==(const ListedFile&) const = default;
};

class ArchiveWriter {
 public:
  /// `modified`: of all files, in seconds since 1970. All outlive this. Error: kOverBudget.
  static Result<std::unique_ptr<ArchiveWriter>> create(io::ByteSink& to, memory::Budget& budget,
                                                       std::int64_t modified);

  /// A whole file. Errors: of the sink; kInvalidArgument (the name, too many files, one too large).
  Result<> add(std::string_view name, std::string_view content);
  /// A file of `size` bytes, given piece by piece between begin() and end(). Error of end():
  /// kInternal, when it was another size.
  Result<> begin(std::string_view name, std::uint64_t size);
  Result<> write(std::string_view bytes);
  Result<> end();
  /// The list and what else ends an archive; once, at the end.
  Result<> finish();

 private:
  ArchiveWriter(std::unique_ptr<io::ZstdSink> sink, memory::Budget& budget, std::int64_t modified)
      : sink_(std::move(sink)), budget_(budget), modified_(modified) {}
  Result<> put_header(std::string_view name, std::uint64_t size);
  Result<> put_padding(std::uint64_t size);

  std::unique_ptr<io::ZstdSink> sink_;
  memory::Budget& budget_;
  memory::Reservation list_size_;
  std::int64_t modified_;
  std::vector<ListedFile> files_;
  std::uint64_t left_ = 0;
  snapshots::ContentHash hash_;
};

class ArchiveReader {
 public:
  /// Reads a compressed or plain tar, until `cancel` (nullptr: nobody) asks it to stop: then
  /// everything is kCancelled. `budget` and `cancel` outlive this.
  ArchiveReader(std::unique_ptr<io::ByteSource> from, memory::Budget& budget,
                const CancelToken* cancel = nullptr);

  /// Goes on to the next file, past what was not read of the last one. nullopt: that was all, the
  /// list fits, and nothing follows. Errors: kParse, saying what is wrong with the archive; kIo.
  Result<std::optional<TarEntry>> next();
  /// The next bytes of the file; 0: there are no more of it.
  Result<std::size_t> read(std::span<char> buffer);
  /// All of a file that is not larger than `most`. Error: kParse.
  Result<std::string> read_all(std::size_t most);

 private:
  Result<> finish_file();
  Result<> check_list();
  Result<> check_end();
  Result<> fill(std::span<char> buffer);
  Result<std::size_t> some(std::span<char> buffer);

  memory::Budget& budget_;
  memory::Reservation list_size_;
  std::unique_ptr<io::ByteSource> from_;
  const CancelToken* cancel_;
  std::vector<ListedFile> files_;
  std::optional<TarEntry> entry_;
  std::uint64_t left_ = 0;
  snapshots::ContentHash hash_;
};

}  // namespace m3u_proxy::backup
