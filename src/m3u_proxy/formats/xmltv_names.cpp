#include <algorithm>
#include <cstring>

#include <m3u_proxy/formats/xmltv_names.hpp>

namespace m3u_proxy::formats {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};
// Letters in both the fourth edition's table (which older processors follow) and the fifth's.
constexpr std::array kLetters = {
    Range{0xC0, 0xD6},     Range{0xD8, 0xF6},     Range{0xF8, 0xFF},     Range{0x100, 0x131},
    Range{0x134, 0x13E},   Range{0x141, 0x148},   Range{0x14A, 0x17E},   Range{0x391, 0x3A1},
    Range{0x3A3, 0x3CE},   Range{0x401, 0x40C},   Range{0x40E, 0x44F},   Range{0x451, 0x45C},
    Range{0x45E, 0x481},   Range{0x5D0, 0x5EA},   Range{0x621, 0x63A},   Range{0x641, 0x64A},
    Range{0x3041, 0x3094}, Range{0x30A1, 0x30FA}, Range{0x4E00, 0x9FA5}, Range{0xAC00, 0xD7A3}};

char32_t next_character(const char*& p, const char* end) {
  const auto lead = static_cast<unsigned char>(*p++);
  if (lead < 0x80) return lead;
  int more = 1;
  char32_t value = lead & 0x1FU;
  if (lead >= 0xF0) {
    more = 3;
    value = lead & 0x07U;
  } else if (lead >= 0xE0) {
    more = 2;
    value = lead & 0x0FU;
  }
  for (; more > 0 && p != end; --more)
    value = value << 6U | (static_cast<unsigned char>(*p++) & 0x3FU);
  return value;
}

}  // namespace

bool is_valid_name(std::string_view name) {
  const char* p = name.data();
  const char* const end = p + name.size();
  while (p != end) {
    const char32_t c = next_character(p, end);
    if (c >= 0x80 && std::ranges::none_of(kLetters, [c](const Range& range) {
          return c >= range.first && c <= range.last;
        }))
      return false;
  }
  return !name.empty();
}

bool has_attribute(std::string_view attributes, std::string_view name) {
  const char* p = attributes.data();
  const char* const end = p + attributes.size();
  while (p != end) {
    while (p != end && !is_name_byte(*p)) ++p;
    const char* const start = p;
    while (p != end && is_name_byte(*p)) ++p;
    if (std::string_view(start, static_cast<std::size_t>(p - start)) == name) return true;
    while (p != end && *p != '"' && *p != '\'') ++p;
    if (p == end) return false;
    p = static_cast<const char*>(std::memchr(p + 1, *p, static_cast<std::size_t>(end - p - 1)));
    if (p == nullptr) return false;
    ++p;
  }
  return false;
}

}  // namespace m3u_proxy::formats
