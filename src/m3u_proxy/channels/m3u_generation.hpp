// M3U Generation: the numbered channels as the text of the playlist.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <m3u_proxy/channels/channel_item.hpp>
#include <m3u_proxy/formats/m3u_writer.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::channels {

struct M3uGenerationOptions {
  formats::M3uWriterOptions writer{};
  /// Channels with a shift get a guide id of their own.
  bool shifted_ids = false;
  bool compare = false;       ///< whether item.url_keys are wanted
  bool note_written = false;  ///< whether item.written is
};

class M3uGenerationStrategy final : public ChannelStrategy {
 public:
  explicit M3uGenerationStrategy(M3uGenerationOptions options) : options_(std::move(options)) {}

  [[nodiscard]] bool parallel() const override { return true; }
  /// Writes item.text and, where they are wanted, the keys of its addresses to item.url_keys and
  /// which rows are in it to item.written.
  Result<> process(ChannelItem& item) override;

 private:
  M3uGenerationOptions options_;
};

/// What becomes of channels without a tvg-id: nothing, or they get their own id as one.
enum class MissingTvgId : std::uint8_t { kKeep, kFill };

/// Brings tvg-ids into the form in which they are written, so that playlist and guide agree. Has to
/// run before the guide hears of the channels.
void prepare_tvg_ids(MissingTvgId missing, catalog::ChannelBatch& batch);

/// Counts the entries of a playlist's text and, where `keys` are wanted, fills them with those of
/// its addresses.
std::size_t count_entries(std::string_view text, std::vector<std::uint64_t>* keys);

/// The key by which a published address is recognised in the next run.
std::uint64_t url_key(std::string_view url);

}  // namespace m3u_proxy::channels
