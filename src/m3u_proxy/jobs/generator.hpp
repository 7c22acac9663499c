// Generator: makes a generation of a proxy out of the current snapshots of its sources, and makes
// it the one that is served, unless nothing has changed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/depot/shared_snapshots.hpp>
#include <m3u_proxy/jobs/edit_files.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/jobs/refresher.hpp>
#include <m3u_proxy/jobs/snapshot_space.hpp>
#include <m3u_proxy/jobs/workers.hpp>
#include <m3u_proxy/runtime/process.hpp>
#include <m3u_proxy/snapshots/lineup.hpp>
#include <m3u_proxy/snapshots/placeholders.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::jobs {

/// What a source would have in the place of its last good copy.
struct OtherContent {
  std::string location{};  ///< a file that stays as long as a run reads it
  std::uint64_t bytes = 0;
};
using OtherContents = std::map<Uuid, OtherContent>;

/// One generation at a time.
class Generator {
 public:
  struct Options {
    std::filesystem::path folder;  ///< of the data; generations are in generations/ID/
    snapshots::Placeholders placeholders;
    std::size_t threads = 1;
    /// Generations of a proxy, the current one among them; as many may wait for a release.
    std::size_t kept = 5;
    runtime::RunOptions run{};
    /// Where replicas find each other's generations; nullptr: this is the only process.
    depot::Depot* depot = nullptr;
    /// Told of each generation that was made, published or not; may be empty. Called on the job's
    /// thread.
    std::function<void(const Uuid&, const generation::GenerationStats&)> on_generated{};
  };
  /// All outlive this.
  Generator(runtime::Process& process, store::Store& store, SnapshotSpace& space,
            Refresher& refresher, Clock clock, Options options);

  /// Does the job "generate" of a proxy. Its report is the generation's, with what came of it.
  /// Errors: as a generation's; kNotFound when the proxy is gone, or nothing was fetched yet;
  /// kDiskFull, as SnapshotSpace::take().
  Result<std::string> generate(const JobContext& job, const Model& model);

  /// The folder with a proxy's generations. Errors: kIo.
  [[nodiscard]] Result<snapshots::SnapshotFolder> folder_of(const Uuid& proxy) const;
  /// A generation's snapshot, which is fetched from the depot where it is not here. Errors:
  /// kNotFound, kParse, kIo; those of the depot.
  [[nodiscard]] Result<std::shared_ptr<const snapshots::Snapshot>> open(const Uuid& proxy,
                                                                        std::int64_t number) const;
  /// The same, but only if it is here.
  [[nodiscard]] Result<std::shared_ptr<const snapshots::Snapshot>> open_here(
      const Uuid& proxy, std::int64_t number) const;
  /// Whether what is not here may be elsewhere.
  [[nodiscard]] bool has_depot() const { return shared_.has_depot(); }
  /// The newest generation, be it served or waiting for a release: what a new one is compared
  /// with. nullptr: there is none, or it is damaged. Errors: of the store, of the depot.
  [[nodiscard]] Result<std::shared_ptr<const snapshots::Snapshot>> newest(const Uuid& proxy) const;
  /// What the newest generation was made of, as inputs_of() said then, or would have been the last
  /// time that a run came out the same; "" when there is none.
  /// Errors: of the store, of the depot.
  [[nodiscard]] Result<std::string> inputs_of_newest(const Uuid& proxy) const;
  /// What a proxy is made of now: its definition, the snapshots of its sources and, where it
  /// depends on the clock, until when (clock_changes.hpp), as one text.
  /// nullopt: none of its sources has been fetched yet.
  Result<std::optional<std::string>> inputs_of(const Model& model, const ProxyEntry& proxy);
  /// From the next generation on. Thread-safe.
  void configure(std::size_t kept, const runtime::RunOptions& run);
  /// What a generation of a proxy would read now: the snapshots stay as long as this. The proxy
  /// need not be the model's.
  struct Inputs {
    config::Configuration configuration;  ///< the model's, its sources opened
    std::vector<std::shared_ptr<const snapshots::Snapshot>> snapshots;
    memory::RunSize size;
    std::string text;           ///< as inputs_of()
    std::int64_t revision = 0;  ///< of the store, before it was asked for them and for edits
  };
  /// `others`: by the sources' ids; `text` is without them. Errors: those of inputs_of(); kNotFound
  /// when nothing was fetched yet; kUnavailable when a last good copy is damaged or gone, which is
  /// then fetched again; kIo.
  Result<Inputs> open_inputs(const Model& model, const ProxyEntry& proxy,
                             const OtherContents& others = {});
  /// What a run needs for such a generation, its addresses as placeholders. Errors:
  /// kConfig; as EditFiles::open().
  Result<generation::ResolvedProxyConfig> resolve(const Inputs& inputs, const ProxyEntry& proxy,
                                                  runtime::Run& run) const;
  /// How its runs are made; whose time is now.
  [[nodiscard]] runtime::RunOptions run_options() const;
  /// Edits of channels have changed: what is known of them is looked up again. Thread-safe.
  void edits_changed() { edits_.forget(); }
  /// Deletes generations that no row names and that are older than `before`, as a crash leaves
  /// them, or older than one that a row names, as another replica has forgotten them. nullopt:
  /// however young, before any job runs.
  Result<> delete_orphans(const Model& model, std::optional<store::Time> before = std::nullopt);
  /// Puts into the depot what rows name and is only here. What fails is logged.
  void share(const Model& model) const;
  /// Deletes from the depot what no row names and is older than `before`. Only the leader may.
  Result<> tidy_depot(const Model& model, store::Time before) const;
  /// Deletes what proxies left that are not there any more. Error: kIo.
  Result<> delete_removed(const Model& model);

 private:
  /// Where a proxy's generations are in the depot.
  static depot::Shelf shelf_of(const Uuid& proxy);
  [[nodiscard]] Options options() const;
  Error without_copy(const SourceEntry& source, const Error& error);
  Result<store::GenerationRow> write(const JobContext& job, const ProxyEntry& proxy,
                                     const Inputs& inputs, std::string& report, bool& changed);
  /// What the newest generation's playlist and guide hold, as far as it has them.
  struct Sizes {
    std::optional<std::uint64_t> channels{};
    std::optional<std::uint64_t> programmes{};
  };
  Result<Sizes> sizes_of(const Uuid& proxy, const snapshots::Snapshot* newest) const;
  Result<> adopt_new_guide(snapshots::SnapshotDraft& draft, const snapshots::Snapshot* last,
                           bool guide_written, bool guide_stays);
  Result<> note_inputs(const Uuid& proxy, const snapshots::Snapshot& newest,
                       const std::string& inputs);
  Result<> describe(store::GenerationRow& row, const snapshots::SnapshotFolder& folder,
                    const std::shared_ptr<const snapshots::Snapshot>& last,
                    const CancelToken& cancel);
  /// Deletes a generation that could not be published, unless the store names it after all.
  void discard(const Uuid& proxy, std::int64_t number) const;
  Result<> forget_old(const Uuid& proxy);

  runtime::Process& process_;
  store::Store& store_;
  Refresher& refresher_;
  Clock clock_;
  mutable std::mutex mutex_;  // of what configure() changes
  Options options_;
  mutable EditFiles edits_;  // has a lock of its own
  SnapshotSpace& space_;
  depot::SharedSnapshots shared_;
};

}  // namespace m3u_proxy::jobs
