#include <algorithm>
#include <cstring>

#include <m3u_proxy/pipeline/guide_channels.hpp>

namespace m3u_proxy::pipeline {
namespace {

constexpr std::size_t kListFrame = std::size_t{64} << 10U;
constexpr std::size_t kElementFrame = std::size_t{16} << 10U;  // read in another order: small

void put(std::pmr::vector<std::uint8_t>& out, std::uint32_t value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof(value));
  std::memcpy(out.data() + at, &value, sizeof(value));
}

void put(std::pmr::vector<std::uint8_t>& out, std::string_view text) {
  put(out, static_cast<std::uint32_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

std::uint32_t get_number(std::span<const std::uint8_t> bytes, std::size_t& at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  at += sizeof(value);
  return value;
}

std::string_view get_text(std::span<const std::uint8_t> bytes, std::size_t& at) {
  const std::uint32_t size = get_number(bytes, at);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data() + at), size);
  at += size;
  return text;
}

}  // namespace

GuideChannelList::GuideChannelList(memory::SlabPool& slabs)
    : memory_(slabs.budget(), memory::Tag::kGuide),
      spool_(slabs, {}),
      frame_(&memory_),
      packed_(&memory_) {}

Result<> GuideChannelList::add(const GuideChannel& channel, GuideIndex::Added added) {
  put(frame_, added.output);
  put(frame_, added.first ? 1U : 0U);
  for (const std::string_view text : {channel.tvg_id, channel.tvg_name, channel.channel_name,
                                      channel.tvg_logo, channel.number, channel.tvg_shift})
    put(frame_, text);
  ++size_;
  if (frame_.size() >= kListFrame) return flush();
  return {};
}

Result<> GuideChannelList::flush() {
  if (frame_.empty()) return {};
  M3U_CHECK(spool_.append(spool_.pack(frame_, packed_)));
  frame_.clear();
  return {};
}

Result<> GuideChannelList::finish() {
  M3U_CHECK(flush());
  frame_.shrink_to_fit();
  packed_.clear();
  packed_.shrink_to_fit();
  return {};
}

GuideChannelList::Reader::Reader(const GuideChannelList& list)
    : list_(&list), scratch_(list.frame_.get_allocator()) {}

Result<bool> GuideChannelList::Reader::next(ListedChannel& channel) {
  if (at_ == bytes_.size()) {
    if (frame_ == list_->spool_.frames()) return false;
    M3U_TRY(bytes_, list_->spool_.read(frame_, scratch_));
    ++frame_;
    at_ = 0;
  }
  channel.output = get_number(bytes_, at_);
  channel.first = get_number(bytes_, at_) != 0;
  GuideChannel& texts = channel.channel;
  for (std::string_view* text : {&texts.tvg_id, &texts.tvg_name, &texts.channel_name,
                                 &texts.tvg_logo, &texts.number, &texts.tvg_shift})
    *text = get_text(bytes_, at_);
  return true;
}

SourceChannels::SourceChannels(memory::SlabPool& slabs)
    : memory_(slabs.budget(), memory::Tag::kGuide),
      spool_(slabs, {}),
      frame_(&memory_),
      packed_(&memory_),
      entries_(&memory_) {}

Result<> SourceChannels::add(std::uint32_t output, std::uint16_t source, std::string_view element) {
  entries_.push_back({.output = output,
                      .frame = static_cast<std::uint32_t>(spool_.frames()),
                      .offset = static_cast<std::uint32_t>(frame_.size()),
                      .size = static_cast<std::uint32_t>(element.size()),
                      .source = source});
  frame_.insert(frame_.end(), element.begin(), element.end());
  if (frame_.size() >= kElementFrame) return flush();
  return {};
}

Result<> SourceChannels::flush() {
  if (frame_.empty()) return {};
  M3U_CHECK(spool_.append(spool_.pack(frame_, packed_)));
  frame_.clear();
  return {};
}

Result<> SourceChannels::finish() {
  M3U_CHECK(flush());
  std::ranges::sort(entries_, [](const Entry& a, const Entry& b) {
    return std::pair(a.output, a.source) < std::pair(b.output, b.source);
  });
  next_ = 0;
  loaded_frame_ = SIZE_MAX;
  return {};
}

Result<std::string_view> SourceChannels::find(std::uint32_t output, std::uint16_t provider) {
  while (next_ < entries_.size() && entries_[next_].output < output) ++next_;
  const Entry* found = nullptr;
  for (; next_ < entries_.size() && entries_[next_].output == output; ++next_)
    if (found == nullptr || entries_[next_].source == provider) found = &entries_[next_];
  if (found == nullptr) return std::string_view();
  if (loaded_frame_ != found->frame) {
    M3U_TRY(loaded_, spool_.read(found->frame, packed_));
    loaded_frame_ = found->frame;
  }
  return std::string_view(reinterpret_cast<const char*>(loaded_.data()) + found->offset,
                          found->size);
}

}  // namespace m3u_proxy::pipeline
