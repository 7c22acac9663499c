// ContentHash: by which files of snapshots are told apart: XXH3 of 128 bits, as 32 hex digits.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <xxhash.h>

namespace m3u_proxy::snapshots {

/// Not thread-safe.
class ContentHash {
 public:
  ContentHash();
  void add(std::string_view bytes);
  /// Of what was added so far.
  [[nodiscard]] std::string text() const;

 private:
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state_;
};

}  // namespace m3u_proxy::snapshots
