#include <cstring>

#include <fmt/format.h>
#include <xxhash.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/catalog/frame_builder.hpp>
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

template <typename T>
std::string_view bytes_of(const std::pmr::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
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

struct LineupWriter::Part final : channels::ItemPart {
  Part(memory::Budget& budget, memory::SlabPool& slabs, std::pmr::memory_resource* resource)
      : frame(resource),
        touched(resource),
        names(resource),
        ids(resource),
        digest(resource),
        builder(budget),
        whole(slabs),
        name_text(resource),
        touched_text(resource) {}
  Result<> pack(const generation::LineupBatch& batch);

  PackedBlock frame;
  PackedBlock touched;
  PackedBlock names;
  std::pmr::vector<LineupId> ids;
  std::pmr::string digest;  // what of them is hashed

 private:
  // What it is made with:
  catalog::FrameBuilder builder;
  catalog::ChannelBatch whole;  // a batch without the rows that the playlist could not hold
  std::pmr::string name_text;
  std::pmr::string touched_text;
  std::string text;    // of one channel
  std::string folded;  // its name
};

LineupWriter::LineupWriter(SnapshotDraft& draft, std::string name, memory::Budget& budget,
                           memory::SlabPool& slabs, spill::SpillSpace* spill)
    : draft_(draft),
      name_(std::move(name)),
      budget_(budget),
      slabs_(slabs),
      spill_(spill),
      batches_(budget, memory::Tag::kBatch),
      resource_(budget, memory::Tag::kSnapshot) {}

LineupWriter::~LineupWriter() = default;

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
  return append(LineupBlock::kInfo, 0, 1, std::string_view(text));
}

Result<> LineupWriter::Part::pack(const generation::LineupBatch& batch) {
  const catalog::ChannelBatch& channels = batch.channels();
  name_text.clear();
  touched_text.clear();
  ids.clear();
  digest.clear();
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (!batch.is_written(row)) continue;
    const generation::LineupChannel channel = batch.at(row);
    fold(channel.name, folded);
    name_text.append(folded).push_back('\n');
    append_list(touched_text, channel.rules);
    append_list(touched_text, channel.filters);
    ids.push_back({.id = channel.id, .content = hash_of(channels, row, text), .row = ids.size()});
    append_number(digest, channel.id);
    append_number(digest, ids.back().content);
  }
  const bool all = ids.size() == batch.rows();
  if (!all) {
    whole.clear();
    for (std::size_t row = 0; row < batch.rows(); ++row)
      if (batch.is_written(row))
        whole.append_rows(channels, row, 1, catalog::ChannelBatch::Texts::kStay);
  }
  const catalog::FrameBytes bytes = builder.build(all ? channels : whole);
  M3U_CHECK(frame.pack({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  M3U_CHECK(touched.pack(touched_text));
  return names.pack(name_text);
}

Result<> LineupWriter::prepare(const generation::LineupBatch& batch,
                               std::unique_ptr<channels::ItemPart>& part) {
  return memory::guarded([&]() -> Result<> {
    if (!part) part = std::make_unique<Part>(budget_, slabs_, &batches_);
    return static_cast<Part&>(*part).pack(batch);
  });
}

Result<> LineupWriter::add(const generation::LineupBatch& /*batch*/,
                           const channels::ItemPart* prepared) {
  return memory::guarded([&]() -> Result<> {
    const auto& part = static_cast<const Part&>(*prepared);
    const std::uint64_t rows = part.ids.size();
    if (rows == 0) return {};
    content_.add(part.digest);
    for (LineupId id : part.ids) {
      id.row += rows_;
      M3U_CHECK(ids_->add(id));
    }
    M3U_CHECK(append(LineupBlock::kFrame, rows_, rows, part.frame));
    M3U_CHECK(append(LineupBlock::kTouched, rows_, rows, part.touched));
    M3U_CHECK(append(LineupBlock::kNames, rows_, rows, part.names));
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
    M3U_CHECK(append(LineupBlock::kIds, first, block.size(), bytes_of(block)));
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
  return append(LineupBlock::kFences, 0, fences.size(), bytes_of(fences));
}

Result<> LineupWriter::finish() {
  return memory::guarded([&]() -> Result<> {
    M3U_CHECK(write_ids());
    return blocks_->finish();
  });
}

}  // namespace m3u_proxy::snapshots
