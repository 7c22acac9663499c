// TextSet: texts, each once.
#pragma once

#include "containers.hpp"

namespace m3u {

/// Texts, each once, in a hash table that is at most half full. Copies what is added.
class TextSet {
 public:
  /// Whether the text is new.
  bool add(Text text) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    Slot& slot = slot_of(text);
    if (slot.used) return false;
    slot = {arena_.store(text), true};
    ++size_;
    return true;
  }
  [[nodiscard]] size_t size() const { return size_; }
  /// Drops the texts and gives the memory back.
  void reset() { *this = TextSet(); }

 private:
  struct Slot {
    Text text;
    bool used = false;
  };

  /// Where the text is, or its place.
  Slot& slot_of(Text text) {
    uint32_t hash = 2166136261;  // FNV-1a
    for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619;
    for (size_t i = hash;; ++i) {
      Slot& slot = slots_[i & (slots_.size() - 1)];
      if (!slot.used || slot.text == text) return slot;
    }
  }
  void grow() {
    const Array<Slot> old = static_cast<Array<Slot>&&>(slots_);
    slots_.resize(old.empty() ? 1024 : 2 * old.size());
    for (const Slot& slot : old)
      if (slot.used) slot_of(slot.text) = slot;
  }

  Array<Slot> slots_;
  Arena arena_;
  size_t size_ = 0;
};

}  // namespace m3u
