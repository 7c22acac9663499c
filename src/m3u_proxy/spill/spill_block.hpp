// SpillBlock: how temporary data is in a file: a header with a checksum (XXH3), then the bytes.
// What comes back from a disk is what went there, or an error.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <m3u_proxy/io/temp_folder.hpp>

namespace m3u_proxy::spill {

struct SpillBlockHeader {
  std::uint64_t checksum;  ///< of the bytes, seeded with the rest of the header and the offset
  std::uint32_t size;      ///< of the bytes
  std::uint32_t note;      ///< what the writer wants to know about them
};
constexpr std::size_t kSpillHeader = sizeof(SpillBlockHeader);

/// Appends `bytes` as a block; gives the block's offset. Errors: as TempFile::write().
Result<std::uint64_t> append_spill_block(io::TempFile& file, std::string_view bytes,
                                         std::uint32_t note = 0);
/// The header of a block with `bytes` that will be at `offset`.
SpillBlockHeader make_spill_header(std::string_view bytes, std::uint32_t note,
                                   std::uint64_t offset);
/// Checks `block` = header and bytes, as read from `offset`, and gives its bytes. Error: kIo when
/// they are not what was written.
Result<std::span<char>> check_spill_block(std::span<char> block, std::uint64_t offset);
/// Reads the whole block of kSpillHeader + size bytes at `offset` into `block`, which is as large,
/// and checks it; gives its bytes, which are in `block` behind the header. Error: kIo.
Result<std::span<char>> read_spill_block(const io::TempFile& file, std::uint64_t offset,
                                         std::span<char> block);
/// Fills `buffer` with what is at `offset`, unchecked. Error: kIo when the file ends before.
Result<> read_spill_bytes(const io::TempFile& file, std::uint64_t offset, std::span<char> buffer);
/// The error for temporary data that is not what was written.
Error damaged_spill(std::uint64_t offset, std::string_view what);

}  // namespace m3u_proxy::spill
