#include <algorithm>
#include <atomic>

#include <fmt/format.h>

#include <m3u_proxy/api/lineup/lineup_difference.hpp>
#include <m3u_proxy/api/lineup/previews.hpp>
#include <m3u_proxy/edits/overlaid_edits.hpp>
#include <m3u_proxy/jobs/current_model.hpp>
#include <m3u_proxy/jobs/snapshot_publisher.hpp>
#include <m3u_proxy/runtime/run.hpp>
#include <m3u_proxy/snapshots/lineup_writer.hpp>

namespace m3u_proxy::api {
namespace {

constexpr std::string_view kTested = "tested";
constexpr std::string_view kFolder = "previews";

/// Ends a run when nobody waits for its answer any more.
class GoneWatch final : public pipeline::ProgressListener {
 public:
  explicit GoneWatch(const std::function<bool()>& gone) : gone_(gone) {}
  void on_progress(std::string_view /*stage*/, std::uint64_t /*items*/, std::uint64_t /*done*/,
                   std::uint64_t /*total*/) override {
    if (gone_()) token_.cancel();
  }
  [[nodiscard]] const CancelToken& token() const { return token_; }

 private:
  const std::function<bool()>& gone_;
  CancelToken token_;
};

runtime::RunOptions options_of(const ApiContext& context, GoneWatch& watch) {
  runtime::RunOptions options = context.generator.run_options();
  options.threads = 1;  // a generation under way keeps the others
  options.cancel = &watch.token();
  options.progress = &watch;
  return options;
}

Outcome<jobs::ProxyEntry> subject_of(const jobs::Model& model, const TestedExpression& tested) {
  jobs::ProxyEntry entry;
  if (!tested.proxy.empty()) {
    const auto id = parse_uuid(tested.proxy);
    const jobs::ProxyEntry* const proxy = id ? model.find_proxy(*id) : nullptr;
    if (proxy == nullptr) return problem(404, "there is no proxy of this id");
    entry = *proxy;
  } else {
    entry.config.name.name = "test";
    for (const std::string& text : tested.sources) {
      const auto id = parse_uuid(text);
      const jobs::SourceEntry* const source = id ? model.find_source(*id) : nullptr;
      if (source == nullptr) return problem(404, fmt::format("there is no source \"{}\"", text));
      (source->is_guide ? entry.config.epg_sources : entry.config.sources)
          .push_back({.name = source->config.name.name});
    }
  }
  entry.config.filters.clear();
  entry.config.rules.clear();
  (tested.is_rule ? entry.config.rules : entry.config.filters)
      .push_back({.name = std::string(kTested)});
  return entry;
}

/// A snapshot that nobody but this sees, removed at the end.
class PreviewSnapshot {
 public:
  /// What a crash left under this name goes.
  PreviewSnapshot(snapshots::SnapshotFolder folder, std::string name)
      : folder_(std::move(folder)), name_(std::move(name)) {
    (void)folder_.remove(name_);
  }
  ~PreviewSnapshot() { (void)folder_.remove(name_); }
  PreviewSnapshot(const PreviewSnapshot&) = delete;
  PreviewSnapshot& operator=(const PreviewSnapshot&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const snapshots::SnapshotFolder& folder() const { return folder_; }

 private:
  snapshots::SnapshotFolder folder_;
  std::string name_;
};

Result<std::shared_ptr<const snapshots::Lineup>> write_lineup(const ApiContext& context,
                                                              const jobs::Model& model,
                                                              const jobs::ProxyEntry& proxy,
                                                              const PreviewSnapshot& snapshot,
                                                              const PreviewOptions& options,
                                                              const std::function<bool()>& gone) {
  M3U_TRY(const jobs::Generator::Inputs inputs,
          context.generator.open_inputs(model, proxy, options.contents));
  GoneWatch watch(gone);
  runtime::Run run(context.process, options_of(context, watch));
  M3U_TRY(generation::ResolvedProxyConfig resolved, context.generator.resolve(inputs, proxy, run));
  if (options.only_edits) resolved.edits = *options.only_edits;
  if (!options.edits.empty())
    resolved.edits =
        std::make_shared<edits::OverlaidEdits>(std::move(resolved.edits), options.edits);
  resolved.epg_sources.clear();
  resolved.use_playlist_guides = false;
  resolved.max_shrink.reset();
  resolved.allow_empty = true;
  M3U_TRY(const auto draft, snapshot.folder().begin());
  jobs::SnapshotPublisher publisher(*draft, nullptr, std::nullopt, {});
  const auto spill = context.process.make_spill_space();
  snapshots::LineupWriter lineup(*draft, std::string(snapshots::kLineupFile),
                                 context.process.budget(), context.process.slabs(), spill.get());
  M3U_CHECK(
      run.generate(resolved, {.publisher = publisher, .lineup = &lineup, .size = inputs.size}));
  M3U_CHECK(lineup.finish());
  M3U_CHECK(draft->commit(snapshot.name()));
  M3U_TRY(auto made, snapshot.folder().get(snapshot.name()));
  return snapshots::Lineup::open(std::move(made), snapshots::kLineupFile, context.process.budget());
}

}  // namespace

Outcome<std::shared_ptr<const jobs::Model>> model_with(const ApiContext& context,
                                                       std::span<const jobs::DraftEntity> drafts) {
  const auto known = context.conductor.model();
  auto model = jobs::load_current_model(
      context.store, known ? known->configuration : context.configuration, drafts);
  if (model) return *std::move(model);
  if (model.error().code != ErrorCode::kConfig)
    return std::unexpected<Problem>(Problem(std::move(model).error()));
  return problem(422, to_string(model.error()), model.error().hint);
}

Outcome<generation::PreviewResult> test_expression(const ApiContext& context,
                                                   const TestedExpression& tested,
                                                   const std::function<bool()>& gone) {
  const auto model = context.conductor.model();
  M3U_TRY(const jobs::ProxyEntry entry, subject_of(*model, tested));
  M3U_TRY(jobs::Generator::Inputs inputs, context.generator.open_inputs(*model, entry));
  const config::ExpressionConfig expression{
      .name = {.name = std::string(kTested)},
      .applies_to = tested.domain,
      .action = tested.excludes ? rules::FilterAction::kExclude : rules::FilterAction::kInclude,
      .expression = tested.expression};
  inputs.configuration.filters.clear();
  inputs.configuration.rules.clear();
  (tested.is_rule ? inputs.configuration.rules : inputs.configuration.filters)
      .push_back(expression);
  GoneWatch watch(gone);
  runtime::Run run(context.process, options_of(context, watch));
  M3U_TRY(const generation::ResolvedProxyConfig resolved,
          context.generator.resolve(inputs, entry, run));
  auto result = tested.domain == catalog::Domain::kProgrammes
                    ? run.preview_programmes(resolved, tested.limit)
                    : run.preview(resolved, tested.limit);
  if (!result) return std::unexpected<Problem>(Problem(std::move(result).error()));
  return *std::move(result);
}

namespace {

const config::ExpressionConfig* find(const std::vector<config::ExpressionConfig>& expressions,
                                     const std::string& name) {
  const auto found = std::ranges::find_if(
      expressions, [&](const auto& expression) { return expression.name.name == name; });
  return found == expressions.end() || found->applies_to != catalog::Domain::kChannels ? nullptr
                                                                                       : &*found;
}

/// A proxy's rules and filters of channels, each by itself. What does not compile cannot be in a
/// model.
generation::ExplainedParts parts_of(const config::Configuration& configuration,
                                    const config::ProxyConfig& proxy, std::int64_t now) {
  generation::ExplainedParts parts;
  for (const config::Named& name : proxy.rules)
    if (const auto* const rule = find(configuration.rules, name.name))
      if (auto compiled =
              rules::compile_rule(catalog::Domain::kChannels, rule->expression, {.now = now}))
        parts.rules.push_back({.name = name.name, .rule = *std::move(compiled)});
  for (const config::Named& name : proxy.filters)
    if (const auto* const filter = find(configuration.filters, name.name))
      if (auto compiled =
              rules::compile_filter(catalog::Domain::kChannels, filter->expression, {.now = now}))
        parts.filters.push_back(
            {.name = name.name, .action = filter->action, .filter = *std::move(compiled)});
  return parts;
}

}  // namespace

Outcome<std::vector<generation::ExplainedChannel>> explain_from_sources(
    const ApiContext& context, const Uuid& proxy, const generation::ExplainedSubject& subject,
    std::size_t most, const std::function<bool()>& gone) {
  const auto model = context.conductor.model();
  const jobs::ProxyEntry* const entry = model ? model->find_proxy(proxy) : nullptr;
  if (entry == nullptr) return problem(404, "there is no proxy of this id");
  M3U_TRY(const jobs::Generator::Inputs inputs, context.generator.open_inputs(*model, *entry));
  GoneWatch watch(gone);
  runtime::Run run(context.process, options_of(context, watch));
  M3U_TRY(const generation::ResolvedProxyConfig resolved,
          context.generator.resolve(inputs, *entry, run));
  M3U_TRY(auto found,
          run.explain(resolved, parts_of(inputs.configuration, entry->config, run.now()), subject,
                      most));
  return found;
}

Outcome<ProxyPreview> preview_proxy(const ApiContext& context, PublishedData& data,
                                    const jobs::Model& model, const jobs::ProxyEntry& proxy,
                                    const PreviewOptions& options,
                                    const std::function<bool()>& gone) {
  static std::atomic<std::uint64_t> made{0};
  M3U_TRY(auto folder, snapshots::SnapshotFolder::open(context.data / kFolder));
  const PreviewSnapshot snapshot(std::move(folder), std::to_string(++made));
  M3U_TRY(const auto lineup, write_lineup(context, model, proxy, snapshot, options, gone));
  queries::OpenGeneration after;
  after.lineup = {.proxy = proxy.id, .generation = 0, .lineup = lineup};
  return compare_with_served(context, data, after, options);
}

Outcome<ProxyPreview> compare_with_served(const ApiContext& context, PublishedData& data,
                                          const queries::OpenGeneration& after,
                                          const PreviewOptions& options) {
  ProxyPreview preview{.channels = after.lineup.lineup->rows()};
  const auto current = data.current(after.lineup.proxy);
  if (!current) {
    // Nothing is served yet: all is new.
    if (current.error().status != 503 && current.error().status != 404)
      return std::unexpected<Problem>(current.error());
    preview.added = preview.channels;
    preview.items = "[]";
    return preview;
  }
  preview.before = (*current)->lineup.lineup->rows();
  M3U_TRY(Difference difference, find_difference(context.process, data.channels(), **current, after,
                                                 {.limit = options.limit, .role = options.role}));
  preview.added = difference.counts.added;
  preview.removed = difference.counts.removed;
  preview.changed = difference.counts.changed;
  preview.items = std::move(difference.items);
  return preview;
}

}  // namespace m3u_proxy::api
