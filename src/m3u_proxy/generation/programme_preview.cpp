#include <array>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_checker.hpp>
#include <m3u_proxy/formats/xmltv_reader.hpp>
#include <m3u_proxy/formats/xmltv_time.hpp>
#include <m3u_proxy/generation/changed_fields.hpp>
#include <m3u_proxy/generation/expression_caches.hpp>
#include <m3u_proxy/generation/guide_elements.hpp>
#include <m3u_proxy/generation/preview.hpp>
#include <m3u_proxy/guide/plain_text.hpp>
#include <m3u_proxy/guide/programmes/programme_record.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/rules/filter_set.hpp>
#include <m3u_proxy/rules/rule_set.hpp>

namespace m3u_proxy::generation {
namespace {

using catalog::ProgrammeField;

using Values = std::array<std::string_view, catalog::kWritableProgrammeFields>;

catalog::FieldRef ref(std::size_t field) {
  return {.index = static_cast<std::uint8_t>(field), .writable = true};
}
catalog::FieldRef ref(ProgrammeField field) { return ref(static_cast<std::size_t>(field)); }

class ProgrammePreview {
 public:
  ProgrammePreview(const ResolvedProxyConfig& config, const pipeline::RunContext& context,
                   std::size_t limit)
      : config_(config),
        context_(context),
        input_memory_(*context.budget, memory::Tag::kInput),
        id_(&input_memory_),
        checker_(&input_memory_),
        record_(*context.slabs),
        limit_(limit) {}

  Result<PreviewResult> run() {
    M3U_CHECK(for_each_guide_element(config_, context_, [&](const GuideElement& element) {
      if (element.kind == formats::XmltvKind::kProgramme)
        show_element(element.text, element.clean, *element.source);
      return Result<>();
    }));
    return std::move(result_);
  }

 private:
  void show_element(std::string_view text, bool clean, const guide::EpgSource& source) {
    ProblemLog problems;  // a generation reports them
    const auto element = checker_.check(text, clean, problems, 0);
    formats::XmltvStartTag tag;
    if (!element || !parse_start_tag(*element, tag)) return;
    guide::read_plain_text(id_, tag.value("channel"));
    record_.begin(*element, tag, id_, as_written(tag.value("start"), start_),
                  as_written(tag.value("stop"), stop_), source);
    show_programme(source);
  }

  /// A time as a generation would write it; `text`: what keeps it where that is another.
  static std::string_view as_written(std::string_view time, std::string& text) {
    const auto parsed = formats::parse_xmltv_time(time);
    if (!parsed || !parsed->foreign) return trim(time);
    text.clear();
    append_moved_time(text, *parsed, 0);
    return text;
  }

  void show_programme(const guide::EpgSource& source) {
    ++result_.evaluated;
    PreviewItem shown;
    bool is_shown = true;
    if (config_.programme_rules) {
      const Values before = values();
      config_.programme_rules->apply(record_, scratch_, rule_counts_);
      is_shown = note_changes(before, values(), shown);
    }
    if (config_.programme_filters)
      is_shown &= config_.programme_filters->keep(record_, scratch_, filter_counts_);
    if (!is_shown) return;
    ++result_.matched;
    if (result_.items.size() >= limit_) return;
    shown.source = source.name;
    shown.title = record_.get(ref(ProgrammeField::kTitle));
    shown.belongs_to = fmt::format("{} {}", record_.get(ref(ProgrammeField::kChannelId)),
                                   record_.get(ref(ProgrammeField::kStart)));
    result_.items.push_back(std::move(shown));
  }

  [[nodiscard]] Values values() const {
    Values values;
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = record_.get(ref(i));
    return values;
  }

  static bool note_changes(const Values& before, const Values& after, PreviewItem& shown) {
    for (std::size_t i = 0; i < before.size(); ++i)
      note_change(shown, catalog::field_name(static_cast<ProgrammeField>(i)), before[i], after[i]);
    return !shown.before.empty();
  }

  const ResolvedProxyConfig& config_;
  const pipeline::RunContext& context_;
  memory::BudgetResource input_memory_;
  std::pmr::string id_;
  std::string start_;
  std::string stop_;
  formats::XmltvChecker checker_;
  guide::ProgrammeRecord record_;
  rules::Scratch scratch_;
  rules::Counts rule_counts_;
  rules::Counts filter_counts_;
  std::size_t limit_;
  PreviewResult result_;
};

}  // namespace

Result<PreviewResult> preview_programmes(const ResolvedProxyConfig& config,
                                         const pipeline::RunContext& context, std::size_t limit) {
  const ExpressionCaches caches(config.programme_rules.get(), config.programme_filters.get());
  const auto in_use = caches.use();
  return memory::guarded([&] { return ProgrammePreview(config, context, limit).run(); });
}

}  // namespace m3u_proxy::generation
