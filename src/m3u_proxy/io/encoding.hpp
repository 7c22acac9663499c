// Encodings: which one a text's first bytes or its XML declaration tell, and iconv by name.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <iconv.h>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::io {

inline constexpr std::string_view kUtf8 = "UTF-8";

struct ByteOrderMark {
  std::string_view encoding;  ///< "UTF-8", "UTF-16LE", "UTF-16BE"
  std::size_t size = 0;       ///< bytes
};
/// The byte order mark that `head` begins with.
std::optional<ByteOrderMark> find_byte_order_mark(std::string_view head);

/// The value of `encoding=` in the XML declaration of `head`, which begins in its first 4 KB (what
/// a server printed before it is forgiven); empty when there is none.
std::string_view declared_xml_encoding(std::string_view head);

/// Bytes of the smallest unit of this encoding: 4 for UTF-32 and UCS-4, 2 for UTF-16 and UCS-2,
/// else 1.
std::size_t unit_size(std::string_view encoding);
/// UTF-8 and ASCII, in any spelling: nothing to convert.
bool is_utf8_name(std::string_view encoding);

/// A conversion to UTF-8. Movable, not thread-safe.
class Converter {
 public:
  /// Error: kInvalidArgument, with the closest name.
  static Result<Converter> open(std::string_view encoding);
  Converter(Converter&& other) noexcept;
  Converter& operator=(Converter&& other) noexcept;
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  ~Converter();

  enum class Stop : std::uint8_t { kInputEmpty, kOutputFull, kIncomplete, kInvalid };
  /// Converts from `input` to `output`, moving the beginning of both behind what was done.
  Stop convert(std::span<const char>& input, std::span<char>& output);

 private:
  explicit Converter(iconv_t handle) : handle_(handle) {}
  iconv_t handle_;
};

}  // namespace m3u_proxy::io
