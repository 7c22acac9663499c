#include <m3u_proxy/channels/data_mapping.hpp>
#include <m3u_proxy/channels/filtering.hpp>
#include <m3u_proxy/channels/logo_caching.hpp>
#include <m3u_proxy/generation/changed_fields.hpp>
#include <m3u_proxy/generation/expression_caches.hpp>
#include <m3u_proxy/generation/loaded_channels.hpp>
#include <m3u_proxy/generation/preview.hpp>
#include <m3u_proxy/generation/stage_options.hpp>
#include <m3u_proxy/memory/guarded.hpp>

namespace m3u_proxy::generation {
namespace {

using catalog::ChannelBatch;
using catalog::ChannelField;

class Preview {
 public:
  Preview(const ResolvedProxyConfig& config, const pipeline::RunContext& context, std::size_t limit)
      : config_(config),
        loaded_(config, context, false),
        logos_(logo_options(config)),
        limit_(limit) {}

  Result<PreviewResult> run() {
    M3U_CHECK(loaded_.begin());
    while (true) {
      M3U_TRY(const bool more, loaded_.next());
      if (!more) break;
      show_batch();
    }
    if (const auto error = loaded_.total_failure()) return fail(*error);
    return std::move(result_);
  }

 private:
  void show_batch() {
    channels::ChannelRecord record(item_.batch, loaded_.sources());
    for (std::size_t row = 0; row < item_.batch.rows(); ++row) {
      record.select(row);
      show_row(record, row);
    }
  }

  void show_row(channels::ChannelRecord& record, std::size_t row) {
    ++result_.evaluated;
    ChannelBatch& batch = item_.batch;
    PreviewItem shown;
    bool is_shown = true;
    const RowValues before = config_.channel_rules ? RowValues(batch, row) : RowValues();
    if (config_.channel_rules)
      config_.channel_rules->apply(record, item_.scratch, item_.rule_counts);
    if (config_.channel_filters)
      is_shown = config_.channel_filters->keep(record, item_.scratch, item_.filter_counts);
    if (config_.channel_rules) {
      logos_.process_row(item_, row);
      note_changes(shown, before, RowValues(batch, row));
      is_shown &= !shown.before.empty();
    }
    if (!is_shown) return;
    ++result_.matched;
    if (result_.items.size() >= limit_) return;
    shown.source = loaded_.sources()[batch.source(row)].name;
    shown.title = batch.text(ChannelField::kChannelName, row);
    shown.belongs_to = batch.text(ChannelField::kGroupTitle, row);
    result_.items.push_back(std::move(shown));
  }

  const ResolvedProxyConfig& config_;
  LoadedChannels loaded_;
  channels::ChannelItem& item_ = loaded_.item();
  channels::LogoCachingStrategy logos_;
  std::size_t limit_;
  PreviewResult result_;
};

}  // namespace

Result<PreviewResult> preview(const ResolvedProxyConfig& config,
                              const pipeline::RunContext& context, std::size_t limit) {
  const ExpressionCaches caches(config.channel_rules.get(), config.channel_filters.get());
  const auto in_use = caches.use();
  return memory::guarded([&] { return Preview(config, context, limit).run(); });
}

}  // namespace m3u_proxy::generation
