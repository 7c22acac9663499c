// HeadScanner: finds the end of a request's head in bytes that arrive in pieces, and refuses at
// once what different readers understand differently: a line feed without its carriage return, and
// a field that goes on in the next line. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace m3u_proxy::http {

class HeadScanner {
 public:
  enum class State : std::uint8_t {
    kMore,      ///< the head is not at its end
    kComplete,  ///< size() bytes are the head
    kBad,       ///< 400
  };
  /// Looks at the bytes that came since the last call; `text` is all of them from the start on.
  State scan(std::string_view text);

  /// Of a complete head: its bytes, with the empty line at its end.
  [[nodiscard]] std::size_t size() const { return position_; }
  /// Empty lines before the request line, which are no part of the request.
  [[nodiscard]] std::size_t skipped() const { return skipped_; }
  /// Bytes of the request line with its line end; 0 as long as it has not ended.
  [[nodiscard]] std::size_t first_line() const { return first_line_; }

 private:
  std::size_t position_ = 0;  ///< the start of the line that has not ended yet
  std::size_t searched_ = 0;  ///< up to here there is no line feed in it
  std::size_t skipped_ = 0;
  std::size_t first_line_ = 0;
};

}  // namespace m3u_proxy::http
