// PairMask: which pairs of neighbouring bytes a text holds, hashed to 64 bits. A text cannot be
// part of another one that lacks some of its pairs: one AND answers most searches of a long list
// of rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace m3u_proxy::rules {

using PairMask = std::uint64_t;

/// The pairs of `text`; 0 when it has fewer than two bytes.
constexpr PairMask pair_mask(std::string_view text) {
  PairMask mask = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const unsigned first = static_cast<unsigned char>(text[i - 1]);
    const unsigned second = static_cast<unsigned char>(text[i]);
    mask |= PairMask{1} << ((first * 31U + second * 7U) % 64U);
  }
  return mask;
}

/// False when a text with the pairs `part` surely is not in one with the pairs `whole`.
constexpr bool may_contain(PairMask whole, PairMask part) { return (part & ~whole) == 0; }

}  // namespace m3u_proxy::rules
