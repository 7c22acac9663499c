#include <array>
#include <string>
#include <utility>

#include <m3u_proxy/formats/xmltv_checker.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/generation/changed_fields.hpp>
#include <m3u_proxy/generation/expression_caches.hpp>
#include <m3u_proxy/generation/guide_elements.hpp>
#include <m3u_proxy/generation/preview.hpp>
#include <m3u_proxy/guide/guide_channel_record.hpp>
#include <m3u_proxy/guide/plain_text.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/rules/rule_set.hpp>
#include <m3u_proxy/spill/key_set.hpp>

namespace m3u_proxy::generation {
namespace {

using catalog::GuideChannelField;

using Values = std::array<std::string, catalog::kWritableGuideChannelFields>;

/// What rules make of the guides' own channels, each once a source.
class GuideChannelPreview {
 public:
  GuideChannelPreview(const ResolvedProxyConfig& config, const pipeline::RunContext& context,
                      std::size_t limit)
      : config_(config),
        context_(context),
        input_memory_(*context.budget, memory::Tag::kInput),
        id_(&input_memory_),
        seen_(*context.budget, context.spill),
        checker_(&input_memory_),
        record_(*context.slabs),
        limit_(limit) {}

  Result<PreviewResult> run() {
    M3U_CHECK(for_each_guide_element(
        config_, context_, [&](const GuideElement& element) { return show_element(element); }));
    return std::move(result_);
  }

 private:
  /// A `<channel>`, or a programme of one that was not declared before it.
  Result<> show_element(const GuideElement& element) {
    if (std::exchange(source_, element.source) != element.source) seen_.clear();
    formats::XmltvStartTag tag;
    if (!parse_start_tag(element.text, tag)) return {};
    const bool is_channel = element.kind == formats::XmltvKind::kChannel;
    guide::read_plain_text(id_, tag.value(is_channel ? "id" : "channel"));
    if (id_.empty()) return {};
    M3U_TRY(const bool is_new, seen_.insert(spill::key_of(id_)));
    if (!is_new) return {};
    ProblemLog problems;  // a generation reports them
    std::string_view channel;
    if (is_channel) channel = checker_.check(element.text, element.clean, problems, 0).value_or("");
    record_.begin(id_, channel, *source_);
    show_channel();
    return {};
  }

  void show_channel() {
    ++result_.evaluated;
    const Values before = values();
    config_.guide_channel_rules->apply(record_, scratch_, counts_);
    const Values after = values();
    if (before == after) return;
    ++result_.matched;
    if (result_.items.size() >= limit_) return;
    constexpr auto kName = static_cast<std::size_t>(GuideChannelField::kDisplayName);
    PreviewItem shown{.source = source_->name,
                      .title = before[kName].empty() ? std::string(id_) : before[kName],
                      .belongs_to = std::string(id_),
                      .before = {},
                      .after = {}};
    for (std::size_t i = 0; i < before.size(); ++i)
      note_change(shown,
                  catalog::field_name(catalog::Domain::kGuideChannels,
                                      {.index = static_cast<std::uint8_t>(i)}),
                  before[i], after[i]);
    result_.items.push_back(std::move(shown));
  }

  [[nodiscard]] Values values() const {
    Values values;
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = record_.value(static_cast<GuideChannelField>(i));
    return values;
  }

  const ResolvedProxyConfig& config_;
  const pipeline::RunContext& context_;
  memory::BudgetResource input_memory_;
  std::pmr::string id_;
  const guide::EpgSource* source_ = nullptr;
  spill::KeySet seen_;  // ids of the source
  formats::XmltvChecker checker_;
  guide::GuideChannelRecord record_;
  rules::Scratch scratch_;
  rules::Counts counts_;
  std::size_t limit_;
  PreviewResult result_;
};

}  // namespace

Result<PreviewResult> preview_guide_channels(const ResolvedProxyConfig& config,
                                             const pipeline::RunContext& context,
                                             std::size_t limit) {
  if (!config.guide_channel_rules) return PreviewResult{};
  const ExpressionCaches caches(config.guide_channel_rules.get(), nullptr);
  const auto in_use = caches.use();
  return memory::guarded([&] { return GuideChannelPreview(config, context, limit).run(); });
}

}  // namespace m3u_proxy::generation
