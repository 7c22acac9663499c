#include <algorithm>
#include <array>
#include <thread>
#include <utility>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/memory/pages.hpp>
#include <m3u_proxy/spill/key_store.hpp>

namespace m3u_proxy::spill {
namespace {

constexpr std::size_t kFirstTable = std::size_t{16} << 10U;

/// A table doubles while it is small or memory is plenty, else it grows by a quarter, so that
/// little of it lies unused.
std::size_t first_step(std::size_t bytes, const memory::Budget& budget) {
  constexpr std::size_t kSmall = std::size_t{1} << 20U;
  const bool is_plenty = budget.used() + Bytes{bytes} <= budget.limit() / 4;
  return bytes < kSmall || is_plenty ? bytes : bytes / 4;
}

}  // namespace

template <typename Entry>
void KeyStore<Entry>::Lock::lock() {
  while (taken_->exchange(true, std::memory_order_acquire)) std::this_thread::yield();
}

template <typename Entry>
KeyStore<Entry>::KeyStore(memory::Budget& budget, spill::SpillSpace* space, KeyStoreOptions options)
    : budget_(&budget), options_(options) {
  if (space == nullptr) return;
  runs_.emplace(*space);
  reclaimer_ = budget.add_reclaimer(memory::Budget::ReclaimOrder::kKeys,
                                    [this](Bytes /*wanted*/) { return reclaim(); });
}

template <typename Entry>
KeyStore<Entry>::~KeyStore() {
  if (runs_) budget_->remove_reclaimer(reclaimer_);
}

template <typename Entry>
Result<std::optional<std::uint32_t>> KeyStore<Entry>::insert(Key128 key, std::uint32_t value) {
  const MixedKey mixed = mix(key);
  Lock lock(taken_);
  if (!filling_.load(std::memory_order_relaxed)) filling_ = true;
  if (mixed == kFreeKey) {
    if (free_key_) return free_key_;
    free_key_ = value;
    ++size_;
    return std::nullopt;
  }
  while (true) {
    const auto place = table_.find(mixed);
    if (place.found != nullptr) return place.found->value();
    if (on_disk_ && runs_->count() != 0) {
      M3U_TRY(const auto found, runs_->find(mixed));
      if (found) return found;
    }
    if (!must_leave() && !table_.is_full() && table_.insert(place.slot, Entry::make(mixed, value)))
      break;
    M3U_CHECK(make_room(lock));
  }
  ++size_;
  return std::nullopt;
}

template <typename Entry>
Result<> KeyStore<Entry>::make_room(Lock& lock) {
  const bool may_spill = runs_.has_value();
  if (must_leave()) {
    if (table_.bytes() > options_.memtable.count) return leave_memory();
    on_disk_ = true;  // as soon as the table is as large as it may be
    return {};
  }
  if (!on_disk_) {
    M3U_TRY(const bool grown, grow(lock, SIZE_MAX));
    if (grown || on_disk_) return {};  // or its memory was asked for meanwhile
  } else if (table_.bytes() < options_.memtable.count) {
    M3U_TRY(const bool grown, grow(lock, options_.memtable.count));
    if (grown) return {};
  }
  const Bytes least{kFirstTable};
  if (!may_spill || table_.size() == 0) return fail(budget_->over_budget(options_.tag, least));
  return on_disk_ ? flush(lock) : leave_memory();
}

/// Grows the table as far as the Budget grants, to `most` bytes. False when it refuses. The lock is
/// free while the Budget is asked: it may be this table's memory that it gets back.
template <typename Entry>
Result<bool> KeyStore<Entry>::grow(Lock& lock, std::size_t most) {
  const std::size_t bytes = table_.bytes();
  std::array<std::size_t, 3> steps = {first_step(bytes, *budget_), bytes / 8, bytes / 16};
  if (bytes == 0) steps.fill(kFirstTable);
  memory::Reservation more;
  lock.unlock();
  for (const std::size_t step : steps) {
    const std::size_t size = memory::round_to_pages(std::min(step, most - bytes));
    auto reserved = budget_->reserve(options_.tag, Bytes{size});
    if (!reserved) continue;
    more = *std::move(reserved);
    break;
  }
  lock.lock();
  if (more.size() == Bytes{}) return false;
  if (table_.bytes() != bytes) return true;  // became runs meanwhile
  M3U_CHECK(table_.grow(std::move(more)));
  return true;
}

/// The table becomes the first run, out of its own memory: nothing is reserved for it.
template <typename Entry>
Result<> KeyStore<Entry>::leave_memory() {
  const auto sorted = table_.gather();
  if (auto written = runs_->write(sorted); !written) {
    table_.spread();
    return written;
  }
  // A quarter of a full table is free slots: more than filter and fence need.
  memory::Reservation freed = table_.shrink_gathered();
  const Bytes index{
      std::min<std::uint64_t>(KeyRuns<Entry>::index_bytes(sorted.size()), freed.size().count)};
  runs_->index_last(sorted, freed.split(index));
  freed.absorb(table_.drop(options_.memtable.count));
  on_disk_ = true;
  return {};
}

template <typename Entry>
Result<> KeyStore<Entry>::flush(Lock& lock) {
  const std::size_t whole = KeyRuns<Entry>::index_bytes(table_.size());
  memory::Reservation index;
  lock.unlock();
  for (const std::size_t part : {whole, whole / 2, whole / 4, memory::kPageSize}) {
    auto reserved = budget_->reserve(options_.tag, Bytes{memory::round_to_pages(part)});
    if (!reserved) continue;
    index = *std::move(reserved);
    break;
  }
  lock.lock();
  const auto sorted = table_.gather();
  if (auto written = runs_->write(sorted); !written) {
    table_.spread();
    return written;
  }
  runs_->index_last(sorted, std::move(index));
  const auto merged = runs_->merge(table_.memory());
  table_.fresh();
  return merged;
}

template <typename Entry>
Bytes KeyStore<Entry>::reclaim() {
  const Lock lock(taken_);
  if (!filling_ || on_disk_ || table_.bytes() <= 2 * options_.memtable.count) return {};
  const Bytes before = footprint();
  if (const auto moved = leave_memory(); !moved) {
    log::warn("memory", "keys cannot leave memory: {}", to_string(moved.error()));
    return {};
  }
  return before - footprint();
}

template <typename Entry>
Result<std::optional<std::uint32_t>> KeyStore<Entry>::find(Key128 key) const {
  if (filling_.load(std::memory_order_acquire)) {
    const Lock lock(taken_);  // a reclaimer may be at work; none will be from here on
    filling_ = false;
  }
  const MixedKey mixed = mix(key);
  if (mixed == kFreeKey) return free_key_;
  if (const auto place = table_.find(mixed); place.found != nullptr) return place.found->value();
  if (on_disk_) return runs_->find(mixed);
  return std::nullopt;
}

template <typename Entry>
Bytes KeyStore<Entry>::footprint() const {
  return {table_.bytes() + (runs_ ? runs_->memory() : 0)};
}

template <typename Entry>
void KeyStore<Entry>::clear() {
  const Lock lock(taken_);
  table_.release();
  if (runs_) runs_->clear();
  on_disk_ = false;
  size_ = 0;
  free_key_.reset();
  filling_ = true;
}

template class KeyStore<KeyEntry<false>>;
template class KeyStore<KeyEntry<true>>;

}  // namespace m3u_proxy::spill
