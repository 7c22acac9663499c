#include <algorithm>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/channels/channel_record.hpp>
#include <m3u_proxy/channels/edit_channels.hpp>
#include <m3u_proxy/generation/changed_fields.hpp>
#include <m3u_proxy/generation/explanation.hpp>
#include <m3u_proxy/generation/loaded_channels.hpp>
#include <m3u_proxy/memory/guarded.hpp>

namespace m3u_proxy::generation {
namespace {

using catalog::ChannelBatch;
using catalog::ChannelField;

class Explainer {
 public:
  Explainer(const ResolvedProxyConfig& config, const ExplainedParts& parts,
            const ExplainedSubject& subject, const pipeline::RunContext& context, std::size_t most)
      : config_(config),
        parts_(parts),
        subject_(subject),
        loaded_(config, context, true),
        most_(most) {}

  Result<std::vector<ExplainedChannel>> run() {
    M3U_CHECK(loaded_.begin());
    while (found_.size() < most_) {
      M3U_TRY(const bool more, loaded_.next());
      if (!more) break;
      for (std::size_t row = 0; row < item_.batch.rows() && found_.size() < most_; ++row)
        if (is_meant(row)) M3U_CHECK(explain_row(row));
    }
    if (const auto error = loaded_.total_failure(); error && found_.empty()) return fail(*error);
    return std::move(found_);
  }

 private:
  bool is_meant(std::size_t row) {
    if (subject_.id) return item_.batch.id(row) == *subject_.id;
    fold(item_.batch.text(ChannelField::kChannelName, row), folded_);
    return folded_ == subject_.folded_name;
  }

  Result<> explain_row(std::size_t row) {
    ChannelBatch& batch = item_.batch;
    ExplainedChannel channel{.id = batch.id(row),
                             .source = loaded_.sources()[batch.source(row)].name,
                             .name = std::string(batch.text(ChannelField::kChannelName, row)),
                             .group = std::string(batch.text(ChannelField::kGroupTitle, row))};
    channels::ChannelRecord record(batch, loaded_.sources());
    record.select(row);
    for (const rules::NamedRule& named : parts_.rules) {
      ExplainedStep step{.kind = ExplainedKind::kRule, .name = named.name};
      const RowValues before(batch, row);
      step.matched = named.rule.apply(record, item_.scratch).matched;
      note_changes(step, before, RowValues(batch, row));
      channel.steps.push_back(std::move(step));
    }
    M3U_CHECK(apply_edit(row, channel));
    bool is_in =
        parts_.filters.empty() || parts_.filters.front().action == rules::FilterAction::kExclude;
    for (const rules::NamedFilter& named : parts_.filters) {
      ExplainedStep step{.kind = ExplainedKind::kFilter,
                         .name = named.name,
                         .excludes = named.action == rules::FilterAction::kExclude};
      step.matched = named.filter.matches(record, item_.scratch);
      if (step.matched) is_in = !step.excludes;
      step.is_in = is_in;
      channel.steps.push_back(std::move(step));
    }
    channel.is_kept = is_in;
    channel.final_name = batch.text(ChannelField::kChannelName, row);
    channel.guide_id = batch.text(ChannelField::kTvgId, row);
    found_.push_back(std::move(channel));
    return {};
  }

  Result<> apply_edit(std::size_t row, ExplainedChannel& channel) {
    if (!config_.edits) return {};
    const auto on_edit = [&](std::size_t, const edits::ChannelEdit& edit) -> Result<> {
      ExplainedStep step{.kind = ExplainedKind::kEdit, .matched = true};
      const RowValues before(item_.batch, row);
      channels::apply_edit(edit, item_.batch, row);
      note_changes(step, before, RowValues(item_.batch, row));
      channel.is_hidden = edit.hidden.value_or(false);
      channel.steps.push_back(std::move(step));
      return {};
    };
    return config_.edits->find({&channel.id, 1}, on_edit);
  }

  const ResolvedProxyConfig& config_;
  const ExplainedParts& parts_;
  const ExplainedSubject& subject_;
  LoadedChannels loaded_;
  channels::ChannelItem& item_ = loaded_.item();
  std::string folded_;
  std::size_t most_;
  std::vector<ExplainedChannel> found_;
};

}  // namespace

Result<std::vector<ExplainedChannel>> explain(const ResolvedProxyConfig& config,
                                              const ExplainedParts& parts,
                                              const ExplainedSubject& subject,
                                              const pipeline::RunContext& context,
                                              std::size_t most) {
  return memory::guarded([&] { return Explainer(config, parts, subject, context, most).run(); });
}

}  // namespace m3u_proxy::generation
