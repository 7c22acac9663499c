#include <array>
#include <cstring>

#include <fmt/format.h>
#include <xxhash.h>

#include <m3u_proxy/spill/spill_block.hpp>

namespace m3u_proxy::spill {
namespace {

std::uint64_t checksum_of(std::string_view bytes, std::uint32_t note, std::uint64_t offset) {
  // A block in the wrong place, or with another note, is as wrong as one with other bytes.
  const std::uint64_t seed = offset ^ (std::uint64_t{note} << 32U);
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace

Error damaged_spill(std::uint64_t offset, std::string_view what) {
  return {.code = ErrorCode::kIo,
          .message = fmt::format("temporary data is damaged at byte {}: {}", offset, what),
          .where = {},
          .hint = "check the disk, or name another folder with spill_dir (--spill-dir)"};
}

Result<> read_spill_bytes(const io::TempFile& file, std::uint64_t offset, std::span<char> buffer) {
  const std::uint64_t begin = offset;
  while (!buffer.empty()) {
    M3U_TRY(const std::size_t n, file.read_at(offset, buffer));
    if (n == 0) return fail(damaged_spill(begin, "the file is shorter than what was written"));
    offset += n;
    buffer = buffer.subspan(n);
  }
  return {};
}

SpillBlockHeader make_spill_header(std::string_view bytes, std::uint32_t note,
                                   std::uint64_t offset) {
  return {.checksum = checksum_of(bytes, note, offset),
          .size = static_cast<std::uint32_t>(bytes.size()),
          .note = note};
}

Result<std::uint64_t> append_spill_block(io::TempFile& file, std::string_view bytes,
                                         std::uint32_t note) {
  const std::uint64_t offset = file.size();
  const SpillBlockHeader header = make_spill_header(bytes, note, offset);
  const std::array<std::string_view, 2> pieces = {
      std::string_view(reinterpret_cast<const char*>(&header), sizeof(header)), bytes};
  M3U_CHECK(file.write(pieces));
  return offset;
}

Result<std::span<char>> check_spill_block(std::span<char> block, std::uint64_t offset) {
  SpillBlockHeader header{};
  std::memcpy(&header, block.data(), sizeof(header));
  const std::span<char> bytes = block.subspan(kSpillHeader);
  if (header.size != bytes.size() ||
      header.checksum != checksum_of({bytes.data(), bytes.size()}, header.note, offset))
    return fail(damaged_spill(offset, "the checksum does not fit"));
  return bytes;
}

Result<std::span<char>> read_spill_block(const io::TempFile& file, std::uint64_t offset,
                                         std::span<char> block) {
  M3U_CHECK(read_spill_bytes(file, offset, block));
  return check_spill_block(block, offset);
}

}  // namespace m3u_proxy::spill
