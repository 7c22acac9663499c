#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <iconv.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_encoding.hpp>

namespace m3u_proxy::formats {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// What the XML declaration says; "" when it says nothing.
std::string_view declared(std::string_view head) {
  while (!head.empty() && is_ascii_space(head.front())) head.remove_prefix(1);
  if (!head.starts_with("<?xml")) return {};
  head = head.substr(0, head.find("?>"));
  const std::size_t at = head.find("encoding");
  if (at == std::string_view::npos) return {};
  head = trim(head.substr(at + 8));
  if (!head.starts_with('=')) return {};
  head = trim(head.substr(1));
  if (head.empty() || (head.front() != '"' && head.front() != '\'')) return {};
  const std::size_t close = head.find(head.front(), 1);
  return close == std::string_view::npos ? std::string_view() : head.substr(1, close - 1);
}

bool is_utf8_name(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kNames = {"UTF-8", "UTF8", "US-ASCII", "ASCII",
                                                             ""};
  return std::ranges::find(kNames, name) != kNames.end();
}

/// The converter's name for an encoding of the supported families; "" for all others.
std::string converter_name(std::string_view name) {
  if (name == "UTF-16LE" || name == "UTF-16BE") return std::string(name);
  if (name == "UTF-16" || name == "UCS-2") return "UTF-16LE";
  if (name == "LATIN1" || name == "LATIN-1") return "ISO-8859-1";
  for (const std::string_view family : {"ISO-8859-", "ISO8859-", "ISO_8859-"})
    if (name.starts_with(family)) return "ISO-8859-" + std::string(name.substr(family.size()));
  for (const std::string_view family : {"WINDOWS-125", "CP125", "CP-125"})
    if (name.starts_with(family)) return "CP125" + std::string(name.substr(family.size()));
  return {};
}

}  // namespace

std::string detect_xml_encoding(std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF")) return "UTF-8";
  using namespace std::string_view_literals;
  if (head.starts_with("\xFF\xFE"sv) || head.starts_with("<\0?\0"sv)) return "UTF-16LE";
  if (head.starts_with("\xFE\xFF"sv) || head.starts_with("\0<\0?"sv)) return "UTF-16BE";
  std::string name(declared(head));
  // The declaration could be read byte by byte, so it cannot be right about this.
  if (name.empty() || starts_with_ascii_case(name, "UTF-16")) return "UTF-8";
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
  return name;
}

Result<std::unique_ptr<XmltvTranscoder>> XmltvTranscoder::create(const std::string& encoding) {
  if (is_utf8_name(encoding)) return std::unique_ptr<XmltvTranscoder>();
  const std::string name = converter_name(encoding);
  const iconv_t handle =
      name.empty() ? reinterpret_cast<iconv_t>(-1) : iconv_open("UTF-8", name.c_str());
  if (handle == reinterpret_cast<iconv_t>(-1))
    return fail(ErrorCode::kParse,
                fmt::format("the guide says that its encoding is '{}', which is not supported",
                            excerpt(encoding)),
                "supported are UTF-8, UTF-16, ISO-8859-* and Windows-125*");
  return std::unique_ptr<XmltvTranscoder>(new XmltvTranscoder(handle));
}

XmltvTranscoder::~XmltvTranscoder() { iconv_close(static_cast<iconv_t>(handle_)); }

XmltvTranscoder::Progress XmltvTranscoder::convert(std::string_view input, Input what, char* output,
                                                   std::size_t room) {
  char* in = const_cast<char*>(input.data());  // iconv's prototype; it does not write there
  char* out = output;
  std::size_t in_left = input.size();
  std::size_t out_left = room;
  while (in_left != 0) {
    const std::size_t done = iconv(static_cast<iconv_t>(handle_), &in, &in_left, &out, &out_left);
    if (done != static_cast<std::size_t>(-1) || errno == E2BIG) break;
    if (errno == EINVAL && what == Input::kMore) break;
    if (out_left < kReplacement.size()) break;
    std::memcpy(out, kReplacement.data(), kReplacement.size());
    out += kReplacement.size();
    out_left -= kReplacement.size();
    ++replaced_;
    const std::size_t skipped = errno == EINVAL ? in_left : std::size_t{1};
    in += skipped;
    in_left -= skipped;
  }
  return {.read = input.size() - in_left, .written = room - out_left};
}

}  // namespace m3u_proxy::formats
