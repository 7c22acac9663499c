// ProgrammeIndex: reads what ProgrammeIndexWriter wrote: where the programmes of a guide's channels
// are at some time, which titles have a text in them; and a programme out of the guide itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/snapshots/block_file.hpp>
#include <m3u_proxy/snapshots/programme_index_format.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>

namespace m3u_proxy::snapshots {

/// A programme as the guide has it.
struct Programme {
  std::string channel{};  ///< guide id
  std::string title{};
  std::string subtitle{};
  std::string description{};
  std::vector<std::string> categories{};
  std::int64_t start = 0;  ///< seconds since 1970
  std::int64_t stop = 0;   ///< 0: not known
  bool is_new = false;
  bool is_live = false;
};

/// The keys of all channels with programmes, sorted, in reserved memory.
struct GuideKeys {
  memory::Reservation room{};
  std::vector<std::uint64_t> keys{};
};

/// Thread-safe.
class ProgrammeIndex {
 public:
  /// Takes the open files of a snapshot, which lives on with it. Errors: as BlockReader::open();
  /// kNotFound when it has no such files.
  static Result<std::shared_ptr<const ProgrammeIndex>> open(
      std::shared_ptr<const Snapshot> snapshot, std::string_view index, std::string_view guide,
      memory::Budget& budget);

  [[nodiscard]] std::uint64_t programmes() const { return programmes_; }
  /// Errors: kIo, kParse, kOverBudget.
  [[nodiscard]] Result<std::shared_ptr<const GuideKeys>> keys() const;
  /// Appends the places of a channel's programmes that are on between `begin` and `end`, in the
  /// order of their start, `most` at most. One without a stop goes on until the next one. Errors:
  /// kIo, kParse, kOverBudget.
  Result<> between(std::string_view guide_id, std::int64_t begin, std::int64_t end,
                   std::size_t most, std::vector<ProgrammeEntry>& found) const;
  /// Reads a programme. Errors: kIo; kParse when there is none at its place.
  [[nodiscard]] Result<Programme> read(const ProgrammeEntry& place) const;

  /// Called for each programme whose title has the text, with its number in the guide; false ends
  /// the search.
  using OnFound = std::function<bool(std::uint64_t number, const ProgrammeEntry& place)>;
  /// Searches the titles from number `from` on for a folded text, until `stop` (which may be empty)
  /// says so. Where it ended: programmes() is the end. Errors: kIo, kParse, kOverBudget.
  Result<std::uint64_t> search(std::string_view folded, std::uint64_t from,
                               const std::function<bool()>& stop, const OnFound& on_found) const;

 private:
  ProgrammeIndex(std::shared_ptr<const Snapshot> snapshot, memory::Budget& budget);
  Result<> load();
  [[nodiscard]] std::unexpected<Error> damaged(std::string_view what) const;
  [[nodiscard]] Result<std::optional<ProgrammeChannel>> find(std::uint64_t key) const;
  Result<> search_block(std::size_t titles, std::string_view folded, std::uint64_t from,
                        const OnFound& on_found, bool& goes_on) const;

  std::shared_ptr<const Snapshot> snapshot_;
  const io::Descriptor* guide_ = nullptr;
  memory::Budget* budget_;
  std::unique_ptr<BlockReader> blocks_;
  std::uint64_t programmes_ = 0;
  memory::BudgetResource resource_;
  std::pmr::vector<std::uint64_t> fences_;
};

}  // namespace m3u_proxy::snapshots
