#include <algorithm>
#include <cstring>
#include <utility>

#include <m3u_proxy/memory/pages.hpp>
#include <m3u_proxy/memory/process_memory.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::memory {
namespace {

constexpr std::size_t kLargeStep = std::size_t{1} << 20U;
constexpr std::size_t kKeepAtMostPieces = 4096;

std::size_t class_of(std::size_t size) {
  return static_cast<std::size_t>(std::ranges::lower_bound(SlabPool::kSizes, size) -
                                  SlabPool::kSizes.begin());
}

constexpr std::uint64_t kept_percent(MemoryPressureLevel level) {
  switch (level) {
    case MemoryPressureLevel::kOptimal:
    case MemoryPressureLevel::kModerate:
      return 100;
    case MemoryPressureLevel::kHigh:
      return 50;
    case MemoryPressureLevel::kCritical:
      return 20;
    case MemoryPressureLevel::kEmergency:
      break;
  }
  return 0;
}

}  // namespace

Slab::~Slab() {
  if (data_ != nullptr) pool_->give_back(tag_, data_, size_);
}

void Slab::swap(Slab& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(tag_, other.tag_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
}

SlabPool::SlabPool(Budget& budget, const MemoryPoolConfig& config)
    : SlabPool(budget, pool_bytes(config), config) {}

SlabPool::SlabPool(Budget& budget, Bytes keep_at_most, const MemoryPoolConfig& config)
    : budget_(&budget),
      most_(keep_at_most.count),
      buffer_size_(config.temp_buffer_size),
      keep_at_most_(keep_at_most.count),
      reclaimer_(budget.add_reclaimer(Budget::ReclaimOrder::kPools,
                                      [this](Bytes wanted) { return trim(wanted); })) {
  // give_back() runs in destructors, where a list that has to grow could not report it.
  for (std::size_t kind = 0; kind < kSizes.size(); ++kind)
    kept_[kind].reserve(std::min(keep_at_most_ / kSizes[kind], kKeepAtMostPieces));
}

SlabPool::~SlabPool() {
  budget_->remove_reclaimer(reclaimer_);
  trim();
}

Result<Slab> SlabPool::acquire(Tag tag, std::size_t size) {
  const std::size_t kind = class_of(size);
  if (kind < kSizes.size()) {
    size = kSizes[kind];
    const std::lock_guard lock(mutex_);
    ++stats_.requests;
    if (!kept_[kind].empty()) {
      char* data = kept_[kind].back();
      kept_[kind].pop_back();
      idle_[kind] = std::min(idle_[kind], kept_[kind].size());
      kept_bytes_ -= size;
      ++stats_.hits;
      budget_->retag(Tag::kPool, tag, Bytes{size});
      return Slab(this, tag, data, size);
    }
  } else {
    size = (size + kLargeStep - 1) / kLargeStep * kLargeStep;
  }
  if (!budget_->try_add(tag, Bytes{size})) return fail(budget_->over_budget(tag, Bytes{size}));
  char* data = static_cast<char*>(map_pages(size));
  if (data == nullptr) {
    budget_->subtract(tag, Bytes{size});
    return fail(ErrorCode::kOverBudget, "the system has no memory left",
                "set --memory-limit below what the machine has free");
  }
  return Slab(this, tag, data, size);
}

void SlabPool::give_back(Tag tag, char* data, std::size_t size) noexcept {
  const std::size_t kind = class_of(size);
  if (kind < kSizes.size()) {
    const std::lock_guard lock(mutex_);
    if (kept_bytes_ + size <= keep_at_most_ && kept_[kind].size() < kept_[kind].capacity()) {
      kept_[kind].push_back(data);
      kept_bytes_ += size;
      budget_->retag(tag, Tag::kPool, Bytes{size});
      return;
    }
  }
  unmap_pages(data, size);
  budget_->subtract(tag, Bytes{size});
}

std::uint64_t SlabPool::unmap_kept(std::uint64_t wanted) noexcept {
  std::uint64_t freed = 0;
  for (std::size_t kind = kSizes.size(); kind-- > 0;) {
    while (!kept_[kind].empty() && freed < wanted) {
      unmap_pages(kept_[kind].back(), kSizes[kind]);
      kept_[kind].pop_back();
      freed += kSizes[kind];
    }
    idle_[kind] = std::min(idle_[kind], kept_[kind].size());
  }
  kept_bytes_ -= freed;
  budget_->subtract(Tag::kPool, Bytes{freed});
  return freed;
}

Bytes SlabPool::trim(Bytes wanted) {
  const std::lock_guard lock(mutex_);
  return Bytes{unmap_kept(wanted.count)};
}

void SlabPool::follow(MemoryPressureLevel level) {
  if (level_.exchange(level, std::memory_order_relaxed) == level) return;
  const std::lock_guard lock(mutex_);
  const std::uint64_t percent = kept_percent(level);
  keep_at_most_ = most_ / 100 * percent + most_ % 100 * percent / 100;
  if (kept_bytes_ > keep_at_most_) unmap_kept(kept_bytes_ - keep_at_most_);
}

std::size_t SlabPool::smart_cleanup() {
  const std::lock_guard lock(mutex_);
  if (!has_been_idle()) return 0;
  std::array<std::size_t, kSizes.size()> in_use{};
  for (std::size_t kind = 0; kind < kSizes.size(); ++kind)
    in_use[kind] = kept_[kind].size() - idle_[kind];
  return unmap_all_but(in_use);
}

std::size_t SlabPool::aggressive_cleanup() {
  const std::lock_guard lock(mutex_);
  return unmap_all_but({});
}

/// Whether that nobody took a slab since the last cleanup says something.
bool SlabPool::has_been_idle() const {
  constexpr std::chrono::seconds kLongEnough{1};
  return stats_.requests != cleaned_at_request_ || coarse_steady_now() - cleaned_at_ >= kLongEnough;
}

/// Unmaps kept slabs until there are `counts` of each size, and begins to look anew.
std::size_t SlabPool::unmap_all_but(const std::array<std::size_t, kSizes.size()>& counts) noexcept {
  std::size_t slabs = 0;
  std::uint64_t freed = 0;
  for (std::size_t kind = 0; kind < kSizes.size(); ++kind) {
    for (; kept_[kind].size() > counts[kind]; ++slabs) {
      unmap_pages(kept_[kind].back(), kSizes[kind]);
      kept_[kind].pop_back();
      freed += kSizes[kind];
    }
    idle_[kind] = kept_[kind].size();
  }
  cleaned_at_request_ = stats_.requests;
  cleaned_at_ = coarse_steady_now();
  kept_bytes_ -= freed;
  budget_->subtract(Tag::kPool, Bytes{freed});
  return slabs;
}

MemoryUsage SlabPool::memory_usage() const {
  const std::lock_guard lock(mutex_);
  MemoryUsage usage{.held = Bytes{kept_bytes_}, .unused = {}};
  if (!has_been_idle()) return usage;
  for (std::size_t kind = 0; kind < kSizes.size(); ++kind)
    usage.unused += Bytes{kSizes[kind]} * idle_[kind];
  return usage;
}

PoolStats SlabPool::stats() const {
  const std::lock_guard lock(mutex_);
  PoolStats stats = stats_;
  stats.kept = Bytes{kept_bytes_};
  return stats;
}

Arena::Arena(Arena&& other) noexcept
    : pool_(other.pool_),
      tag_(other.tag_),
      slabs_(std::move(other.slabs_)),
      next_(std::exchange(other.next_, nullptr)),
      end_(std::exchange(other.end_, nullptr)),
      footprint_(std::exchange(other.footprint_, {})) {
  other.slabs_.clear();
}

Arena& Arena::operator=(Arena&& other) noexcept {
  if (this == &other) return *this;
  pool_ = other.pool_;
  tag_ = other.tag_;
  slabs_ = std::move(other.slabs_);
  other.slabs_.clear();
  next_ = std::exchange(other.next_, nullptr);
  end_ = std::exchange(other.end_, nullptr);
  footprint_ = std::exchange(other.footprint_, {});
  return *this;
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  char* p = allocate_text(text.size());
  std::memcpy(p, text.data(), text.size());
  return {p, text.size()};
}

void Arena::add_slab(std::size_t at_least) {
  auto slab = pool_->acquire(tag_, std::max(at_least, SlabPool::kSizes[0]));
  if (!slab) throw OverBudget(std::move(slab).error());
  next_ = slab->data();
  end_ = next_ + slab->size();
  footprint_ += Bytes{slab->size()};
  slabs_.push_back(*std::move(slab));
}

void* Arena::do_allocate(std::size_t bytes, std::size_t alignment) {
  const auto align = [&] {
    const auto address = reinterpret_cast<std::uintptr_t>(next_);
    return static_cast<std::size_t>((alignment - address % alignment) % alignment);
  };
  if (next_ == nullptr || static_cast<std::size_t>(end_ - next_) < bytes + align())
    add_slab(bytes + alignment);
  next_ += align();
  char* p = next_;
  next_ += bytes;
  return p;
}

void Arena::reset() {
  if (slabs_.empty()) return;
  if (slabs_.front().size() <= SlabPool::kSizes[1]) {
    slabs_.resize(1);
    next_ = slabs_.front().data();
    end_ = next_ + slabs_.front().size();
    footprint_ = Bytes{slabs_.front().size()};
  } else {
    slabs_.clear();
    next_ = end_ = nullptr;
    footprint_ = {};
  }
}

}  // namespace m3u_proxy::memory
