#include <algorithm>

#include <m3u_proxy/queries/open_generations.hpp>

namespace m3u_proxy::queries {
namespace {

/// A block's entry in the tables, three for each piece.
constexpr std::uint64_t kTableBytes = std::uint64_t{3} * 52;

std::uint64_t bytes_of(const OpenGeneration& generation) {
  return generation.lineup.lineup->pieces() * kTableBytes;
}

}  // namespace

OpenGenerations::OpenGenerations(memory::Budget& budget, Names names, OpenSnapshot open_snapshot)
    : budget_(budget), names_(std::move(names)), open_snapshot_(std::move(open_snapshot)) {
  reclaimer_ = budget_.add_reclaimer(memory::Budget::ReclaimOrder::kCaches, [this](Bytes) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return Bytes{};
    const Bytes before = budget_.used();
    (void)close_unused();
    const Bytes after = budget_.used();
    return after < before ? before - after : Bytes{};
  });
}

OpenGenerations::~OpenGenerations() { budget_.remove_reclaimer(reclaimer_); }

Result<std::shared_ptr<const OpenGeneration>> OpenGenerations::get(const Uuid& proxy,
                                                                   std::int64_t number) {
  const auto is_it = [&](const std::shared_ptr<const OpenGeneration>& open) {
    return open->lineup.proxy == proxy && open->lineup.generation == number;
  };
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = std::ranges::find_if(open_, is_it); found != open_.end()) {
      open_.splice(open_.begin(), open_, found);
      return open_.front();
    }
  }
  M3U_TRY(const auto snapshot, open_snapshot_(proxy, number));
  const auto opened = std::make_shared<OpenGeneration>();
  opened->lineup.proxy = proxy;
  opened->lineup.generation = number;
  M3U_TRY(opened->lineup.lineup, snapshots::Lineup::open(snapshot, names_.lineup, budget_));
  if (snapshot->file(names_.programmes) != nullptr) {
    M3U_TRY(opened->programmes,
            snapshots::ProgrammeIndex::open(snapshot, names_.programmes, names_.guide, budget_));
  }
  std::list<std::shared_ptr<const OpenGeneration>> closed;  // without the lock
  const std::scoped_lock lock(mutex_);
  open_.push_front(opened);
  while (open_.size() > kMostOpen) closed.splice(closed.begin(), open_, std::prev(open_.end()));
  return opened;
}

std::size_t OpenGenerations::close_unused() {
  return std::erase_if(open_, [](const auto& open) { return open.use_count() == 1; });
}

std::size_t OpenGenerations::aggressive_cleanup() {
  const std::scoped_lock lock(mutex_);
  return close_unused();
}

memory::MemoryUsage OpenGenerations::memory_usage() const {
  const std::scoped_lock lock(mutex_);
  memory::MemoryUsage usage;
  for (const auto& open : open_) usage.held = usage.held + Bytes{bytes_of(*open)};
  return usage;
}

}  // namespace m3u_proxy::queries
