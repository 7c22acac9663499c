#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/encoding.hpp>

namespace m3u_proxy::io {
namespace {

using namespace std::string_view_literals;

/// For "did you mean": what playlists and guides come in.
constexpr std::array kCommonNames = {
    "auto"sv,         "utf-8"sv,        "utf-16"sv,       "utf-16le"sv,     "utf-16be"sv,
    "iso-8859-1"sv,   "iso-8859-2"sv,   "iso-8859-5"sv,   "iso-8859-7"sv,   "iso-8859-9"sv,
    "iso-8859-15"sv,  "windows-1250"sv, "windows-1251"sv, "windows-1252"sv, "windows-1253"sv,
    "windows-1254"sv, "windows-1255"sv, "windows-1256"sv, "windows-1257"sv, "windows-1258"sv,
    "koi8-r"sv,       "koi8-u"sv,       "latin1"sv,       "gb18030"sv,      "big5"sv,
    "shift_jis"sv,    "euc-jp"sv,       "euc-kr"sv,       "cp1251"sv,       "cp1252"sv};

constexpr iconv_t kNoHandle = nullptr;

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::any_of(names,
                             [&](std::string_view one) { return equals_ascii_case(name, one); });
}

/// Names only: iconv would take "//IGNORE" and the like as instructions.
bool is_plain_name(std::string_view name) {
  constexpr std::size_t kLongest = 40;
  return !name.empty() && name.size() <= kLongest && std::ranges::all_of(name, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || "-_.:+()"sv.contains(c);
  });
}

std::string iconv_name(std::string_view encoding) {
  if (is_one_of(encoding, {"iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1"}))
    return "WINDOWS-1252";
  return std::string(encoding);
}

std::unexpected<Error> unknown_encoding(std::string_view encoding) {
  std::string lower(encoding);
  std::ranges::transform(lower, lower.begin(), ascii_lower);
  const std::string_view close = closest_word(lower, kCommonNames);
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("unknown encoding '{}'", excerpt(encoding, 40)),
              close.empty() ? "`iconv --list` shows the names; \"auto\" suits most sources"
                            : fmt::format("did you mean '{}'?", close));
}

std::string_view after_space(std::string_view text) {
  while (!text.empty() && is_ascii_space(text.front())) text.remove_prefix(1);
  return text;
}

}  // namespace

std::optional<ByteOrderMark> find_byte_order_mark(std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF"sv)) return ByteOrderMark{.encoding = kUtf8, .size = 3};
  if (head.starts_with("\xFF\xFE"sv)) return ByteOrderMark{.encoding = "UTF-16LE", .size = 2};
  if (head.starts_with("\xFE\xFF"sv)) return ByteOrderMark{.encoding = "UTF-16BE", .size = 2};
  return std::nullopt;
}

std::string_view declared_xml_encoding(std::string_view head) {
  constexpr std::size_t kMostBefore = 4096;
  const std::size_t declaration = head.find("<?xml");
  if (declaration >= kMostBefore) return {};
  head.remove_prefix(declaration);
  head = head.substr(0, head.find("?>"));
  constexpr std::string_view kKey = "encoding";
  const std::size_t key = head.find(kKey);
  if (key == std::string_view::npos) return {};
  head = after_space(head.substr(key + kKey.size()));
  if (!head.starts_with('=')) return {};
  head = after_space(head.substr(1));
  if (head.empty() || (head.front() != '"' && head.front() != '\'')) return {};
  const std::size_t end = head.find(head.front(), 1);
  return end == std::string_view::npos ? std::string_view{} : trim(head.substr(1, end - 1));
}

std::size_t unit_size(std::string_view encoding) {
  if (starts_with_ascii_case(encoding, "utf-32") || starts_with_ascii_case(encoding, "utf32") ||
      starts_with_ascii_case(encoding, "ucs-4") || starts_with_ascii_case(encoding, "ucs4"))
    return 4;
  if (starts_with_ascii_case(encoding, "utf-16") || starts_with_ascii_case(encoding, "utf16") ||
      starts_with_ascii_case(encoding, "ucs-2") || starts_with_ascii_case(encoding, "ucs2") ||
      starts_with_ascii_case(encoding, "unicode") || starts_with_ascii_case(encoding, "iso-10646"))
    return 2;
  return 1;
}

bool is_utf8_name(std::string_view encoding) {
  return is_one_of(encoding, {"utf-8", "utf8", "us-ascii", "ascii"});
}

Result<Converter> Converter::open(std::string_view encoding) {
  if (!is_plain_name(encoding)) return unknown_encoding(encoding);
  const iconv_t handle = ::iconv_open(std::string(kUtf8).c_str(), iconv_name(encoding).c_str());
  // iconv_open answers (iconv_t)-1 for what it does not know.
  if (reinterpret_cast<std::intptr_t>(handle) == -1) return unknown_encoding(encoding);
  return Converter(handle);
}

Converter::Converter(Converter&& other) noexcept
    : handle_(std::exchange(other.handle_, kNoHandle)) {}

Converter& Converter::operator=(Converter&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

Converter::~Converter() {
  if (handle_ != kNoHandle) ::iconv_close(handle_);
}

Converter::Stop Converter::convert(std::span<const char>& input, std::span<char>& output) {
  char* in = const_cast<char*>(input.data());  // iconv's interface predates const
  std::size_t in_left = input.size();
  char* out = output.data();
  std::size_t out_left = output.size();
  const std::size_t code = ::iconv(handle_, &in, &in_left, &out, &out_left);
  const int error = code == static_cast<std::size_t>(-1) ? errno : 0;
  input = input.last(in_left);
  output = output.last(out_left);
  if (error == 0) return Stop::kInputEmpty;
  if (error == E2BIG) return Stop::kOutputFull;
  return error == EINVAL ? Stop::kIncomplete : Stop::kInvalid;
}

}  // namespace m3u_proxy::io
