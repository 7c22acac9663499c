// PlaylistGenerator: makes a playlist of any length from the entries of another one.
//
// The first copy of the entries is as they are; each further copy gets its number added to id,
// name and address, so that every channel is a different one. The result depends on nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::bench {

/// What of an entry a guide needs.
struct ChannelParts {
  std::string id;
  std::string name;
  std::string logo;
};

class PlaylistGenerator {
 public:
  /// `text`: a playlist in ordinary form. Error: kParse when it has no entries.
  static Result<PlaylistGenerator> from(std::string_view text);

  /// Appends entry number `index` (from 0, without end) of the playlist to `out`.
  void append_entry(std::string& out, std::uint64_t index) const;
  /// The channel of entry number `index`; its id may be empty.
  [[nodiscard]] ChannelParts channel(std::uint64_t index) const;

 private:
  /// An entry's text, cut where a copy's number is inserted (after id, name and address).
  struct Entry {
    std::vector<std::string> pieces;
    std::vector<std::string_view> separators;
    ChannelParts channel;
  };
  static Entry parse_entry(std::string_view text);

  std::vector<Entry> entries_;
};

}  // namespace m3u_proxy::bench
