// The ustar format (POSIX.1-1988) as far as our archives use it: regular files with short names. So
// any tar can look into them. What else a tar may have (links, devices, long names, sparse files)
// is refused by the reader, and with it what such things are abused for.
//
// Without a library: libarchive would bring libxml2 and ICU, 36 MB in every image and 2.5 MB
// resident, and reads all the kinds of entries that have to be refused here.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::backup {

constexpr std::size_t kTarBlock = 512;
constexpr std::size_t kTarLongestName = 100;
constexpr std::uint64_t kTarLargestFile = (std::uint64_t{1} << 33U) - 1;  ///< 11 octal digits

using TarBlock = std::array<char, kTarBlock>;

/// The bytes that fill a file's last block.
constexpr std::uint64_t tar_padding(std::uint64_t size) {
  return (kTarBlock - size % kTarBlock) % kTarBlock;
}

/// The header of a file for its owner only. `modified` in seconds since 1970.
/// Error: kInvalidArgument for a name or size that the format has no room for.
Result<TarBlock> tar_header(std::string_view name, std::uint64_t size, std::int64_t modified);

struct TarEntry {
  std::string name;
  std::uint64_t size = 0;
};
/// Reads a header. Error: kParse for everything that tar_header() does not write.
Result<TarEntry> parse_tar_header(const TarBlock& block);
/// Whether it is one of the two blocks of zeros at the end.
bool is_tar_end(const TarBlock& block);

/// Whether `name` is a relative path of plain parts: letters, digits, `.`, `-` and `_`, none of
/// them beginning with a dot. So it stays below the folder that it is put into.
bool is_plain_path(std::string_view name);

}  // namespace m3u_proxy::backup
