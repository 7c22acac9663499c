#include <algorithm>
#include <cstring>
#include <limits>

#include <fcntl.h>
#include <fmt/format.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_splitter.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/snapshots/programme_index.hpp>

namespace m3u_proxy::snapshots {
namespace {

constexpr std::uint32_t number_of(ProgrammeBlock kind) { return static_cast<std::uint32_t>(kind); }

template <typename T>
T item_at(std::span<const char> block, std::size_t index) {
  T item;
  std::memcpy(&item, block.data() + index * sizeof(T), sizeof(T));
  return item;
}

template <typename T>
std::size_t items_of(std::span<const char> block) {
  return block.size() / sizeof(T);
}

/// Of one with a stop. A time that no guide has may be in a damaged index.
std::int64_t stop_of(const ProgrammeEntry& entry) {
  std::int64_t stop = 0;
  return __builtin_add_overflow(entry.start, entry.seconds, &stop)
             ? std::numeric_limits<std::int64_t>::max()
             : stop;
}

std::string plain(std::string_view content) {
  std::pmr::string text;
  formats::append_plain_text(text, content);
  return std::string(text);
}

}  // namespace

ProgrammeIndex::ProgrammeIndex(std::shared_ptr<const Snapshot> snapshot, memory::Budget& budget)
    : snapshot_(std::move(snapshot)),
      budget_(&budget),
      resource_(budget, memory::Tag::kSnapshot),
      fences_(&resource_) {}

std::unexpected<Error> ProgrammeIndex::damaged(std::string_view what) const {
  return fail(ErrorCode::kParse, fmt::format("the programme index in {} is damaged: {}",
                                             snapshot_->path().string(), what));
}

Result<std::shared_ptr<const ProgrammeIndex>> ProgrammeIndex::open(
    std::shared_ptr<const Snapshot> snapshot, std::string_view index, std::string_view guide,
    memory::Budget& budget) {
  const io::Descriptor* const file = snapshot->file(index);
  const io::Descriptor* const text = snapshot->file(guide);
  if (file == nullptr || text == nullptr)
    return fail(ErrorCode::kNotFound,
                fmt::format("{} has no programme index", snapshot->path().string()));
  io::Descriptor own(::fcntl(file->get(), F_DUPFD_CLOEXEC, 0));
  if (!own.valid()) return fail(system_error("cannot open a programme index", errno));
  const std::string path = (snapshot->path() / index).string();
  std::shared_ptr<ProgrammeIndex> opened(new ProgrammeIndex(std::move(snapshot), budget));
  opened->guide_ = text;
  M3U_TRY(opened->blocks_, BlockReader::open(std::move(own), path, budget, kProgrammeContent));
  M3U_CHECK(memory::guarded([&] { return opened->load(); }));
  return opened;
}

Result<> ProgrammeIndex::load() {
  for (std::size_t i = 0; i < blocks_->blocks().size(); ++i) {
    const BlockEntry& block = blocks_->blocks()[i];
    if (block.kind == number_of(ProgrammeBlock::kTitles)) programmes_ += block.items;
    if (block.kind != number_of(ProgrammeBlock::kFences)) continue;
    BlockBuffer buffer(*budget_);
    M3U_TRY(const std::span<const char> bytes, blocks_->read(i, buffer));
    for (std::size_t at = 0; at < items_of<std::uint64_t>(bytes); ++at)
      fences_.push_back(item_at<std::uint64_t>(bytes, at));
  }
  return {};
}

Result<std::shared_ptr<const GuideKeys>> ProgrammeIndex::keys() const {
  const auto all = std::make_shared<GuideKeys>();
  std::size_t count = 0;
  for (const BlockEntry& block : blocks_->blocks())
    if (block.kind == number_of(ProgrammeBlock::kChannels))
      count += block.size / sizeof(ProgrammeChannel);
  M3U_TRY(all->room,
          budget_->reserve(memory::Tag::kSnapshot, Bytes{count * sizeof(std::uint64_t)}));
  all->keys.reserve(count);
  BlockBuffer buffer(*budget_);
  for (std::size_t i = 0; i < blocks_->blocks().size(); ++i) {
    if (blocks_->blocks()[i].kind != number_of(ProgrammeBlock::kChannels)) continue;
    M3U_TRY(const std::span<const char> bytes, blocks_->read(i, buffer));
    if (items_of<ProgrammeChannel>(bytes) != blocks_->blocks()[i].items)
      return damaged("a block of channels has another size");
    for (std::size_t at = 0; at < items_of<ProgrammeChannel>(bytes); ++at)
      all->keys.push_back(item_at<ProgrammeChannel>(bytes, at).key);
  }
  return all;
}

Result<std::optional<ProgrammeChannel>> ProgrammeIndex::find(std::uint64_t key) const {
  const auto behind = std::ranges::upper_bound(fences_, key);
  if (behind == fences_.begin()) return std::nullopt;
  const auto index = static_cast<std::uint64_t>(behind - fences_.begin() - 1) * kProgrammesPerBlock;
  const auto block = blocks_->find(number_of(ProgrammeBlock::kChannels), index);
  if (!block) return damaged("a block of channels is missing");
  BlockBuffer buffer(*budget_);
  M3U_TRY(const std::span<const char> bytes, blocks_->read(*block, buffer));
  std::size_t low = 0;
  std::size_t high = items_of<ProgrammeChannel>(bytes);
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    const auto channel = item_at<ProgrammeChannel>(bytes, middle);
    if (channel.key == key) return channel;
    if (channel.key < key)
      low = middle + 1;
    else
      high = middle;
  }
  return std::nullopt;
}

Result<> ProgrammeIndex::between(std::string_view guide_id, std::int64_t begin, std::int64_t end,
                                 std::size_t most, std::vector<ProgrammeEntry>& found) const {
  M3U_TRY(const auto channel, find(guide_key(guide_id)));
  if (!channel) return {};
  BlockBuffer buffer(*budget_);
  std::optional<ProgrammeEntry> open;  // without a stop: waits for the next one's start
  std::size_t given = 0;
  const auto give = [&](const ProgrammeEntry& entry) {
    if (given == most) return;
    found.push_back(entry);
    ++given;
  };
  for (std::uint64_t at = channel->first; at < channel->first + channel->count;) {
    const auto block = blocks_->find(number_of(ProgrammeBlock::kEntries), at);
    if (!block) return damaged("a block of programmes is missing");
    M3U_TRY(const std::span<const char> bytes, blocks_->read(*block, buffer));
    const std::uint64_t first = blocks_->blocks()[*block].first_item;
    const std::uint64_t behind =
        std::min(channel->first + channel->count, first + items_of<ProgrammeEntry>(bytes));
    if (behind <= at) return damaged("a block of programmes is too short");
    for (; at < behind; ++at) {
      const auto entry = item_at<ProgrammeEntry>(bytes, static_cast<std::size_t>(at - first));
      if (open && entry.start > begin) give(*open);
      open.reset();
      if (entry.start >= end || given == most) return {};
      if (entry.seconds == 0)
        open = entry;
      else if (stop_of(entry) > begin)
        give(entry);
    }
  }
  if (open) give(*open);
  return {};
}

Result<Programme> ProgrammeIndex::read(const ProgrammeEntry& place) const {
  if (place.size > formats::XmltvSplitter::kMaxElement)
    return damaged("a programme is larger than any can be");
  M3U_TRY(const auto room, budget_->reserve(memory::Tag::kSnapshot, Bytes{place.size}));
  std::string text(place.size, '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    M3U_TRY(
        const std::size_t size,
        io::read_some_at(guide_->get(), place.offset + have,
                         std::span(text.data() + have, text.size() - have), "cannot read a guide"));
    if (size == 0) return damaged("a programme lies behind the end of its guide");
    have += size;
  }
  formats::XmltvStartTag tag;
  if (!formats::parse_start_tag(text, tag) || tag.name != "programme")
    return damaged("there is no programme where one should be");
  Programme programme{.channel = plain(tag.value("channel")),
                      .start = place.start,
                      .stop = place.seconds == 0 ? 0 : stop_of(place)};
  formats::XmltvChildren children(std::string_view(text).substr(tag.size));
  while (const auto child = children.next()) {
    if (child->name == "title" && programme.title.empty())
      programme.title = plain(child->content);
    else if (child->name == "sub-title" && programme.subtitle.empty())
      programme.subtitle = plain(child->content);
    else if (child->name == "desc" && programme.description.empty())
      programme.description = plain(child->content);
    else if (child->name == "category")
      programme.categories.push_back(plain(child->content));
    else if (child->name == "new")
      programme.is_new = true;
    else if (child->name == "live")
      programme.is_live = true;
  }
  return programme;
}

Result<> ProgrammeIndex::search_block(std::size_t titles, std::string_view folded,
                                      std::uint64_t from, const OnFound& on_found,
                                      bool& goes_on) const {
  const std::uint64_t first = blocks_->blocks()[titles].first_item;
  BlockBuffer buffer(*budget_);
  M3U_TRY(const std::span<const char> bytes, blocks_->read(titles, buffer));
  const std::string_view text(bytes.data(), bytes.size());
  BlockBuffer places(*budget_);
  std::span<const char> entries;
  std::size_t line = 0;
  std::size_t counted = 0;
  for (std::size_t at = 0; goes_on && at < text.size();) {
    const std::size_t found = find_bytes(text.substr(at), folded);
    if (found == std::string_view::npos) break;
    const std::size_t place = at + found;
    line +=
        static_cast<std::size_t>(std::ranges::count(text.substr(counted, place - counted), '\n'));
    counted = place;
    at = std::min(text.find('\n', place), text.size() - 1) + 1;
    if (first + line < from) continue;
    if (entries.empty()) {
      const auto block = blocks_->find(number_of(ProgrammeBlock::kPlaces), first);
      if (!block) return damaged("a block of places is missing");
      M3U_TRY(entries, blocks_->read(*block, places));
    }
    if (line >= items_of<ProgrammeEntry>(entries)) return damaged("a place is missing");
    goes_on = on_found(first + line, item_at<ProgrammeEntry>(entries, line));
  }
  return {};
}

Result<std::uint64_t> ProgrammeIndex::search(std::string_view folded, std::uint64_t from,
                                             const std::function<bool()>& stop,
                                             const OnFound& on_found) const {
  std::uint64_t next = from;
  const OnFound counted = [&](std::uint64_t number, const ProgrammeEntry& place) {
    next = number + 1;
    return on_found(number, place);
  };
  while (next < programmes_) {
    const auto block = blocks_->find(number_of(ProgrammeBlock::kTitles), next);
    if (!block) return damaged("a block of titles is missing");
    bool goes_on = true;
    if (!folded.contains('\n')) M3U_CHECK(search_block(*block, folded, next, counted, goes_on));
    if (!goes_on) return next;
    next = blocks_->blocks()[*block].first_item + blocks_->blocks()[*block].items;
    if (stop && stop()) return next;
  }
  return programmes_;
}

}  // namespace m3u_proxy::snapshots
