#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <xxhash.h>

#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/snapshots/edit_file.hpp>

namespace m3u_proxy::snapshots {
namespace {

using edits::ChannelEdit;
using edits::kTextFields;
using edits::Place;
using edits::Placement;

constexpr std::uint32_t kContent = 0x45444954;  // "EDIT"
enum Kind : std::uint32_t { kEdits = 1, kFences = 2, kMarks = 3, kPlacements = 4 };
/// Small: an edit that is asked for costs the reading of its block.
constexpr std::size_t kEditsPerBlock = 64;
constexpr std::size_t kBytesPerBlock = std::size_t{256} << 10U;
/// Of what is loaded when a file is opened.
constexpr std::size_t kLoadedPerBlock = std::size_t{1} << 20U;

// The first byte of a record says what is in it.
constexpr std::uint8_t kHasHidden = 1U << 5U;
constexpr std::uint8_t kIsHidden = 1U << 6U;

std::uint16_t mark_of(const Uuid& id) {
  return static_cast<std::uint16_t>(XXH3_64bits(id.bytes.data(), id.bytes.size()));
}

template <typename T>
std::string_view bytes_of(std::span<const T> items) {
  return {reinterpret_cast<const char*>(items.data()), items.size_bytes()};
}

template <typename String>
void append_id(String& out, const Uuid& id) {
  out.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
}

/// What is in the file, as long as there is any left.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}

  bool take(std::size_t size, std::string_view& out) {
    if (rest_.size() < size) return false;
    out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  template <typename T>
  bool take(T& out) {
    std::string_view bytes;
    if (!take(sizeof(T), bytes)) return false;
    std::memcpy(static_cast<void*>(&out), bytes.data(), sizeof(T));
    return true;
  }

 private:
  std::string_view rest_;
};

void append_record(const ChannelEdit& edit, std::pmr::string& out) {
  std::uint8_t has = edit.hidden ? kHasHidden : 0;
  if (edit.hidden.value_or(false)) has |= kIsHidden;
  for (std::size_t i = 0; i < kTextFields.size(); ++i)
    if (edit.*kTextFields[i].value) has |= static_cast<std::uint8_t>(1U << i);
  out.push_back(static_cast<char>(has));
  for (const edits::TextField& field : kTextFields) {
    const std::optional<std::string>& text = edit.*field.value;
    if (!text) continue;
    const auto size = static_cast<std::uint32_t>(text->size());
    out.append(reinterpret_cast<const char*>(&size), sizeof(size)).append(*text);
  }
}

/// Reads a record, or steps over it where `out` is nullptr. False when it is not what
/// append_record() writes.
bool take_record(Fields& fields, ChannelEdit* out) {
  std::uint8_t has = 0;
  if (!fields.take(has)) return false;
  if (out != nullptr && (has & kHasHidden) != 0) out->hidden = (has & kIsHidden) != 0;
  for (std::size_t i = 0; i < kTextFields.size(); ++i) {
    if ((has & (1U << i)) == 0) continue;
    std::uint32_t size = 0;
    std::string_view text;
    if (!fields.take(size) || !fields.take(size, text)) return false;
    if (out != nullptr) (out->*kTextFields[i].value).emplace(text);
  }
  return true;
}

}  // namespace

EditFileWriter::EditFileWriter(io::ByteSink& sink, memory::Budget& budget)
    : blocks_(sink, budget, kContent),
      resource_(budget, memory::Tag::kSnapshot),
      ids_(&resource_),
      records_(&resource_),
      fences_(&resource_),
      marks_(&resource_),
      placements_(&resource_) {}

Result<> EditFileWriter::add(const ChannelEdit& edit) {
  return memory::guarded([&]() -> Result<> {
    if (last_ && !(*last_ < edit.channel))
      return fail(ErrorCode::kInvalidArgument, "edits come in the order of their channels' ids");
    last_ = edit.channel;
    if (ids_.empty()) fences_.push_back(edit.channel);
    ids_.push_back(edit.channel);
    marks_.push_back(mark_of(edit.channel));
    append_record(edit, records_);
    if (edit.place != Place::kStays && placed_ < edits::kMostPlacements) {
      append_id(placements_, edit.channel);
      append_id(placements_, edit.anchor);
      placements_.push_back(static_cast<char>(edit.place));
      ++placed_;
    }
    ++size_;
    if (ids_.size() == kEditsPerBlock || records_.size() >= kBytesPerBlock) return write_block();
    return {};
  });
}

/// Ids first, so that a record is found; then the records.
Result<> EditFileWriter::write_block() {
  if (ids_.empty()) return {};
  std::pmr::string block(bytes_of(std::span<const Uuid>(ids_)), &resource_);
  block.append(records_);
  const auto items = static_cast<std::uint32_t>(ids_.size());
  ids_.clear();
  records_.clear();
  return blocks_.append(kEdits, size_ - items, items, block);
}

Result<> EditFileWriter::finish() {
  return memory::guarded([&]() -> Result<> {
    M3U_CHECK(write_block());
    const auto write = [&]<typename T>(Kind kind, std::span<const T> items) -> Result<> {
      for (std::size_t i = 0; i < items.size(); i += kLoadedPerBlock / sizeof(T)) {
        const auto part = items.subspan(i, std::min(items.size() - i, kLoadedPerBlock / sizeof(T)));
        M3U_CHECK(blocks_.append(kind, i, static_cast<std::uint32_t>(part.size()), bytes_of(part)));
      }
      return {};
    };
    M3U_CHECK(write(kFences, std::span<const Uuid>(fences_)));
    M3U_CHECK(write(kMarks, std::span<const std::uint16_t>(marks_)));
    if (placed_ != 0)
      M3U_CHECK(blocks_.append(kPlacements, 0, static_cast<std::uint32_t>(placed_), placements_));
    return blocks_.finish();
  });
}

EditFile::EditFile(std::unique_ptr<BlockReader> blocks, std::string name, memory::Budget& budget)
    : blocks_(std::move(blocks)),
      name_(std::move(name)),
      budget_(&budget),
      resource_(budget, memory::Tag::kSnapshot),
      edit_blocks_(&resource_),
      fences_(&resource_),
      marks_(&resource_),
      placements_(&resource_) {}

Result<std::shared_ptr<const EditFile>> EditFile::open(io::Descriptor file, std::string name,
                                                       memory::Budget& budget) {
  M3U_TRY(auto blocks, BlockReader::open(std::move(file), name, budget, kContent));
  std::shared_ptr<EditFile> edits(new EditFile(std::move(blocks), std::move(name), budget));
  M3U_CHECK(memory::guarded([&] { return edits->load(); }));
  return std::shared_ptr<const EditFile>(std::move(edits));
}

std::unexpected<Error> EditFile::damaged(std::string_view what) const {
  return fail(ErrorCode::kParse, fmt::format("{} is damaged: {}", name_, what));
}

template <typename T>
Result<> EditFile::append_all(std::size_t block, BlockBuffer& buffer,
                              std::pmr::vector<T>& out) const {
  M3U_TRY(const auto bytes, blocks_->read(block, buffer));
  if (bytes.size() % sizeof(T) != 0) return damaged("a list does not end where it should");
  const std::size_t before = out.size();
  out.resize(before + bytes.size() / sizeof(T));
  std::memcpy(static_cast<void*>(out.data() + before), bytes.data(), bytes.size());
  return {};
}

Result<> EditFile::load_placements(std::size_t block, BlockBuffer& buffer) {
  M3U_TRY(const auto bytes, blocks_->read(block, buffer));
  const std::uint32_t count = blocks_->blocks()[block].items;
  if (count > edits::kMostPlacements || placements_.size() + count > edits::kMostPlacements)
    return damaged("too many channels are placed");
  Fields fields({bytes.data(), bytes.size()});
  for (std::uint32_t i = 0; i < count; ++i) {
    Placement placement;
    std::uint8_t place = 0;
    if (!fields.take(placement.channel) || !fields.take(placement.anchor) || !fields.take(place) ||
        place == 0 || place > static_cast<std::uint8_t>(Place::kAfter))
      return damaged("the places are not what was written");
    placement.place = static_cast<Place>(place);
    placements_.push_back(placement);
  }
  return {};
}

Result<> EditFile::load() {
  BlockBuffer buffer(*budget_);
  const auto all = blocks_->blocks();
  std::uint64_t edits = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].kind == kEdits) {
      if (all[i].first_item != edits) return damaged("its blocks are out of order");
      edits += all[i].items;
      edit_blocks_.push_back(static_cast<std::uint32_t>(i));
    } else if (all[i].kind == kFences) {
      M3U_CHECK(append_all(i, buffer, fences_));
    } else if (all[i].kind == kMarks) {
      M3U_CHECK(append_all(i, buffer, marks_));
    } else if (all[i].kind == kPlacements) {
      M3U_CHECK(load_placements(i, buffer));
    }
  }
  if (fences_.size() != edit_blocks_.size() || marks_.size() != edits ||
      !std::ranges::is_sorted(fences_))
    return damaged("its lists do not fit together");
  return {};
}

/// The block that may have the id's edit.
std::optional<std::uint32_t> EditFile::block_of(const Uuid& id) const {
  const auto behind = std::ranges::upper_bound(fences_, id);
  if (behind == fences_.begin()) return std::nullopt;
  const auto block = static_cast<std::size_t>(behind - fences_.begin() - 1);
  const BlockEntry& entry = blocks_->blocks()[edit_blocks_[block]];
  const auto marks =
      std::span(marks_).subspan(static_cast<std::size_t>(entry.first_item), entry.items);
  if (std::ranges::find(marks, mark_of(id)) == marks.end()) return std::nullopt;
  return static_cast<std::uint32_t>(block);
}

Result<> EditFile::find(std::span<const Uuid> ids, const OnEdit& on_edit) const {
  return memory::guarded([&]() -> Result<> {
    memory::BudgetResource resource(*budget_, memory::Tag::kSnapshot);
    std::pmr::vector<Wanted> wanted(&resource);
    for (std::size_t i = 0; i < ids.size(); ++i)
      if (const auto block = block_of(ids[i]))
        wanted.push_back({.block = *block, .index = static_cast<std::uint32_t>(i)});
    std::ranges::sort(wanted, {}, &Wanted::block);
    BlockBuffer buffer(*budget_);
    std::optional<std::uint32_t> read;
    std::span<const char> bytes;
    for (const auto& [block, index] : wanted) {
      const std::uint32_t items = blocks_->blocks()[edit_blocks_[block]].items;
      if (read != block) {
        M3U_TRY(bytes, blocks_->read(edit_blocks_[block], buffer));
        read = block;
        if (bytes.size() < items * sizeof(Uuid)) return damaged("a block is too short");
      }
      Fields id_fields({bytes.data(), items * sizeof(Uuid)});
      Fields fields({bytes.data() + items * sizeof(Uuid), bytes.size() - items * sizeof(Uuid)});
      for (std::uint32_t i = 0; i < items; ++i) {
        ChannelEdit edit;
        if (!id_fields.take(edit.channel)) return damaged("an id is missing");
        const bool found = edit.channel == ids[index];
        if (!take_record(fields, found ? &edit : nullptr))
          return damaged("an edit is not what was written");
        if (!found) continue;
        M3U_CHECK(on_edit(index, edit));
        break;
      }
    }
    return {};
  });
}

}  // namespace m3u_proxy::snapshots
