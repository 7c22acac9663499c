// Refresher: brings a source up to date: fetches it, looks at what came, and makes it the source's
// current snapshot, unless it is the same as before or suspicious.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include <m3u_proxy/depot/shared_snapshots.hpp>
#include <m3u_proxy/jobs/downloader.hpp>
#include <m3u_proxy/jobs/inspection.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/jobs/sightings.hpp>
#include <m3u_proxy/jobs/snapshot_space.hpp>
#include <m3u_proxy/jobs/workers.hpp>
#include <m3u_proxy/net/address_guard.hpp>
#include <m3u_proxy/runtime/process.hpp>
#include <m3u_proxy/runtime/run.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::jobs {

/// The file of a source's snapshot: the bytes as they came.
inline constexpr std::string_view kContentFile = "content";
/// Of the data folder, with the replies of accounts, from which lists are made.
inline constexpr std::string_view kRepliesFolder = "replies";

enum class RefreshResult : std::uint8_t { kNew, kUnchanged, kQuarantined };
/// "new", "unchanged", "quarantined".
std::string_view to_string(RefreshResult result);

/// Thread-safe for different sources.
class Refresher {
 public:
  struct Options {
    /// Of the data: snapshots are in sources/ID/, an account's last good replies in replies/ID/.
    std::filesystem::path folder;
    /// A reply that lost more than this part of its items waits in quarantine.
    std::optional<double> max_shrink = 0.5;
    /// Asked for whom sources that people made through the API may connect to; nullptr: anybody.
    std::shared_ptr<const net::AddressGuard> guard{};
    /// The same for where these may have files read; nullptr: anywhere.
    std::shared_ptr<const io::FolderGuard> folders{};
    std::uint64_t max_download = 0;  ///< bytes of a reply; 0: no bound
    /// Where replicas find each other's snapshots; nullptr: this is the only process.
    depot::Depot* depot = nullptr;
    /// So many replies in a row with the same channels are believed.
    std::int64_t believed_after = 3;
  };
  /// All outlive this.
  Refresher(runtime::Process& process, store::Store& store, SnapshotSpace& space, Clock clock,
            Options options)
      : process_(process),
        store_(store),
        clock_(std::move(clock)),
        options_(std::move(options)),
        max_download_(options_.max_download),
        downloader_(process, clock_),
        space_(space),
        shared_(options_.depot, [&space](const std::string& what, std::uint64_t bytes) {
          return space.take_for_copy(what, bytes);
        }) {
    set_max_shrink(options_.max_shrink);
  }

  /// Does the job "refresh" of a source. Its report says what came of it. Errors: what the source
  /// failed with, which is recorded; kNotFound when the source is gone.
  Result<std::string> refresh(const JobContext& job, const Model& model);

  /// Reads a copy once in the life of this process. Errors: kParse, once: its content is not what
  /// was written, and the next refresh fetches it without conditions; until then it is used as it
  /// is, since nobody may be able to fetch it again; kIo.
  Result<> check_copy(const store::SourceSnapshot& row, const snapshots::Snapshot& copy);
  /// Error: kConflict: the source's channels are written down, so nothing is fetched or uploaded.
  static Result<> check_fetchable(const SourceEntry& source);
  /// Makes bytes that somebody gives the current snapshot, without suspicion. Errors: kParse when
  /// they are no playlist or guide; kIo, kDiskFull; as check_fetchable().
  Result<> upload(const SourceEntry& source, io::ByteSource& bytes, const CancelToken& cancel);

  /// Makes the reply current that waits in quarantine; how many items it has. Errors: kNotFound
  /// (none waits), and those of the store.
  Result<std::uint64_t> accept(const SourceEntry& source, const CancelToken& cancel);

  /// Until when the source's server is left alone; nullopt: it may be asked. Thread-safe.
  [[nodiscard]] std::optional<store::Time> left_alone_until(const SourceEntry& source) const {
    return downloader_.left_alone_until(source);
  }
  /// Whom the downloads of a source may connect to; nullptr: anybody. Thread-safe.
  [[nodiscard]] std::shared_ptr<const net::AddressGuard> guard_of(const SourceEntry& source) const {
    return source.is_users ? guard() : nullptr;
  }
  /// Whom downloads may connect to that follow what others wrote; nullptr: anybody. Thread-safe.
  [[nodiscard]] std::shared_ptr<const net::AddressGuard> guard() const {
    const std::scoped_lock lock(guard_mutex_);
    return options_.guard;
  }
  /// Where a source may have files read; nullptr: anywhere. Thread-safe.
  [[nodiscard]] std::shared_ptr<const io::FolderGuard> folders_of(const SourceEntry& source) const {
    const std::scoped_lock lock(guard_mutex_);
    return source.is_users ? options_.folders : nullptr;
  }
  /// From the next download on. Thread-safe.
  void set_guards(std::shared_ptr<const net::AddressGuard> guard,
                  std::shared_ptr<const io::FolderGuard> folders) {
    const std::scoped_lock lock(guard_mutex_);
    options_.guard.swap(guard);
    options_.folders.swap(folders);
  }

  /// From the next reply on. Thread-safe.
  void set_max_download(std::uint64_t bytes) { max_download_ = bytes; }
  void set_max_shrink(std::optional<double> max_shrink) { max_shrink_ = max_shrink.value_or(kAny); }
  /// Tells the store which edited channels a source of written down channels has: there is no
  /// refresh that would. What fails is only logged.
  void note_manual_channels(const SourceEntry& source);

  /// The folder with a source's snapshots. Errors: kIo.
  [[nodiscard]] Result<snapshots::SnapshotFolder> folder_of(const Uuid& source) const;
  /// A source's snapshot, which is fetched from the depot where it is not here. Errors: kNotFound,
  /// kParse (it is damaged), kIo; those of the depot.
  [[nodiscard]] Result<std::shared_ptr<const snapshots::Snapshot>> open(
      const SourceEntry& source, const store::SourceSnapshot& row) const;
  /// Deletes what was superseded before `moment`.
  Result<> delete_superseded(store::Time moment);
  /// Deletes snapshots that no row names and that are older than `before`: as a crash leaves them,
  /// or another replica that has superseded them. nullopt: however young, before any refresh runs.
  Result<> delete_orphans(const Model& model, std::optional<store::Time> before = std::nullopt);
  /// Puts into the depot what rows name and is only here. What fails is logged.
  void share(const Model& model) const;
  /// Deletes from the depot what no row names and is older than `before`. Only the leader may.
  Result<> tidy_depot(const Model& model, store::Time before) const;
  /// Deletes what sources left that are not there any more. Error: kIo.
  Result<> delete_removed(const Model& model);

 private:
  /// Where a source's snapshots are in the depot.
  static depot::Shelf shelf_of(const Uuid& source);
  static constexpr double kAny = 1;  ///< of max_shrink_: whatever it loses
  [[nodiscard]] std::filesystem::path replies_of(const SourceEntry& source) const;
  [[nodiscard]] Result<bool> has_copy(const SourceEntry& source,
                                      const std::optional<store::SourceSnapshot>& current) const;
  Result<std::string> bring_up_to_date(const SourceEntry& source, const JobContext& job);
  /// Of runs that read what is on disk already. `cancel` outlives them.
  [[nodiscard]] runtime::RunOptions reading(const CancelToken& cancel) const;
  Result<Inspection> inspect(const SourceEntry& source, const io::TempFile& file,
                             const CancelToken& cancel) const;
  Result<> read_sightings(const SourceEntry& source, int file, PlaylistIs is,
                          const CancelToken& cancel);
  /// Tells the store which edited channels the playlist in an open file has, and those that were
  /// edited since the `last` one, which of them that had; what fails there is only logged.
  void note_sightings(const SourceEntry& source, int file,
                      const std::optional<store::SourceSnapshot>& last, const CancelToken& cancel);
  Result<RefreshResult> keep(const SourceEntry& source, const io::TempFile& file,
                             store::SourceSnapshot row, const Inspection& found,
                             const std::optional<store::SourceSnapshot>& current,
                             const std::optional<store::JobLease>& lease,
                             const CancelToken& cancel);
  /// Deletes a snapshot that could not be published, unless the store names it after all.
  void discard(const Uuid& source, const Uuid& snapshot) const;
  [[nodiscard]] bool is_suspicious(const Inspection& found,
                                   const std::optional<store::SourceSnapshot>& current) const;

  runtime::Process& process_;
  store::Store& store_;
  Clock clock_;
  Options options_;
  std::atomic<double> max_shrink_{kAny};
  std::atomic<std::uint64_t> max_download_;
  mutable std::mutex guard_mutex_;  // of options_.guard and folders
  mutable std::mutex checked_mutex_;
  /// A snapshot that check_copy() need not read again.
  struct Checked {
    Uuid snapshot{};
    bool is_damaged = false;  ///< it is not what was written
  };
  std::map<Uuid, Checked> checked_;  // by source
  Downloader downloader_;
  SnapshotSpace& space_;
  depot::SharedSnapshots shared_;
};

}  // namespace m3u_proxy::jobs
