#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/hash_text.hpp>
#include <m3u_proxy/io/temporary_name.hpp>
#include <m3u_proxy/sources/source_cache.hpp>

namespace m3u_proxy::sources {
namespace {

constexpr std::string_view kFirstLine = "m3u-proxy source copy 1";
constexpr std::string_view kSuffix = ".source";
/// Validators are at most 1 KB each, so a header is never longer.
constexpr std::size_t kLongestHeader = 4096;

class CopySource final : public io::ByteSource {
 public:
  CopySource(std::shared_ptr<const io::Descriptor> file, std::uint64_t offset, std::uint64_t bytes)
      : file_(std::move(file)), offset_(offset), bytes_(bytes) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), bytes_ - consumed_);
    if (wanted == 0) return 0;
    auto n = io::read_some_at(file_->get(), offset_ + consumed_, buffer.first(wanted),
                              "cannot read the kept copy");
    if (n) consumed_ += *n;
    return n;
  }
  std::optional<Result<std::size_t>> read_at(std::uint64_t offset,
                                             std::span<char> buffer) override {
    if (offset >= bytes_) return 0U;
    const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), bytes_ - offset);
    return io::read_some_at(file_->get(), offset_ + offset, buffer.first(wanted),
                            "cannot read the kept copy");
  }
  [[nodiscard]] std::uint64_t consumed() const override { return consumed_; }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return bytes_; }

 private:
  std::shared_ptr<const io::Descriptor> file_;
  std::uint64_t offset_;
  std::uint64_t bytes_;
  std::uint64_t consumed_ = 0;
};

/// A validator that can be on a line of its own; "" otherwise.
std::string_view one_line(std::string_view value) {
  constexpr std::size_t kLongest = 1024;
  const bool fits = value.size() <= kLongest &&
                    std::ranges::none_of(value, [](char c) { return c == '\n' || c == '\r'; });
  return fits ? value : std::string_view{};
}

/// Takes a line off the front of `text`; none when no line is complete.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

/// Reads the header at the beginning of `head` into `copy`; false when it is not one of ours.
bool parse_header(std::string_view head, CachedCopy& copy) {
  std::string_view rest = head;
  if (take_line(rest) != kFirstLine) return false;
  while (const auto line = take_line(rest)) {
    if (line->empty()) {
      copy.offset = head.size() - rest.size();
      return true;
    }
    const std::size_t colon = line->find(": ");
    if (colon == std::string_view::npos) return false;
    const std::string_view key = line->substr(0, colon);
    const std::string_view value = line->substr(colon + 2);
    if (key == "bytes")
      std::from_chars(value.data(), value.data() + value.size(), copy.bytes);
    else if (key == "etag")
      copy.etag = value;
    else if (key == "last-modified")
      copy.last_modified = value;
  }
  return false;
}

/// Whether the copy holds just these bytes. What can't be read is not the same.
bool is_same(const CachedCopy& copy, const io::TempFile& content) {
  if (copy.bytes != content.size()) return false;
  constexpr std::size_t kPiece = std::size_t{16} << 10U;
  std::array<char, kPiece> kept{};
  std::array<char, kPiece> now{};
  constexpr std::string_view kWhat = "cannot compare the kept copy";
  for (std::uint64_t at = 0; at < copy.bytes;) {
    const std::size_t size = std::min<std::uint64_t>(kPiece, copy.bytes - at);
    const std::span a = std::span(kept).first(size);
    const std::span b = std::span(now).first(size);
    const auto read = io::read_some_at(copy.file->get(), copy.offset + at, a, kWhat);
    if (!read || *read == 0) return false;
    const auto other = io::read_some_at(content.descriptor(), at, b.first(*read), kWhat);
    if (!other || *other != *read || !std::ranges::equal(a.first(*read), b.first(*read)))
      return false;
    at += *read;
  }
  return true;
}

std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

std::unique_ptr<io::ByteSource> CachedCopy::open() const {
  return std::make_unique<CopySource>(file, offset, bytes);
}

Result<SourceCache> SourceCache::open(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::create_directories(folder, error))
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (error)
    return fail(system_error(fmt::format("cannot make the cache folder {}", folder.string()),
                             error.value()));
  io::remove_stale_temporaries(folder);
  return SourceCache(folder);
}

std::filesystem::path SourceCache::path_of(std::string_view url) const {
  return folder_ / io::hash_text(url).append(kSuffix);
}

std::optional<CachedCopy> SourceCache::find(std::string_view url) const {
  auto file =
      std::make_shared<const io::Descriptor>(::open(path_of(url).c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info{};
  if (!file->valid() || ::fstat(file->get(), &info) != 0 || !S_ISREG(info.st_mode))
    return std::nullopt;
  std::array<char, kLongestHeader> buffer{};
  const auto n = io::read_some_at(file->get(), 0, buffer, "cannot read the kept copy");
  CachedCopy copy;
  if (!n || !parse_header({buffer.data(), *n}, copy)) return std::nullopt;
  if (copy.offset + copy.bytes != static_cast<std::uint64_t>(info.st_size)) return std::nullopt;
  copy.confirmed = info.st_mtim.tv_sec;
  copy.file = std::move(file);
  return copy;
}

Result<> SourceCache::store(std::string_view url, std::string_view etag,
                            std::string_view last_modified, const io::TempFile& content) const {
  etag = one_line(etag);
  last_modified = one_line(last_modified);
  if (const auto copy = find(url); copy && copy->etag == etag &&
                                   copy->last_modified == last_modified &&
                                   is_same(*copy, content)) {
    confirm(*copy);
    return {};
  }
  M3U_TRY(const auto file, io::AtomicFile::create(path_of(url)));
  std::string header = fmt::format("{}\nbytes: {}\n", kFirstLine, content.size());
  if (!etag.empty()) header += fmt::format("etag: {}\n", etag);
  if (!last_modified.empty()) header += fmt::format("last-modified: {}\n", last_modified);
  header += '\n';
  M3U_CHECK(file->write(header));
  M3U_CHECK(file->append_from(content.descriptor(), 0, content.size()));
  return file->publish();
}

void SourceCache::confirm(const CachedCopy& copy) {
  // A folder that may only be read keeps the old time: the copy is then taken for older than it is.
  static_cast<void>(::futimens(copy.file->get(), nullptr));
}

void SourceCache::confirm_daily(const CachedCopy& copy) {
  constexpr std::int64_t kDay = 24 * 60 * 60;
  if (copy.confirmed + kDay <= seconds_now()) confirm(copy);
}

std::size_t SourceCache::remove_older_than(std::chrono::seconds age) const {
  const auto oldest = std::filesystem::file_time_type::clock::now() - age;
  std::size_t removed = 0;
  std::error_code error;
  std::filesystem::directory_iterator entries(folder_, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    if (entries->path().extension() != kSuffix) continue;
    std::error_code gone;  // another run may have replaced or removed it
    const auto confirmed = entries->last_write_time(gone);
    if (!gone && confirmed < oldest && std::filesystem::remove(entries->path(), gone)) ++removed;
  }
  return removed;
}

}  // namespace m3u_proxy::sources
