#include <algorithm>
#include <tuple>

#include <xxhash.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_time.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/snapshots/programme_index_writer.hpp>

namespace m3u_proxy::snapshots {
namespace {

/// More of a title is not searched.
constexpr std::size_t kMostTitle = 1024;

}  // namespace

std::uint64_t guide_key(std::string_view guide_id) {
  return XXH3_64bits(guide_id.data(), guide_id.size());
}

bool ProgrammeIndexWriter::ByChannel::operator()(const ProgrammeEntry& a,
                                                 const ProgrammeEntry& b) const {
  return std::tuple(a.channel, a.start, a.offset) < std::tuple(b.channel, b.start, b.offset);
}

ProgrammeIndexWriter::ProgrammeIndexWriter(io::ByteSink& sink, memory::Budget& budget,
                                           spill::SpillSpace* spill)
    : resource_(budget, memory::Tag::kSnapshot),
      blocks_(sink, budget, kProgrammeContent),
      entries_(budget, spill, {.tag = memory::Tag::kSnapshot}),
      window_(&resource_),
      elements_(&resource_),
      places_(&resource_),
      titles_(&resource_),
      plain_(&resource_),
      raw_channel_(&resource_) {}

ProgrammeIndexWriter::~ProgrammeIndexWriter() = default;

Result<> ProgrammeIndexWriter::add(std::string_view bytes) {
  return memory::guarded([&]() -> Result<> {
    window_.insert(window_.end(), bytes.begin(), bytes.end());
    return split(formats::XmltvSplitter::Input::kMore);
  });
}

Result<> ProgrammeIndexWriter::split(formats::XmltvSplitter::Input input) {
  const std::uint64_t begin = splitter_.position();
  const std::string_view window(window_.data(), window_.size());
  elements_.clear();
  M3U_TRY(const std::size_t done, splitter_.split(window, input, elements_, problems_));
  for (const formats::XmltvSpan& span : elements_)
    if (span.kind == formats::XmltvKind::kProgramme)
      M3U_CHECK(add_element(window.substr(span.begin, span.size), span, begin + span.begin));
  window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(done));
  return {};
}

Result<> ProgrammeIndexWriter::add_element(std::string_view element, const formats::XmltvSpan& span,
                                           std::uint64_t offset) {
  std::string_view channel = span.tag.id.in(element);
  std::string_view start_text = span.tag.start.in(element);
  std::string_view stop_text = span.tag.stop.in(element);
  std::size_t tag_size = span.tag.size;
  formats::XmltvStartTag tag;
  if (!span.ordinary) {
    if (!formats::parse_start_tag(element, tag)) return {};
    channel = tag.value("channel");
    start_text = tag.value("start");
    stop_text = tag.value("stop");
    tag_size = tag.size;
  }
  const auto start = formats::parse_xmltv_time(start_text);
  if (!start || channel.empty()) return {};
  if (channel != raw_channel_) {
    raw_channel_ = channel;
    plain_.clear();
    formats::append_plain_text(plain_, channel);
    channel_ = guide_key(plain_);
  }
  const auto stop = formats::parse_xmltv_time(stop_text);
  const std::int64_t seconds = stop ? stop->epoch - start->epoch : 0;
  const ProgrammeEntry entry{
      .channel = channel_,
      .start = start->epoch,
      .offset = offset,
      .size = static_cast<std::uint32_t>(element.size()),
      .seconds = seconds > 0 && seconds <= UINT32_MAX ? static_cast<std::uint32_t>(seconds) : 0};
  M3U_CHECK(entries_.add(entry));
  append_title(element, tag_size);
  places_.push_back(entry);
  ++programmes_;
  return places_.size() == kProgrammesPerBlock ? write_titles() : Result<>();
}

/// The first title's folded text on a line of its own.
void ProgrammeIndexWriter::append_title(std::string_view element, std::size_t tag_size) {
  plain_.clear();
  const auto title =
      formats::first_child(element.substr(std::min(tag_size, element.size())), "title");
  if (title) formats::append_plain_text(plain_, title->content.substr(0, kMostTitle));
  fold(plain_, folded_);
  for (const char c : folded_) titles_.push_back(c == '\n' ? ' ' : c);
  titles_.push_back('\n');
}

template <typename T>
Result<> ProgrammeIndexWriter::write_block(ProgrammeBlock kind, std::uint64_t first,
                                           const std::pmr::vector<T>& items) {
  return blocks_.append(static_cast<std::uint32_t>(kind), first,
                        static_cast<std::uint32_t>(items.size()),
                        {reinterpret_cast<const char*>(items.data()), items.size() * sizeof(T)});
}

Result<> ProgrammeIndexWriter::write_titles() {
  if (places_.empty()) return {};
  const std::uint64_t first = programmes_ - places_.size();
  M3U_CHECK(blocks_.append(static_cast<std::uint32_t>(ProgrammeBlock::kTitles), first,
                           static_cast<std::uint32_t>(places_.size()), titles_));
  M3U_CHECK(write_block(ProgrammeBlock::kPlaces, first, places_));
  titles_.clear();
  places_.clear();
  return {};
}

Result<> ProgrammeIndexWriter::write_entries() {
  M3U_CHECK(entries_.finish());
  std::pmr::vector<ProgrammeEntry> block(&resource_);
  std::pmr::vector<ProgrammeChannel> channels(&resource_);
  std::pmr::vector<std::uint64_t> fences(&resource_);
  std::uint64_t written = 0;  // channels
  std::uint64_t number = 0;   // of the entry
  const auto write_channels = [&]() -> Result<> {
    if (channels.empty()) return {};
    fences.push_back(channels.front().key);
    M3U_CHECK(write_block(ProgrammeBlock::kChannels, written, channels));
    written += channels.size();
    channels.clear();
    return {};
  };
  while (true) {
    ProgrammeEntry entry;
    M3U_TRY(const bool more, entries_.next(entry));
    if (more && (channels.empty() || channels.back().key != entry.channel)) {
      if (channels.size() == kProgrammesPerBlock) M3U_CHECK(write_channels());
      channels.push_back({.key = entry.channel, .first = number, .count = 0});
    }
    if (more) {
      block.push_back(entry);
      ++channels.back().count;
      ++number;
    }
    if (block.size() == kProgrammesPerBlock || (!more && !block.empty())) {
      M3U_CHECK(write_block(ProgrammeBlock::kEntries, number - block.size(), block));
      block.clear();
    }
    if (!more) break;
  }
  entries_.clear();
  M3U_CHECK(write_channels());
  return write_block(ProgrammeBlock::kFences, 0, fences);
}

Result<> ProgrammeIndexWriter::finish() {
  return memory::guarded([&]() -> Result<> {
    M3U_CHECK(split(formats::XmltvSplitter::Input::kEnd));
    window_ = std::pmr::vector<char>(&resource_);
    M3U_CHECK(write_titles());
    M3U_CHECK(write_entries());
    return blocks_.finish();
  });
}

}  // namespace m3u_proxy::snapshots
