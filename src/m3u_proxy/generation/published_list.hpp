// PublishedList: what the last published playlist holds, to say what a new one adds and removes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/generation/publisher.hpp>
#include <m3u_proxy/pipeline/stage.hpp>
#include <m3u_proxy/spill/record_sorter.hpp>

namespace m3u_proxy::generation {

/// Channels are recognised by the address that was written. The addresses' keys of both lists are
/// sorted, in memory or on disk, so the answer is exact whatever the limit. Not thread-safe.
class PublishedList {
 public:
  /// Reads the playlist, unless its number of channels is all that matters; a file that is not
  /// there gives a list that is not known(). Errors: kIo, kCancelled, kOverBudget (not even a chunk
  /// of the file fits).
  static Result<PublishedList> read(const LastPlaylist& last, const pipeline::RunContext& context);

  /// Whether there is a last list, so that previous() is its number of channels.
  [[nodiscard]] bool known() const { return known_; }
  /// Whether added() and removed() can be told: not where the list was not read, and not when there
  /// was neither memory nor disk for it, which is logged and no reason to fail.
  [[nodiscard]] bool comparable() const { return keys_ != nullptr; }
  /// Takes the addresses of newly written entries into account.
  void compare(std::span<const std::uint64_t> url_keys);
  /// To be called after the last compare(); then added() and removed() are known.
  void finish();
  [[nodiscard]] std::uint64_t previous() const { return before_.count; }
  [[nodiscard]] std::uint64_t added() const { return added_; }
  [[nodiscard]] std::uint64_t removed() const { return removed_; }

 private:
  using KeySorter = spill::RecordSorter<std::uint64_t, spill::AscendingNumbers>;
  struct Keys {
    explicit Keys(const pipeline::RunContext& context);
    KeySorter previous;
    KeySorter written;
  };

  /// Stands for keys in their order.
  struct Digest {
    std::uint64_t count = 0;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    void add(std::uint64_t key);
    bool operator==(const Digest&) const = default;
  };

  void add(std::string_view url);
  Result<> count_differences();
  void keep_if(const Result<>& done);

  std::unique_ptr<Keys> keys_;
  Digest before_;
  Digest now_;
  bool known_ = false;
  std::uint64_t added_ = 0;
  std::uint64_t removed_ = 0;
};

}  // namespace m3u_proxy::generation
