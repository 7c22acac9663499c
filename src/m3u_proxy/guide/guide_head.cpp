#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_time.hpp>
#include <m3u_proxy/formats/xmltv_writer.hpp>
#include <m3u_proxy/guide/guide_head.hpp>
#include <m3u_proxy/guide/programmes/programme_writer.hpp>

namespace m3u_proxy::guide {
namespace {

constexpr std::size_t kWritePiece = std::size_t{256} << 10U;

}  // namespace

GuideHead::GuideHead(const pipeline::RunContext& context, const GuideOptions& options,
                     const GuideIndex& index, const PlaylistChannels& channels)
    : options_(&options),
      index_(&index),
      channels_(&channels),
      memory_(*context.budget, memory::Tag::kGuide),
      source_channels_(context),
      channel_text_(&memory_) {}

void GuideHead::take_date(const std::string& date) {
  const auto time = formats::parse_xmltv_time(date);
  if (!time || (!date_.empty() && time->epoch <= date_epoch_)) return;
  date_ = trim(date);
  if (time->foreign) {
    date_.clear();
    append_moved_time(date_, *time, 0);
  }
  date_epoch_ = time->epoch;
}

bool GuideHead::holds() const {
  return index_->listed() == written_listed_ && date_ == written_date_ &&
         source_channels_.size() == written_sources_;
}

Result<> GuideHead::write(io::AtomicFile& out, ProblemLog& problems) {
  // Before anything is looked at: workers may list more outputs meanwhile.
  written_listed_ = index_->listed();
  written_date_ = date_;
  written_sources_ = source_channels_.size();
  written_channels_ = 0;
  M3U_CHECK(source_channels_.finish());
  std::pmr::string text(formats::xmltv_header(date_), &memory_);
  PlaylistChannels::Reader list(*channels_);
  ListedChannel listed;
  while (true) {
    M3U_TRY(const bool more, list.next(listed));
    if (!more) break;
    if (!listed.first) continue;
    const std::uint16_t provider = index_->provider(listed.output);
    M3U_TRY(const std::string_view source, source_channels_.find(listed.output, provider));
    if (!options_->all_channels && source.empty() && provider == GuideIndex::kNoSource) continue;
    append_channel(text, listed, source, problems);
    ++written_channels_;
    if (text.size() < kWritePiece) continue;
    M3U_CHECK(out.write(text));
    text.clear();
  }
  return out.write(text);
}

/// Appends the `<channel>` of an output; `source`: what the guide has of it.
void GuideHead::append_channel(std::pmr::string& text, const ListedChannel& listed,
                               std::string_view source, ProblemLog& problems) {
  const std::string id = std::string(trim(listed.channel.tvg_id)) +
                         formats::shift_suffix(index_->shift(listed.output));
  std::pmr::string& one = options_->strict_dtd ? channel_text_ : text;
  channel_text_.clear();
  formats::append_channel(one, {.id = id,
                                .name = listed.channel.channel_name,
                                .number = listed.channel.number,
                                .logo = listed.channel.tvg_logo,
                                .source = source});
  if (!options_->strict_dtd) return;
  text += "  ";
  append_valid(text, one, 0, problems);
  text += '\n';
}

}  // namespace m3u_proxy::guide
