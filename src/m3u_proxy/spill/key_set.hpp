// KeySet: which 128-bit keys were seen, exactly, in memory or on disk.
//
// A hash table while the Budget grants its growth; when it refuses, asks for memory back, or is
// told to move down, the keys become sorted runs on disk. The answers are the same in both forms.
#pragma once

#include <cstdint>

#include <m3u_proxy/spill/key.hpp>
#include <m3u_proxy/spill/key_store.hpp>

namespace m3u_proxy::spill {

class KeySet {
 public:
  using Options = KeyStoreOptions;

  /// Without `space` the keys stay in memory. Both must outlive the set.
  explicit KeySet(memory::Budget& budget, spill::SpillSpace* space = nullptr, Options options = {})
      : store_(budget, space, options) {}

  /// True when `key` was not there before. One thread at a time. Errors: kOverBudget when there
  /// is no space to spill to; kDiskFull, kIo. The key is not in the set then.
  Result<bool> insert(Key128 key) {
    auto found = store_.insert(key, 0);
    if (!found) return fail(std::move(found).error());
    return !*found;
  }
  /// Thread-safe as long as nobody inserts. Error: kIo.
  [[nodiscard]] Result<bool> contains(Key128 key) const {
    auto found = store_.find(key);
    if (!found) return fail(std::move(found).error());
    return found->has_value();
  }
  [[nodiscard]] std::uint64_t size() const { return store_.size(); }
  /// Memory it takes.
  [[nodiscard]] Bytes footprint() const { return store_.footprint(); }
  /// Drops all keys and gives memory and disk back.
  void clear() { store_.clear(); }
  /// From the next insert on, keys go to disk and memory is given back. Thread-safe; for good.
  void move_down() { store_.move_down(); }
  [[nodiscard]] bool on_disk() const { return store_.on_disk(); }

 private:
  KeyStore<KeyEntry<false>> store_;
};

}  // namespace m3u_proxy::spill
