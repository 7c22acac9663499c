#include <algorithm>
#include <cstring>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/guide/playlist_channels.hpp>

namespace m3u_proxy::guide {
namespace {

constexpr std::size_t kFrame = std::size_t{16} << 10U;  // also read in another order: small

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

PlaylistChannels::PlaylistChannels(const pipeline::RunContext& context)
    : memory_(*context.budget, memory::Tag::kGuide),
      spool_(*context.slabs, {.space = context.spill}),
      frame_(&memory_),
      packed_(&memory_),
      first_outputs_(&memory_) {}

Result<> PlaylistChannels::add(const GuideChannel& channel, GuideIndex::Added added) {
  if (frame_.empty()) first_outputs_.push_back(outputs_);
  if (added.first) outputs_ = added.output + 1;
  put(frame_, added.output);
  put(frame_, added.first ? 1U : 0U);
  for (const std::string_view text : {channel.tvg_id, channel.tvg_name, channel.channel_name,
                                      channel.tvg_logo, channel.number, channel.tvg_shift})
    put(frame_, text);
  if (frame_.size() >= kFrame) return flush();
  return {};
}

Result<> PlaylistChannels::flush() {
  if (frame_.empty()) return {};
  M3U_CHECK(spool_.append(spool_.pack(frame_, packed_)));
  frame_.clear();
  return {};
}

Result<> PlaylistChannels::finish() {
  M3U_CHECK(flush());
  frame_.shrink_to_fit();
  packed_.clear();
  packed_.shrink_to_fit();
  return {};
}

PlaylistChannels::Reader::Reader(const PlaylistChannels& list)
    : list_(&list), scratch_(&list.memory_) {}

Result<bool> PlaylistChannels::Reader::next(ListedChannel& channel) {
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

Result<std::string> PlaylistChannels::id_of(std::uint32_t output) const {
  const auto after = std::ranges::upper_bound(first_outputs_, output);
  Reader reader(*this);
  reader.frame_ = static_cast<std::size_t>(after - first_outputs_.begin()) - 1;
  ListedChannel listed;
  while (true) {
    M3U_TRY(const bool more, reader.next(listed));
    if (!more) return fail(ErrorCode::kInternal, "an output of the guide has no channel");
    if (listed.first && listed.output == output) return std::string(trim(listed.channel.tvg_id));
  }
}

}  // namespace m3u_proxy::guide
