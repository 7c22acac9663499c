// Placeholders: what is in a published file where an address of ours begins, since that depends
// on the client that asks: under which name and port, through which proxy, with which token.
//
// Both texts are random for an installation, so no source can contain them. While a file is
// written to its snapshot, the places are counted by block of 16 KB; from the counts the size of
// every answer is known before it is sent, and blocks without a place are sent by the kernel.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::snapshots {

/// The two texts that are in files, or what takes their place in an answer.
struct Placeholders {
  std::string base;   ///< "http://host:port/prefix", without a final slash
  std::string token;  ///< the output token, or the name of a public proxy

  /// Those of an installation, from its 32 hex digits. The first one reads as an address.
  static Placeholders of_installation(std::string_view random);
};

/// Where a placeholder is in a text.
struct FoundPlace {
  std::size_t at = std::string_view::npos;
  bool is_base = false;
};
/// The first one in `text` from `from` on; npos: none.
FoundPlace find_place(std::string_view text, std::size_t from, const Placeholders& placeholders);

constexpr std::size_t kPlaceBlock = std::size_t{16} << 10U;

/// How many of each placeholder begin in a block.
struct PlaceCount {
  std::uint16_t bases = 0;
  std::uint16_t tokens = 0;
  bool operator==(const PlaceCount&) const = default;
};

/// Counts the placeholders of a file while it goes by, in pieces of any size.
class PlaceCounter {
 public:
  explicit PlaceCounter(Placeholders placeholders);
  void add(std::string_view bytes);
  /// After the last piece: a count for each block up to the last one that has any.
  std::vector<PlaceCount> finish();

 private:
  void search(std::string_view text, std::uint64_t offset, std::size_t begins_before);

  Placeholders placeholders_;
  std::size_t longest_;
  std::string tail_;  // the end of what went by, in which a placeholder may begin
  std::uint64_t offset_ = 0;
  std::vector<PlaceCount> counts_;
};

/// The counts as the content of a file, and back. Error: kParse.
std::string to_bytes(std::span<const PlaceCount> counts);
Result<std::vector<PlaceCount>> parse_counts(std::string_view bytes);

/// The size of a file of `size` bytes when `values` stand for `placeholders`.
std::uint64_t size_with(std::uint64_t size, std::span<const PlaceCount> counts,
                        const Placeholders& placeholders, const Placeholders& values);

}  // namespace m3u_proxy::snapshots
