#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include <m3u_proxy/snapshots/placeholders.hpp>

namespace m3u_proxy::snapshots {
namespace {

std::int64_t difference(std::string_view value, std::string_view placeholder) {
  return static_cast<std::int64_t>(value.size()) - static_cast<std::int64_t>(placeholder.size());
}

/// As std::string_view::find(), which stops at each first letter: an "h" or "m" is everywhere.
std::size_t find(std::string_view text, std::string_view sought, std::size_t from) {
  if (from >= text.size()) return std::string_view::npos;
  const void* const found =
      ::memmem(text.data() + from, text.size() - from, sought.data(), sought.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace

FoundPlace find_place(std::string_view text, std::size_t from, const Placeholders& placeholders) {
  const std::size_t base = find(text, placeholders.base, from);
  const std::size_t token = find(text.substr(0, base), placeholders.token, from);
  if (token != std::string_view::npos) return {.at = token, .is_base = false};
  return {.at = base, .is_base = true};
}

Placeholders Placeholders::of_installation(std::string_view random) {
  return {.base = fmt::format("http://m3u-proxy-{}.invalid", random),
          .token = fmt::format("m3u-proxy-token-{}", random)};
}

PlaceCounter::PlaceCounter(Placeholders placeholders)
    : placeholders_(std::move(placeholders)),
      longest_(std::max(placeholders_.base.size(), placeholders_.token.size())) {}

/// Counts those that begin before `begins_before` in `text`, which is at `offset`.
void PlaceCounter::search(std::string_view text, std::uint64_t offset, std::size_t begins_before) {
  for (std::size_t from = 0;;) {
    const FoundPlace found = find_place(text, from, placeholders_);
    if (found.at == std::string_view::npos || found.at >= begins_before) return;
    const auto block = static_cast<std::size_t>((offset + found.at) / kPlaceBlock);
    if (block >= counts_.size()) counts_.resize(block + 1);
    ++(found.is_base ? counts_[block].bases : counts_[block].tokens);
    from = found.at + (found.is_base ? placeholders_.base : placeholders_.token).size();
  }
}

void PlaceCounter::add(std::string_view bytes) {
  // What may begin in the tail and end in these bytes.
  const std::size_t tail = tail_.size();
  if (bytes.size() < 2 * longest_) {
    tail_.append(bytes);
    offset_ += bytes.size();
    const std::size_t keep = std::min(tail_.size(), longest_ - 1);
    search(tail_, offset_ - tail_.size(), tail_.size() - keep);
    tail_.erase(0, tail_.size() - keep);
    return;
  }
  tail_.append(bytes.substr(0, longest_ - 1));
  search(tail_, offset_ - tail, tail);
  const std::size_t keep = longest_ - 1;
  search(bytes, offset_, bytes.size() - keep);
  tail_.assign(bytes.substr(bytes.size() - keep));
  offset_ += bytes.size();
}

std::vector<PlaceCount> PlaceCounter::finish() {
  search(tail_, offset_ - tail_.size(), tail_.size());
  return std::move(counts_);
}

std::string to_bytes(std::span<const PlaceCount> counts) {
  std::string bytes(counts.size_bytes(), '\0');
  if (!counts.empty()) std::memcpy(bytes.data(), counts.data(), bytes.size());
  return bytes;
}

Result<std::vector<PlaceCount>> parse_counts(std::string_view bytes) {
  if (bytes.size() % sizeof(PlaceCount) != 0)
    return fail(ErrorCode::kParse, "the counts of placeholders are damaged");
  std::vector<PlaceCount> counts(bytes.size() / sizeof(PlaceCount));
  if (!counts.empty()) std::memcpy(counts.data(), bytes.data(), bytes.size());
  return counts;
}

std::uint64_t size_with(std::uint64_t size, std::span<const PlaceCount> counts,
                        const Placeholders& placeholders, const Placeholders& values) {
  std::int64_t bases = 0;
  std::int64_t tokens = 0;
  for (const PlaceCount& count : counts) {
    bases += count.bases;
    tokens += count.tokens;
  }
  const std::int64_t more = bases * difference(values.base, placeholders.base) +
                            tokens * difference(values.token, placeholders.token);
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(size) + more);
}

}  // namespace m3u_proxy::snapshots
