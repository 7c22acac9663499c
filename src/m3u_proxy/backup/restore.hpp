// Restore: brings back what backup.hpp wrote, into any database.
//
// First everything is read, checked and written beside what is there, while the service goes on;
// then it takes the place of what was there in one transaction. What is wrong with an archive
// changes nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/backup/about.hpp>
#include <m3u_proxy/backup/staging.hpp>
#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::backup {

enum class Secrets : std::uint8_t {
  kNeeded,   ///< an archive whose secrets cannot be opened is refused
  kLeftOut,  ///< then sources come back without their accounts
};

struct RestoreOptions {
  std::filesystem::path data{};  ///< the data folder
  std::string passphrase{};
  Secrets secrets = Secrets::kNeeded;
  std::string program{};  ///< this program's version
  store::Time now{};
  /// Whether what is in a store is right together; the store is one of its own, beside the real
  /// one, and has everything but edits.
  std::function<Result<>(store::Store&)> check{};
  const CancelToken* cancel = nullptr;  ///< may be nullptr
  bool is_looked_at = false;            ///< restored() is there afterwards, with edits
};

struct RestoreSummary {
  About about{};
  std::uint64_t rows = 0;
  std::uint64_t without_secrets = 0;  ///< sources whose accounts have to be entered again
  /// Edits of people that are left out: the configuration file has one of the same channel.
  std::uint64_t edits_of_the_file = 0;
  std::uint64_t logos = 0;
  std::uint64_t sources = 0;    ///< that have their data with them
  std::uint64_t published = 0;  ///< proxies that serve what they served
};

class Restore;

/// What somebody asks a service for.
struct RestoreRequest {
  /// Gives the archive from its beginning, each time it is called.
  std::function<Result<std::unique_ptr<io::ByteSource>>()> open{};
  std::string passphrase{};
  Secrets secrets = Secrets::kNeeded;
  bool only_check = false;
  /// Called with what is only checked, once it is known to be right; may be empty.
  std::function<void(Restore&)> look{};
};

/// What an archive begins with. Errors: kParse, also when it is another program's; kConfig (a newer
/// one); those of the archive.
Result<About> read_about(ArchiveReader& archive);

/// The document's Restored.
std::string to_json(const RestoreSummary& summary);

class Restore {
 public:
  /// Gives the archive from its beginning, each time it is called.
  using Open = std::function<Result<std::unique_ptr<io::ByteSource>>()>;

  /// Reads all of the archive, checks it, and writes its files beside the data. Takes some 12 MB of
  /// `budget` as long as it runs. `store`: into which it will go. All outlive this. Errors: kParse
  /// (what is wrong with the archive), kConfig (a newer program's; its entities do not fit
  /// together), kInvalidArgument (the passphrase is wrong or missing), kDiskFull, kOverBudget, kIo,
  /// kCancelled.
  static Result<std::unique_ptr<Restore>> prepare(store::Store& store, memory::Budget& budget,
                                                  RestoreOptions options, Open open);

  /// What will come of it.
  [[nodiscard]] const RestoreSummary& summary() const { return summary_; }

  /// What would be: a store of its own beside the real one. Only of one that is looked at.
  [[nodiscard]] store::Store& restored() { return *scratch_; }
  /// The sources that have their last good copy with them.
  [[nodiscard]] const std::vector<StagedSource>& sources() const { return staging_->sources(); }
  /// Such a copy. Errors: kIo, kParse.
  [[nodiscard]] Result<std::shared_ptr<const snapshots::Snapshot>> open(
      const StagedSource& source) const;
  /// For files that go with this.
  [[nodiscard]] const std::filesystem::path& folder() const { return staging_->folder(); }

  /// Puts it in the place of what is there; once. Nobody may refresh or generate meanwhile. Errors:
  /// of the store, kCancelled: nothing has changed then. Once the rows are in, it goes to its end.
  Result<RestoreSummary> apply();

 private:
  Restore(store::Store& store, memory::Budget& budget, RestoreOptions options, Open open)
      : store_(store), budget_(budget), options_(std::move(options)), open_(std::move(open)) {}
  Result<> read_all();
  Result<> read_rows(ArchiveReader& archive, std::optional<TarEntry>& behind);
  Result<> publish_source(const StagedSource& source);
  Result<> publish_proxy(const StagedProxy& proxy);
  [[nodiscard]] const store::SecretKey* opened() const { return key_ ? &*key_ : nullptr; }

  store::Store& store_;
  memory::Budget& budget_;
  RestoreOptions options_;
  Open open_;
  RestoreSummary summary_;
  std::optional<store::SecretKey> key_;  ///< of the archive's secrets
  std::string rows_hash_;
  std::unique_ptr<Staging> staging_;
  std::unique_ptr<store::Store> scratch_;  ///< in the folder of `staging_`
};

}  // namespace m3u_proxy::backup
