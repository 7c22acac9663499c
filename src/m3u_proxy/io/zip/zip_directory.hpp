// ZIP directory: which files an archive holds, from the list at its end (PKWARE's APPNOTE 6.3.10).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::io {

/// What the directory, or the header before the data, says of a file.
struct ZipMember {
  std::uint64_t header_offset = 0;  ///< of its local header
  std::uint64_t packed_size = 0;
  std::uint64_t size = 0;
  std::uint32_t crc = 0;
  std::uint16_t method = 0;
  std::uint16_t flags = 0;
};

struct ZipDirectory {
  ZipMember first{};
  /// Of its files, up to kMostNames; folders and what macOS adds ("__MACOSX/…") do not count.
  std::vector<std::string> names{};
  static constexpr std::size_t kMostNames = 10;
  bool has_more = false;  ///< more than kMostNames
};

/// The directory of the archive that `source` stores; nullopt where it cannot be looked for (a
/// pipe) or is not there (a truncated archive). Takes 256 KB from `budget` while it reads.
/// Errors: kOverBudget, those of `source`.
Result<std::optional<ZipDirectory>> read_zip_directory(ByteSource& source, memory::Budget& budget);

/// Whether the name is that of a file and not of a folder or of what macOS adds.
bool is_zip_file_name(std::string_view name);

/// Little-endian numbers at `offset` of `bytes`, which has them.
std::uint16_t zip_u16(std::string_view bytes, std::size_t offset);
std::uint32_t zip_u32(std::string_view bytes, std::size_t offset);
std::uint64_t zip_u64(std::string_view bytes, std::size_t offset);

/// Replaces what has no room in 32 bits (each 0xFFFFFFFF) by the numbers of the ZIP64 field among
/// `extra`, in the order of APPNOTE 4.5.3; `offset` may be nullptr, as in local headers.
void apply_zip64(std::string_view extra, std::uint64_t& size, std::uint64_t& packed_size,
                 std::uint64_t* offset);

}  // namespace m3u_proxy::io
