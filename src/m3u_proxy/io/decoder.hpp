// Decoder: one compression format as a step from compressed to plain bytes, without any I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::io {

enum class Compression : std::uint8_t { kGzip, kBzip2, kXz, kZstd };
/// "gzip", "bzip2", "xz", "zstd".
std::string_view to_string(Compression format);

/// How many bytes detect_compression() needs to be sure.
constexpr std::size_t kMagicSize = 6;
/// The format whose magic bytes `head` begins with (RFC 1952; bzip2's "BZh1" to "BZh9" and block
/// magic; the .xz file format 1.0.4; RFC 8878 with skippable frames).
std::optional<Compression> detect_compression(std::string_view head);

/// Decodes one member (gzip), stream (bzip2, xz) or frame (zstd) after another. Its memory is
/// reserved from a Budget. Not thread-safe.
class Decoder {
 public:
  /// What one call did. Nothing consumed and nothing produced: it needs more input.
  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    bool member_ended = false;
    std::optional<Error> error{};  ///< kParse or kOverBudget; what was produced is still good
  };

  Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  virtual ~Decoder() = default;

  /// Decodes some of `input` into `output` (not empty).
  virtual Step decode(std::span<const char> input, std::span<char> output) = 0;
  /// The last bytes of the input that were consumed although the member that ended did not need
  /// them: of formats without an end of their own. Valid until the next call.
  [[nodiscard]] virtual std::string_view unneeded() const { return {}; }
  /// Prepares for another member. Error: kOverBudget.
  virtual Result<> restart() = 0;
};

/// A decoder ready for the first member. Error: kOverBudget.
Result<std::unique_ptr<Decoder>> make_decoder(Compression format, memory::Budget& budget);

/// The error for compressed bytes that are not what they should be; `format` as to_string() names
/// it, `detail` says how.
Error damaged(std::string_view format, std::string_view detail);

}  // namespace m3u_proxy::io
