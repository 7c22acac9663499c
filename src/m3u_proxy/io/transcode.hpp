// Transcoding: text in whatever encoding, as UTF-8, while it streams.
//
// Byte order marks are obeyed and dropped. What does not convert becomes U+FFFD and is counted.
// Text that is UTF-8 already passes through untouched and without a copy, valid or not: the
// readers judge it line by line.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <m3u_proxy/io/byte_source.hpp>

namespace m3u_proxy::io {

/// A source of UTF-8 text. Errors of read() are those of the source behind it.
class TextSource : public ByteSource {
 public:
  /// What the text was stored as, an iconv name such as "UTF-16LE"; known after the first read().
  [[nodiscard]] virtual std::string_view encoding() const = 0;
  /// How many invalid byte sequences became U+FFFD so far.
  [[nodiscard]] virtual std::uint64_t replaced() const = 0;
  /// What the user should know, such as a declared encoding that does not exist; "" if nothing.
  [[nodiscard]] virtual std::string_view note() const = 0;
};

/// Whether iconv knows this encoding ("auto" and "" are known). Error: kInvalidArgument, with the
/// closest name.
Result<> check_encoding(std::string_view encoding);

/// Text whose encoding is configured: "auto" (or "") goes by a byte order mark and else takes it
/// for UTF-8; otherwise any name that iconv knows, unless a byte order mark says otherwise.
/// ISO-8859-1 is read as its superset Windows-1252, as browsers do (WHATWG Encoding, 4.2).
/// Error: kInvalidArgument, as check_encoding().
Result<std::unique_ptr<TextSource>> make_text_source(std::unique_ptr<ByteSource> source,
                                                     std::string_view encoding);

/// XML: a byte order mark, else the pattern of UTF-16, else the encoding that the XML declaration
/// names (XML 1.0, appendix F), else UTF-8. The declaration stays in the text as it was. A name
/// that does not exist or cannot be true is noted, and the text taken for UTF-8.
std::unique_ptr<TextSource> make_xml_text_source(std::unique_ptr<ByteSource> source);

}  // namespace m3u_proxy::io
