#include <algorithm>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/api/entities/entity_impact.hpp>
#include <m3u_proxy/api/transfer/restore_impact.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/jobs/current_model.hpp>
#include <m3u_proxy/jobs/edit_files.hpp>
#include <m3u_proxy/jobs/file_take_over.hpp>

namespace m3u_proxy::api {
namespace {

/// What the configuration file manages holds again after a restore, or, where it does not fit what
/// is restored, nothing of it, which only the log says then too.
Result<> take_file(const ApiContext& context, store::Store& restored) {
  const auto file = context.settings.document();
  if (!file) {
    M3U_CHECK(restored.entities().release_file());
    M3U_CHECK(restored.edits().release_file());
    return {};
  }
  const config::LoadedConfiguration loaded = context.settings.read(file, nullptr);
  if (const auto taken =
          jobs::take_over_file(restored, *file, loaded.configuration, context.clock());
      !taken)
    log::warn("backup", "the configuration file would not be taken over after the restore: {}",
              to_string(taken.error()));
  return {};
}

/// The copies that a backup has of sources that have others now.
class RestoredCopies {
 public:
  Outcome<void> open(const ApiContext& context, const backup::Restore& restore) {
    for (const backup::StagedSource& source : restore.sources()) {
      M3U_TRY(const auto current, context.store.snapshots().current(source.row.source));
      if (current && current->content_hash == source.row.content_hash) continue;
      M3U_TRY(auto files, restore.open(source));
      const io::Descriptor* const content = files->file(jobs::kContentFile);
      if (content == nullptr) continue;
      contents_[source.row.source] = {.location = fmt::format("/proc/self/fd/{}", content->get()),
                                      .bytes = source.row.bytes};
      files_.push_back(std::move(files));
    }
    return {};
  }
  [[nodiscard]] const jobs::OtherContents& contents() const { return contents_; }
  [[nodiscard]] bool has_one_of(const jobs::Model& model, const jobs::ProxyEntry& proxy) const {
    return std::ranges::any_of(proxy.config.sources, [&](const config::Named& name) {
      const jobs::SourceEntry* const source = model.find_source(name.name, false);
      return source != nullptr && contents_.contains(source->id);
    });
  }

 private:
  jobs::OtherContents contents_;
  std::vector<std::shared_ptr<const snapshots::Snapshot>> files_;
};

}  // namespace

Outcome<void> look_at_restore(DryRun& run, const ApiContext& context, backup::Restore& restore) {
  store::Store& restored = restore.restored();
  M3U_CHECK(take_file(context, restored));
  M3U_TRY(const auto before, model_with(context, {}));
  M3U_TRY(const auto after, jobs::load_current_model(restored, before->configuration));
  RestoredCopies copies;
  M3U_CHECK(copies.open(context, restore));
  memory::Budget& budget = context.process.budget();
  const std::filesystem::path folder = restore.folder() / "edits";
  jobs::EditFiles edits_before(context.store, budget, folder);
  jobs::EditFiles edits_after(restored, budget, folder);
  return look_at_models(run, *before, *after,
                        {.differ = [&](const jobs::ProxyEntry& proxy) -> Outcome<bool> {
                           M3U_TRY(const std::string were, edits_before.hash_of(proxy.id));
                           M3U_TRY(const std::string are, edits_after.hash_of(proxy.id));
                           return were != are || copies.has_one_of(*after, proxy);
                         },
                         .options = [&](const jobs::ProxyEntry& proxy) -> Outcome<PreviewOptions> {
                           M3U_TRY(auto edits, edits_after.open(proxy.id));
                           return PreviewOptions{.only_edits = std::move(edits),
                                                 .contents = copies.contents()};
                         }});
}

}  // namespace m3u_proxy::api
