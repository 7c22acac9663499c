// XMLTV encodings: what encoding a guide is in, by its byte order mark or XML declaration, and the
// translation to UTF-8 as the bytes stream by. Pure; one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::formats {

/// The encoding of the document that begins with `head` (at least 200 bytes, where there are so
/// many), in capital letters: a byte order mark first, then the shape of UTF-16, then the XML
/// declaration, else "UTF-8".
std::string detect_xml_encoding(std::string_view head);

/// Translates a stream of bytes to UTF-8.
class XmltvTranscoder {
 public:
  /// `encoding`: UTF-16LE, UTF-16BE, ISO-8859-* or WINDOWS-125* (and their usual other names).
  /// Returns nothing for UTF-8 and ASCII: these are not translated. Error: kParse for others.
  static Result<std::unique_ptr<XmltvTranscoder>> create(const std::string& encoding);
  ~XmltvTranscoder();
  XmltvTranscoder(const XmltvTranscoder&) = delete;
  XmltvTranscoder& operator=(const XmltvTranscoder&) = delete;

  enum class Input : std::uint8_t { kMore, kEnd };
  struct Progress {
    std::size_t read = 0;     ///< bytes of the input used
    std::size_t written = 0;  ///< bytes of the output filled
  };
  /// Translates as much of `input` as fits into `output` (at least 8 bytes). Half a character at
  /// the end is left for the next call, or becomes U+FFFD at the end of everything.
  Progress convert(std::string_view input, Input what, char* output, std::size_t room);
  /// Bytes that stand for nothing in this encoding; each became U+FFFD.
  [[nodiscard]] std::uint64_t replaced() const { return replaced_; }

 private:
  explicit XmltvTranscoder(void* handle) : handle_(handle) {}
  void* handle_;
  std::uint64_t replaced_ = 0;
};

}  // namespace m3u_proxy::formats
