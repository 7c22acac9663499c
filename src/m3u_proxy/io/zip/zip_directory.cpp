#include <algorithm>

#include <m3u_proxy/io/buffer.hpp>
#include <m3u_proxy/io/zip/zip_directory.hpp>

namespace m3u_proxy::io {
namespace {

using namespace std::string_view_literals;

constexpr std::uint32_t kElsewhere = 0xFFFFFFFF;  // the number is in a ZIP64 field
constexpr std::size_t kWindow = std::size_t{256} << 10U;

/// Looks at any part of a source through one buffer.
class Window {
 public:
  static Result<std::optional<Window>> open(ByteSource& source, memory::Budget& budget) {
    const auto size = source.size();
    char probe = 0;
    if (!size || !source.read_at(0, std::span(&probe, 1))) return std::nullopt;
    M3U_TRY(Buffer buffer, Buffer::allocate(budget, memory::Tag::kInput, kWindow));
    return Window(source, std::move(buffer), *size);
  }

  [[nodiscard]] std::uint64_t source_size() const { return size_; }

  /// The `size` ≤ kWindow bytes at `offset`, or fewer at the end. Valid until the next call.
  Result<std::string_view> at(std::uint64_t offset, std::size_t size) {
    if (offset < start_ || offset + size > start_ + filled_) M3U_CHECK(move_to(offset));
    const std::string_view all(buffer_.data(), filled_);
    return all.substr(std::min<std::uint64_t>(offset - start_, filled_)).substr(0, size);
  }

 private:
  Window(ByteSource& source, Buffer buffer, std::uint64_t size)
      : source_(&source), buffer_(std::move(buffer)), size_(size) {}

  Result<> move_to(std::uint64_t offset) {
    start_ = offset;
    filled_ = 0;
    while (filled_ < kWindow) {
      auto n = source_->read_at(offset + filled_, buffer_.bytes().first(kWindow).subspan(filled_));
      if (!n) break;
      if (!*n) return fail(std::move(*n).error());
      if (**n == 0) break;
      filled_ += **n;
    }
    return {};
  }

  ByteSource* source_;
  Buffer buffer_;
  std::uint64_t size_;
  std::uint64_t start_ = 0;
  std::size_t filled_ = 0;
};

struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// Where the directory is by the ZIP64 record that the locator at `locator_offset` names.
Result<std::optional<Extent>> find_zip64(Window& window, std::uint64_t locator_offset) {
  constexpr std::size_t kLocator = 20;
  constexpr std::size_t kRecord = 56;
  M3U_TRY(const std::string_view locator, window.at(locator_offset, kLocator));
  if (locator.size() < kLocator || !locator.starts_with("PK\x06\x07"sv)) return std::nullopt;
  const std::uint64_t record_offset = zip_u64(locator, 8);
  if (record_offset >= window.source_size()) return std::nullopt;
  M3U_TRY(const std::string_view record, window.at(record_offset, kRecord));
  if (record.size() < kRecord || !record.starts_with("PK\x06\x06"sv)) return std::nullopt;
  return Extent{.offset = zip_u64(record, 48), .size = zip_u64(record, 40)};
}

/// The directory's place, from the record at the very end and the comment behind it.
Result<std::optional<Extent>> find_directory(Window& window) {
  constexpr std::size_t kRecord = 22;
  constexpr std::size_t kLongestComment = 0xFFFF;
  constexpr std::size_t kLocator = 20;
  const std::uint64_t size = window.source_size();
  const std::size_t tail_size = std::min<std::uint64_t>(size, kRecord + kLongestComment);
  M3U_TRY(const std::string_view tail, window.at(size - tail_size, tail_size));
  if (tail.size() < kRecord) return std::nullopt;
  std::size_t at = tail.size() - kRecord;
  const auto is_record = [&] {
    return tail.substr(at).starts_with("PK\x05\x06"sv) &&
           at + kRecord + zip_u16(tail, at + 20) <= tail.size();
  };
  while (!is_record()) {
    if (at == 0) return std::nullopt;
    --at;
  }
  const Extent extent{.offset = zip_u32(tail, at + 16), .size = zip_u32(tail, at + 12)};
  const std::uint64_t record_offset = size - tail_size + at;
  if (record_offset >= kLocator) {
    M3U_TRY(const auto large, find_zip64(window, record_offset - kLocator));
    if (large) return large;
  }
  return extent;
}

/// Takes the entry at `offset` and returns its size; 0 when there is none.
Result<std::size_t> take_entry(Window& window, std::uint64_t offset, ZipDirectory& out) {
  constexpr std::size_t kHeader = 46;
  constexpr std::size_t kLongestText = 0xFFFF;  // of the name and of the extra fields
  M3U_TRY(const std::string_view entry, window.at(offset, kHeader + 2 * kLongestText));
  if (entry.size() < kHeader || !entry.starts_with("PK\x01\x02"sv)) return 0;
  const std::size_t name_size = zip_u16(entry, 28);
  const std::size_t extra_size = zip_u16(entry, 30);
  const std::string_view name = entry.substr(kHeader).substr(0, name_size);
  const std::size_t all = kHeader + name_size + extra_size + zip_u16(entry, 32);
  if (!is_zip_file_name(name)) return all;
  if (out.names.size() == ZipDirectory::kMostNames) {
    out.has_more = true;
    return 0;
  }
  out.names.emplace_back(name);
  if (out.names.size() > 1) return all;
  ZipMember& member = out.first;
  member = {.header_offset = zip_u32(entry, 42),
            .packed_size = zip_u32(entry, 20),
            .size = zip_u32(entry, 24),
            .crc = zip_u32(entry, 16),
            .method = zip_u16(entry, 10),
            .flags = zip_u16(entry, 8)};
  const std::size_t extra_at = std::min(entry.size(), kHeader + name_size);
  apply_zip64(entry.substr(extra_at, extra_size), member.size, member.packed_size,
              &member.header_offset);
  return all;
}

}  // namespace

std::uint16_t zip_u16(std::string_view bytes, std::size_t offset) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[offset]) |
                                    static_cast<unsigned char>(bytes[offset + 1]) << 8U);
}

std::uint32_t zip_u32(std::string_view bytes, std::size_t offset) {
  return zip_u16(bytes, offset) | std::uint32_t{zip_u16(bytes, offset + 2)} << 16U;
}

std::uint64_t zip_u64(std::string_view bytes, std::size_t offset) {
  return zip_u32(bytes, offset) | std::uint64_t{zip_u32(bytes, offset + 4)} << 32U;
}

void apply_zip64(std::string_view extra, std::uint64_t& size, std::uint64_t& packed_size,
                 std::uint64_t* offset) {
  constexpr std::uint16_t kZip64 = 1;
  constexpr std::size_t kHead = 4;
  while (extra.size() >= kHead) {
    const std::size_t field_size = zip_u16(extra, 2);
    std::string_view field = extra.substr(kHead).substr(0, field_size);
    if (zip_u16(extra, 0) == kZip64) {
      for (std::uint64_t* number : {&size, &packed_size, offset}) {
        if (number == nullptr || *number != kElsewhere || field.size() < sizeof(*number)) continue;
        *number = zip_u64(field, 0);
        field.remove_prefix(sizeof(*number));
      }
      return;
    }
    extra.remove_prefix(std::min(extra.size(), kHead + field_size));
  }
}

bool is_zip_file_name(std::string_view name) {
  const std::string_view base = name.substr(name.find_last_of('/') + 1);
  return !base.empty() && !name.starts_with("__MACOSX/") && base != ".DS_Store";
}

Result<std::optional<ZipDirectory>> read_zip_directory(ByteSource& source, memory::Budget& budget) {
  M3U_TRY(std::optional<Window> window, Window::open(source, budget));
  if (!window) return std::nullopt;
  M3U_TRY(const std::optional<Extent> extent, find_directory(*window));
  if (!extent || extent->offset > window->source_size()) return std::nullopt;
  ZipDirectory directory;
  std::uint64_t done = 0;
  while (done < extent->size) {
    M3U_TRY(const std::size_t entry, take_entry(*window, extent->offset + done, directory));
    if (entry == 0) break;
    done += entry;
  }
  if (done == 0 && extent->size != 0) return std::nullopt;  // not where it should be
  return directory;
}

}  // namespace m3u_proxy::io
