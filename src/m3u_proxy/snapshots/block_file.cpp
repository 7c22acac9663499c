#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <lz4.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/snapshots/block_file.hpp>

namespace m3u_proxy::snapshots {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is written as memory has it");

struct Header {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t content;
};
static_assert(sizeof(Header) == 16);

struct Trailer {
  std::uint64_t table;  // offset
  std::uint64_t entries;
  std::uint64_t checksum;  // of header and table
  std::array<char, 8> magic;
};
static_assert(sizeof(Trailer) == 32);

constexpr std::array<char, 8> kBegin = {'M', '3', 'U', 'P', 'X', 'B', 'L', 'K'};
constexpr std::array<char, 8> kEnd = {'M', '3', 'U', 'P', 'X', 'E', 'N', 'D'};
/// Packing has to save an eighth, or unpacking is not worth it.
constexpr std::size_t kLeastSaving = 8;

template <typename T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

std::string_view bytes_of(std::span<const BlockEntry> table) {
  return {reinterpret_cast<const char*>(table.data()), table.size_bytes()};
}

std::uint64_t checksum_of(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::uint64_t table_checksum(const Header& header, std::span<const BlockEntry> table) {
  return XXH3_64bits_withSeed(table.data(), table.size_bytes(), checksum_of(bytes_of(header)));
}

}  // namespace

BlockWriter::BlockWriter(io::ByteSink& sink, memory::Budget& budget, std::uint32_t content)
    : sink_(sink),
      content_(content),
      resource_(budget, memory::Tag::kSnapshot),
      table_(&resource_),
      block_(&resource_) {}

Result<> BlockWriter::write(std::string_view bytes) {
  M3U_CHECK(sink_.write(bytes));
  written_ += bytes.size();
  return {};
}

Result<> BlockWriter::begin() {
  if (written_ != 0) return {};
  const Header header{.magic = kBegin, .version = kBlockFileVersion, .content = content_};
  return write(bytes_of(header));
}

Result<> PackedBlock::pack(std::string_view bytes) {
  if (bytes.size() > kMostBlockBytes)
    return fail(ErrorCode::kInvalidArgument, "a block of a snapshot has at most 16 MB");
  return memory::guarded([&]() -> Result<> {
    const int size = static_cast<int>(bytes.size());
    // Made larger only: what is new is filled with zeros.
    const auto bound = static_cast<std::size_t>(LZ4_compressBound(size));
    if (space_.size() < bound) space_.resize(bound);
    const int packed =
        LZ4_compress_default(bytes.data(), space_.data(), size, static_cast<int>(space_.size()));
    stored_ = static_cast<std::uint32_t>(std::max(packed, 0));
    if (packed <= 0 || stored_ >= bytes.size() - bytes.size() / kLeastSaving) {
      std::ranges::copy(bytes, space_.begin());
      stored_ = static_cast<std::uint32_t>(size);
    }
    size_ = static_cast<std::uint32_t>(size);
    checksum_ = checksum_of(stored());
    return {};
  });
}

Result<> BlockWriter::append(std::uint32_t kind, std::uint64_t first_item, std::uint32_t items,
                             const PackedBlock& block) {
  return memory::guarded([&]() -> Result<> {
    M3U_CHECK(begin());
    table_.push_back({.offset = written_,
                      .first_item = first_item,
                      .checksum = block.checksum_,
                      .items = items,
                      .stored = block.stored_,
                      .size = block.size_,
                      .kind = kind});
    return write(block.stored());
  });
}

Result<> BlockWriter::append(std::uint32_t kind, std::uint64_t first_item, std::uint32_t items,
                             std::string_view bytes) {
  M3U_CHECK(block_.pack(bytes));
  return append(kind, first_item, items, block_);
}

Result<> BlockWriter::finish() {
  M3U_CHECK(begin());
  const Header header{.magic = kBegin, .version = kBlockFileVersion, .content = content_};
  const Trailer trailer{.table = written_,
                        .entries = table_.size(),
                        .checksum = table_checksum(header, table_),
                        .magic = kEnd};
  M3U_CHECK(write(bytes_of(std::span<const BlockEntry>(table_))));
  return write(bytes_of(trailer));
}

BlockReader::BlockReader(io::Descriptor file, std::string name, memory::Budget& budget)
    : file_(std::move(file)),
      name_(std::move(name)),
      resource_(budget, memory::Tag::kSnapshot),
      table_(&resource_),
      order_(&resource_) {}

Result<std::unique_ptr<BlockReader>> BlockReader::open(io::Descriptor file, std::string name,
                                                       memory::Budget& budget,
                                                       std::uint32_t content) {
  std::unique_ptr<BlockReader> reader(new BlockReader(std::move(file), std::move(name), budget));
  M3U_CHECK(memory::guarded([&] { return reader->load(content); }));
  return reader;
}

std::unexpected<Error> BlockReader::damaged(std::string_view what) const {
  return fail(ErrorCode::kParse, fmt::format("{} is damaged: {}", name_, what),
              "it is made again by the next refresh; check the disk if this comes again");
}

Result<> BlockReader::read_exactly(std::uint64_t offset, std::span<char> bytes) const {
  while (!bytes.empty()) {
    M3U_TRY(const std::size_t size,
            io::read_some_at(file_.get(), offset, bytes, "cannot read " + name_));
    if (size == 0) return damaged("it is shorter than it should be");
    offset += size;
    bytes = bytes.subspan(size);
  }
  return {};
}

Result<> BlockReader::load(std::uint32_t content) {
  struct stat info{};
  if (::fstat(file_.get(), &info) != 0) return fail(system_error("cannot read " + name_, errno));
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size < sizeof(Header) + sizeof(Trailer)) return damaged("it is too short");
  Header header{};
  Trailer trailer{};
  M3U_CHECK(read_exactly(0, {reinterpret_cast<char*>(&header), sizeof(header)}));
  if (header.magic != kBegin) return damaged("it does not begin as it should");
  if (header.version != kBlockFileVersion)
    return fail(ErrorCode::kParse,
                fmt::format("{} has version {} of its format, and this program knows version {}",
                            name_, header.version, kBlockFileVersion),
                header.version > kBlockFileVersion ? "use the newer program that wrote it" : "");
  if (header.content != content) return damaged("it is about something else");
  const std::uint64_t end = size - sizeof(trailer);
  M3U_CHECK(read_exactly(end, {reinterpret_cast<char*>(&trailer), sizeof(trailer)}));
  if (trailer.magic != kEnd) return damaged("it does not end as it should");
  if (trailer.table < sizeof(header) || trailer.table > end ||
      (end - trailer.table) % sizeof(BlockEntry) != 0 ||
      (end - trailer.table) / sizeof(BlockEntry) != trailer.entries)
    return damaged("its table does not fit");
  table_.resize(static_cast<std::size_t>(trailer.entries));
  M3U_CHECK(read_exactly(
      trailer.table, {reinterpret_cast<char*>(table_.data()), table_.size() * sizeof(BlockEntry)}));
  if (table_checksum(header, table_) != trailer.checksum)
    return damaged("the checksum of its table does not fit");
  for (const BlockEntry& block : table_)
    if (block.offset < sizeof(header) || block.offset > trailer.table ||
        block.stored > trailer.table - block.offset || block.size > kMostBlockBytes ||
        block.stored > block.size)
      return damaged("a block lies outside of it");
  order_.resize(table_.size());
  std::iota(order_.begin(), order_.end(), 0U);
  std::ranges::sort(order_, {}, [this](std::uint32_t index) {
    return std::pair(table_[index].kind, table_[index].first_item);
  });
  return {};
}

std::optional<std::size_t> BlockReader::find(std::uint32_t kind, std::uint64_t item) const {
  const auto key = [this](std::uint32_t index) {
    return std::pair(table_[index].kind, table_[index].first_item);
  };
  const auto behind = std::ranges::upper_bound(order_, std::pair(kind, item), {}, key);
  if (behind == order_.begin()) return std::nullopt;
  const BlockEntry& block = table_[*(behind - 1)];
  if (block.kind != kind || item - block.first_item >= block.items) return std::nullopt;
  return *(behind - 1);
}

Result<std::span<const char>> BlockReader::read(std::size_t block, BlockBuffer& buffer) const {
  const BlockEntry& entry = table_[block];
  return memory::guarded([&]() -> Result<std::span<const char>> {
    buffer.stored_.resize(entry.stored);
    M3U_CHECK(read_exactly(entry.offset, buffer.stored_));
    if (checksum_of({buffer.stored_.data(), entry.stored}) != entry.checksum)
      return damaged(fmt::format("the checksum of block {} does not fit", block));
    if (entry.stored == entry.size) return std::span<const char>(buffer.stored_);
    buffer.bytes_.resize(entry.size);
    const int size =
        LZ4_decompress_safe(buffer.stored_.data(), buffer.bytes_.data(),
                            static_cast<int>(entry.stored), static_cast<int>(entry.size));
    if (size < 0 || static_cast<std::uint32_t>(size) != entry.size)
      return damaged(fmt::format("block {} cannot be unpacked", block));
    return std::span<const char>(buffer.bytes_);
  });
}

}  // namespace m3u_proxy::snapshots
