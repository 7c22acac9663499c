#include <xxhash.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/channels/m3u_generation.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>
#include <m3u_proxy/formats/xmltv_time.hpp>

namespace m3u_proxy::channels {

using catalog::ChannelBatch;
using catalog::ChannelField;

namespace {

/// With tvg_shift = "apply" a shifted channel has a guide id of its own.
void apply_shifted_ids(ChannelBatch& batch) {
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    const std::string_view shift = batch.text(ChannelField::kTvgShift, row);
    const std::string_view id = batch.text(ChannelField::kTvgId, row);
    if (shift.empty() || id.empty()) continue;
    batch.set_text(ChannelField::kTvgId, row, batch.store(formats::shifted_guide_id(id, shift)));
  }
}

}  // namespace

std::uint64_t url_key(std::string_view url) { return XXH3_64bits(url.data(), url.size()); }

void prepare_tvg_ids(MissingTvgId missing, ChannelBatch& batch) {
  formats::OutputText cleaned;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    const std::string_view id = batch.text(ChannelField::kTvgId, row);
    const std::string_view written = trim(formats::clean_value(id, cleaned));
    if (written.empty() && missing == MissingTvgId::kFill)
      batch.set_text(ChannelField::kTvgId, row, batch.store(to_base64url(batch.id(row))));
    else if (written != id)
      batch.set_text(ChannelField::kTvgId, row, batch.store(written));
  }
}

std::size_t count_entries(std::string_view text, std::vector<std::uint64_t>* keys) {
  if (keys != nullptr) keys->clear();
  std::size_t count = 0;
  formats::LineCursor cursor(text, false);
  while (cursor.next()) {
    if (!formats::is_address(formats::line_kind(cursor.line()))) continue;
    ++count;
    if (keys != nullptr) keys->push_back(url_key(cursor.line()));
  }
  return count;
}

Result<> M3uGenerationStrategy::process(ChannelItem& item) {
  if (options_.shifted_ids) apply_shifted_ids(item.batch);
  item.text.clear();
  item.url_keys.clear();
  formats::OnUrl on_url;
  if (options_.compare)
    on_url = [&item](std::string_view url) { item.url_keys.push_back(url_key(url)); };
  item.items_out[static_cast<std::size_t>(pipeline::Stage::kM3uGeneration)] =
      formats::write_m3u(item.batch, options_.writer, item.text, item.problems, on_url,
                         options_.note_written ? &item.written : nullptr);
  return {};
}

}  // namespace m3u_proxy::channels
