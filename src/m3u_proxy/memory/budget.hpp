// Budget: the one account of the memory this process may use.
//
// Every structure that grows with the input reserves here before it allocates, so the sum of the
// live reservations never exceeds limit(). Thread-safe; reserving costs one atomic add when there
// is room. A Budget outlives everything that reserves from it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory_resource>
#include <mutex>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::memory {

/// Which subsystem a reservation belongs to; the unit of reports and metrics.
enum class Tag : std::uint8_t {
  kBatch,    ///< channel batches and their text
  kSpool,    ///< batches waiting between the passes
  kKeySet,   ///< keys of duplicates
  kNumbers,  ///< channel numbers
  kGuide,    ///< guide ids, channels and matching
  kInput,    ///< chunks read from sources, inflate windows
  kOutput,   ///< text on its way to a file
  kRules,    ///< compiled expressions
  kPool,     ///< slabs kept for reuse
  kPlugin,
  kStore,
  kSnapshot,  ///< pieces of snapshots that are read or written
  kHttp,
  kJobs,         ///< what jobs of a service keep while they look through a reply
  kUnaccounted,  ///< resident memory that nobody reserved
};
constexpr std::size_t kTagCount = static_cast<std::size_t>(Tag::kUnaccounted) + 1;
/// The tag's name in reports: "batch", "spool" …
std::string_view to_string(Tag tag);

class Budget;

/// Reserved bytes, given back by the destructor. Movable, not thread-safe.
class Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept { swap(other); }
  Reservation& operator=(Reservation&& other) noexcept {
    Reservation(std::move(other)).swap(*this);
    return *this;
  }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  ~Reservation() { release(); }

  /// Makes the reservation `size` bytes. Growing may be refused (kOverBudget): nothing changes.
  Result<> resize(Bytes size);
  void release() noexcept;
  /// Takes `size` (≤ size()) out of this reservation into one of its own: memory that takes the
  /// place of other memory needs no room in the Budget meanwhile.
  [[nodiscard]] Reservation split(Bytes size) noexcept;
  /// Takes the other's bytes over; it has the same Budget and Tag, unless one of them is empty.
  void absorb(Reservation&& other) noexcept;
  [[nodiscard]] Bytes size() const { return size_; }

 private:
  friend class Budget;
  Reservation(Budget* budget, Tag tag, Bytes size) : budget_(budget), tag_(tag), size_(size) {}
  void swap(Reservation& other) noexcept;

  Budget* budget_ = nullptr;
  Tag tag_ = Tag::kBatch;
  Bytes size_{};
};

class Budget {
 public:
  static constexpr Bytes kUnlimited{UINT64_MAX};

  /// Frees what it can of `wanted` bytes and returns how much it freed. Called by whatever thread
  /// reserves, one at a time. It must not reserve, and must not wait for a lock under which
  /// someone else does: where that can happen it tries the lock and frees nothing otherwise.
  using Reclaimer = std::function<Bytes(Bytes wanted)>;
  /// In which order reclaimers are asked: what is cheapest to lose first.
  enum class ReclaimOrder : std::uint8_t { kPools, kCaches, kSpools, kKeys };

  /// Whether to refuse a reservation that is asked for, whatever room there is. Called by whatever
  /// thread reserves; must not reserve.
  using Refusal = std::function<bool(Tag, Bytes)>;

  explicit Budget(Bytes limit = kUnlimited) : limit_(limit.count) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  /// Reserves `size` for `tag`. When there is no room, asks the reclaimers, cheapest first, and
  /// tries once more. Error: kOverBudget, with what is used, by whom, and the limit.
  [[nodiscard]] Result<Reservation> reserve(Tag tag, Bytes size);
  /// The same as reserve() for owners that keep the size themselves; false when refused.
  [[nodiscard]] bool try_add(Tag tag, Bytes size) noexcept;
  void subtract(Tag tag, Bytes size) noexcept;
  /// Moves reserved bytes from one tag to another.
  void retag(Tag from, Tag to, Bytes size) noexcept;

  [[nodiscard]] Bytes limit() const { return {limit_.load(std::memory_order_relaxed)}; }
  /// May be called while a job runs; reservations above the new limit stay.
  void set_limit(Bytes limit) { limit_.store(limit.count, std::memory_order_relaxed); }
  /// What the process takes besides and nobody reserves (code, stacks, libraries): a refusal adds
  /// it to both of its figures, so that they are those of the process's limit. 0 at first.
  void set_program_size(Bytes size) { program_.store(size.count, std::memory_order_relaxed); }
  /// For tests of what follows a refusal; {} ends it. While nobody else uses the Budget.
  void refuse_when(Refusal refusal) { refusal_ = std::move(refusal); }
  /// Whether `size` more would be granted now, without reclaiming anything.
  [[nodiscard]] bool has_room(Bytes size) const {
    const Bytes most = limit();
    const Bytes now = used();
    return now <= most && size <= most - now;
  }
  [[nodiscard]] Bytes used() const { return {used_.load(std::memory_order_relaxed)}; }
  [[nodiscard]] Bytes peak() const { return {peak_.load(std::memory_order_relaxed)}; }
  [[nodiscard]] Bytes used(Tag tag) const;
  [[nodiscard]] Bytes peak(Tag tag) const;
  /// Starts all peaks anew at what is in use now.
  void reset_peaks();
  /// The error that reserve() gives for a refused `size`.
  [[nodiscard]] Error over_budget(Tag tag, Bytes size) const;

  /// Registers a reclaimer until remove_reclaimer(), after which it does not run any more; returns
  /// its handle. Neither may be called from a reclaimer.
  std::size_t add_reclaimer(ReclaimOrder order, Reclaimer reclaimer);
  void remove_reclaimer(std::size_t handle);

 private:
  bool add_if_room(Tag tag, std::uint64_t size) noexcept;
  bool reclaim_and_add(Tag tag, std::uint64_t size);

  struct Counter {
    std::atomic<std::uint64_t> used{0};
    std::atomic<std::uint64_t> peak{0};
  };
  struct Entry {
    std::size_t handle;
    ReclaimOrder order;
    Reclaimer reclaimer;
  };
  std::atomic<std::uint64_t> limit_;
  std::atomic<std::uint64_t> program_{0};
  std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> peak_{0};
  std::array<Counter, kTagCount> tags_;
  Refusal refusal_;
  std::mutex reclaim_mutex_;
  std::vector<Entry> reclaimers_;
  std::size_t next_handle_ = 1;
};

/// Thrown where an interface of the standard library leaves no other way to refuse memory
/// (allocators); caught at the edge of each pipeline step, where it becomes its Error.
class OverBudget : public std::exception {
 public:
  explicit OverBudget(Error error) : error_(std::move(error)) {}
  [[nodiscard]] const char* what() const noexcept override { return error_.message.c_str(); }
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  Error error_;
};

/// A std::pmr::memory_resource that reserves before it allocates: blocks of 64 KiB and more are
/// mapped and unmapped, smaller ones come from the heap. Thread-safe. Throws OverBudget.
class BudgetResource final : public std::pmr::memory_resource {
 public:
  BudgetResource(Budget& budget, Tag tag) : budget_(&budget), tag_(tag) {}

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* p, std::size_t bytes, std::size_t alignment) override;
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
    return this == &other;
  }
  Budget* budget_;
  Tag tag_;
};

}  // namespace m3u_proxy::memory
