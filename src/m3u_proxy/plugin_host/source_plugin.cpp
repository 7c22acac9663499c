#include <m3u_proxy/catalog/batch_frame.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>
#include <m3u_proxy/plugin_host/frame_check.hpp>
#include <m3u_proxy/plugin_host/source_plugin.hpp>

namespace m3u_proxy::plugin_host {

using catalog::ChannelField;

PluginSourceReader::PluginSourceReader(StagePlugin& work, std::uint16_t source)
    : work_(work),
      source_(source),
      memory_(*work.run().info.context->budget, memory::Tag::kBatch),
      scratch_(&memory_) {
  if (work.falls_back())
    results_.emplace(*work.run().info.context->slabs,
                     spill::Spool::Options{.space = work.run().info.context->spill});
}

Result<> PluginSourceReader::check(catalog::FrameBytes frame) const {
  M3U_TRY(const catalog::FrameSummary summary, check_channel_frame(frame));
  if (summary.rows != 0 && (summary.lowest_source != source_ || summary.highest_source != source_))
    return fail(ErrorCode::kPlugin, "it gave a channel of another source than the one it reads");
  return {};
}

/// Keeps a verified batch, or makes it the item's.
Result<> PluginSourceReader::give(catalog::FrameBytes frame, channels::ChannelItem& item) {
  if (results_) return results_->append(results_->pack(frame, scratch_));
  item.plugin_bytes.assign(frame.begin(), frame.end());
  load(item);
  return {};
}

/// The item's bytes as its batch, with what the parser of playlists gives besides.
void PluginSourceReader::load(channels::ChannelItem& item) {
  catalog::ChannelBatch& batch = item.batch;
  catalog::load_frame({item.plugin_bytes.data(), item.plugin_bytes.size()}, batch);
  const generation::PluginRunInfo& info = work_.run().info;
  const Uuid id = info.with_ids ? source_id(info.sources[source_].name) : Uuid{};
  std::string space;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    const auto url = batch.text(ChannelField::kStreamUrl, row);
    const auto name = batch.text(ChannelField::kChannelName, row);
    batch.set_key(row, spill::key_of(url, name));
    if (info.with_ids) batch.set_id(row, channel_id(id, formats::channel_key(url, name, space)));
  }
  work_.count_items_out(batch.rows());
}

Error PluginSourceReader::replaced() {
  work_.count_replaced();
  return {.code = ErrorCode::kPlugin, .message = "its plugin failed; read as a playlist"};
}

Result<> PluginSourceReader::read(std::string_view bytes, channels::ChannelItem& item) {
  M3U_TRY(const bool good,
          work_.process({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, 0,
                        [&](catalog::FrameBytes answer) -> Result<> {
                          M3U_CHECK(check(answer));
                          return give(answer, item);
                        }));
  return good ? Result<>() : fail(replaced());
}

Result<bool> PluginSourceReader::finish(channels::ChannelItem& item) {
  while (!finalized_) {
    M3U_TRY(const auto finalized, work_.finalize([&](catalog::FrameBytes answer) -> Result<> {
      M3U_CHECK(check(answer));
      return give(answer, item);
    }));
    if (finalized == StagePlugin::Finalized::kFailed) return fail(replaced());
    finalized_ = finalized == StagePlugin::Finalized::kDone;
    if (!finalized_ && !results_) return true;
  }
  if (!results_ || next_ == results_->frames()) return false;
  M3U_TRY(const auto frame, results_->read(next_++, scratch_));
  item.plugin_bytes.assign(frame.begin(), frame.end());
  load(item);
  return true;
}

}  // namespace m3u_proxy::plugin_host
