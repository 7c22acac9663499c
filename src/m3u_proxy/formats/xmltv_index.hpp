// XMLTV markup index: where the bytes are that can mean something in a guide: '<', '>' and '&'.
//
// Found piece by piece ahead of the reader, 64 bytes at a time with AVX2 or SSE2 (byte by byte
// elsewhere), so that the reader goes from one to the next without a loop that nobody can predict.
// After the first stage of simdjson (Langdale, Lemire: "Parsing gigabytes of JSON per second").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace m3u_proxy::formats {

/// Goes forward through one text. Not thread-safe.
class MarkupIndex {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// Begins anew on `text`, of less than 4 GB.
  void reset(std::string_view text);
  /// Makes peek() the first one at or after `position`, which is not before where it is.
  void seek(std::size_t position);
  /// The same for a position close by.
  void pass_until(std::size_t position) {
    while (peek() < position) pass();
  }
  /// The position of the next one; kNone at the end of the text.
  std::uint32_t peek() { return at_ != count_ || refill() ? positions_[at_] : kNone; }
  /// Passes over the one that peek() gave.
  void pass() { ++at_; }
  /// Passes over the next one, which there must be.
  void skip_one() {
    if (at_ == count_) refill();
    ++at_;
  }
  /// Whether a byte that XML forbids (a control character) has come up since seek(), or may have:
  /// it looks some thousand bytes ahead and behind.
  [[nodiscard]] bool forbidden() const { return forbidden_; }

 private:
  static constexpr std::size_t kPiece = 4096;
  static constexpr std::size_t kSlack = 64;  // what one block may write too many

  bool refill();

  std::string_view text_;
  std::size_t indexed_ = 0;  // bytes of the text
  std::size_t at_ = 0;
  std::size_t count_ = 0;
  bool forbidden_ = false;
  bool piece_forbidden_ = false;
  std::array<std::uint32_t, kPiece + kSlack> positions_;  // not initialised: large
};

}  // namespace m3u_proxy::formats
