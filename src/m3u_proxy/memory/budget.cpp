#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <new>
#include <utility>

#include <fmt/format.h>
#include <sys/mman.h>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/memory/pages.hpp>

namespace m3u_proxy::memory {
namespace {

void raise(std::atomic<std::uint64_t>& peak, std::uint64_t value) noexcept {
  std::uint64_t seen = peak.load(std::memory_order_relaxed);
  while (seen < value && !peak.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

std::size_t index(Tag tag) { return static_cast<std::size_t>(tag); }

}  // namespace

std::string_view to_string(Tag tag) {
  static constexpr std::array<std::string_view, kTagCount> kNames = {
      "batch", "spool",  "key_set", "numbers",  "guide", "input", "output",     "rules",
      "pool",  "plugin", "store",   "snapshot", "http",  "jobs",  "unaccounted"};
  return kNames[index(tag)];
}

Result<> Reservation::resize(Bytes size) {
  assert(budget_ != nullptr || size == size_);
  if (size > size_) {
    if (!budget_->try_add(tag_, size - size_))
      return fail(budget_->over_budget(tag_, size - size_));
  } else if (size < size_) {
    budget_->subtract(tag_, size_ - size);
  }
  size_ = size;
  return {};
}

void Reservation::release() noexcept {
  if (budget_ != nullptr) budget_->subtract(tag_, size_);
  budget_ = nullptr;
  size_ = {};
}

Reservation Reservation::split(Bytes size) noexcept {
  assert(size <= size_);
  size_ -= size;
  return {budget_, tag_, size};
}

void Reservation::absorb(Reservation&& other) noexcept {
  if (budget_ == nullptr) {
    swap(other);
    return;
  }
  assert(other.budget_ == nullptr || (other.budget_ == budget_ && other.tag_ == tag_));
  size_ += other.size_;
  other.budget_ = nullptr;
  other.size_ = {};
}

void Reservation::swap(Reservation& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(tag_, other.tag_);
  std::swap(size_, other.size_);
}

Result<Reservation> Budget::reserve(Tag tag, Bytes size) {
  if (!try_add(tag, size)) return fail(over_budget(tag, size));
  return Reservation(this, tag, size);
}

bool Budget::add_if_room(Tag tag, std::uint64_t size) noexcept {
  const std::uint64_t limit = limit_.load(std::memory_order_relaxed);
  std::uint64_t before = used_.load(std::memory_order_relaxed);
  do {
    if (size > limit || before > limit - size) return false;
  } while (!used_.compare_exchange_weak(before, before + size, std::memory_order_relaxed));
  raise(peak_, before + size);
  Counter& counter = tags_[index(tag)];
  raise(counter.peak, counter.used.fetch_add(size, std::memory_order_relaxed) + size);
  return true;
}

bool Budget::try_add(Tag tag, Bytes size) noexcept {
  if (refusal_ && refusal_(tag, size)) return false;
  return add_if_room(tag, size.count) || reclaim_and_add(tag, size.count);
}

bool Budget::reclaim_and_add(Tag tag, std::uint64_t size) {
  if (size > limit().count) return false;
  const std::lock_guard lock(reclaim_mutex_);
  for (const Entry& entry : reclaimers_) {
    // Asks for no more than what is missing by now: others release and reserve meanwhile.
    if (add_if_room(tag, size)) return true;
    const std::uint64_t limit = this->limit().count;
    const std::uint64_t needed = used().count + size;
    entry.reclaimer(Bytes{needed > limit ? needed - limit : size});
  }
  return add_if_room(tag, size);
}

void Budget::subtract(Tag tag, Bytes size) noexcept {
  assert(tags_[index(tag)].used.load(std::memory_order_relaxed) >= size.count);
  used_.fetch_sub(size.count, std::memory_order_relaxed);
  tags_[index(tag)].used.fetch_sub(size.count, std::memory_order_relaxed);
}

void Budget::retag(Tag from, Tag to, Bytes size) noexcept {
  tags_[index(from)].used.fetch_sub(size.count, std::memory_order_relaxed);
  Counter& counter = tags_[index(to)];
  raise(counter.peak, counter.used.fetch_add(size.count, std::memory_order_relaxed) + size.count);
}

Bytes Budget::used(Tag tag) const {
  return {tags_[index(tag)].used.load(std::memory_order_relaxed)};
}

Bytes Budget::peak(Tag tag) const {
  return {tags_[index(tag)].peak.load(std::memory_order_relaxed)};
}

void Budget::reset_peaks() {
  peak_.store(used_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  for (Counter& counter : tags_)
    counter.peak.store(counter.used.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

Error Budget::over_budget(Tag tag, Bytes size) const {
  const Bytes program{program_.load(std::memory_order_relaxed)};
  std::string users;
  if (program.count != 0) users = fmt::format("program {:.1f} MB", program.mb());
  for (std::size_t i = 0; i < kTagCount; ++i) {
    const Bytes amount = used(static_cast<Tag>(i));
    if (amount.count < mib(1).count / 10) continue;
    users += fmt::format("{}{} {:.1f} MB", users.empty() ? "" : ", ",
                         to_string(static_cast<Tag>(i)), amount.mb());
  }
  return Error{.code = ErrorCode::kOverBudget,
               .message = fmt::format(
                   "the memory limit does not allow {:.1f} MB more for '{}': {:.1f} of "
                   "{:.1f} MB are in use{}",
                   size.mb(), to_string(tag), (used() + program).mb(), (limit() + program).mb(),
                   users.empty() ? "" : fmt::format(" ({})", users)),
               .where = {},
               .hint = "raise --memory-limit"};
}

std::size_t Budget::add_reclaimer(ReclaimOrder order, Reclaimer reclaimer) {
  const std::lock_guard lock(reclaim_mutex_);
  const auto after = std::ranges::upper_bound(reclaimers_, order, {}, &Entry::order);
  reclaimers_.insert(after,
                     {.handle = next_handle_, .order = order, .reclaimer = std::move(reclaimer)});
  return next_handle_++;
}

void Budget::remove_reclaimer(std::size_t handle) {
  const std::lock_guard lock(reclaim_mutex_);
  std::erase_if(reclaimers_, [&](const Entry& entry) { return entry.handle == handle; });
}

namespace {

/// From this size on a block is mapped: it leaves the process as soon as it is given back.
constexpr std::size_t kMapFrom = std::size_t{64} << 10U;

bool is_mapped(std::size_t bytes, std::size_t alignment) {
  return bytes >= kMapFrom && alignment <= kPageSize;
}

/// What a block really takes; for the heap as glibc rounds it (8 bytes of header, steps of 16).
std::size_t block_size(std::size_t bytes, std::size_t alignment) {
  if (is_mapped(bytes, alignment)) return round_to_pages(bytes);
  const std::size_t step = std::max(alignment, std::size_t{16});
  return std::max((bytes + 8 + step - 1) / step * step, std::size_t{32});
}

void* allocate_block(std::size_t bytes, std::size_t alignment) {
  if (is_mapped(bytes, alignment)) return map_pages(round_to_pages(bytes));
  const std::size_t least = std::max(alignment, sizeof(void*));
  return std::aligned_alloc(least, (bytes + least - 1) / least * least);
}

}  // namespace

void* BudgetResource::do_allocate(std::size_t bytes, std::size_t alignment) {
  const Bytes size{block_size(bytes, alignment)};
  if (!budget_->try_add(tag_, size)) throw OverBudget(budget_->over_budget(tag_, size));
  void* p = allocate_block(bytes, alignment);
  if (p == nullptr) {
    budget_->subtract(tag_, size);
    throw std::bad_alloc();
  }
  return p;
}

void BudgetResource::do_deallocate(void* p, std::size_t bytes, std::size_t alignment) {
  if (is_mapped(bytes, alignment))
    unmap_pages(p, round_to_pages(bytes));
  else
    std::free(p);  // NOLINT(cppcoreguidelines-no-malloc): the other half of aligned_alloc
  budget_->subtract(tag_, Bytes{block_size(bytes, alignment)});
}

}  // namespace m3u_proxy::memory
