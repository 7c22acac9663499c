// KeyStore: the engine of KeySet and KeyMap: a KeyTable while memory is granted, KeyRuns behind it
// from then on.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/spill/key_runs.hpp>
#include <m3u_proxy/spill/key_table.hpp>

namespace m3u_proxy::spill {

struct KeyStoreOptions {
  memory::Tag tag = memory::Tag::kKeySet;
  /// The table's size when the keys are on disk; one that fills up becomes a run.
  Bytes memtable = kib(512);
};

template <typename Entry>
class KeyStore {
 public:
  KeyStore(memory::Budget& budget, spill::SpillSpace* space, KeyStoreOptions options);
  ~KeyStore();
  KeyStore(const KeyStore&) = delete;
  KeyStore& operator=(const KeyStore&) = delete;

  /// The value that is there already; nothing when this one was put.
  Result<std::optional<std::uint32_t>> insert(Key128 key, std::uint32_t value);
  Result<std::optional<std::uint32_t>> find(Key128 key) const;
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] Bytes footprint() const;
  void clear();
  void move_down() { move_down_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool on_disk() const { return on_disk_; }

 private:
  /// Held while the table changes, but never while memory is reserved: the Budget's reclaimer
  /// waits for it. Cheaper than a mutex, which every insert would feel.
  class Lock {
   public:
    explicit Lock(std::atomic<bool>& taken) : taken_(&taken) { lock(); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    ~Lock() { unlock(); }
    void lock();
    void unlock() { taken_->store(false, std::memory_order_release); }

   private:
    std::atomic<bool>* taken_;
  };

  [[nodiscard]] bool must_leave() const {
    return move_down_.load(std::memory_order_relaxed) && !on_disk_ && runs_;
  }
  Result<> make_room(Lock& lock);
  Result<bool> grow(Lock& lock, std::size_t most);
  Result<> flush(Lock& lock);
  Result<> leave_memory();
  Bytes reclaim();

  memory::Budget* budget_;
  KeyStoreOptions options_;
  mutable std::atomic<bool> taken_{false};
  mutable std::atomic<bool> filling_{true};  // false: looked up by several threads, stays as it is
  std::atomic<bool> move_down_{false};
  bool on_disk_ = false;
  std::uint64_t size_ = 0;
  std::optional<std::uint32_t> free_key_;  // the value of the key that marks a free slot
  KeyTable<Entry> table_;
  std::optional<KeyRuns<Entry>> runs_;
  std::size_t reclaimer_ = 0;
};

extern template class KeyStore<KeyEntry<false>>;
extern template class KeyStore<KeyEntry<true>>;

}  // namespace m3u_proxy::spill
