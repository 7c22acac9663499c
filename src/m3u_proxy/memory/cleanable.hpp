// MemoryCleanable: how a stage's output gives up memory it no longer needs.
//
// Types of our own derive from it. Standard containers, strings and what is nested in them go
// through clean() and memory_usage(); CleanableParts makes one MemoryCleanable of several of them:
//   CleanableParts output(channels, names_by_group);
// Containers over an Arena are not for this: an arena cannot take back a part of what it gave.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include <m3u_proxy/base/bytes.hpp>

namespace m3u_proxy::memory {

enum class CleanupStrategy : std::uint8_t {
  kBasic,       ///< give up every unused capacity
  kAggressive,  ///< Basic, drop what can be made again, and return free memory to the system
  kSmart,       ///< look first: nothing, only what is much, or everything
};
/// "basic", "aggressive", "smart".
std::string_view to_string(CleanupStrategy strategy);

/// What an object holds, and how much of it lies unused.
struct MemoryUsage {
  Bytes held;
  Bytes unused;

  constexpr MemoryUsage& operator+=(const MemoryUsage& other) {
    held += other.held;
    unused += other.unused;
    return *this;
  }
};

/// Each cleanup returns how many items it cleaned: element slots, buckets and strings whose unused
/// memory was given up, and entries dropped. None changes what the object means, and none throws.
class MemoryCleanable {
 public:
  MemoryCleanable() = default;
  MemoryCleanable(const MemoryCleanable&) = default;
  MemoryCleanable& operator=(const MemoryCleanable&) = default;
  virtual ~MemoryCleanable() = default;

  virtual std::size_t basic_cleanup() = 0;
  /// More thorough; may cost time now or later.
  virtual std::size_t aggressive_cleanup() { return basic_cleanup(); }
  /// Only where it is worth its time.
  virtual std::size_t smart_cleanup() { return basic_cleanup(); }
  /// For the choice between them.
  [[nodiscard]] virtual MemoryUsage memory_usage() const = 0;
};

/// Runs the cleanup that belongs to the strategy.
std::size_t apply_cleanup(MemoryCleanable& object, CleanupStrategy strategy);

namespace detail {

/// Smart leaves a container alone unless a quarter of it and at least this much is unused.
constexpr std::size_t kSmartLeastUnused = 4096;

template <typename T>
concept IsText = requires { typename T::traits_type; } && requires(T& t) { t.shrink_to_fit(); };
template <typename T>
concept IsArray = !IsText<T> && std::ranges::contiguous_range<T> && requires(T& t) {
  t.shrink_to_fit();
  t.capacity();
};
template <typename T>
concept IsHashTable = requires(T& t) {
  t.rehash(std::size_t{});
  t.bucket_count();
};
template <typename T>
concept IsMap = std::ranges::forward_range<T> && requires { typename T::mapped_type; };
template <typename T>
concept IsNodeContainer = IsMap<T> || IsHashTable<T>;
template <typename T>
concept IsPair = requires(T& t) {
  t.first;
  t.second;
};

/// Heap bytes of a text; none while it fits into the object itself.
template <IsText T>
constexpr std::size_t text_bytes(const T& text) {
  return text.capacity() <= T().capacity() ? 0 : text.capacity() + 1;
}

/// A node of a tree or table: the value and about three links.
template <IsNodeContainer T>
constexpr std::size_t node_bytes() {
  return sizeof(typename T::value_type) + 3 * sizeof(void*);
}

template <typename T>
constexpr std::size_t needed_buckets(const T& table) {
  return static_cast<std::size_t>(static_cast<float>(table.size()) / table.max_load_factor()) + 1;
}

constexpr bool worth_shrinking(std::size_t held, std::size_t unused, CleanupStrategy strategy) {
  if (unused == 0) return false;
  return strategy != CleanupStrategy::kSmart || (unused >= kSmartLeastUnused && unused * 4 >= held);
}

/// Shrinking needs memory for a moment; when that is refused the object stays as it was.
template <typename F>
bool try_shrink(const F& shrink) noexcept {
  try {
    shrink();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace detail

/// What `value` and everything nested in it holds on the heap. Nodes of maps are an estimate.
template <typename T>
MemoryUsage memory_usage(const T& value) {
  using namespace detail;
  MemoryUsage usage;
  if constexpr (std::derived_from<T, MemoryCleanable>) {
    usage = value.memory_usage();
  } else if constexpr (IsText<T>) {
    const std::size_t held = text_bytes(value);
    usage = {.held = {held}, .unused = {held == 0 ? 0 : value.capacity() - value.size()}};
  } else if constexpr (IsArray<T>) {
    constexpr std::size_t kItem = sizeof(typename T::value_type);
    usage = {.held = {value.capacity() * kItem},
             .unused = {(value.capacity() - value.size()) * kItem}};
    for (const auto& item : value) usage += memory_usage(item);
  } else if constexpr (IsNodeContainer<T>) {
    usage.held = {value.size() * node_bytes<T>()};
    if constexpr (IsHashTable<T>) {
      const std::size_t buckets = value.bucket_count();
      const std::size_t needed = std::min(buckets, needed_buckets(value));
      usage += {.held = {buckets * sizeof(void*)}, .unused = {(buckets - needed) * sizeof(void*)}};
    }
    for (const auto& item : value) usage += memory_usage(item);
  } else if constexpr (IsPair<T>) {
    usage += memory_usage(value.first);
    usage += memory_usage(value.second);
  }
  return usage;
}

/// Gives up unused memory of `value` and of everything nested in it; returns the items cleaned.
/// Types that hold no memory of their own cost nothing. Never throws.
template <typename T>
std::size_t clean(T& value, CleanupStrategy strategy) {
  using namespace detail;
  std::size_t cleaned = 0;
  if constexpr (std::derived_from<T, MemoryCleanable>) {
    cleaned = apply_cleanup(value, strategy);
  } else if constexpr (IsText<T>) {
    const std::size_t held = text_bytes(value);
    const std::size_t unused = held == 0 ? 0 : value.capacity() - value.size();
    if (worth_shrinking(held, unused, strategy) && try_shrink([&] { value.shrink_to_fit(); }))
      cleaned = 1;
  } else if constexpr (IsArray<T>) {
    if constexpr (std::is_class_v<typename T::value_type>)
      for (auto& item : value) cleaned += clean(item, strategy);
    constexpr std::size_t kItem = sizeof(typename T::value_type);
    const std::size_t before = value.capacity();
    if (worth_shrinking(before * kItem, (before - value.size()) * kItem, strategy) &&
        try_shrink([&] { value.shrink_to_fit(); }))
      cleaned += before - value.capacity();
  } else if constexpr (IsNodeContainer<T>) {
    if constexpr (IsMap<T>)
      for (auto& item : value) cleaned += clean(item.second, strategy);
    if constexpr (IsHashTable<T>) {
      const std::size_t before = value.bucket_count();
      const std::size_t needed = std::min(before, needed_buckets(value));
      // Tables grow to the next prime, so a few spare buckets are never worth a rehash.
      if (needed * 2 <= before &&
          worth_shrinking(before * sizeof(void*), (before - needed) * sizeof(void*), strategy) &&
          try_shrink([&] { value.rehash(0); }))
        cleaned += before - value.bucket_count();
    }
  } else if constexpr (IsPair<T>) {
    cleaned += clean(value.first, strategy);
    cleaned += clean(value.second, strategy);
  }
  return cleaned;
}

/// One MemoryCleanable made of containers, strings and cleanables, which it refers to.
template <typename... Parts>
class CleanableParts final : public MemoryCleanable {
 public:
  explicit CleanableParts(Parts&... parts) : parts_(parts...) {}

  std::size_t basic_cleanup() override { return clean_all(CleanupStrategy::kBasic); }
  std::size_t aggressive_cleanup() override { return clean_all(CleanupStrategy::kAggressive); }
  std::size_t smart_cleanup() override { return clean_all(CleanupStrategy::kSmart); }
  [[nodiscard]] MemoryUsage memory_usage() const override {
    MemoryUsage usage;
    std::apply([&](const auto&... part) { ((usage += memory::memory_usage(part)), ...); }, parts_);
    return usage;
  }

 private:
  std::size_t clean_all(CleanupStrategy strategy) {
    return std::apply([&](auto&... part) { return (clean(part, strategy) + ... + std::size_t{0}); },
                      parts_);
  }

  std::tuple<Parts&...> parts_;
};

}  // namespace m3u_proxy::memory
