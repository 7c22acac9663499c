// KeyMap: a number for each 128-bit key, exactly, in memory or on disk: a KeySet with values.
#pragma once

#include <cstdint>
#include <optional>

#include <m3u_proxy/spill/key.hpp>
#include <m3u_proxy/spill/key_store.hpp>

namespace m3u_proxy::spill {

class KeyMap {
 public:
  using Options = KeyStoreOptions;

  /// Without `space` the keys stay in memory. Both must outlive the map.
  explicit KeyMap(memory::Budget& budget, spill::SpillSpace* space = nullptr, Options options = {})
      : store_(budget, space, options) {}

  /// The value that `key` has already, or nothing, and then it has `value`. One thread at a time.
  /// Errors: kOverBudget when there is no space to spill to; kDiskFull, kIo. The key is not in
  /// the map then.
  Result<std::optional<std::uint32_t>> insert(Key128 key, std::uint32_t value) {
    return store_.insert(key, value);
  }
  /// The value of `key`. Thread-safe as long as nobody inserts. Error: kIo.
  [[nodiscard]] Result<std::optional<std::uint32_t>> find(Key128 key) const {
    return store_.find(key);
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
  KeyStore<KeyEntry<true>> store_;
};

}  // namespace m3u_proxy::spill
