#include <bit>
#include <cstring>

#include <fmt/format.h>
#include <xxhash.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/snapshots/lineup_writer.hpp>

namespace m3u_proxy::snapshots {
namespace {

template <typename T>
void append_number(std::pmr::string& out, T number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

void append_list(std::pmr::string& out, std::span<const std::uint16_t> numbers) {
  const auto count = static_cast<std::uint16_t>(numbers.size());
  append_number(out, count);
  for (const std::uint16_t number : numbers) append_number(out, number);
}

/// A text that only channels with the same content have.
std::uint64_t hash_of(const catalog::ChannelBatch& channels, std::size_t row, std::string& text) {
  const auto add = [&text](std::string_view part) { text.append(part).push_back('\0'); };
  text.clear();
  for (std::size_t column = 0; column < catalog::ChannelBatch::kTextColumns; ++column)
    add(channels.column(column)[row]);
  for (const auto& [key, value] : channels.attributes(row)) {
    add(key);
    add(value);
  }
  for (const std::string_view line : channels.directives(row)) add(line);
  return XXH3_64bits(text.data(), text.size());
}

}  // namespace

std::uint64_t LineupWriter::ById::prefix(const LineupId& record) {
  std::uint64_t first = 0;
  std::memcpy(&first, record.id.bytes.data(), sizeof(first));
  return __builtin_bswap64(first);
}

LineupWriter::LineupWriter(SnapshotDraft& draft, std::string name, memory::Budget& budget,
                           memory::SlabPool& slabs, spill::SpillSpace* spill)
    : draft_(draft),
      name_(std::move(name)),
      budget_(budget),
      spill_(spill),
      frame_(budget),
      written_(slabs),
      resource_(budget, memory::Tag::kSnapshot),
      names_(&resource_),
      touched_(&resource_) {}

LineupWriter::~LineupWriter() = default;

Result<> LineupWriter::append(LineupBlock kind, std::uint64_t first, std::uint64_t items,
                              std::string_view bytes) {
  return blocks_->append(static_cast<std::uint32_t>(kind), first, static_cast<std::uint32_t>(items),
                         bytes);
}

Result<> LineupWriter::begin(const generation::LineupInfo& info) {
  // A generation that begins anew writes another file.
  if (blocks_) M3U_CHECK(draft_.remove(name_));
  M3U_TRY(DraftFile* const file, draft_.create(name_));
  blocks_ = std::make_unique<BlockWriter>(*file, budget_, kLineupContent);
  ids_ = std::make_unique<IdSorter>(budget_, spill_,
                                    spill::SorterOptions{.tag = memory::Tag::kSnapshot});
  rows_ = 0;
  content_ = ContentHash();
  std::string text;
  for (const auto& source : info.sources)
    text += fmt::format("source {}\ntype {}\nurl {}\n", source.name, source.type, source.url);
  for (const std::string& rule : info.rules) text += fmt::format("rule {}\n", rule);
  for (const std::string& filter : info.filters) text += fmt::format("filter {}\n", filter);
  return append(LineupBlock::kInfo, 0, 1, text);
}

Result<> LineupWriter::write_frame(const catalog::ChannelBatch& channels, std::uint64_t rows) {
  const catalog::FrameBytes frame = frame_.build(channels);
  return append(LineupBlock::kFrame, rows_, rows,
                {reinterpret_cast<const char*>(frame.data()), frame.size()});
}

Result<> LineupWriter::add(const generation::LineupBatch& batch) {
  return memory::guarded([&]() -> Result<> {
    const catalog::ChannelBatch& channels = batch.channels();
    names_.clear();
    touched_.clear();
    std::uint64_t rows = 0;
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      if (!batch.is_written(row)) continue;
      const generation::LineupChannel channel = batch.at(row);
      fold(channel.name, folded_);
      names_.append(folded_).push_back('\n');
      append_list(touched_, channel.rules);
      append_list(touched_, channel.filters);
      const LineupId id{
          .id = channel.id, .content = hash_of(channels, row, text_), .row = rows_ + rows};
      content_.add({reinterpret_cast<const char*>(&id.id), sizeof id.id});
      content_.add({reinterpret_cast<const char*>(&id.content), sizeof id.content});
      M3U_CHECK(ids_->add(id));
      ++rows;
    }
    if (rows == 0) return {};
    if (rows == batch.rows()) {
      M3U_CHECK(write_frame(channels, rows));
    } else {
      written_.clear();
      for (std::size_t row = 0; row < batch.rows(); ++row)
        if (batch.is_written(row))
          written_.append_rows(channels, row, 1, catalog::ChannelBatch::Texts::kStay);
      M3U_CHECK(write_frame(written_, rows));
    }
    M3U_CHECK(append(LineupBlock::kTouched, rows_, rows, touched_));
    M3U_CHECK(append(LineupBlock::kNames, rows_, rows, names_));
    rows_ += rows;
    return {};
  });
}

Result<> LineupWriter::write_ids() {
  M3U_CHECK(ids_->finish());
  std::pmr::vector<LineupId> block(&resource_);
  std::pmr::vector<Uuid> fences(&resource_);
  block.reserve(kIdsPerBlock);
  std::uint64_t first = 0;
  const auto write_block = [&]() -> Result<> {
    if (block.empty()) return {};
    fences.push_back(block.front().id);
    M3U_CHECK(
        append(LineupBlock::kIds, first, block.size(),
               {reinterpret_cast<const char*>(block.data()), block.size() * sizeof(LineupId)}));
    first += block.size();
    block.clear();
    return {};
  };
  while (true) {
    LineupId record;
    M3U_TRY(const bool more, ids_->next(record));
    if (more) block.push_back(record);
    if (!more || block.size() == kIdsPerBlock) M3U_CHECK(write_block());
    if (!more) break;
  }
  ids_->clear();
  return append(LineupBlock::kFences, 0, fences.size(),
                {reinterpret_cast<const char*>(fences.data()), fences.size() * sizeof(Uuid)});
}

Result<> LineupWriter::finish() {
  return memory::guarded([&]() -> Result<> {
    M3U_CHECK(write_ids());
    return blocks_->finish();
  });
}

}  // namespace m3u_proxy::snapshots
