#include <array>

#include <m3u_proxy/channels/data_mapping.hpp>
#include <m3u_proxy/channels/filtering.hpp>
#include <m3u_proxy/channels/logo_caching.hpp>
#include <m3u_proxy/generation/expression_caches.hpp>
#include <m3u_proxy/generation/loaded_channels.hpp>
#include <m3u_proxy/generation/preview.hpp>
#include <m3u_proxy/generation/stage_options.hpp>
#include <m3u_proxy/memory/guarded.hpp>

namespace m3u_proxy::generation {
namespace {

using catalog::Attribute;
using catalog::ChannelBatch;
using catalog::ChannelField;

/// The values of one row; the views live as long as the batch, also when a rule sets the field.
struct RowValues {
  std::array<std::string_view, catalog::kWritableChannelFields> fields;
  std::vector<Attribute> attributes;
};

RowValues values_of(const ChannelBatch& batch, std::size_t row) {
  RowValues values;
  for (std::size_t i = 0; i < values.fields.size(); ++i) values.fields[i] = batch.column(i)[row];
  values.attributes.assign(batch.attributes(row).begin(), batch.attributes(row).end());
  return values;
}

/// Notes every field in which the two differ; true when there is one.
bool note_changes(const RowValues& before, const RowValues& after, PreviewItem& shown) {
  const auto note = [&](const std::string& name, std::string_view old, std::string_view now) {
    if (old == now) return;
    shown.before.emplace_back(name, old);
    shown.after.emplace_back(name, now);
  };
  for (std::size_t i = 0; i < before.fields.size(); ++i)
    note(std::string(catalog::field_name(static_cast<ChannelField>(i))), before.fields[i],
         after.fields[i]);
  // Rules change a value in its place, remove a pair or add one at the end: the two lists go along
  // with each other.
  auto now = after.attributes.begin();
  for (const Attribute& attribute : before.attributes) {
    const bool kept = now != after.attributes.end() && now->key == attribute.key;
    note("attr:" + std::string(attribute.key), attribute.value, kept ? now->value : "");
    if (kept) ++now;
  }
  for (; now != after.attributes.end(); ++now)
    note("attr:" + std::string(now->key), "", now->value);
  return !shown.before.empty();
}

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
    const RowValues before = config_.channel_rules ? values_of(batch, row) : RowValues{};
    if (config_.channel_rules)
      config_.channel_rules->apply(record, item_.scratch, item_.rule_counts);
    if (config_.channel_filters)
      is_shown = config_.channel_filters->keep(record, item_.scratch, item_.filter_counts);
    if (config_.channel_rules) {
      logos_.process_row(item_, row);
      is_shown &= note_changes(before, values_of(batch, row), shown);
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
