#include <algorithm>
#include <charconv>
#include <numeric>

#include <fmt/format.h>

#include <m3u_proxy/backup/tar_format.hpp>
#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy::backup {
namespace {

struct Field {
  std::size_t at;
  std::size_t size;
};
constexpr Field kName{.at = 0, .size = kTarLongestName};
constexpr Field kMode{.at = 100, .size = 8};
constexpr Field kUser{.at = 108, .size = 8};
constexpr Field kGroup{.at = 116, .size = 8};
constexpr Field kSize{.at = 124, .size = 12};
constexpr Field kModified{.at = 136, .size = 12};
constexpr Field kChecksum{.at = 148, .size = 8};
constexpr Field kKind{.at = 156, .size = 1};
constexpr Field kLink{.at = 157, .size = 100};
constexpr Field kMagic{.at = 257, .size = 8};
constexpr Field kPrefix{.at = 345, .size = 155};
constexpr std::string_view kUstar{"ustar\00000", 8};
constexpr std::string_view kRegular = "0";
constexpr int kOctal = 8;
constexpr std::uint64_t kOwnerOnly = 0600;

void put(TarBlock& block, const Field& field, std::string_view text) {
  std::ranges::copy(text, block.begin() + static_cast<std::ptrdiff_t>(field.at));
}

/// Octal digits that leave the field's last byte zero.
void put_number(TarBlock& block, const Field& field, std::uint64_t number) {
  put(block, field, fmt::format("{:0{}o}", number, field.size - 1));
}

std::string_view get(const TarBlock& block, const Field& field) {
  const std::string_view text(block.data() + field.at, field.size);
  return text.substr(0, text.find('\0'));
}

/// The sum of all bytes, those of the checksum taken as blanks.
std::uint64_t checksum(TarBlock block) {
  std::fill_n(block.begin() + kChecksum.at, kChecksum.size, ' ');
  return std::accumulate(
      block.begin(), block.end(), std::uint64_t{0},
      [](std::uint64_t sum, char c) { return sum + static_cast<unsigned char>(c); });
}

Result<std::uint64_t> number_of(const TarBlock& block, const Field& field) {
  const std::string_view digits = trim(get(block, field));
  std::uint64_t number = 0;
  const auto end = digits.data() + digits.size();
  if (const auto read = std::from_chars(digits.data(), end, number, kOctal);
      read.ec != std::errc() || read.ptr != end)
    return fail(ErrorCode::kParse, "a header of the archive is damaged");
  return number;
}

}  // namespace

Result<TarBlock> tar_header(std::string_view name, std::uint64_t size, std::int64_t modified) {
  if (!is_plain_path(name) || size > kTarLargestFile)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("an archive has no room for {} of {} bytes", excerpt(name), size));
  TarBlock block{};
  put(block, kName, name);
  put_number(block, kMode, kOwnerOnly);
  put_number(block, kUser, 0);
  put_number(block, kGroup, 0);
  put_number(block, kSize, size);
  put_number(block, kModified, static_cast<std::uint64_t>(std::max<std::int64_t>(0, modified)));
  put(block, kKind, kRegular);
  put(block, kMagic, kUstar);
  put(block, kChecksum, fmt::format("{:06o}\0 ", checksum(block)));
  return block;
}

Result<TarEntry> parse_tar_header(const TarBlock& block) {
  M3U_TRY(const std::uint64_t sum, number_of(block, kChecksum));
  if (sum != checksum(block)) return fail(ErrorCode::kParse, "a header of the archive is damaged");
  const std::string_view magic(block.data() + kMagic.at, kMagic.size);
  TarEntry entry{.name = std::string(get(block, kName))};
  if (magic != kUstar || get(block, kKind) != kRegular || !get(block, kLink).empty() ||
      !get(block, kPrefix).empty() || !is_plain_path(entry.name))
    return fail(ErrorCode::kParse,
                fmt::format("{} in the archive is no file that a backup has", excerpt(entry.name)));
  M3U_TRY(entry.size, number_of(block, kSize));
  return entry;
}

bool is_tar_end(const TarBlock& block) {
  return std::ranges::all_of(block, [](char c) { return c == '\0'; });
}

bool is_plain_path(std::string_view name) {
  if (name.empty() || name.size() >= kTarLongestName) return false;
  char before = '/';
  for (const char c : name) {
    const bool is_letter = is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!is_letter && c != '-' && c != '_' && c != '.' && c != '/') return false;
    if (before == '/' && (c == '.' || c == '/')) return false;
    before = c;
  }
  return before != '/';
}

}  // namespace m3u_proxy::backup
